"""Who works in a run's folder: one sweep or prune at a time, where the file system has locks."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from orchestrator.store.atomic import atomic_write, store_errors, warn_once
from trainables.errors import UnavailableError
from trainables.locks import take_lock
from trainables.own_folders import file_mode, mark


class RunLockedError(UnavailableError):
    """Another sweep works in the folder."""


@contextmanager
def hold_folder(folder: Path) -> Iterator[None]:
    """Hold a run's folder; it is free again when this process ends, however it ends.

    Where there are no locks it is not held, with a warning: rows and plan are whole all the same.

    Raises:
        RunLockedError: If another command holds it.
    """
    with store_errors(folder):
        mark(folder, "run")
        path = folder / ".lock"
        file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, file_mode(path))
    try:
        try:
            is_held = take_lock(file)
        except BlockingIOError as error:
            raise RunLockedError(
                f"another sweep or prune ({_owner(folder)}) is using {folder}; give the same command when it has "
                f"ended (prune-envelope status {folder} --watch), or sweep with another --run"
            ) from error
        if not is_held:
            warn_once(
                f"the file system of {folder} has no locks",
                "a second sweep in this folder is not refused; two at once train the same trials twice, the "
                "first row of each counts, and the result is the same",
            )
        atomic_write(folder / ".owner", f"pid {os.getpid()} on {os.uname().nodename}".encode())
        yield
    finally:
        os.close(file)


def holder(folder: Path) -> str:
    """Who holds a run's folder; empty if nobody does."""
    if not (folder / ".lock").exists():
        return ""
    file = os.open(folder / ".lock", os.O_RDONLY)
    try:
        return "" if take_lock(file) or not _may_live(folder) else _owner(folder)
    except BlockingIOError:
        return _owner(folder)
    finally:
        os.close(file)


def _owner(folder: Path) -> str:
    path = folder / ".owner"
    return (
        path.read_text(encoding="utf-8", errors="replace") if path.exists() else "another process"
    )


def _may_live(folder: Path) -> bool:
    """Whether who wrote its name last still lives here; only asked where no lock tells."""
    _, _, rest = _owner(folder).partition("pid ")
    number, _, host = rest.partition(" on ")
    return host == os.uname().nodename and Path(f"/proc/{number}").exists()
