"""A folder of a user's that is there whole or not at all: written beside its place, and put there in one step."""

import errno
import os
import shutil
import stat
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from glob import escape
from pathlib import Path

from orchestrator.store.atomic import make_folder, store_errors
from trainables.errors import UnavailableError, UnsafeError, UsageError
from trainables.locks import take_lock
from trainables.own_folders import kind_of, root_of
from trainables.whole_file import sync

# What a draft is told by: 32 digits, so that no folder of the user's is taken for one.
_HEX = "[0-9a-f]" * 32


def check_place(out: Path) -> None:
    """Refuse where a folder is that holds something, or where none could be put in the end.

    Args:
        out: Where it is to be; absolute.

    Raises:
        UsageError: If something is there already, or no folder can be put there.
        UnavailableError: If nothing can be written where it is to be.
    """
    # os.path and not Path: a name that is too long is one that is not there.
    if os.path.lexists(out) and not os.path.isdir(out):  # noqa: PTH112
        raise UsageError(f"{out} is there already and is no folder; name one that is not there yet")
    if os.path.isdir(out) and any(out.iterdir()):  # noqa: PTH112
        raise UsageError(
            f"{out} is there already and is not empty, and nothing in it is overwritten; name a folder that is "
            "not there yet"
        )
    if out == Path.cwd():
        raise UsageError(
            f"{out} is the folder that you are in, and would be another one afterwards; name a folder in it"
        )
    if os.path.ismount(out):
        raise UsageError(
            f"{out} is where a disk is mounted, and a folder is put in its place in one step; name one "
            f"in it, such as {out / 'pruned'}"
        )
    check_parent(out, longest=len(os.fsencode(_draft_of(out).name)))


def check_parent(path: Path, *, longest: int = 0) -> None:
    """Refuse where nothing can be written.

    Args:
        path: Of a file or folder that is to be.
        longest: Bytes of a name that will stand beside it.

    Raises:
        UsageError: If what is to hold it is a file or a folder of ours, or a name is too long.
        UnsafeError: If it is a link.
        UnavailableError: If what is to hold it cannot be written to.
    """
    path = path.absolute()
    if os.path.islink(path):  # noqa: PTH114 - of a name that is too long, too
        raise UnsafeError(f"{path} is a link, and nothing is written through it; name another")
    if root := root_of(path):
        raise UsageError(
            f"{path} is in {root}, which prune-envelope keeps for a {kind_of(root)}; name a place elsewhere"
        )
    there = next(one for one in path.parents if os.path.exists(one))  # noqa: PTH110
    if not there.is_dir():
        raise UsageError(f"{there} is a file, so that {path} cannot be in it; name another")
    if not os.access(there, os.W_OK | os.X_OK):
        raise UnavailableError(
            f"{there} cannot be written to, where {path} is to be put in one step; make it writable, or "
            "name another place"
        )
    most = os.pathconf(there, "PC_NAME_MAX")
    names = [len(os.fsencode(name)) for name in path.relative_to(there).parts]
    if max(longest, *names) > most:
        room = most - max(longest - names[-1], 0)
        raise UsageError(f"{path}: a name is too long; give one of {room} bytes at most")


def _draft_of(out: Path) -> Path:
    """A hidden folder beside a folder that is to be."""
    return out.parent / f".{out.name}.{uuid.uuid4().hex}.partial"


@contextmanager
def whole_folder(out: Path, *, mode: int = 0o777) -> Iterator[Path]:
    """A hidden folder beside a folder that is to be; it takes its place at the end, unless an error came.

    What a command that was killed left beside is taken away.

    Args:
        out: Where it is to be, of `check_place`.
        mode: Of a folder that was not there, less what the umask takes away.
    """
    with store_errors(out.parent):
        make_folder(out.parent)
        for left in sorted(out.parent.glob(f".{escape(out.name)}.{_HEX}.partial")):
            _take_away(left, out)
        draft = _draft_of(out)
        try:
            draft.mkdir(mode=mode)
            _take_after(out, draft)
            with _locked(draft):
                yield draft
                for path in sorted(draft.rglob("*"), reverse=True):
                    sync(path)
                sync(draft)
                _put(draft, out)
                sync(out.parent)
        finally:
            shutil.rmtree(draft, ignore_errors=True)


@contextmanager
def _locked(folder: Path) -> Iterator[bool]:
    """Hold a folder's lock, which ends with this process; False where its file system has no locks.

    Raises:
        BlockingIOError: If another process holds it.
    """
    held = os.open(folder, os.O_RDONLY)
    try:
        yield take_lock(held)
    finally:
        os.close(held)


def _take_after(out: Path, draft: Path) -> None:
    """Who may read an empty folder that is there may read what takes its place, and nobody else."""
    if out.is_dir():
        about = out.stat()
        if (os.geteuid(), os.getegid()) != (about.st_uid, about.st_gid):
            with suppress(PermissionError):  # of others' folders the superuser alone can
                os.chown(draft, about.st_uid, about.st_gid)
        draft.chmod(stat.S_IMODE(about.st_mode) | stat.S_IRWXU)


def _put(draft: Path, out: Path) -> None:
    """Give a finished folder its name."""
    try:
        draft.rename(out)
    except OSError as error:
        if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
            raise
        raise UsageError(
            f"{out} was filled meanwhile, and nothing in it is overwritten; name a folder that is not there "
            "yet"
        ) from error


def _take_away(left: Path, out: Path) -> None:
    """Remove what a command that was killed left; its lock ended with it."""
    try:
        with _locked(left) as is_held:
            if is_held:  # where there are no locks, it may be another's that is being written
                shutil.rmtree(left, ignore_errors=True)
    except FileNotFoundError:
        return
    except BlockingIOError as error:
        raise UnavailableError(f"{out} is being written by another command; wait for it") from error
