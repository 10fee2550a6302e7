"""prune-envelope cache: what the store holds, whether it is intact, and what may go."""

import re
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from orchestrator.store import atomic
from orchestrator.store.atomic import StoreError

app = typer.Typer(no_args_is_help=True, help="What the store of all runs holds.")
_Cache = Annotated[Path, typer.Option(help="The store.")]
_DEFAULT = Path("runs/_cache")
_DAY_S = 86_400.0
# Younger unfinished state may belong to a sweep that is running.
_SETTLED_S = 3_600.0
_UNITS = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "t": 10**12}


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A ref of the store and the blob it names.

    Attributes:
        ref: Its file.
        kind: Such as scores; empty where the ref cannot be read.
        blob: The file it names; None where the ref cannot be read.
        size: Bytes of the blob as the ref says.
        used: When its blob was last read or written, in seconds of the epoch.
    """

    ref: Path
    kind: str
    blob: Path | None
    size: int
    used: float


def entries(cache: Path) -> Iterator[Entry]:
    """Every entry of a store, of every environment.

    Raises:
        StoreError: If there is no store.
    """
    if not (cache / "VERSION").is_file():
        raise StoreError(f"{cache} is no store; name one by --cache, such as runs/_cache")
    for ref in sorted((cache / "refs").glob("*/*/*/*.json")):
        record = atomic.unseal(ref.read_bytes())
        if record is None:
            yield Entry(ref=ref, kind="", blob=None, size=0, used=0.0)
            continue
        blob = cache / "blobs" / record["sha256"][:2] / record["sha256"]
        seen = blob.stat() if blob.is_file() else ref.stat()
        yield Entry(
            ref=ref,
            kind=record["kind"],
            blob=blob,
            size=record["size"],
            used=max(seen.st_atime, seen.st_mtime, ref.stat().st_mtime),
        )


def damaged(found: Iterable[Entry]) -> list[tuple[Path, str]]:
    """Refs that cannot be read, and blobs that are not what their refs say; every byte is read."""
    faults: dict[Path, str] = {}
    seen: set[Path] = set()
    for entry in found:
        if entry.blob is None:
            faults[entry.ref] = "not a ref"
        elif entry.blob not in seen:
            seen.add(entry.blob)
            fault = atomic.fault(entry.blob, entry.blob.name, entry.size)
            if fault:
                faults[entry.blob] = fault
    return list(faults.items())


def unneeded(
    found: Iterable[Entry],
    *,
    now: float,
    older_than_s: float = float("inf"),
    most_bytes: float = float("inf"),
) -> list[Entry]:
    """Entries that may go: those long unused, and then the longest unused until the rest fits.

    Args:
        found: Those that may be chosen from.
        now: In seconds of the epoch.
        older_than_s: Unused for longer than this.
        most_bytes: What the rest may hold; a blob of two refs counts once.
    """
    ranked = sorted(found, key=lambda entry: entry.used)
    held = sum({entry.blob: entry.size for entry in ranked}.values())
    users = Counter(entry.blob for entry in ranked)
    gone = []
    for entry in ranked:
        if now - entry.used <= older_than_s and held <= most_bytes:
            continue
        gone.append(entry)
        users[entry.blob] -= 1
        held -= entry.size if not users[entry.blob] else 0
    return gone


def bytes_of(text: str) -> float:
    """A size as written, such as 5GB.

    Raises:
        ValueError: If it is none.
    """
    found = re.fullmatch(r"\s*([0-9.]+)\s*([kmgt]?)i?b?\s*", text.lower())
    if not found:
        raise ValueError(f"--keep {text!r}; write a size such as 5GB or 800MB")
    return float(found[1]) * _UNITS[found[2]]


def remove(cache: Path, gone: Iterable[Entry]) -> int:
    """Remove refs, and blobs that no other ref names; the bytes freed.

    A ref goes before its blob: a reader finds the entry whole or not at all.
    """
    chosen = list(gone)
    for entry in chosen:
        entry.ref.unlink(missing_ok=True)
    needed = {entry.blob for entry in entries(cache)}
    freed = 0
    for blob in {entry.blob for entry in chosen} - needed:
        if blob is not None and blob.is_file():
            freed += blob.stat().st_size
            blob.unlink()
    return freed


def _size(count: float) -> str:
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} TB"


def users(cache: Path) -> list[str]:
    """What may be using a store: sweeps of the runs beside it, and fresh unfinished state in it."""
    from orchestrator.cli.status import holder

    runs = {run: holder(run) for run in cache.absolute().parent.iterdir() if run.is_dir()}
    sweeps = [f"{run} ({who})" for run, who in runs.items() if who]
    places = [*(cache / "tmp").glob("*"), *(cache / "progress").glob("*/*")]
    fresh = [p for p in places if time.time() - p.stat().st_mtime < _SETTLED_S]
    return sweeps + [f"{place}, written within the hour" for place in sorted(fresh)]


def is_terminal() -> bool:
    """Whether somebody can be asked."""
    return sys.stdin.isatty()


def _console() -> Any:
    from rich.console import Console

    return Console(width=None if sys.stdout.isatty() else 160, markup=False, highlight=False)


@app.command()
def ls(cache: _Cache = _DEFAULT) -> None:
    """Files and bytes by kind, and when each kind was last used."""
    from datetime import datetime

    from rich.table import Table

    from orchestrator.exit_codes import explained

    with explained():
        kinds: dict[str, list[Entry]] = defaultdict(list)
        for entry in entries(cache):
            kinds[entry.kind or "unreadable"].append(entry)
        table = Table("kind", "entries", "bytes", "last used")
        for kind, own in sorted(kinds.items()):
            held = sum({entry.blob: entry.size for entry in own}.values())
            last = datetime.fromtimestamp(max(entry.used for entry in own))
            table.add_row(kind, f"{len(own):,}", _size(held), f"{last:%Y-%m-%d %H:%M}")
        console = _console()
        console.print(table)
        aside = list((cache / "quarantine").glob("*"))
        if aside:
            console.print(f"{len(aside)} damaged files were put aside in {cache / 'quarantine'}")


@app.command(epilog="Exit codes: 0 all intact, 4 no store, or damage found.")
def verify(cache: _Cache = _DEFAULT) -> None:
    """Read every byte and hold it against its checksum; nothing is changed."""
    from orchestrator.exit_codes import ABSENT, explained

    with explained():
        found = list(entries(cache))
        faults = damaged(found)
        console = _console()
        for path, fault in faults:
            console.print(f"✗ {path}: {fault}")
        blobs = len({entry.blob for entry in found if entry.blob})
        if faults:
            console.print(
                f"{len(faults)} of {blobs} files damaged; a sweep puts them aside and makes them "
                "again when it needs them"
            )
            raise SystemExit(ABSENT)
        console.print(f"✓ {len(found)} entries, {blobs} files: all intact")


@app.command(epilog="Exit codes: 0 done, 2 usage, 4 no store, 6 a sweep may be using it.")
def gc(
    cache: _Cache = _DEFAULT,
    older_than: Annotated[
        float | None, typer.Option(metavar="DAYS", help="Unused for so long.", min=0)
    ] = None,
    keep: Annotated[
        str, typer.Option(metavar="SIZE", help="Then the longest unused, down to this: 5GB.")
    ] = "",
    results: Annotated[
        bool, typer.Option("--results", help="Finished trials, too: they would run again.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", "-n", help="Only say what.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Remove what was long unused: warm-ups, evidence, scores; finished trials stay."""
    from orchestrator.exit_codes import explained
    from trainables.data.catalog import UnsafeError

    with explained():
        if older_than is None and not keep:
            raise ValueError("say what may go: --older-than DAYS, --keep SIZE, or both")
        if results and not yes and not dry_run and not is_terminal():
            raise ValueError("--results throws finished trials away; add --yes to mean it")
        chosen = [e for e in entries(cache) if e.blob and (results or e.kind != "result")]
        gone = unneeded(
            chosen,
            now=time.time(),
            older_than_s=float("inf") if older_than is None else older_than * _DAY_S,
            most_bytes=bytes_of(keep) if keep else float("inf"),
        )
        console = _console()
        kinds = Counter(entry.kind for entry in gone)
        size = _size(sum({entry.blob: entry.size for entry in gone}.values()))
        listed = ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items()))
        console.print(f"{size} in {len(gone)} entries{': ' + listed if gone else ''}")
        if dry_run or not gone:
            console.print("Nothing was removed.")
            return
        if using := users(cache):
            raise UnsafeError(f"a sweep may be using {cache}: {using[0]}; wait until it has ended")
        if not yes:
            if not is_terminal():
                raise ValueError("nobody is there to ask; add --yes")
            if not typer.confirm("Remove them?"):
                console.print("Nothing was removed.")
                return
        console.print(f"freed {_size(remove(cache, gone))}")
