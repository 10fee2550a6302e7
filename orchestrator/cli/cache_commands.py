"""prune-envelope cache: what the store holds, whether it is intact, and what may go."""

import re
import sys
import time
from collections import Counter, defaultdict
from pathlib import Path
from typing import Annotated

import typer

from analysis.plain_commands import PlainCommand, PlainGroup
from orchestrator.cli.cache_export import EXPORT_CODES, export
from orchestrator.cli.epilogs import EPILOGS
from orchestrator.cli.number_flags import Range, number
from orchestrator.cli.options import CACHE
from orchestrator.terminal.console import open_console
from trainables.errors import UnsafeError, UsageError
from trainables.written_numbers import many

app = typer.Typer(
    cls=PlainGroup,
    no_args_is_help=True,
    epilog=EPILOGS["cache"],
    help="Look after the store that runs share: warm-ups, scores, finished trials.",
)
_Cache = Annotated[Path, typer.Option(metavar="FOLDER", help="The store.")]
_DAY_S = 86_400.0
_SIZE = re.compile(r"[0-9]*\.?[0-9]+ ?[a-zA-Z]*")


def bytes_of(text: str) -> int:
    """A size as written, such as 5GB.

    Raises:
        UsageError: If it is none.
    """
    from pydantic import ByteSize, TypeAdapter, ValidationError

    try:
        # pydantic stops at what it cannot read: of 5,5GB it would keep 5 bytes.
        return TypeAdapter(ByteSize).validate_python(text if _SIZE.fullmatch(text) else "")
    except ValidationError as error:
        raise UsageError(f"--keep {text!r}; write a size such as 5GB or 800MB") from error


def is_terminal() -> bool:
    """Whether a person is there to answer."""
    return sys.stdin.isatty()


@app.command(cls=PlainCommand)
def ls(cache: _Cache = CACHE) -> None:
    """Files and bytes by kind, and when each kind was last used."""
    from datetime import datetime

    from rich.filesize import decimal

    from orchestrator.store.maintenance import StoreEntry, entries
    from orchestrator.terminal.whole_table import WholeTable
    from trainables.errors import explained

    with explained():
        kinds: dict[str, list[StoreEntry]] = defaultdict(list)
        for entry in entries(cache):
            kinds[entry.kind or "unreadable"].append(entry)
        table = WholeTable("kind", "entries", "bytes", "last used")
        for kind, own in sorted(kinds.items()):
            held = sum({entry.blob: entry.size for entry in own}.values())
            last = datetime.fromtimestamp(max(entry.used for entry in own))
            table.add_row(kind, f"{len(own):,}", decimal(held), f"{last:%Y-%m-%d %H:%M}")
        console = open_console(highlight=False)
        console.print(table)
        aside = list((cache / "quarantine").glob("*"))
        if aside:
            console.print(f"{many(len(aside), 'damaged file')} put aside in {cache / 'quarantine'}")


@app.command(cls=PlainCommand, epilog="Exit codes: 0 all intact, 4 no store, or damage found.")
def verify(
    cache: _Cache = CACHE,
    sample: Annotated[
        float,
        number(
            Range(gt=0, le=1),
            metavar="SHARE",
            about="Read this share of the files only, drawn anew each time.",
        ),
    ] = 1.0,
) -> None:
    """Read every byte and hold it against its checksum; nothing is changed."""
    from orchestrator.store.maintenance import damaged, entries, sampled
    from trainables.errors import ABSENT, explained

    with explained():
        found = list(entries(cache))
        read = found if sample == 1 else sampled(found, sample)
        faults = damaged(read)
        console = open_console(highlight=False)
        for path, fault in faults:
            console.print(f"✗ {path}: {fault}")
        blobs, looked = (len({one.blob for one in some if one.blob}) for some in (found, read))
        part = "" if looked == blobs else f", of {blobs} that there are"
        if faults:
            console.print(
                f"{len(faults)} of {many(looked, 'file')} damaged{part}; a sweep puts them aside and makes them "
                "again when it needs them"
            )
            raise SystemExit(ABSENT)
        intact = f"these are intact{part}; the others were not read" if part else "all intact"
        console.print(f"✓ {many(len(found), 'entry', 'entries')}, {many(looked, 'file')}: {intact}")


@app.command(
    cls=PlainCommand, epilog="Exit codes: 0 done, 2 usage, 4 no store, 6 a sweep may be using it."
)
def gc(
    cache: _Cache = CACHE,
    older_than: Annotated[
        float | None,
        number(
            Range(ge=0), about="Remove what no run has used for this many days.", metavar="DAYS"
        ),
    ] = None,
    keep: Annotated[
        str,
        typer.Option(
            metavar="SIZE",
            help="Remove what was unused longest until the store is as small as this, such as 5GB.",
        ),
    ] = "",
    results: Annotated[
        bool,
        typer.Option(
            "--results", help="Remove finished trials, too; asked for again, they would run again."
        ),
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", "-n", help="Say what would be removed, and remove nothing.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Remove what was long unused: warm-ups, evidence, scores, what killed processes left; finished trials stay."""
    from rich.filesize import decimal

    from orchestrator.store.maintenance import (
        entries,
        leftovers,
        remove,
        remove_leftovers,
        unneeded,
        users,
    )
    from trainables.errors import explained
    from trainables.own_folders import own_place, refuse_links_in

    with explained():
        if older_than is None and not keep:
            raise UsageError("say what may go: --older-than DAYS, --keep SIZE, or both")
        if results and not yes and not dry_run and not is_terminal():
            raise UsageError("--results throws finished trials away; add --yes to mean it")
        every = list(entries(cache))
        left = leftovers(cache, every, now=time.time())
        chosen = [e for e in every if e.blob and (results or e.kind != "result")]
        gone = unneeded(
            chosen,
            now=time.time(),
            older_than_s=float("inf") if older_than is None else older_than * _DAY_S,
            most_bytes=bytes_of(keep) if keep else float("inf"),
        )
        console = open_console(highlight=False)
        kinds = Counter(entry.kind for entry in gone)
        size = decimal(sum({entry.blob: entry.size for entry in gone}.values()))
        listed = ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items()))
        console.print(
            f"{size} in {many(len(gone), 'entry', 'entries')}{': ' + listed if gone else ''}"
        )
        if left:
            console.print(f"and {len(left)} that killed processes left more than a day ago")
        if dry_run or not (gone or left):
            console.print("Nothing was removed.")
            return
        if using := users(cache):
            raise UnsafeError(f"a sweep may be using {cache}: {using[0]}; wait until it has ended")
        refuse_links_in(own_place(cache, "cache", "--cache"), deep=True)
        if not yes:
            if not is_terminal():
                raise UsageError("this is no terminal, so nothing can be asked; add --yes")
            if not typer.confirm("Remove them?"):
                console.print("Nothing was removed.")
                return
        freed = remove(cache, gone) if gone else 0
        console.print(f"freed {decimal(freed + remove_leftovers(left))}")


app.command(cls=PlainCommand, epilog=EXPORT_CODES)(export)
