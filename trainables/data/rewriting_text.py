"""Records of CSV and lines of JSON Lines written again, byte for byte."""

import csv
from collections.abc import Iterable
from itertools import compress, islice
from pathlib import Path
from typing import Any

from trainables.data.csv_dialects import Dialect, found
from trainables.data.csv_files import record_texts
from trainables.data.json_files import json_lines
from trainables.data.row_marks import RowMarks
from trainables.data.streams import open_bytes, packed_file

MARK = b"\xef\xbb\xbf"
_BATCH = 4096


def rewrite_csv(path: Path, out: Path, marks: RowMarks, dialect: Dialect) -> None:
    """Write the header of a CSV and its records that stay; blank lines between them are left out."""
    texts = record_texts(path, dialect)
    with packed_file(out) as sink:
        sink.write(byte_order_mark(path) + next(texts, "").encode())
        _write(sink, texts, marks)


def csv_reading(path: Path, dialect: Dialect) -> dict[str, str | int]:
    """How a CSV differs from what readers expect, in the words of `pandas.read_csv`."""
    dialect, told = found(path, dialect), dict[str, str | int]()
    if dialect.delimiter != ",":
        told["sep"] = dialect.delimiter
    if dialect.quotes is False:
        told["quoting"] = csv.QUOTE_NONE
    return told


def rewrite_jsonl(path: Path, out: Path, marks: RowMarks) -> None:
    """Write the lines of a JSON Lines file that stay; blank ones are left out."""
    with packed_file(out) as sink:
        sink.write(byte_order_mark(path))
        _write(sink, json_lines(path), marks)


def byte_order_mark(path: Path) -> bytes:
    """The mark of UTF-8 with which a file begins, or nothing."""
    with open_bytes(path) as file:
        return MARK if file.read(3) == MARK else b""


def _write(sink: Any, texts: Iterable[str], marks: RowMarks) -> None:
    rows = iter(texts)
    while batch := list(islice(rows, _BATCH)):
        sink.write("".join(compress(batch, marks.next(len(batch)))).encode())
