"""The one way by which a file is written whole: a draft beside its place, on the disk, then its name."""

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from trainables.own_folders import file_mode, refuse_links_above


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """A draft beside a file; it takes the file's name at the end, unless an error came before.

    A reader finds the older file or this one, whole; what has returned outlives a power cut. It is its
    owner's alone, unless the folder is a group's.

    Raises:
        UnsafeError: If a link in a folder of ours leads elsewhere.
    """
    refuse_links_above(path)
    with draft_in(path.parent) as draft:
        os.close(open_new(draft))
        yield draft
        put_in_place(draft, path)


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
