"""Files that a trial goes on from, each with its own checksum in its name."""

import hashlib
import shutil
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

from trainables.whole_file import draft_in, put_in_place


def save_state(folder: Path, name: str, ending: str, write: Callable[[Path], object]) -> Path:
    """Write a file whole; its path is the name, a checksum of its bytes and the ending.

    Args:
        folder: Of the trial's own unfinished state.
        name: States are taken up in the order of their names, the last one first.
        ending: Such as safetensors.
        write: Called with the path of a draft.
    """
    with draft_in(folder) as draft:
        write(draft)
        path = folder / f"{name}-{_digest(draft)}.{ending}"
        if not path.is_file():
            remove_state(path)
        put_in_place(draft, path)
    return path


def whole_states(folder: Path, pattern: str) -> Iterator[Path]:
    """Files of a pattern that are what was written, last name first; what is not is removed."""
    for path in sorted(folder.glob(pattern), reverse=True):
        # Another command that does the same work may have just removed it.
        with suppress(FileNotFoundError):
            if not path.is_symlink() and path.is_file() and path.stem.endswith(_digest(path)):
                yield path
            else:
                remove_state(path)


def remove_state(path: Path) -> None:
    """Remove a state, or what damage has put into its place."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:16]
