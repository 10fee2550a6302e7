"""Files that a trial goes on from, each with its own checksum in its name."""

import hashlib
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from trainables.training.tensor_files import write_tensors
from trainables.whole_file import draft_in, put_in_place

if TYPE_CHECKING:
    from trainables.training.learner import Learner


def save_progress(
    learner: "Learner",
    folder: Path,
    *,
    beside: "OneBeside | None" = None,
    then: Callable[[], None] = lambda: None,
) -> None:
    """Replace a trial's unfinished state; a kill leaves the old or the new one, whole.

    Args:
        learner: At the end of a step.
        folder: Of the trial.
        beside: Writes a copy while training goes on; None to write before it does.
        then: Called when the state is written, by who writes it.
    """
    name = f"{learner.steps:010d}"
    write: Callable[[Path], object] = learner.save
    if beside:
        tensors, about = learner.state()
        # Copied: the next step changes them.
        copied = {key: one.detach().to("cpu", copy=True) for key, one in tensors.items()}
        write = partial(write_tensors, tensors=copied, about=about)

    def replace() -> None:
        older = list(folder.glob("*.safetensors"))
        path = save_state(folder, name, "safetensors", write)
        for other in older:
            if other != path:
                remove_state(other)
        then()

    if beside:
        beside.run(replace)
    else:
        replace()


def load_progress(learner: "Learner", folder: Path) -> bool:
    """Resume from a trial's newest unfinished state that is whole; whether there was one."""
    for path in whole_states(folder, "*.safetensors"):
        learner.load(path)
        return True
    return False


class OneBeside:
    """Does one piece of work at a time beside its caller, who is told of its errors at the next one or the end."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1)
        self._last: Future[None] | None = None

    def run(self, work: Callable[[], None]) -> None:
        """Begin a piece of work when the one before it has ended; raises that one's error in its place."""
        self._wait()
        self._last = self._thread.submit(work)

    def __enter__(self) -> "OneBeside":
        """Begin."""
        return self

    def __exit__(self, error: object, *_: object) -> None:
        """Wait for the work that is left, and raise its error unless the caller has one of its own."""
        self._thread.shutdown()
        if error is None:
            self._wait()

    def _wait(self) -> None:
        last, self._last = self._last, None
        if last is not None:
            last.result()


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
