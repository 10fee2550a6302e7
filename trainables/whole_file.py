"""The one way by which a file is written whole: a draft beside its place, on the disk, then its name."""

import errno
import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from trainables.errors import UnavailableError
from trainables.own_folders import file_mode, refuse_links_above

NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """A draft beside a file; it takes the file's name at the end, unless an error came before.

    A reader finds the older file or this one, whole; what has returned outlives a power cut. It is its
    owner's alone, unless the folder is a group's.

    Raises:
        UnavailableError: If there is no room for it.
        UnsafeError: If a link in a folder of ours leads elsewhere.
    """
    refuse_links_above(path)
    with draft_in(path.parent) as draft:
        try:
            os.close(open_new(draft))
            yield draft
            put_in_place(draft, path)
        except OSError as error:
            if error.errno in NO_ROOM and error.filename in (None, str(draft)):
                raise no_room(path, draft.stat().st_size if draft.exists() else 0) from error
            raise


@contextmanager
def draft_in(folder: Path) -> Iterator[Path]:
    """A name for an unfinished file; what bears it at the end is removed."""
    draft = folder / f".{uuid.uuid4().hex}.tmp"
    try:
        yield draft
    finally:
        draft.unlink(missing_ok=True)


def put_in_place(draft: Path, path: Path) -> None:
    """Give a draft of the same folder its name, when its bytes are on the disk."""
    sync(draft)
    draft.replace(path)
    sync(path.parent)


def sync(path: Path) -> None:
    """Waits until a file's bytes, or a folder's names, are on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def open_new(path: Path) -> int:
    """The descriptor of a file that is not there yet, which no link takes the place of."""
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    os.fchmod(file, file_mode(path))
    return file


def no_room(path: Path, written: int) -> UnavailableError:
    """The error of a disk, or of a quota, that is full.

    Args:
        path: What is not written.
        written: Bytes of it that there was room for.
    """
    free = shutil.disk_usage(path.parent).free if path.parent.exists() else 0
    after = f"it needs more than {written:,} bytes, and " if written else ""
    return UnavailableError(
        f"no room to write {path}: {after}{free + written:,} are free on its disk, or a quota is used up; free more, "
        "or name a folder on a larger disk. The same command goes on from here"
    )
