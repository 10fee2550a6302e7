"""From the labels as they stand in files to class numbers and names, over all files together."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from trainables.data.columns import ColumnOrigin, excerpt, flat, is_text, refuse
from trainables.errors import DataError

MAX_CLASSES = 10_000
# Of labels that are written as numbers, the share up to which words among them are slips.
_STRAYS = 0.001
_WHOLE = r"^(0|-?[1-9][0-9]{0,17})$"
_DECIMAL = r"^-?[0-9]+(\.[0-9]+)?$"


@dataclass(frozen=True, kw_only=True, eq=False)
class Labels:
    """The labels of one file.

    Attributes:
        values: As given, shape (n,): int64 or large_string.
        names: Class names the file carries for its numbers, or None.
        is_typed: Whether the file tells numbers from text; a CSV does not.
        origin: The file and its label column, for messages.
    """

    values: pa.Array
    names: tuple[str, ...] | None
    is_typed: bool
    origin: ColumnOrigin

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
    refuse(origin, column, pc.is_null(column), "it has no label: fill or remove the row")
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
        column = column.cast(pa.large_string())
        why = "its label is empty: fill it, or remove the row"
        refuse(origin, column, pc.equal(pc.utf8_trim_whitespace(column), ""), why)
    else:
        column = _classes(origin, column, unlabelled)
    return Labels(
        values=column,
        names=_class_names(table.schema, origin.column, origin.where),
        is_typed=is_typed,
        origin=origin,
    )


def _check_whole(origin: ColumnOrigin, column: pa.Array) -> None:
    whole = pc.and_(pc.is_finite(column), pc.equal(pc.floor(column), column))
    why = "labels are classes, not measurements: cast them, or use --label-column"
    refuse(origin, column, pc.invert(whole), why)


def _classes(origin: ColumnOrigin, column: pa.Array, unlabelled: str) -> pa.Array:
    outside = pc.or_(pc.less(column, 0), pc.greater_equal(column.cast(pa.float64()), 2.0**63))
    why = f"class numbers start at 0, and -1 often means unlabelled: remove these rows{unlabelled}"
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


def alike(files: Sequence[Labels], *, unlabelled: str = "") -> list[Labels]:
    """The labels of all files of a data set as values of one type, numbers of one list of names.

    A CSV's labels are numbers where those of every CSV are and no other file has words; numbers that
    carry names are matched by them.

    Args:
        files: One a file, of all splits.
        unlabelled: What else can be done where rows are marked as unlabelled.

    Raises:
        DataError: If words stand beside numbers, or two files carry different names.
    """
    files = _settled(files, unlabelled)
    files = _named_alike(files)
    numbers = [one for one in files if one.is_number]
    words = [one for one in files if not one.is_number]
    if not numbers or not words:
        return files
    for one in words:
        digits = pc.match_substring_regex(one.values, _WHOLE)
        why = f"a word, where {numbers[0].origin.where} has whole numbers; write both alike"
        refuse(one.origin, one.values, pc.invert(digits), why)
    return [_as_numbers(one, unlabelled) for one in files]


def _settled(files: Sequence[Labels], unlabelled: str) -> list[Labels]:
    """Files that do not tell numbers from text: all of them read as the one, or as the other."""
    written = [one for one in files if not one.is_typed and not one.is_number]
    has_words = any(one.is_typed and not one.is_number for one in files)
    if not written or has_words:
        return list(files)
    every = pa.chunked_array([one.values for one in written])
    if pc.all(pc.match_substring_regex(every, _WHOLE)).as_py():
        return [_as_numbers(one, unlabelled) for one in files]
    _check_strays(written, every)
    decimals = pc.all(pc.match_substring_regex(every, _DECIMAL)).as_py()
    if not (decimals and pc.any(pc.match_substring(every, ".")).as_py()):
        return list(files)
    settled = []
    for one in files:
        if one.is_typed or one.is_number:
            settled.append(one)
        else:
            measures = one.values.cast(pa.float64())
            _check_whole(one.origin, measures)
            settled.append(replace(one, values=_classes(one.origin, measures, unlabelled)))
    return settled


def _check_strays(written: Sequence[Labels], every: pa.ChunkedArray) -> None:
    """Refuse words so rare among whole numbers that they are no class, but slips."""
    digits = pc.match_substring_regex(every, _WHOLE)
    words = len(every) - (pc.sum(digits).as_py() or 0)
    for one in written if words <= _STRAYS * len(every) else ():
        stray = pc.invert(pc.match_substring_regex(one.values, _WHOLE))
        why = "nearly all labels are whole numbers, and this is none: correct it"
        refuse(one.origin, one.values, stray, why)


def _as_numbers(one: Labels, unlabelled: str) -> Labels:
    if one.is_number:
        return one
    return replace(one, values=_classes(one.origin, one.values.cast(pa.int64()), unlabelled))


def _named_alike(files: Sequence[Labels]) -> list[Labels]:
    """Numbers and words of files brought to the names that the first file with names carries."""
    first = next((one for one in files if one.names is not None and one.is_number), None)
    if first is None:
        return list(files)
    return [_named_as(one, first) for one in files]


def _named_as(one: Labels, first: Labels) -> Labels:
    """The labels of a file as numbers of the names that another one carries."""
    names = first.names or ()
    known = pa.array(names, pa.large_string())
    if not one.is_number:
        why = f"it is not one of the classes {excerpt(names)} of {first.origin.where}: correct it"
        refuse(one.origin, one.values, pc.invert(pc.is_in(one.values, value_set=known)), why)
        codes = pc.index_in(one.values, value_set=known)
        return replace(one, values=codes.cast(pa.int64()), names=names)
    if one.names is None or sorted(one.names) != sorted(names):
        raise DataError(
            f"{one.origin.where}: its classes {excerpt(one.names)} differ from {excerpt(names)} "
            f"in {first.origin.where}; write both with the same class names"
        )
    why = f"there are {len(names)} class names, so labels lie in [0, {len(names) - 1}]: correct it"
    refuse(one.origin, one.values, pc.greater_equal(one.values, len(names)), why)
    order = pa.array([names.index(name) for name in one.names], pa.int64())
    return replace(one, values=order.take(one.values), names=names)


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


def mapping_note(train: Labels, names: tuple[str, ...]) -> tuple[str, ...]:
    """The sentence that says which label became which class, where that is not plain."""
    if train.names is not None or names == tuple(str(k) for k in range(len(names))):
        return ()
    shown = ", ".join(f"{excerpt(name)} is {k}" for k, name in enumerate(names[:20]))
    more = f" and {len(names) - 20:,} more" if len(names) > 20 else ""
    return (f"labels became class numbers in sorted order: {shown}{more}",)
