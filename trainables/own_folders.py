"""Folders of ours, runs and caches: told by a marker, made for their owner alone, with no link that leads out."""

import json
import os
import re
import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Literal

from trainables.errors import DamagedError, UnsafeError, UsageError
from trainables.plain_text import printable
from trainables.seals import file_bytes

MARKER = ".prune-envelope"
FolderKind = Literal["run", "cache"]
_TEXT = (
    "prune-envelope {kind}\nThe files in this folder are prune-envelope's: it writes over them.\n"
)
_NOUNS = {"run": "a run of prune-envelope", "cache": "a cache of prune-envelope"}
# What a system leaves in a folder that holds nothing.
_NOTHING = {".DS_Store", "Thumbs.db", "desktop.ini", "lost+found"}
# What earlier releases, which left no marker, wrote into a cache, and into the folder of the theory.
_OF_CACHE = {"VERSION", "refs", "blobs", "tmp", "locks", "progress", "quarantine"}
_OF_THEORY = {
    "points", "report.html", "accepted.csv", "crossover.csv", "frontier.csv", "students.csv",
}  # fmt: skip
_ROW = re.compile(r"[0-9a-f]{16,}\.json")
# Below these, others' programs (Ray, trackers, a trainer of one's own) make what links they like.
_OF_OTHERS = {"ray", "track", "tmp", "progress", "rescored"}
# Folders of a cache whose files are too many to look at each time: they are looked at when written.
_MANY = {"refs": 2, "blobs": 1}


def own_place(folder: Path, kind: FolderKind, flag: str) -> Path:
    """Where a run's folder or a cache is or may be made: absolute, the links that lead to it followed.

    Nothing is written. `mark` makes the folder, at the first write.

    Args:
        folder: As it was asked for.
        kind: What it is to hold.
        flag: What names it, for messages.

    Raises:
        UsageError: If it is no place for it: a file, a folder that holds something else, the home
            folder, the other kind's, or inside a cache or a run.
        UnsafeError: If a link in it leads elsewhere.
    """
    if "\0" in str(folder):
        raise UsageError(
            f"{flag} {printable(str(folder), lines=False)}: no name of a folder; give another"
        )
    place = Path(os.path.realpath(folder))
    named = f"{flag} {folder}" + (f", which leads to {place}," if folder.is_symlink() else "")
    if place.is_symlink():
        raise UnsafeError(f"{named} is a link that leads in a circle; name a folder")
    if os.path.lexists(place) and not place.is_dir():
        raise UsageError(f"{named} is a file; name a folder that is not there yet")
    home = Path(os.path.realpath(os.path.expanduser("~")))  # noqa: PTH111 - where there is none, too
    if place in (Path("/"), home):
        what = "the root of this system" if place == Path("/") else "your home folder"
        raise UsageError(f"{named} is {what}; name a folder in it, such as {place / 'pruning'}")
    found = kind_of(place)
    if not found:
        _check_around(place, kind, named)
    if found not in ("", kind):
        raise UsageError(f"{named} is the folder of {_NOUNS[found]}; name another for the {kind}")
    if not found and (held := _held(place)):
        raise UsageError(
            f"{named} holds {_listed(held)}, which prune-envelope did not write, and nothing there is "
            f"written over; name a folder that is not there yet{_inside(place)}"
        )
    refuse_links_in(place)
    return folder if place == folder.absolute() else place


def check_apart(run: Path, cache: Path) -> None:
    """Refuse a run in its own cache; both of `own_place`.

    Raises:
        UsageError: If they are one folder, or the run is inside the cache.
    """
    if run.absolute().is_relative_to(cache.absolute()):
        raise UsageError(
            f"the run's folder {run} is in the cache {cache}, which is kept for what runs share; name another by --run"
        )


def _check_around(place: Path, kind: FolderKind, named: str) -> None:
    for above in place.parents:
        found = kind_of(above) if is_marked(above) or _has_store(above) else ""
        if found == "cache" or (found == "run" and kind == "run"):
            raise UsageError(
                f"{named} is inside {above}, the folder of {_NOUNS[found]}; name a folder elsewhere"
            )


def is_marked(folder: Path) -> bool:
    """Whether a folder has the marker."""
    with suppress(OSError):
        return stat.S_ISREG((folder / MARKER).lstat().st_mode)
    return False


def kind_of(folder: Path) -> str:
    """What of ours a folder is: "run", "cache", or empty; runs and caches without a marker by what they hold."""
    if is_marked(folder):
        words = _start(folder / MARKER).split()[:2]
        if words[:1] == ["prune-envelope"] and words[1:] in (["run"], ["cache"]):
            return words[1]
    names = {entry.name for entry in _entries(folder)}
    if names <= {MARKER}:
        return ""
    if _has_store(folder) or (
        names - {MARKER} <= _OF_CACHE and (is_marked(folder) or {"refs", "blobs"} & names)
    ):
        return "cache"
    return "run" if is_marked(folder) or _is_run(folder, names) else ""


