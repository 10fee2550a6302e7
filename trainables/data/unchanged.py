"""Files of the user's that must stay as they are from the first look at one to the last."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from trainables.errors import DataError

Stamp = tuple[int, ...]


@contextmanager
def unchanged(paths: Iterable[Path]) -> Iterator[None]:
    """While files are read: they are the same files before and after, by number, size and both times.

    Raises:
        DataError: If one was written to, replaced, made or removed meanwhile; also in place of what else came
            of reading it then.
    """
    before = {path: file_stamp(path) for path in paths}
    try:
        yield
    except DataError as error:
        if changed := _changed(before):
            raise changed from error
        raise
    if changed := _changed(before):
        raise changed


def _changed(before: dict[Path, Stamp]) -> DataError | None:
    for path, was in before.items():
        if (now := file_stamp(path)) != was:
            sizes = f"{was[2]:,} bytes then, {now[2]:,} now" if was and now else "it came or went"
            return DataError(
                f"{path}: changed while it was read ({sizes}); give the same command again when nothing "
                "writes there"
            )
    return None


def file_stamp(path: Path) -> Stamp:
    """What tells a file from itself at another time; nothing where there is none."""
    try:
        about = path.stat()
    except (OSError, ValueError):
        return ()
    return about.st_dev, about.st_ino, about.st_size, about.st_mtime_ns, about.st_ctime_ns
