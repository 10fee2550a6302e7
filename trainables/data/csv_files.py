"""CSV and TSV, read strictly: where quotes do not mean what their writer meant, the line is named."""

import csv
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa

from trainables.data.columns import Columns, Field, bad_rows, excerpt
from trainables.data.csv_swallows import Swallows
from trainables.data.streams import format_suffix, open_bytes, text_file
from trainables.errors import DataError, UsageError

DELIMITERS = {",": "commas", "\t": "tabs", ";": "semicolons", "|": "bars"}
_BATCH = 65_536
# Stands for a carriage return within a line, which the reader would take for its end; no UTF-8 has it.
_RETURN = "\udc0d"
_SAMPLE = 100
_QUOTES = (
    'write quotes inside a value twice ("") and close every quote, or read quotes as plain letters '
    "with --no-quotes"
)


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


def csv_header(path: Path, dialect: Dialect) -> list[Field]:
    """The columns of a file, all of text.

    Raises:
        DataError: If the first line cannot be read.
    """
    dialect = found(path, dialect)
    with text_file(path, newline=_newline(path)) as file:
        names = _Records(path=path, dialect=dialect, lines=_Lines(file)).header
    return [Field(name=name, kind="text") for name in names]


def found(path: Path, dialect: Dialect) -> Dialect:
    """The dialect with the delimiter that the file has, where none was given."""
    if dialect.delimiter:
        return dialect
    usual = "\t" if format_suffix(path) == ".tsv" else ","
    with text_file(path, newline=_newline(path)) as file:
        lines = list(islice(file, _SAMPLE))
    fits = []
    for delimiter in sorted(DELIMITERS, key=lambda one: one != usual):
        widths = _widths(lines, Dialect(delimiter=delimiter, quotes=dialect.quotes))
        if widths and widths[0] > 1:
            fits.append((len(set(widths)) > 1, delimiter))
    best = min(fits, key=lambda one: one[0], default=(False, usual))[1]
    return Dialect(delimiter=best, quotes=dialect.quotes)


def _widths(lines: Sequence[str], dialect: Dialect) -> list[int]:
    widths: list[int] = []
    try:
        widths.extend(len(record) for record in dialect.reader(lines) if record)
    except csv.Error:
        widths.append(0)  # the last record may be cut by the sample, or be wrong
    return widths[:-1] if len(widths) > 1 and len(lines) == _SAMPLE else widths


def _newline(path: Path) -> str:
    """What ends a line of a file: all of it if that is a line feed, or whatever there is."""
    with open_bytes(path) as file:
        return "\n" if b"\n" in file.read(2**20) else ""


def read_csv(path: Path, columns: Columns | None, dialect: Dialect) -> pa.Table:
    """The columns of a file as they stand, all of large_string.

    Args:
        path: The file.
        columns: Which; None for all.
        dialect: How it is written.

    Raises:
        DataError: If a record has too many or too few values, or a quote does not close where a
            value ends, or holds whole lines of the file.
    """
    dialect = found(path, dialect)
    with text_file(path, newline=_newline(path)) as file:
        records = _Records(path=path, dialect=dialect, lines=_Lines(file))
        header = records.header
        names = columns.names if columns else list(dict.fromkeys(header))
        at = {name: header.index(name) for name in names}
        if columns and columns.label:
            records.swallows.label = at[columns.label]
        batches = []
        rows = iter(records)
        while batch := list(islice(rows, _BATCH)):
            arrays = [pa.array([row[k] for row in batch], pa.large_string()) for k in at.values()]
            batches.append(pa.record_batch(arrays, names=names))
    records.check()
    schema = pa.schema([(name, pa.large_string()) for name in names])
    return pa.Table.from_batches(batches, schema)


def record_texts(path: Path, dialect: Dialect) -> Iterator[str]:
    """The header of a file that `read_csv` reads, and each record, as it stands there with its line end.

    Blank lines are passed over.
    """
    dialect = found(path, dialect)
    with text_file(path, newline=_newline(path)) as file:
        lines = _Lines(file)
        for record in dialect.reader(lines):
            text = "".join(lines.taken())
            if record:
                yield text


