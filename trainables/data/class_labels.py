"""From the labels as they stand in a file to class numbers and names."""

import json
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from trainables.data.columns import (
    ColumnOrigin,
    Columns,
    Kind,
    excerpt,
    flat,
    ids_of,
    inputs_of,
    is_text,
    refuse,
)
from trainables.errors import DataError

MAX_CLASSES = 10_000


@dataclass(frozen=True, kw_only=True)
class Raw:
    """One split as it was found, before its labels are classes.

    Attributes:
        inputs: Texts or encoded images, shape (n,).
        kind: Which of the two.
        labels: As given, shape (n,): int64 or string.
        ids: Shape (n,), unique; int64, or object of str.
        names: Class names the file carries, or None.
        origin: The file and its label column, for messages.
        source: Where on the hub it is from, as owner/name[:config]@commit; empty elsewhere.
        notes: How it was found, a sentence each.
    """

    inputs: pa.Array
    kind: Kind
    labels: pa.Array
    ids: NDArray[Any]
    names: tuple[str, ...] | None
    origin: ColumnOrigin
    source: str = ""
    notes: tuple[str, ...] = ()


def raw_split(table: pa.Table, columns: Columns, where: str) -> Raw:
    """Check every row of a table's columns.

    Raises:
        DataError: If a row is not fit: the message lists the first 20 and says what to do.
    """
    ids = ids_of(table, columns, where)
    own = ids if columns.id else None
    origin = ColumnOrigin(where=where, column=" + ".join(columns.text), ids=own)
    inputs, kind = inputs_of(table, columns, origin)
    return Raw(
        inputs=inputs,
        kind=kind,
        labels=_labels(table, ColumnOrigin(where=where, column=columns.label, ids=own)),
        ids=ids,
        names=_class_names(table.schema, columns.label, where),
        origin=ColumnOrigin(where=where, column=columns.label, ids=own),
    )


def _labels(table: pa.Table, origin: ColumnOrigin) -> pa.Array:
    """Labels as int64 or strings; anything that is not clearly a class is refused."""
    column = flat(table[origin.column])
    kind = column.type
    refuse(origin, column, pc.is_null(column), "it has no label: fill or remove the row")
    if pa.types.is_floating(kind):
        whole = pc.and_(pc.is_finite(column), pc.equal(pc.floor(column), column))
        why = "labels are classes, not measurements: cast them, or use --label-column"
        refuse(origin, column, pc.invert(whole), why)
    elif pa.types.is_boolean(kind):
        column = column.cast(pa.large_string())
    elif not (pa.types.is_integer(kind) or is_text(kind)):
        raise DataError(
            f"{origin.where}: column {origin.column!r} holds {kind}; labels are whole numbers or strings: "
            "use --label-column"
        )
    if is_text(column.type):
        column = column.cast(pa.large_string())
        why = "its label is empty: fill it, or remove the row"
        refuse(origin, column, pc.equal(pc.utf8_trim_whitespace(column), ""), why)
        return column
    outside = pc.or_(pc.less(column, 0), pc.greater_equal(column.cast(pa.float64()), 2.0**63))
    why = "class numbers start at 0, and -1 often means unlabelled: remove these rows"
    refuse(origin, column, outside, why)
    return column.cast(pa.int64())


def _class_names(schema: pa.Schema, label: str, where: str) -> tuple[str, ...] | None:
    """The names in the Hugging Face ClassLabel feature of the label column, if there is one."""
    stored = (schema.metadata or {}).get(b"huggingface")
    if stored is None:
        return None
    try:
        names = json.loads(stored)["info"]["features"].get(label, {}).get("names")
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise DataError(
            f"{where}: its Hugging Face metadata {excerpt(stored)} cannot be read ({error}); "
            "write the file again with datasets, or without the metadata"
        ) from error
    return tuple(str(name) for name in names) if names else None


def classes_of(train: Raw) -> tuple[pa.Array, tuple[str, ...]]:
    """The label values of the training split in class order, and what they are called.

    Strings are sorted; whole numbers are sorted too, and gaps closed; names that the file
    carries keep their numbers.

    Raises:
        DataError: If there is one class, or so many that the column must be something else.
    """
    seen = pc.unique(train.labels).sort()
    if train.names is not None and pa.types.is_int64(seen.type):
        values, names = pa.array(range(len(train.names)), pa.int64()), train.names
    else:
        values, names = seen, tuple(str(value) for value in seen.to_pylist())
    if len(seen) < 2:
        raise DataError(
            f"{train.origin.where}: all labels are {excerpt(seen[0].as_py())}; "
            "a classifier needs two classes or more"
        )
    if len(seen) > MAX_CLASSES or (len(seen) > 100 and len(seen) > len(train.labels) / 2):
        raise DataError(
            f"{train.origin.where}: {len(seen):,} different labels in {len(train.labels):,} rows; that "
            "looks like an id or a text: use --label-column"
        )
    return values, names


def encode(raw: Raw, values: pa.Array, train: Raw) -> NDArray[np.int64]:
    """Class numbers in [0, c), shape (n,).

    Raises:
        DataError: If a label is none of values, or does not occur in the training split.
    """
    if raw.names != train.names:
        raise DataError(
            f"{raw.origin.where}: its classes {excerpt(raw.names)} differ from {excerpt(train.names)} "
            f"in {train.origin.where}; write both with the same class names"
        )
    if raw.labels.type != train.labels.type:
        raise DataError(
            f"{raw.origin.where}: labels are {raw.labels.type}, but {train.labels.type} in "
            f"{train.origin.where}; write both alike"
        )
    why = f"this label is not one of the {len(values)} classes of the training data: correct it"
    seen = pc.is_in(raw.labels, value_set=pc.unique(train.labels))
    refuse(raw.origin, raw.labels, pc.invert(seen), why)
    codes = pc.index_in(raw.labels, value_set=values)
    refuse(raw.origin, raw.labels, pc.is_null(codes), why)
    return np.asarray(codes).astype(np.int64)


def mapping_note(train: Raw, names: tuple[str, ...]) -> tuple[str, ...]:
    """The sentence that says which label became which class, where that is not plain."""
    if train.names is not None or names == tuple(str(k) for k in range(len(names))):
        return ()
    shown = ", ".join(f"{excerpt(name)} is {k}" for k, name in enumerate(names[:20]))
    more = f" and {len(names) - 20:,} more" if len(names) > 20 else ""
    return (f"labels became class numbers in sorted order: {shown}{more}",)
