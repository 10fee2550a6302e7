"""What a store holds, whether it is intact, and what may go."""

import shutil
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from secrets import randbelow

from orchestrator.store import atomic
from orchestrator.store.atomic import StoreError
from orchestrator.store.run_lock import holder
from orchestrator.store.version import is_version_damaged
from trainables.seals import unseal

# Younger unfinished state may belong to a sweep that is running.
_SETTLED_S = 3_600.0
# Older ones are of no process that still runs; a blob stands alone for a moment before its ref is there.
# Times ahead of the clock, as of a copy from a machine with another, count as those behind it.
_LEFT_S = 86_400.0


@dataclass(frozen=True, kw_only=True)
class StoreEntry:
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


def entries(cache: Path) -> Iterator[StoreEntry]:
    """Every entry of a store, of every environment.

    Raises:
        StoreError: If there is no store.
    """
    if not (cache / "VERSION").is_file():
        raise StoreError(f"{cache} is no store; name one by --cache, such as runs/_cache")
    is_version_damaged(cache / "VERSION")  # which refuses another release's
    for ref in sorted((cache / "refs").glob("*/*/*/*.json")):
        record = unseal(ref.read_bytes()) if ref.is_file() else None
        if record is None:
            yield StoreEntry(ref=ref, kind="", blob=None, size=0, used=0.0)
            continue
        blob = cache / "blobs" / record["sha256"][:2] / record["sha256"]
        seen = blob.stat() if blob.is_file() else ref.stat()
        yield StoreEntry(
            ref=ref,
            kind=record["kind"],
            blob=blob,
            size=record["size"],
            used=max(seen.st_atime, seen.st_mtime, ref.stat().st_mtime),
        )


def sampled(found: Iterable[StoreEntry], share: float) -> list[StoreEntry]:
    """Entries of a share of the blobs, at least one, drawn by chance; and all refs that cannot be read."""
    every = list(found)
    blobs = sorted({entry.blob for entry in every if entry.blob})
    left = min(len(blobs), max(1, round(share * len(blobs))))
    drawn = [blobs.pop(randbelow(len(blobs))) for _ in range(left)]
    wanted = {None, *drawn}
    return [entry for entry in every if entry.blob in wanted]


def damaged(found: Iterable[StoreEntry]) -> list[tuple[Path, str]]:
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
    found: Iterable[StoreEntry],
    *,
    now: float,
    older_than_s: float = float("inf"),
    most_bytes: float = float("inf"),
) -> list[StoreEntry]:
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


def remove(cache: Path, gone: Iterable[StoreEntry]) -> int:
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


def leftovers(cache: Path, found: Iterable[StoreEntry], *, now: float) -> list[Path]:
    """What killed processes left for more than a day: their folders in tmp/, and blobs that no ref names.

    Args:
        cache: The store.
        found: All its entries.
        now: In seconds of the epoch.
    """
    named = {entry.blob for entry in found}
    blobs = (blob for blob in (cache / "blobs").glob("*/*") if blob not in named)
    stray = [*(cache / "tmp").glob("*"), *blobs]
    return [path for path in stray if abs(now - path.lstat().st_mtime) > _LEFT_S]


def remove_leftovers(paths: Iterable[Path]) -> int:
    """Remove files and folders; the bytes freed."""
    freed = 0
    for path in paths:
        files = [one for one in path.rglob("*") if one.is_file()] if path.is_dir() else [path]
        freed += sum(file.lstat().st_size for file in files)
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
    return freed


def users(cache: Path) -> list[str]:
    """What may be using a store: sweeps of the runs beside it, and fresh unfinished state in it."""
    runs = {run: holder(run) for run in cache.absolute().parent.iterdir() if run.is_dir()}
    sweeps = [f"{run} ({who})" for run, who in runs.items() if who]
    places = [*(cache / "tmp").glob("*"), *(cache / "progress").glob("*/*")]
    fresh = [p for p in places if abs(time.time() - p.stat().st_mtime) < _SETTLED_S]
    return sweeps + [f"{place}, written within the hour" for place in sorted(fresh)]
