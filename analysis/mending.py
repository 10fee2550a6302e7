"""What a reader of a run's folder does about a file that is not what was written."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from trainables.errors import DamagedError
from trainables.seals import file_bytes, read_sealed


@contextmanager
def mended_by_command(path: Path) -> Iterator[None]:
    """Name the file that is damaged, and the command that makes it anew.

    Args:
        path: A file of a run's folder, or of a folder in it.

    Raises:
        DamagedError: In place of one that names no file.
    """
    try:
        yield
    except DamagedError as error:
        told = _command(path)
        raise DamagedError(
            f"{path}: {error}; give the command that made the run again, which makes it anew"
            f"{': ' if told else ''}{told}"
        ) from error


def _command(path: Path) -> str:
    """The command of the run that a file is of; empty where its plan does not say."""
    plan = next((up / "plan.json" for up in path.parents if (up / "plan.json").exists()), path)
    try:
        return str(read_sealed(file_bytes(plan)).get("command", "")) if plan != path else ""
    except (DamagedError, OSError):
        return ""
