"""A file that a reader finds whole or not at all, and what is said where a disk is full."""

import errno
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from trainables.errors import UnavailableError

NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """A draft beside a file; it takes the file's name at the end, unless an error came before.

    Raises:
        UnavailableError: If there is no room for it.
    """
    draft = path.parent / f".{uuid.uuid4().hex}.tmp"
    try:
        yield draft
        draft.replace(path)
    except OSError as error:
        if error.errno in NO_ROOM and error.filename in (None, str(draft)):
            raise no_room(path, draft.stat().st_size if draft.exists() else 0) from error
        raise
    finally:
        draft.unlink(missing_ok=True)


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
