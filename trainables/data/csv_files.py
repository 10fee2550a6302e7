"""CSV and TSV, read strictly: where quotes do not mean what their writer meant, the line is named."""

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa

from trainables.data.columns import SHOWN_ROWS, Columns, Field, bad_rows, excerpt
from trainables.data.csv_dialects import Dialect, found, newline_of
from trainables.data.csv_swallows import Swallows
from trainables.data.streams import (
    MAX_LINE,
    bounded_lines,
    check_size,
    text_file,
)
from trainables.errors import DataError

_BATCH = 65_536
_BATCH_LETTERS = 2**24
# Stands for a carriage return within a line, which the reader would take for its end; no UTF-8 has it.
_RETURN = "\udc0d"
_QUOTES = (
    'write quotes inside a value twice ("") and close every quote, or read quotes as plain letters '
    "with --no-quotes"
)


def csv_header(path: Path, dialect: Dialect) -> list[Field]:
    """The columns of a file, all of text.

    Raises:
        DataError: If the first line cannot be read.
    """
    dialect = found(path, dialect)
    with text_file(path, newline=newline_of(path)) as file:
        names = _Records(path=path, dialect=dialect, lines=_Lines(path, file)).header
    return [Field(name=name, kind="text") for name in names]


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
    with text_file(path, newline=newline_of(path)) as file:
        records = _Records(path=path, dialect=dialect, lines=_Lines(path, file))
        header = records.header
        names = columns.names if columns else list(dict.fromkeys(header))
        at = {name: header.index(name) for name in names}
        if columns and columns.label:
            records.swallows.label = at[columns.label]
        batches = list(_batches(path, records, at))
    records.check()
    schema = pa.schema([(name, pa.large_string()) for name in names])
    return pa.Table.from_batches(batches, schema)


def _batches(
    path: Path, records: "_Records", places: Mapping[str, int]
) -> Iterator[pa.RecordBatch]:
    """Some columns of the records, so many records at once that they fit in memory."""
    before = count = 0
    rows: list[list[str]] = []

    def batch() -> pa.RecordBatch:
        arrays = [pa.array([row[k] for row in rows], pa.large_string()) for k in places.values()]
        return pa.record_batch(arrays, names=list(places))

    for record in records:
        rows.append(record)
        letters = records.lines.letters
        if len(rows) == _BATCH or letters - before > _BATCH_LETTERS:
            count += len(rows)
            check_size(path, letters, count)
            yield batch()
            rows, before = [], letters
    yield batch()


def record_texts(path: Path, dialect: Dialect) -> Iterator[str]:
    """The header of a file that `read_csv` reads, and each record, as it stands there with its line end.

    Blank lines are passed over.
    """
    dialect = found(path, dialect)
    with text_file(path, newline=newline_of(path)) as file:
        lines = _Lines(path, file)
        for record in dialect.reader(lines):
            text = "".join(lines.taken())
            if record:
                yield text


class _Lines:
    """The lines of a file, those since the last look held."""

    def __init__(self, path: Path, file: Any) -> None:
        self._path, self._file = path, file
        self.held: list[str] = []
        self.letters = self._taken = 0
        self.is_marked = False

    def __iter__(self) -> Iterator[str]:
        for number, line in enumerate(bounded_lines(self._path, self._file), 1):
            self.held.append(line)
            self.letters += len(line)
            if self.letters - self._taken > MAX_LINE:
                first = number + 1 - len(self.held)
                raise DataError(
                    f"{self._path}: line {first}: a quote opens in the record that begins there, and has not "
                    f"closed on line {number}, {self.letters - self._taken:,} letters later; {_QUOTES}"
                )
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
        held, self.held, self._taken = self.held, [], self.letters
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
    _bad: int = 0

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
        with text_file(self.path, newline=newline_of(self.path)) as file:
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
                self._bad += 1
                if self._bad <= SHOWN_ROWS:
                    self._ragged.append(
                        f"row {row} (line {start}) has {len(record)} values, not {width}: "
                        f"{excerpt(self.dialect.delimiter.join(record))}"
                    )
            elif not self._bad:
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
            raise bad_rows(str(self.path), "(all)", self._ragged, self._bad, why=why)
        if one := self.swallows.found():
            count = "one line" if one.count == 1 else f"{one.count:,} lines"
            raise DataError(
                f"{self.path}: line {one.start}: a quote opens in row {one.row} and closes on line {one.end}, "
                f"and {count} between read like records of this file (line {one.line}: {excerpt(one.text)}); "
                "close the quote, or say with --quotes that these lines are one value, or with --no-quotes "
                "that quotes are plain letters"
            )
