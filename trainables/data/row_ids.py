"""What rows are called: ids of the user's own, or numbers."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from trainables.data.columns import (
    ColumnOrigin,
    Columns,
    checked_utf8,
    excerpt,
    flat,
    is_text,
    refuse,
)
from trainables.errors import DataError


def ids_of(table: pa.Table, columns: Columns, where: str) -> NDArray[Any]:
    """The user's own ids, or the row numbers where no column is named, shape (n,).

    Raises:
        DataError: If an id is null or repeated, or is neither a number nor a string.
    """
    if not columns.id:
        return np.arange(table.num_rows)
    column, origin = flat(table[columns.id]), ColumnOrigin(where=where, column=columns.id)
    if not (is_text(column.type) or pa.types.is_integer(column.type)):
        raise DataError(
            f"{where}: column {columns.id!r} holds {column.type}; ids are whole numbers or strings"
        )
    if is_text(column.type):
        column = checked_utf8(column, origin)
    refuse(origin, column, pc.is_null(column), "it has no id: fill it")
    codes = np.asarray(column.dictionary_encode().indices)
    later = np.ones(len(codes), dtype=bool)
    later[np.unique(codes, return_index=True)[1]] = False
    why = "an earlier row has the same id: ids name one row each"
    refuse(origin, column, pa.array(later), why)
    if is_text(column.type):
        return np.array(column.to_pylist(), dtype=object)
    if pa.types.is_uint64(column.type):
        why = "it is beyond 63 bits: write ids of that size as strings"
        refuse(origin, column, pc.greater(column, pa.scalar(2**63 - 1, pa.uint64())), why)
    return np.asarray(column.cast(pa.int64()))


def joined_ids(parts: Sequence[NDArray[Any]], names: Sequence[str]) -> NDArray[Any]:
    """The user's own ids of several files, shape (n,).

    Args:
        parts: Of each file.
        names: What the files are called, for messages.

    Raises:
        DataError: If two of them have the same id.
    """
    seen: dict[Any, int] = {}
    for number, ids in enumerate(parts):
        for row, key in enumerate(ids.tolist()):
            if key in seen:
                raise DataError(
                    f"{names[number]}: row {row} has id {excerpt(key)}, which stands in "
                    f"{names[seen[key]]} too: ids name one row each"
                )
            seen[key] = number
    return np.concatenate(list(parts))
