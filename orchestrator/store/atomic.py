"""Files that are whole or absent, whatever happens while they are written."""

import errno
import hashlib
import logging
import os
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from trainables.errors import EnvelopeError, UnavailableError
from trainables.own_folders import is_shared, refuse_links_above, root_of
from trainables.whole_file import NO_ROOM, draft_in, open_new, put_in_place, sync

READ_ONLY = {errno.EROFS, errno.EACCES, errno.EPERM}
_NO_LINKS = {errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS}

logger = logging.getLogger(__name__)
_CAUSES: set[str] = set()

# Kept by process, not by store: a worker builds a store for every trial, and hashing costs 3 s/GB.
_DIGESTS: dict[tuple[int, ...], str] = {}


class StoreError(UnavailableError):
    """A folder cannot do what was asked; the message says what to do about it."""


class StoreDivergedError(EnvelopeError, RuntimeError):
    """Two computations of one key gave different bytes."""


def atomic_write(path: Path, data: bytes) -> None:
    """Writes a file in one step, in place of an older one if there is one.

    Raises:
        StoreError: If there is no room, or the folder is read-only.
    """
    with store_errors(path.parent, needed=len(data)):
        make_folder(path.parent)
        with draft_in(path.parent) as draft:
            write_new(draft, data)
            put_in_place(draft, path)


def write_new(path: Path, data: bytes) -> None:
    """Writes a file that is not there yet, and waits until its bytes are on the disk."""
    with os.fdopen(open_new(path), "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def link_or_copy(source: Path, path: Path) -> None:
    """Gives a finished file a second name, whole or not at all; a copy where its disk is another."""
    with store_errors(path.parent):
        make_folder(path.parent)
        with draft_in(path.parent) as draft:
            try:
                os.link(source, draft)
            except OSError as error:
                if error.errno not in {*_NO_LINKS, errno.EXDEV, errno.EMLINK}:
                    raise
                os.close(open_new(draft))
                _copy(source, draft)
            put_in_place(draft, path)


def _copy(source: Path, path: Path) -> None:
    try:
        shutil.copyfile(source, path)
    except OSError as error:
        if error.errno in NO_ROOM:  # shutil names the source, which has room enough
            error.filename = str(path)
        raise


def make_folder(path: Path) -> None:
    """Makes a folder and those above it, with their names on the disk; in a folder of ours for those who may read that.

    Raises:
        UnsafeError: If a link in a folder of ours leads elsewhere.
    """
    refuse_links_above(path / "any")
    if not path.is_dir():
        make_folder(path.parent)
        with suppress(FileExistsError):
            path.mkdir()
            if root := root_of(path):
                path.chmod(0o2770 if is_shared(root) else 0o700)
            sync(path.parent)


def link_first(draft: Path, path: Path) -> None:
    """Gives a finished draft its name.

    Raises:
        FileExistsError: If the name is taken: whoever is first keeps it.
    """
    try:
        path.hardlink_to(draft)
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        # exFAT and some network mounts have no links. There two writers at the same instant may
        # replace one another, but what a reader sees is still one of the two, whole.
        if path.exists():
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path)) from error
        draft.rename(path)


def sha256_of(path: Path, *, fresh: bool = False) -> str:
    """SHA-256 of a file, remembered while its device, inode, size and time stay the same.

    Args:
        path: The file.
        fresh: Hash it now. A new file needs that: it may be given the inode of one just deleted,
            in the same tick of the clock.
    """
    with path.open("rb") as file:
        seen = os.fstat(file.fileno())
        stamp = (seen.st_dev, seen.st_ino, seen.st_size, seen.st_mtime_ns)
        if fresh or stamp not in _DIGESTS:
            _DIGESTS[stamp] = hashlib.file_digest(file, "sha256").hexdigest()
    return _DIGESTS[stamp]


def fault(path: Path, sha256: str, size: int) -> str | None:
    """What keeps a file from being the one that was written, in a word; None if it is that."""
    try:
        seen = path.lstat()
        if not stat.S_ISREG(seen.st_mode):
            return "not-a-file"
        if seen.st_size != size:
            return "wrong-size"
        return None if sha256_of(path) == sha256 else "wrong-sha256"
    except FileNotFoundError:
        return "missing"


@contextmanager
def store_errors(folder: Path, *, needed: int = 0) -> Iterator[None]:
    """Turns the errors of a full or read-only folder into ones that say what to do.

    Args:
        folder: What is written to.
        needed: Bytes that are to be written; 0 where nobody knows.

    Raises:
        StoreError: With the errno it came from.
    """
    try:
        yield
    except StoreError:
        raise
    except OSError as error:
        name = error.filename
        inside = isinstance(name, str) and Path(name).is_relative_to(folder)
        # Writing names no file in its error, so that what names none is taken for ours.
        if error.errno in NO_ROOM and (inside or name is None):
            raise StoreError(
                error.errno,
                f"no room to write {f'{needed} bytes ' if needed else ''}under {folder}, where {_free(folder)} "
                "bytes are free; free more or choose a folder on a larger disk, and start again: what is finished is kept",
            ) from error
        if error.errno in READ_ONLY and inside:
            raise StoreError(
                error.errno,
                f"{folder} lacks what is asked for and cannot be written to ({name}); "
                "make it writable or choose another folder",
            ) from error
        raise
    except Exception as error:
        # torch.save and safetensors report a full disk without its errno.
        if (free := _free(folder)) < 2**20:
            error.add_note(f"only {free} bytes are free under {folder}; is the disk full?")
        raise


def warn_once(message: str, cause: str) -> None:
    """Log a warning, unless this process has had one of the same cause."""
    if cause not in _CAUSES:
        _CAUSES.add(cause)
        logger.warning("%s: %s", message, cause)


def _free(folder: Path) -> int:
    return shutil.disk_usage(folder).free if folder.exists() else 0