def _has_store(folder: Path) -> bool:
    return _start(folder / "VERSION").startswith("prune-envelope store")


def _is_run(folder: Path, names: set[str]) -> bool:
    if "plan.json" in names:
        with suppress(OSError, ValueError, DamagedError):
            plan = json.loads(file_bytes(folder / "plan.json"))
            if isinstance(plan, dict) and {"grid", "specs", "command"} <= plan.keys():
                return True
    # A command that was killed left these two before anything else.
    if ".lock" in names and (_start(folder / ".owner").startswith("pid ") or names == {".lock"}):
        return True
    if "trials" in names and any(_ROW.fullmatch(e.name) for e in _entries(folder / "trials")):
        return True
    return "points" in names and names <= _OF_THEORY


def _start(path: Path) -> str:
    """The first bytes of a file; empty of what is no file."""
    with suppress(OSError):
        if stat.S_ISREG(path.lstat().st_mode):
            with path.open("rb") as file:
                return file.read(200).decode(errors="replace")
    return ""


def _entries(folder: Path) -> Iterator[os.DirEntry[str]]:
    """What is in a folder but for what a system leaves in it and drafts that were never finished."""
    with suppress(FileNotFoundError, NotADirectoryError), os.scandir(folder) as found:
        for entry in found:
            if entry.name not in _NOTHING and not re.fullmatch(r"\.[0-9a-f]{32}\.tmp", entry.name):
                yield entry


def _held(folder: Path) -> list[str]:
    return sorted(entry.name for entry in _entries(folder) if entry.name != MARKER)


def _listed(names: list[str]) -> str:
    shown = ", ".join(printable(name, lines=False)[:60] for name in names[:3])
    return shown + (f" and {len(names) - 3} more" if names[3:] else "")


def _inside(place: Path) -> str:
    """What to do instead in a folder of code."""
    return f", such as {place / 'runs' / 'mine'}" if (place / ".git").exists() else ""


def mark(folder: Path, kind: FolderKind) -> None:
    """Make a run's folder or a cache, for its owner alone, and leave the marker; one that is there keeps its mode.

    Args:
        folder: Of `own_place`.
        kind: What it is to hold.
    """
    if is_marked(folder):
        return
    folder.parent.mkdir(parents=True, exist_ok=True)
    with suppress(FileExistsError):
        folder.mkdir(mode=0o700)
        _sync(folder.parent)
    with suppress(FileExistsError):
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
        file = os.open(folder / MARKER, flags, file_mode(folder / MARKER, root=folder))
        try:
            os.write(file, _TEXT.format(kind=kind).encode())
            os.fsync(file)
        finally:
            os.close(file)
        _sync(folder)


def _sync(folder: Path) -> None:
    held = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(held)
    finally:
        os.close(held)


def root_of(path: Path) -> Path | None:
    """The folder of ours that a path is in, told by its marker; None if it is in none."""
    return next((above for above in path.parents if is_marked(above)), None)


def file_mode(path: Path, *, root: Path | None = None) -> int:
    """Who may read and write a file of ours: its owner, and the group of a folder that the group can write to."""
    return 0o660 if is_shared(root or root_of(path)) else 0o600


def is_shared(root: Path | None) -> bool:
    """Whether a folder was given to a group: its group can write to it."""
    return root is not None and bool(root.stat().st_mode & stat.S_IWGRP)


def readers(folder: Path) -> str:
    """Who else can read or write a folder of ours that was there before, in words; empty if nobody."""
    mode = stat.S_IMODE(folder.stat().st_mode) if folder.is_dir() else 0
    who = ["its group"] if mode & 0o050 and not mode & stat.S_IWGRP else []
    who += ["everybody on this machine"] if mode & 0o007 else []
    return " and ".join(who)


def refuse_links_above(path: Path) -> None:
    """Refuse to write where a link between a folder of ours and a file in it leads elsewhere.

    Raises:
        UnsafeError: If there is one.
    """
    link = None
    for above in path.parents:
        link = above if above.is_symlink() else link
        if is_marked(above):
            if link is not None:
                raise _leads_out(link)
            return


def refuse_links_in(folder: Path, *, deep: bool = False) -> None:
    """Refuse a folder of ours in which a link leads elsewhere.

    Args:
        folder: A run's, or a cache.
        deep: Look at every file of a cache, too.

    Raises:
        UnsafeError: If there is one.
    """
    many = {} if deep else _MANY
    for above, folders, files in os.walk(folder):
        inside = Path(above).relative_to(folder).parts
        for name in (*folders, *files):
            if (path := Path(above) / name).is_symlink():
                raise _leads_out(path)
        if (inside and inside[0] in _OF_OTHERS) or (
            inside and len(inside) >= many.get(inside[0], 1_000)
        ):
            folders.clear()


def _leads_out(link: Path) -> UnsafeError:
    with suppress(OSError):
        return UnsafeError(
            f"{link} is a link to {link.readlink()}, and nothing is written through it; remove the link, and "
            "put what it leads to in its place"
        )
    return UnsafeError(f"{link} is a link; remove it")