class _Lines:
    """The lines of a file, those since the last look held."""

    def __init__(self, file: Iterator[str]) -> None:
        self._file = file
        self.held: list[str] = []
        self.is_marked = False

    def __iter__(self) -> Iterator[str]:
        for line in self._file:
            self.held.append(line)
            body = line.rstrip("\r\n")
            if (
                "\r" in body
            ):  # within a line it is part of a value, which writers do not always quote
                self.is_marked = True
                yield body.replace("\r", _RETURN) + line[len(body) :]
            else:
                yield line

    def taken(self) -> list[str]:
        """The lines held, which are then no longer."""
        held, self.held = self.held, []
        return held


@dataclass(kw_only=True)
class _Records:
    """The records of a file, counted and checked as they are read.

    Attributes:
        path: The file.
        dialect: How it is written.
        lines: Its lines.
        header: Its first record.
        swallows: What is looked for among them.
    """

    path: Path
    dialect: Dialect
    lines: _Lines
    header: list[str] = field(init=False)
    swallows: Swallows = field(init=False)
    _reader: Any = field(init=False)
    _ragged: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Read the header."""
        self._reader = self.dialect.reader(self.lines)
        self.header = self._next(1) or []
        if len(self.lines.taken()) > 1 and self.dialect.quotes is None:
            raise DataError(
                f"{self.path}: line 1: a quote opens among the column names and closes on line "
                f"{self._reader.line_num}; close it, or say with --quotes that a name has several lines"
            )
        self.swallows = Swallows(width=len(self.header), delimiter=self.dialect.delimiter)

    def _next(self, line: int) -> list[str] | None:
        """The next record, which starts at a line of the file."""
        try:
            record: list[str] | None = next(self._reader, None)
        except csv.Error as error:
            opened = self._opened(line)
            if "unexpected end" in str(error):
                where = f"line {opened}: a quote opens and never closes"
            else:
                where = (
                    f"line {opened}: a quote opens, and on line {self._reader.line_num} one closes in "
                    "the middle of a value"
                )
            raise DataError(f"{self.path}: {where}; {_QUOTES}") from error
        return record

    def _opened(self, line: int) -> int:
        """The line, from that at which a record starts, on which its last quoted value opens."""
        opened, state = line, "start"
        with text_file(self.path, newline=_newline(self.path)) as file:
            for number, text in enumerate(islice(file, line - 1, self._reader.line_num), line):
                for letter in text:
                    if letter == '"':
                        if state == "start":
                            opened = number
                        state = {"start": "quoted", "quoted": "closed", "closed": "quoted"}.get(
                            state, state
                        )
                    elif state != "quoted":
                        ends = letter in (self.dialect.delimiter, "\n", "\r")
                        state = "start" if ends else "plain"
        return opened

    def __iter__(self) -> Iterator[list[str]]:
        width, row, line = len(self.header), 0, self._reader.line_num
        while (record := self._next(line + 1)) is not None:
            start, line = line + 1, self._reader.line_num
            lines = self.lines.taken()
            if not record:
                continue
            if self.lines.is_marked:
                record = [value.replace(_RETURN, "\r") for value in record]
            if len(record) != width:
                self._ragged.append(
                    f"row {row} (line {start}) has {len(record)} values, not {width}: "
                    f"{excerpt(self.dialect.delimiter.join(record))}"
                )
                if len(self._ragged) >= _SAMPLE:
                    return
            else:
                if self.dialect.quotes is None:
                    self.swallows.add(record, lines, row, start)
                yield record
            row += 1

    def check(self) -> None:
        """Refuse records of another width, and values that hold records.

        Raises:
            DataError: If there are any.
        """
        if self._ragged:
            why = "quote values that hold the delimiter or line ends, and close every quote"
            raise bad_rows(str(self.path), "(all)", self._ragged, len(self._ragged), why=why)
        if one := self.swallows.found():
            count = "one line" if one.count == 1 else f"{one.count:,} lines"
            raise DataError(
                f"{self.path}: line {one.start}: a quote opens in row {one.row} and closes on line {one.end}, "
                f"and {count} between read like records of this file (line {one.line}: {excerpt(one.text)}); "
                "close the quote, or say with --quotes that these lines are one value, or with --no-quotes "
                "that quotes are plain letters"
            )
