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
from trainables.data.streams import format_suffix, text_file
from trainables.errors import DataError

DELIMITERS = {",": "commas", "\t": "tabs", ";": "semicolons", "|": "bars"}
_BATCH = 65_536
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
        quotes: Whether a quote opens a value that may hold delimiters and line ends.
    """

    delimiter: str = ""
    quotes: bool = True

    def reader(self, lines: Any) -> Any:
        """The records of some lines."""
        csv.field_size_limit(sys.maxsize)
        if self.quotes:
            return csv.reader(lines, delimiter=self.delimiter, strict=True)
        return csv.reader(lines, delimiter=self.delimiter, quoting=csv.QUOTE_NONE, strict=True)


def csv_header(path: Path, dialect: Dialect) -> list[Field]:
    """The columns of a file, all of text.

    Raises:
        DataError: If the first line cannot be read.
    """
    with text_file(path) as file:
        dialect = found(path, dialect)
        try:
            names: list[str] = next(dialect.reader(file), [])
        except csv.Error as error:
            raise DataError(
                f"{path}: line 1: {error}; give a header line of column names"
            ) from error
    return [Field(name=name, kind="text") for name in names]


def found(path: Path, dialect: Dialect) -> Dialect:
    """The dialect with the delimiter that the file has, where none was given."""
    if dialect.delimiter:
        return dialect
    usual = "\t" if format_suffix(path) == ".tsv" else ","
    with text_file(path) as file:
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
    with text_file(path) as file:
        records = _Records(path=path, dialect=dialect, reader=dialect.reader(file))
        header = records.header
        names = columns.names if columns else list(dict.fromkeys(header))
        at = {name: header.index(name) for name in names}
        records.label = at.get(columns.label) if columns and columns.label else None
        batches = []
        rows = iter(records)
        while batch := list(islice(rows, _BATCH)):
            arrays = [pa.array([row[k] for row in batch], pa.large_string()) for k in at.values()]
            batches.append(pa.record_batch(arrays, names=names))
    records.check()
    schema = pa.schema([(name, pa.large_string()) for name in names])
    return pa.Table.from_batches(batches, schema)


@dataclass(kw_only=True)
class _Records:
    """The records of a file, counted and checked as they are read.

    Attributes:
        path: The file.
        dialect: How it is written.
        reader: Of its lines.
        header: Its first record.
        label: Which value of a record is its class, if one is.
    """

    path: Path
    dialect: Dialect
    reader: Any
    header: list[str] = field(init=False)
    label: int | None = None
    _ragged: list[str] = field(default_factory=list)
    _labels: set[str] = field(default_factory=set)
    _spanning: list[tuple[int, int, list[str], int]] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Read the header."""
        self.header = self._next(1) or []

    def _next(self, line: int) -> list[str] | None:
        """The next record, which starts at a line of the file."""
        try:
            record: list[str] | None = next(self.reader, None)
        except csv.Error as error:
            opened = self._opened(line)
            if "unexpected end" in str(error):
                where = f"line {opened}: a quote opens and never closes"
            else:
                where = (
                    f"line {opened}: a quote opens, and on line {self.reader.line_num} one closes in "
                    "the middle of a value"
                )
            raise DataError(f"{self.path}: {where}; {_QUOTES}") from error
        return record

    def _opened(self, line: int) -> int:
        """The line, from that at which a record starts, on which its last quoted value opens."""
        opened, state = line, "start"
        with text_file(self.path) as file:
            for number, text in enumerate(islice(file, line - 1, self.reader.line_num), line):
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
        width, row, line = len(self.header), 0, self.reader.line_num
        while (record := self._next(line + 1)) is not None:
            spans, start, line = self.reader.line_num - line, line + 1, self.reader.line_num
            if not record:
                continue
            if len(record) != width:
                self._ragged.append(
                    f"row {row} (line {start}) has {len(record)} values, not {width}: "
                    f"{excerpt(self.dialect.delimiter.join(record))}"
                )
                if len(self._ragged) >= _SAMPLE:
                    return
            else:
                self._note(record, row, start, spans)
                yield record
            row += 1

    def _note(self, record: list[str], row: int, start: int, spans: int) -> None:
        """Keep what tells later whether a value of several lines swallowed records."""
        if self.label is None:
            return
        if spans == 1:
            if len(self._labels) < _BATCH:
                self._labels.add(record[self.label])
            return
        inner = [line for value in record for line in value.splitlines()[1:] if line.strip()]
        dialect = Dialect(delimiter=self.dialect.delimiter, quotes=False)
        alike = [one for one in dialect.reader(inner) if len(one) == len(self.header)]
        if alike and 2 * len(alike) >= len(inner):
            labels = [one[self.label].strip('"') for one in alike]
            self._spanning.append((row, start, labels, len(inner)))

    def check(self) -> None:
        """Refuse records of another width, and values that hold records.

        Raises:
            DataError: If there are any.
        """
        if self._ragged:
            why = "quote values that hold the delimiter or line ends, and close every quote"
            raise bad_rows(str(self.path), "(all)", self._ragged, len(self._ragged), why=why)
        for row, start, labels, inner in self._spanning:
            known = [label for label in labels if label in self._labels]
            sure = len(known) > 1 or not any(label.isdecimal() for label in known)
            if known and 2 * len(known) >= inner and sure:
                raise DataError(
                    f"{self.path}: line {start}: a quote opens in row {row} and closes {inner} lines on, "
                    f"and {len(known)} of the lines between are records of this file; {_QUOTES}"
                )
