"""Which files a command is made of, and what they hold: what its trials are known by."""

import ast
import glob
import hashlib
import shlex
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from pathlib import Path

from trainables.errors import UsageError

_HIDDEN = (".", "__pycache__")


def files_of_command(words: Sequence[str], patterns: str, folder: Path) -> dict[str, str]:
    """The sha256 of each file of a command, by the path that a reader knows.

    They are the words that are files, what those of them that are Python import from beside them, and
    what the patterns match.

    Args:
        words: Of the command, without those that hold a placeholder.
        patterns: As a shell writes them, `**` for any folders; a folder is all files in it.
        folder: Where words and patterns begin.

    Raises:
        UsageError: If a pattern matches nothing.
    """
    named = [*_words_that_are_files(words, folder), *_matched(patterns, folder)]
    found = with_imported([path.resolve() for path in named], folder.resolve())
    return {shown_path(path, folder): _sha_of(path) for path in sorted(found)}


def with_imported(
    files: Iterable[Path], folder: Path, *, counts: Callable[[Path], bool] = lambda _: True
) -> set[Path]:
    """Files, and what those that are Python import from beside them or from a folder, and so on.

    Args:
        files: To begin with.
        folder: Where modules are looked for, beside the folder of who imports them.
        counts: Which of the imported files count; the others are not followed, either.
    """
    found = set(files)
    left = list(found)
    while left:
        path = left.pop()
        imported = _imported(path, folder) if path.suffix == ".py" else []
        beside = {one for one in imported if counts(one)}
        left += beside - found
        found |= beside
    return found


def folders_named(words: Sequence[str], folder: Path) -> list[str]:
    """Words that are folders here: what is in them is in no key unless --trainer-files names it."""
    return [word for word in map(_value, words) if word and (folder / word).is_dir()]


def shown_path(path: Path, folder: Path) -> str:
    """A path as seen from a folder, where it lies in that."""
    try:
        return path.resolve().relative_to(folder.resolve()).as_posix()
    except ValueError:
        return str(path)


def _value(word: str) -> str:
    """A word, or what stands behind the = of an option."""
    return word.partition("=")[2] if word.startswith("-") else word


def _words_that_are_files(words: Sequence[str], folder: Path) -> Iterator[Path]:
    for place, word in enumerate(words):
        path = folder / _value(word)
        if place and words[place - 1] == "-m":
            path = folder / word.replace(".", "/")
            path = path / "__main__.py" if path.is_dir() else path.with_suffix(".py")
        is_program = not place and not path.resolve().is_relative_to(folder.resolve())
        # An interpreter is the environment's; a bare name is looked for in PATH.
        if _value(word) and path.is_file() and not is_program and (place or "/" in word):
            yield path


def _matched(patterns: str, folder: Path) -> Iterator[Path]:
    try:
        parts = shlex.split(patterns)
    except ValueError as error:
        raise UsageError(f"--trainer-files {patterns!r}: {error}") from error
    for pattern in parts:
        names = glob.glob(pattern, root_dir=folder, recursive=True)  # noqa: PTH207 - absolute ones, too
        paths = [path for name in names for path in _files_at(folder / name)]
        if not paths:
            raise UsageError(
                f"--trainer-files: {pattern!r} matches no file in {folder}; name the files that the "
                "command reads, such as 'train.py conf/*.yaml'"
            )
        yield from paths


def _files_at(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path]
    inside = [file for file in path.rglob("*") if file.is_file()]
    return [
        file
        for file in inside
        if not any(part.startswith(_HIDDEN) for part in file.relative_to(path).parts)
    ]


def _imported(path: Path, folder: Path) -> list[Path]:
    """The files beside a Python file, or in the folder, that it names in an import."""
    try:
        tree = ast.parse(path.read_bytes())
    except (SyntaxError, ValueError):  # its own run will say so
        return []
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names, roots = [alias.name for alias in node.names], [path.parent, folder]
        elif isinstance(node, ast.ImportFrom):
            inner = [f"{node.module or ''}.{alias.name}".strip(".") for alias in node.names]
            names = [*inner, *([node.module] if node.module else [])]
            up = path.parents[min(node.level, len(path.parents)) - 1] if node.level else path.parent
            roots = [up] if node.level else [path.parent, folder]
        else:
            continue
        found += [file for name in names for root in roots for file in _module_files(name, root)]
    return found


def _module_files(name: str, root: Path) -> Iterator[Path]:
    """The files that importing a module from a folder runs: its packages, and its own."""
    parts = name.split(".")
    for depth in range(1, len(parts) + 1):
        at = root.joinpath(*parts[:depth])
        for file in (at / "__init__.py", at.with_name(f"{at.name}.py")):
            if file.is_file():
                yield file.resolve()


def _sha_of(path: Path) -> str:
    told = path.stat()
    return _sha_of_state(str(path), told.st_size, told.st_mtime_ns, told.st_ino)


@lru_cache(maxsize=10_000)
def _sha_of_state(path: str, _size: int, _changed: int, _number: int) -> str:
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
