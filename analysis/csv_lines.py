"""Tables as CSV that a spreadsheet may open."""

import csv
import io
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from trainables.plain_text import printable

# Decimals of a number in a table for reading.
_DECIMALS = 6
_OTHER_DECIMALS = {"test_variance": 9}
# What a formula opens with, in full width, too.
_FORMULA = tuple("=+-@\uff1d\uff0b\uff0d\uff20")
_UNROUNDED = {"warmup", "rate", "tolerance", "df"}


def csv_lines(
    columns: Sequence[str], rows: Iterable[Mapping[str, Any]], *, exact: bool = False
) -> list[str]:
    """A header and one entry a row, without line ends; lists are written as JSON.

    Args:
        columns: Names of the cells.
        rows: What is in them.
        exact: For programs that look the texts up elsewhere, such as ids: no letter is spelled out.
    """
    cell = _unlike_a_formula if exact else guarded
    return [_line(columns), *(_line([cell(row[name]) for name in columns]) for row in rows)]


def _line(values: Sequence[Any]) -> str:
    text = io.StringIO()
    # The writer quotes a line end inside a cell only where it is its own.
    csv.writer(text, lineterminator="\n").writerow(values)
    return text.getvalue().removesuffix("\n")


def guarded(value: Any) -> Any:
    """A cell no spreadsheet will run, of which all can be seen."""
    if not isinstance(value, str | list | tuple):
        return value
    cell = _unlike_a_formula(value)
    return printable(cell) if isinstance(cell, str) else cell


def _unlike_a_formula(value: Any) -> Any:
    """Text that opens like a formula gets an apostrophe."""
    if isinstance(value, list | tuple):
        return json.dumps(plain(value), ensure_ascii=False)
    if isinstance(value, str) and (
        value.lstrip()[:1] in _FORMULA or value[:1] in ("\t", "\r", "\n")
    ):
        try:
            float(value)
        except ValueError:
            return "'" + value
    return value


def plain(value: Any) -> Any:
    """A value JSON can hold: nan and infinity become None, inside lists as well."""
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def shortened_floats(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row for reading: measured numbers to six decimals, what was asked for as it was."""
    return {
        name: round(value, _OTHER_DECIMALS.get(name, _DECIMALS))
        if isinstance(value, float) and name not in _UNROUNDED
        else value
        for name, value in row.items()
    }
