"""From the labels as they stand in files to class numbers and names, over all files together."""

import json
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from trainables.data.columns import (
    ColumnOrigin,
    checked_utf8,
    excerpt,
    flat,
    is_text,
    refuse,
)
from trainables.errors import DataError
from trainables.written_numbers import first_few

MAX_CLASSES = 10_000


@dataclass(frozen=True, kw_only=True, eq=False)
class Labels:
    """The labels of one file.

    Attributes:
        values: As given, shape (n,): int64 or large_string.
        names: Class names the file carries for its numbers, or None.
        is_bool: Whether they are true and false, as words.
        is_typed: Whether the file tells numbers from text; a CSV does not.
        origin: The file and its label column, for messages.
    """

    values: pa.Array
    names: tuple[str, ...] | None
    is_typed: bool
    origin: ColumnOrigin
    is_bool: bool = False

    @property
    def is_number(self) -> bool:
        """Whether they are whole numbers."""
        return bool(pa.types.is_int64(self.values.type))


def labels_of(table: pa.Table, origin: ColumnOrigin, *, is_typed: bool, unlabelled: str) -> Labels:
    """The labels of one file, each row checked.

    Args:
        table: The file's columns.
        origin: The file and the column of labels.
        is_typed: Whether the file tells numbers from text.
        unlabelled: What else can be done where rows are marked as unlabelled.

    Raises:
        DataError: If a row's label is null, empty, negative or no class.
    """
    column = flat(table[origin.column])
    kind = column.type
    refuse(
        origin, column, pc.is_null(column), f"it has no label: fill or remove the row{unlabelled}"
    )
    if pa.types.is_floating(kind):
        column = column.cast(pa.float64())  # of half a number not even its floor is known
        _check_whole(origin, column)
    elif pa.types.is_boolean(kind):
        column = column.cast(pa.large_string())
    elif not (pa.types.is_integer(kind) or is_text(kind)):
        raise DataError(
            f"{origin.where}: column {origin.column!r} holds {kind}; labels are whole numbers or strings: "
            "use --label-column"
        )
    if is_text(column.type):
        column = checked_utf8(column, origin)
        why = "its label is empty: fill it, or remove the row"
        refuse(origin, column, pc.equal(pc.utf8_trim_whitespace(column), ""), why)
        if not is_typed:
            why = "a label holds no line end: a quote that opens before it closes too late"
            refuse(origin, column, pc.match_substring_regex(column, r"[\r\n]"), why)
        if origin.column == "gold_label":
            why = f"it marks rows on which people did not agree: remove these rows{unlabelled}"
            refuse(origin, column, pc.equal(column, "-"), why)
    else:
        column = as_classes(origin, column, unlabelled)
    return Labels(
        values=column,
        names=_class_names(table.schema, origin.column, origin.where),
        is_typed=is_typed,
        origin=origin,
        is_bool=bool(pa.types.is_boolean(kind)),
    )


def _check_whole(origin: ColumnOrigin, column: pa.Array) -> None:
    whole = pc.and_(pc.is_finite(column), pc.equal(pc.floor(column), column))
    why = "labels are classes, not measurements: cast them, or use --label-column"
    refuse(origin, column, pc.invert(whole), why)


def as_classes(origin: ColumnOrigin, column: pa.Array, unlabelled: str) -> pa.Array:
    """Numbers as class numbers, int64.

    Raises:
        DataError: If one is negative, or beyond 63 bits.
    """
    above: Any = None
    if pa.types.is_uint64(column.type):
        above = pc.greater(column, pa.scalar(2**63 - 1, pa.uint64()))
    elif pa.types.is_floating(column.type):
        above = pc.greater_equal(column, 2.0**63)
    if above is not None:
        why = "it is beyond 63 bits: number the classes from 0, or write them as strings"
        refuse(origin, column, above, why)
    numbers = column.cast(pa.int64())
    why = f"class numbers start at 0, and -1 often means unlabelled: remove these rows{unlabelled}"
    refuse(origin, numbers, pc.less(numbers, 0), why)
    return numbers


def _class_names(schema: pa.Schema, label: str, where: str) -> tuple[str, ...] | None:
    """The names in the Hugging Face ClassLabel feature of the label column, if there is one."""
    stored = (schema.metadata or {}).get(b"huggingface")
    if stored is None:
        return None
    try:
        names = json.loads(stored)["info"]["features"].get(label, {}).get("names")
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise DataError(
            f"{where}: its Hugging Face metadata {excerpt(stored)} cannot be read ({error}); "
            "write the file again with datasets, or without the metadata"
        ) from error
    if names is None:
        return None
    if not isinstance(names, list) or len({*map(str, names)}) < len(names):
        raise DataError(
            f"{where}: its Hugging Face metadata name the classes of {label!r} {excerpt(names)}, which is no "
            "list of different names; write the file again with datasets"
        )
    return tuple(str(name) for name in names) or None


def classes_of(train: Labels) -> tuple[pa.Array, tuple[str, ...]]:
    """The label values of the training split in class order, and what they are called.

    Strings are sorted; whole numbers are sorted too, and gaps closed; names that the file
    carries keep their numbers.

    Raises:
        DataError: If there is one class, or so many that the column must be something else.
    """
    seen = pc.unique(train.values).sort()
    if train.names is not None and train.is_number:
        values, names = pa.array(range(len(train.names)), pa.int64()), train.names
    else:
        values, names = seen, tuple(str(value) for value in seen.to_pylist())
    if len(seen) < 2:
        raise DataError(
            f"{train.origin.where}: all labels are {excerpt(seen[0].as_py())}; "
            "a classifier needs two classes or more"
        )
    rows = len(train.values)
    if len(seen) > MAX_CLASSES or (len(seen) > 100 and len(seen) > rows / 2):
        raise DataError(
            f"{train.origin.where}: {len(seen):,} different labels in {rows:,} rows; that "
            "looks like an id or a text: use --label-column"
        )
    return values, names


def encode(labels: Labels, values: pa.Array, train: Labels) -> NDArray[np.int64]:
    """Class numbers in [0, c), shape (n,).

    Raises:
        DataError: If a label does not occur in the training split.
    """
    why = f"this label is not one of the {len(values)} classes of the training data: correct it"
    seen = pc.is_in(labels.values, value_set=pc.unique(train.values))
    refuse(labels.origin, labels.values, pc.invert(seen), why)
    codes: Any = pc.index_in(labels.values, value_set=values)
    return np.asarray(codes).astype(np.int64)


def mapping_note(train: Labels, names: tuple[str, ...], *, written: bool) -> tuple[str, ...]:
    """The sentence that says which label became which class, where that is not plain.

    Args:
        train: Labels of the training split.
        names: The classes by number.
        written: Whether labels are handed on as they are written, so that numbers matter only in
            arrays of probabilities.
    """
    if train.names is not None or names == tuple(str(k) for k in range(len(names))):
        return ()
    if written:
        order = first_few([excerpt(name) for name in names])
        return (f"probabilities that a trainer gives are of the classes in this order: {order}",)
    shown = first_few([f"{excerpt(name)} is {k}" for k, name in enumerate(names)])
    return (f"labels became class numbers in sorted order: {shown}",)
