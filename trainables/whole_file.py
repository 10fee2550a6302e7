"""A file that a reader finds whole or not at all."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """A draft beside a file; it takes the file's name at the end, unless an error came before."""
    draft = path.parent / f".{uuid.uuid4().hex}.tmp"
    try:
        yield draft
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
