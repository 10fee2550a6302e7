"""How a CSV tells values apart: as it is said, or as its first lines show."""

import csv
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trainables.data.streams import bounded_lines, format_suffix, open_bytes, text_file
from trainables.errors import UsageError

DELIMITERS = {",": "commas", "\t": "tabs", ";": "semicolons", "|": "bars"}
# The lines that show it, so many letters at most.
_SAMPLE = 100
_SAMPLE_LETTERS = 2**24


@dataclass(frozen=True, kw_only=True)
class Dialect:
    """How the values of a line are told apart.

    Attributes:
        delimiter: What stands between values; empty to find it: tab in .tsv, else that of comma, tab,
            semicolon and bar under which all lines have equally many values.
        quotes: Whether a quote opens a value that may hold delimiters and line ends; None if so, but a
            value whose lines read like records of the file is refused.
    """

    delimiter: str = ""
    quotes: bool | None = None

    def __post_init__(self) -> None:
        """Refuse a delimiter that could be none."""
        if len(self.delimiter) > 1 or self.delimiter in ('"', "\n", "\r"):
            raise UsageError(
                f"delimiter is {self.delimiter!r}; give one character, such as ; or tab"
            )

    def reader(self, lines: Any) -> Any:
        """The records of some lines."""
        csv.field_size_limit(sys.maxsize)
        if self.quotes is not False:
            return csv.reader(lines, delimiter=self.delimiter, strict=True)
        return csv.reader(lines, delimiter=self.delimiter, quoting=csv.QUOTE_NONE, strict=True)


def found(path: Path, dialect: Dialect) -> Dialect:
    """The dialect with the delimiter that the file has, where none was given."""
    if dialect.delimiter:
        return dialect
    usual = "\t" if format_suffix(path) == ".tsv" else ","
    lines, is_whole = _sample(path)
    fits = []
    for delimiter in sorted(DELIMITERS, key=lambda one: one != usual):
        widths = _widths(lines, Dialect(delimiter=delimiter, quotes=dialect.quotes), is_whole)
        if widths and widths[0] > 1:
            fits.append((len(set(widths)) > 1, delimiter))
    best = min(fits, key=lambda one: one[0], default=(False, usual))[1]
    return Dialect(delimiter=best, quotes=dialect.quotes)


def _sample(path: Path) -> tuple[list[str], bool]:
    """The first lines of a file, and whether they are all of it."""
    lines: list[str] = []
    with text_file(path, newline=newline_of(path)) as file:
        for line in bounded_lines(path, file):
            lines.append(line)
            if len(lines) == _SAMPLE or sum(map(len, lines)) > _SAMPLE_LETTERS:
                return lines, False
    return lines, True


def _widths(lines: Sequence[str], dialect: Dialect, is_whole: bool) -> list[int]:
    widths: list[int] = []
    try:
        widths.extend(len(record) for record in dialect.reader(lines) if record)
    except csv.Error:
        widths.append(0)  # the last record may be cut by the sample, or be wrong
    return widths if is_whole or len(widths) == 1 else widths[:-1]


def newline_of(path: Path) -> str:
    """What ends a line of a file: all of it if that is a line feed, or whatever there is."""
    with open_bytes(path) as file:
        return "\n" if b"\n" in file.read(2**20) else ""
