"""A file that a reader finds whole or not at all."""

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from trainables.own_folders import file_mode, refuse_links_above


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """A draft beside a file, its owner's alone; it takes the file's name at the end, unless an error came before.

    Raises:
        UnsafeError: If a link in a folder of ours leads elsewhere.
    """
    refuse_links_above(path)
    draft = path.parent / f".{uuid.uuid4().hex}.tmp"
    try:
        os.close(open_new(draft))
        yield draft
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def open_new(path: Path) -> int:
    """The descriptor of a file that is not there yet, which no link takes the place of."""
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    os.fchmod(file, file_mode(path))
    return file
