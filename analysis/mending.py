"""What a reader of a run's folder does about a file that is not what was written."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from trainables.errors import DamagedError, DataError
from trainables.seals import file_bytes, read_sealed

# Folder of a run in which the trials of warrants lie, a run's folder each: prune makes them.
_WARRANTS = "warrants"


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
        raise DamagedError(f"{path}: {error}; {_remedy(path)}") from error


@contextmanager
def errors_named(path: Path) -> Iterator[None]:
    """Name the file that an error is of, and what mends it where it is damaged."""
    try:
        with mended_by_command(path):
            yield
    except DamagedError:
        raise
    except DataError as error:
        raise type(error)(f"{path}: {error}") from error


def _remedy(path: Path) -> str:
    """What mends a file of a run."""
    run = next((up for up in path.parents if (up / "plan.json").exists()), path.parent)
    if run.parent.name == _WARRANTS:
        if path.name == "plan.json":
            return "nothing else knows which lists were tried before: put a copy of it back"
        return "remove it and give the prune command again, which makes it anew"
    command = "" if path == run / "plan.json" else _command(run / "plan.json")
    return (
        "give the command that made the run again, which makes it anew"
        f"{': ' if command else ''}{command}"
    )


def _command(plan: Path) -> str:
    """The command of a run; empty where its plan does not say."""
    try:
        return str(read_sealed(file_bytes(plan)).get("command", ""))
    except (DamagedError, OSError):
        return ""
