"""A row of the matrix of bad inputs: what is given, and how the command ends by it."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from trainables.errors import AbsentError, DataError, UnavailableError, UnsafeError, UsageError

# What an exit code may come from; a row may name a narrower class.
ERRORS = {2: (UsageError,), 4: (DataError, UnavailableError, AbsentError), 6: (UnsafeError,)}


@dataclass(frozen=True, kw_only=True)
class BadInput:
    """One bad input, given to a command in an empty folder, which is where the command runs.

    Attributes:
        id: Of the list of bad inputs, "B3".
        what: What is bad, in a few words; ids of tests are made of both.
        argv: The command without its program, such as `sweep(...)`.
        files: What lies in the folder beforehand, by name.
        make: What lies there and is no text: is called with the folder.
        exit: The exit code: 2, 4 or 6, and 0 where the input is taken.
        error: Class of the error, where it is narrower than the exit code says.
        says: Words that its one line must hold: file, line or row, column, value, remedy.
        fine: Words that must be printed where the input is taken, such as those of a warning.
    """

    id: str
    what: str
    argv: Sequence[str]
    files: Mapping[str, str | bytes] = field(default_factory=dict)
    make: Callable[[Path], object] | None = None
    exit: int = 2
    error: type[Exception] | None = None
    says: Sequence[str] = ()
    fine: Sequence[str] = ()

    def write(self, folder: Path) -> None:
        """Put the files where the command will run."""
        for name, content in self.files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
        if self.make:
            self.make(folder)


def sweep(*flags: str, data: str = "synthetic:200") -> list[str]:
    """A plan of a sweep, quick to make, with these flags; `data` may be a file of the folder, or empty."""
    whole = ["--dataset", data] * bool(data)
    small = ["--model", "linear", "--no-tune", "--no-confirm"]
    return ["sweep", "--dry-run", "--run", "run", "--cache", "cache", *whole, *small, *flags]


def asked(*flags: str) -> list[str]:
    """A plan of a sweep with no other flag than these and where it would write."""
    return ["sweep", "--dry-run", "--run", "run", "--cache", "cache", *flags]


def rows_csv(rows: Iterable[tuple[str, object]], header: str = "text,label") -> str:
    """Rows as a CSV file."""
    return "\n".join([header, *(f"{text},{label}" for text, label in rows)]) + "\n"


def rows_jsonl(rows: Iterable[Mapping[str, object]]) -> str:
    """Rows as JSON lines."""
    return "".join(json.dumps(row) + "\n" for row in rows)


def good_rows(n: int = 60, classes: int = 2) -> list[tuple[str, str]]:
    """Rows (text, class) that any command takes."""
    return [
        (f"word{i} of class {i % classes} and more {i * 7}", f"c{i % classes}") for i in range(n)
    ]
