"""Whether a data set that is read again holds the rows it should, value by value."""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from trainables.data.columns import Columns, Kind, excerpt
from trainables.data.csv_dialects import Dialect
from trainables.data.dataset import Dataset, Split
from trainables.data.readers import table_of
from trainables.data.row_marks import RowMarks

_BATCH = 65_536


def difference(
    read: Dataset,
    dataset: Dataset,
    keep: Mapping[str, NDArray[np.bool_]],
    *,
    card_names: Sequence[str] = (),
    own_ids: bool,
) -> str:
    """The first row of a data set that is not the one it should be, in words; empty where all are.

    Args:
        read: What was read.
        dataset: Whose rows it should hold.
        keep: Of each of its splits, which rows, shape (n,).
        card_names: Names of classes by number that no file says, but the card on the hub.
        own_ids: Whether rows have ids beside their numbers.
    """
    if read.splits.keys() != dataset.splits.keys() or read.kind != dataset.kind:
        return (
            f"it has {', '.join(read.splits)} of {read.kind}s, and should have "
            f"{', '.join(dataset.splits)} of {dataset.kind}s"
        )
    numbers = {name: number for number, name in enumerate(dataset.class_names)}
    if set(read.class_names) - set(numbers) and all(map(str.isdigit, read.class_names)):
        numbers |= {str(k): numbers.get(name, -1) for k, name in enumerate(card_names)}
    classes = np.array([numbers.get(name, -1) for name in read.class_names] or [0])
    for name, split in dataset.splits.items():
        there, rows = read.splits[name], np.flatnonzero(keep[name])
        if len(there) != len(rows):
            return f"its {name} split holds {len(there):,} rows, and should hold {len(rows):,}"
        for start in range(0, len(rows), _BATCH):
            part = np.arange(start, min(start + _BATCH, len(rows)))
            pairs = _columns(split.take(rows[part]), there.take(part), classes, own_ids=own_ids)
            for what, should, got in pairs:
                if (at := _first(what, should, got, read.kind)) is not None:
                    return (
                        f"row {part[at]} of its {name} split has the {what} {_shown(got, at)}, and should have "
                        f"{_shown(should, at)}"
                    )
    return ""


def file_difference(
    originals: Sequence[Path],
    written: Sequence[Path],
    stays: RowMarks,
    columns: Columns,
    dialect: Dialect,
) -> str:
    """The first row of files that is not the row of their originals it should be, in words; empty where all are.

    Args:
        originals: In order.
        written: One of each original of which a row stays, in that order.
        stays: Which rows of the originals.
        columns: What is compared.
        dialect: How a CSV is written.
    """
    left = list(written)
    for original in originals:
        should = table_of(original, columns, dialect)
        should = should.filter(pa.array(stays.next(len(should))))
        if not len(should):
            continue
        if not left:
            return f"what stays of {original} was not written"
        path = left.pop(0)
        got = table_of(path, columns, dialect)
        if len(got) != len(should):
            return f"{path.name} holds {len(got):,} rows, and should hold {len(should):,}"
        for name in columns.names:
            if (row := _first(name, should[name], got[name], "text")) is not None:
                return (
                    f"row {row} of {path.name} has the {excerpt(name)} {_shown(got[name], row)}, and should have "
                    f"{_shown(should[name], row)}"
                )
    return f"{left[0].name} should not be there" if left else ""


def _columns(
    should: Split, got: Split, classes: NDArray[np.int64], *, own_ids: bool
) -> Iterator[tuple[str, Any, Any]]:
    """What is compared of some rows: its name, and both sides."""
    yield "input", should.inputs, got.inputs
    yield "class", should.labels, classes[got.labels]
    if own_ids:
        yield "id", should.ids, got.ids
    for name in ("vectors", "targets", "first"):
        yield name, getattr(should, name), getattr(got, name)
    if should.own is not None and got.own is not None:
        for name in should.own.column_names:
            column = got.own[name] if name in got.own.column_names else [None] * len(got)
            yield f"column {excerpt(name)}", should.own[name], column


def _first(what: str, should: Any, got: Any, kind: Kind) -> int | None:
    """The first row of which both sides differ, or None."""
    if should is None or got is None:
        return None if should is got else 0
    if isinstance(should, np.ndarray):
        if should.dtype == got.dtype and np.array_equal(should, got):
            return None
    elif isinstance(got, pa.Array | pa.ChunkedArray) and should.equals(got):
        return None
    is_row = what == "input" and kind == "table"
    for row in range(len(should)):
        one, other = _value(should[row]), _value(got[row])
        if is_row:
            one, other = json.loads(one), json.loads(other)
        if not _alike(one, other):
            return row
    return None


def _value(cell: Any) -> Any:
    if isinstance(cell, pa.Scalar):
        return cell.as_py()
    return cell.tolist() if isinstance(cell, np.ndarray | np.generic) else cell


def _alike(one: Any, other: Any) -> bool:
    """Whether two values are equal: an absent key is one without a value, 3 is 3.0, and in a CSV it is "3"."""
    if isinstance(one, dict) and isinstance(other, dict):
        return all(_alike(one.get(key), other.get(key)) for key in {*one, *other})
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_alike, one, other))
    if isinstance(one, str) != isinstance(other, str):
        return _is_written(one, other) or _is_written(other, one)
    is_nan = one != one and other != other  # noqa: PLR0124 - NaN alone differs from itself
    return bool(is_nan or one == other)


def _is_written(text: Any, value: Any) -> bool:
    """Whether a text is how a CSV has a number, or nothing: without the rows that go a column may be of numbers."""
    if not isinstance(text, str) or isinstance(value, list | dict):
        return False
    try:
        return not text if value is None else float(text) == value
    except ValueError:
        return False


def _shown(column: Any, row: int) -> str:
    return "(none)" if column is None else excerpt(_value(column[row]))
