"""Code of the user's own: run from the very bytes that are hashed, and refused once its file is another."""

import hashlib
import sys
import sysconfig
import traceback
from collections.abc import Sequence
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from pathlib import Path
from typing import Any

from trainables.errors import DataError

_OURS = Path(__file__).resolve().parents[1]
_PACKAGES = ("analysis", "orchestrator", "trainables")
_PYTHON = tuple(Path(sysconfig.get_path(name)).resolve() for name in ("stdlib", "platstdlib"))
INSTALLED = frozenset({"site-packages", "dist-packages"})
# The sha256 of each file of code that this process has run, as it was then.
_RUN: dict[Path, str] = {}


class SourceLoader(SourceFileLoader):
    """Reads a module's source once, hashes it and runs it.

    No compiled file is used: Python takes one that is of another source for its own where both sources have
    the same length and were written within the same second.
    """

    def path_stats(self, path: str) -> Any:
        """Has Python look for no compiled file, and write none."""
        raise OSError(f"{path}: run from its source")

    def get_data(self, path: str) -> bytes:
        """A file's bytes, of which the hash is kept."""
        content = super().get_data(path)
        _RUN[Path(path).resolve()] = hashlib.sha256(content).hexdigest()
        return content


class _Finder(PathFinder):
    """Finds modules as Python does, and has those of the user's own loaded by `SourceLoader`."""

    @classmethod
    def find_spec(
        cls, fullname: str, path: Sequence[str] | None = None, target: Any = None
    ) -> ModuleSpec | None:
        spec = super().find_spec(fullname, path, target)
        if spec and type(spec.loader) is SourceFileLoader and is_own(Path(spec.loader.path)):
            spec.loader = SourceLoader(spec.loader.name, spec.loader.path)
        return spec


def watch_imports() -> None:
    """From now on, run modules of the user's own from their source, and keep its hash."""
    if _Finder not in sys.meta_path:
        sys.meta_path.insert(sys.meta_path.index(PathFinder), _Finder)


def is_own(path: Path) -> bool:
    """Whether a file is the user's own: neither installed, nor of Python, nor of this package."""
    path = path.resolve()
    ours = any(path.is_relative_to(_OURS / package) for package in _PACKAGES)
    of_python = any(path.is_relative_to(folder) for folder in _PYTHON)
    return not (ours or of_python or INSTALLED & {*path.parts})


def file_sha(path: Path) -> str:
    """The sha256 of a file; empty where it cannot be read."""
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        return ""


def run_sha(path: Path) -> str:
    """The sha256 of a file of the user's own as this process has run it; empty where it has not."""
    return _RUN.get(path.resolve(), "")


def source_sha(path: Path) -> str:
    """The sha256 of a file of code, which is what this process has run if it has run it.

    Raises:
        DataError: If the file is gone, or has changed since it was run.
    """
    found, run = file_sha(path), run_sha(path)
    if not found or (run and run != found):
        raise DataError(
            f"{path} has changed since it was imported (content {run[:12] or 'not known'} then, "
            f"{found[:12] or 'the file is gone'} now); give the same command again, and leave the file as it "
            "is while a sweep runs"
        )
    return found


def import_failure(error: BaseException) -> str:
    """Why importing a module of the user's own failed, in one line: what it is, and where in the user's files."""
    words = " ".join(str(error).split())
    frames = [
        one for one in traceback.extract_tb(error.__traceback__) if "importlib" not in one.filename
    ]
    at = f" ({Path(frames[-1].filename).name}, line {frames[-1].lineno})" if frames else ""
    if isinstance(error, SyntaxError):
        at = f" ({Path(error.filename or '').name}, line {error.lineno})"
        words = error.msg or words
    return f"{type(error).__name__}{': ' * bool(words)}{words}{at}"
