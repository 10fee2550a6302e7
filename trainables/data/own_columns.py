"""Tables: numbers to predict, and the user's own columns, of one type over all files."""

import json
from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from trainables.data.columns import ColumnOrigin, excerpt, flat, refuse
from trainables.errors import DataError

_WHOLE = r"^(0|-?[1-9][0-9]{0,17})$"
_NUMBER = r"^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?$"


def row_bytes(table: pa.Table) -> pa.Array:
    """Each row's content as bytes, shape (n,), large_binary: rows of equal content have equal bytes."""
    rows = [json.dumps(row, sort_keys=True, default=str).encode() for row in table.to_pylist()]
    return pa.array(rows, pa.large_binary())


def targets_of(table: pa.Table, origin: ColumnOrigin) -> NDArray[np.float64]:
    """Numbers to predict, shape (n,).

    Raises:
        DataError: If a row has none, or one that is not finite.
    """
    column = flat(table[origin.column])
    if pa.types.is_large_string(column.type):
        written = pc.match_substring_regex(column, _NUMBER)
        refuse(origin, column, pc.invert(written), "it is no number: fill or remove the row")
    elif not (pa.types.is_integer(column.type) or pa.types.is_floating(column.type)):
        raise DataError(
            f"{origin.where}: column {origin.column!r} holds {column.type}, not numbers to predict"
        )
    refuse(
        origin, column, pc.is_null(column), "it has no number to predict: fill or remove the row"
    )
    numbers = column.cast(pa.float64())
    refuse(origin, column, pc.invert(pc.is_finite(numbers)), "it is not finite: correct it")
    return np.asarray(numbers)


def one_table(tables: Sequence[pa.Table], names: Sequence[str]) -> pa.Table:
    """The columns of all shards of a split; what differs in width alone is widened.

    Args:
        tables: One a shard.
        names: What the shards are called, for messages.

    Raises:
        DataError: If a column is of one kind in one shard, and of another in another.
    """
    whole = tables[0]
    for table, name in zip(tables[1:], names[1:], strict=True):
        try:
            whole = pa.concat_tables([whole, table], promote_options="permissive")
        except pa.ArrowException as error:
            raise DataError(
                f"{name}: its columns do not fit those of {names[0]}: {excerpt(str(error))}; write all "
                "shards alike"
            ) from error
    return whole


def alike_columns(splits: Mapping[str, pa.Table]) -> dict[str, pa.Table]:
    """The tables of all splits with the same columns of the same types.

    What a split lacks is null there. A column of text, as a CSV gives all, is one of numbers where every
    value of every split is written so; an empty value of it is then null.

    Args:
        splits: One a split.

    Raises:
        DataError: If a column is of one kind in one split, and of another in another.
    """
    names, tables = list(splits), {}
    whole = one_table(list(splits.values()), [f"split {name}" for name in names])
    start = 0
    for name, table in splits.items():
        tables[name] = whole.slice(start, len(table))
        start += len(table)
    for name in whole.column_names:
        columns = {split: table[name] for split, table in tables.items()}
        every = pa.chunked_array([chunk for one in columns.values() for chunk in one.chunks])
        if not pa.types.is_large_string(every.type):
            continue
        filled = every.filter(pc.not_equal(every, ""))
        for pattern, kind in ((_WHOLE, pa.int64()), (_NUMBER, pa.float64())):
            if len(filled) and pc.all(pc.match_substring_regex(filled, pattern)).as_py():
                for split, column in columns.items():
                    table = tables[split]
                    plain = pc.if_else(pc.equal(column, ""), None, column).cast(kind)
                    tables[split] = table.set_column(table.column_names.index(name), name, plain)
                break
    return tables
