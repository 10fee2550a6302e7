"""Tables: numbers to predict, and the user's own columns, of one type over all files."""

import json
from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from trainables.data.columns import WHOLE, ColumnOrigin, excerpt, flat, refuse
from trainables.errors import DataError

_NUMBER = r"^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?$"
# As a program writes a number: what is not so, such as 02000, 12e5 or twenty digits, is a name.
_PLAIN = r"^-?(0|[1-9][0-9]{0,16})(\.[0-9]{1,17})?(e[+-][0-9]{1,3})?$"


def row_bytes(table: pa.Table, where: str) -> pa.Array:
    """Each row's content as bytes, shape (n,), large_binary: rows of equal content have equal bytes.

    Raises:
        DataError: If a value cannot be read, such as text that is not UTF-8.
    """
    rows: list[dict[str, object]] = [{} for _ in range(table.num_rows)]
    for name in table.column_names:
        try:
            values = table[name].to_pylist()
        except (ValueError, OverflowError, pa.ArrowException) as error:
            raise DataError(
                f"{where}: column {name!r}: a value cannot be read ({excerpt(str(error))}); correct it, or leave "
                "the column out"
            ) from error
        for row, value in zip(rows, values, strict=True):
            row[name] = value
    whole = [json.dumps(row, sort_keys=True, default=str).encode() for row in rows]
    return pa.array(whole, pa.large_binary())


def targets_of(
    table: pa.Table, origin: ColumnOrigin, *, noun: str = "number to predict"
) -> NDArray[np.float64]:
    """Numbers to predict, or other numbers of each row, shape (n,).

    Args:
        table: Holds the column.
        origin: Where it is from.
        noun: What one of the numbers is called.

    Raises:
        DataError: If a row has none, or one that is not finite.
    """
    column = flat(table[origin.column])
    if pa.types.is_large_string(column.type):
        written = pc.match_substring_regex(column, _NUMBER)
        refuse(origin, column, pc.invert(written), "it is no number: fill or remove the row")
    elif not (pa.types.is_integer(column.type) or pa.types.is_floating(column.type)):
        raise DataError(
            f"{origin.where}: column {origin.column!r} holds {column.type}; give a {noun} a row"
        )
    refuse(origin, column, pc.is_null(column), f"it has no {noun}: fill or remove the row")
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


def alike_columns(splits: Mapping[str, pa.Table], *, is_typed: bool) -> dict[str, pa.Table]:
    """The tables of all splits with the same columns of the same types.

    What a split lacks is null there. In tables without types, as of a CSV, a column is one of numbers where
    every value of every split is written as a program writes numbers; an empty value of it is then null.

    Args:
        splits: One a split.
        is_typed: Whether the files told numbers from text.

    Raises:
        DataError: If a column is of one kind in one split, and of another in another.
    """
    names, tables = list(splits), {}
    whole = one_table(list(splits.values()), [f"split {name}" for name in names])
    start = 0
    for name, table in splits.items():
        tables[name] = whole.slice(start, len(table))
        start += len(table)
    for name in () if is_typed else whole.column_names:
        columns = {split: table[name] for split, table in tables.items()}
        every = pa.chunked_array([chunk for one in columns.values() for chunk in one.chunks])
        if not pa.types.is_large_string(every.type):
            continue
        filled = every.filter(pc.not_equal(every, ""))
        for pattern, kind in ((WHOLE, pa.int64()), (_PLAIN, pa.float64())):
            if len(filled) and pc.all(pc.match_substring_regex(filled, pattern)).as_py():
                for split, column in columns.items():
                    table = tables[split]
                    plain = pc.if_else(pc.equal(column, ""), None, column).cast(kind)
                    tables[split] = table.set_column(table.column_names.index(name), name, plain)
                break
    return tables
