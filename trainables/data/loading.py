"""From the files of each split to a data set, every row checked and all labels read alike."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from trainables.data.class_labels import classes_of, encode, labels_of, mapping_note
from trainables.data.columns import (
    ColumnOrigin,
    Columns,
    Kind,
    first_lengths,
    inputs_of,
)
from trainables.data.dataset import Split, bytes_of_vectors
from trainables.data.guess_notes import guess_note, unread_classes, unread_conversations
from trainables.data.guesses import ColumnsError, check_once, choose, is_pair
from trainables.data.label_types import alike
from trainables.data.language_columns import check_responses, conversations_of
from trainables.data.own_columns import alike_columns, row_bytes, targets_of
from trainables.data.parts import Part, Wanted
from trainables.data.raw_splits import Raw, joined_parts
from trainables.data.row_ids import ids_of
from trainables.data.spooled_bytes import held_among
from trainables.data.streams import plain_stem
from trainables.data.unchanged import unchanged
from trainables.data.vectors import check_one_each, npy_beside, npy_places, read_npy, vectors_of
from trainables.errors import DataError


@dataclass(frozen=True, kw_only=True)
class ReadData:
    """A data set's splits as they were read.

    Attributes:
        splits: By name.
        kind: What their inputs are.
        class_names: Shape (c,); none where there are no classes.
        notes: What a reader should know.
        target: The column of classes or numbers, or empty.
    """

    splits: Mapping[str, Split]
    kind: Kind
    class_names: tuple[str, ...]
    notes: tuple[str, ...]
    target: str = ""


def read_splits(parts: Mapping[str, Sequence[Part]], wanted: Wanted) -> ReadData:
    """Every split, each row checked and the labels of all files read alike.

    Args:
        parts: The files of each split.
        wanted: What to read of them.

    Raises:
        DataError: If columns are missing or a row is not fit; the file and the row are named. If a file
            changed between the first look at one and the last. A
            validation split that is not fit is left out instead, as few signals need one, and so are
            classes where none are needed.
    """
    with unchanged(_files(parts, wanted)):
        return _read_fit(parts, wanted)


def _files(parts: Mapping[str, Sequence[Part]], wanted: Wanted) -> list[Path]:
    """The files that are read: tables, and NumPy files where they may be beside them."""
    tables = [part.path for own in parts.values() for part in own if part.path]
    named = [columns.embedding for columns in wanted.columns]
    names = {".npy", *(name for name in named if name.endswith(".npy"))}
    beside = [path for table in tables for name in names for path in npy_places(table, name)]
    return [*tables, *beside]


def _read_fit(parts: Mapping[str, Sequence[Part]], wanted: Wanted) -> ReadData:
    try:
        return _read(parts, wanted)
    except DataError as error:
        rest = {name: own for name, own in parts.items() if name != "validation"}
        less: list[tuple[Mapping[str, Sequence[Part]], Wanted, str]] = []
        if len(rest) < len(parts):
            less.append((rest, wanted, "the validation split was left out"))
        if wanted.target == "optional":
            less.append((parts, replace(wanted, target="none"), "its classes were not read"))
        for some, what, note in less:
            with suppress(DataError):
                read = _read(some, what)
                return replace(read, notes=(*read.notes, f"{note}: {error}"))
        raise


def _read(parts: Mapping[str, Sequence[Part]], wanted: Wanted) -> ReadData:
    columns = columns_of(parts["train"], wanted)
    check_one_each(columns.embedding, [part.where for own in parts.values() for part in own])
    found: dict[str, list[Raw]] = {}
    kept: dict[str, list[Part]] = {}
    for split, own in parts.items():
        has_other = split == "test" and "validation" in parts
        remedy = "; to test on validation: --test validation" * has_other
        try:
            with held_among(len(own)):
                held = [(part, _raw(part, columns, wanted, remedy)) for part in own]
        except ColumnsError as error:
            if split != "test":
                raise
            raise ColumnsError(
                f"{error}. Where test rows have no classes, give {parts['train'][0].where} alone with "
                f"--test-fraction 0.2{remedy}"
            ) from error
        filled = [(part, raw) for part, raw in held if raw is not None]
        if not filled:
            raise DataError(f"{own[0].where}: holds no rows; give a file with at least two classes")
        kept[split], found[split] = [part for part, _ in filled], [raw for _, raw in filled]
    _check_widths(found, kept)
    every = [raw for raws in found.values() for raw in raws]
    if all(raw.labels is not None for raw in every):
        labels = iter(alike([raw.labels for raw in every if raw.labels is not None]))
        found = {
            split: [replace(raw, labels=next(labels)) for raw in raws]
            for split, raws in found.items()
        }
    splits = {
        split: joined_parts(raws, kept[split], own_ids=bool(columns.id))
        for split, raws in found.items()
    }
    if wanted.own_columns:
        own_tables = {split: raw.own for split, raw in splits.items() if raw.own is not None}
        is_typed = any(part.is_typed for own in kept.values() for part in own)
        tables = alike_columns(own_tables, is_typed=is_typed)
        splits = {split: replace(raw, own=tables[split]) for split, raw in splits.items()}
    notes = guess_note(wanted.columns[0], columns, splits["train"].kind)
    if not wanted.columns[0].text and not columns.of_language:
        notes += unread_conversations(parts["train"][0].header(columns.names), columns)
    if wanted.target == "optional" and not columns.of_language:
        notes += unread_classes(parts["train"][0].header(columns.names), columns)
    read = _encoded(splits, notes)
    return replace(read, target=columns.label)


def _check_widths(found: Mapping[str, Sequence[Raw]], parts: Mapping[str, Sequence[Part]]) -> None:
    """Refuse vectors of two widths, in shards or in splits."""
    widths: dict[int, str] = {}
    for split, raws in found.items():
        for raw, part in zip(raws, parts[split], strict=True):
            widths.setdefault(raw.width, part.where)
    if len(widths) > 1:
        (one, first), (other, second) = list(widths.items())[:2]
        raise DataError(
            f"{second}: vectors of {other:,} numbers, and of {one:,} in {first}; write both alike"
        )


def columns_of(parts: Sequence[Part], wanted: Wanted) -> Columns:
    """Which columns of the parts of a split are read.

    Raises:
        DataError: If one is missing, or could be several.
    """
    names, part = [name for columns in wanted.columns for name in columns.names], parts[0]
    header = part.header(names)
    # A column without a value in the first shard is what it is in another.
    kinds = {one.name: one.kind for other in parts[1:] for one in other.header(names)}
    header = [
        replace(one, kind=kinds.get(one.name, "null")) if one.kind == "null" else one
        for one in header
    ]

    def chosen(asked: Sequence[Columns]) -> Columns:
        return choose(
            header,
            asked,
            part.where,
            need_label=wanted.target not in ("optional", "none"),
            need_input=not wanted.own_columns,
            of_language=wanted.of_language,
        )

    try:
        found = chosen(wanted.columns)
        return replace(found, label="") if wanted.target == "none" or found.of_language else found
    except DataError:
        first = wanted.columns[0]
        beside = part.path.with_name(f"{plain_stem(part.path)}.npy") if part.path else None
        if first.inputs or first.embedding or not (beside and beside.is_file()):
            raise
        return chosen([replace(first, embedding=".npy")])


def _raw(part: Part, columns: Columns, wanted: Wanted, unlabelled: str) -> Raw | None:
    """One part, every row checked; None if it holds no rows, as one of many shards may."""
    choose(part.header(columns.names), [columns], part.where, need_label=False, need_input=False)
    # Of vectors in a file beside, a table need not have a column that is read.
    if wanted.own_columns:
        check_once(part.header(columns.names), part.where)
    table = part.read(columns if columns.names and not wanted.own_columns else None)
    if not table.num_rows:
        return None
    ids = ids_of(table, columns, part.where)
    origin = ColumnOrigin(
        where=part.where, column=" + ".join(columns.inputs), ids=ids if columns.id else None
    )
    vectors = _vectors(part, table, columns, origin)
    width = 0 if vectors is None else vectors.shape[1]
    kind: Kind
    if columns.messages:
        inputs, kind = conversations_of(table, origin), "messages"
    elif columns.inputs:
        if columns.response:
            check_responses(table, columns, origin)
        inputs, kind = inputs_of(table, columns, origin)
    elif vectors is not None:
        inputs, kind, vectors = bytes_of_vectors(vectors), "vectors", None
    else:
        told = [name for name in (columns.id, columns.label) if name]
        inputs, kind = row_bytes(table.drop_columns(told), part.where), "table"
    labels, targets = None, None
    if columns.label:
        of_label = replace(origin, column=columns.label)
        if wanted.target == "number":
            targets = targets_of(table, of_label)
        else:
            labels = labels_of(table, of_label, is_typed=part.is_typed, unlabelled=unlabelled)
            if labels.names is None:
                labels = replace(labels, names=part.class_names.get(columns.label))
    is_told_apart = bool(columns.response) or (is_pair(columns) and not wanted.of_language)
    return Raw(
        inputs=inputs,
        kind=kind,
        ids=ids,
        labels=labels,
        targets=targets,
        vectors=vectors,
        own=table if wanted.own_columns else None,
        first=first_lengths(table, columns) if is_told_apart else None,
        width=width,
    )


def _vectors(
    part: Part, table: pa.Table, columns: Columns, origin: ColumnOrigin
) -> NDArray[np.float32] | None:
    """The vectors of a part's rows, from its column or the NumPy file beside it."""
    name = columns.embedding
    if not name:
        return None
    if not name.endswith(".npy"):
        return vectors_of(table[name], replace(origin, column=name))
    if part.path is None:
        raise DataError(f"{part.where}: {name} can stand beside a file here only; name a column")
    return read_npy(npy_beside(part.path, name), table.num_rows, part.where)


def _encoded(raws: Mapping[str, Raw], notes: tuple[str, ...]) -> ReadData:
    """Splits with class numbers, and the sentence that says which is which.

    Raises:
        DataError: If there is one class alone, or a split has one that training has not.
    """
    train, names = raws["train"].labels, tuple[str, ...]()
    values = None
    if train is not None:
        values, names = classes_of(train)
        notes += mapping_note(train, names, written=raws["train"].own is not None)
    splits = {}
    for split, raw in raws.items():
        numbers = np.zeros(len(raw.inputs), dtype=np.int64)
        if train is not None and raw.labels is not None:
            numbers = encode(raw.labels, values, train)
        splits[split] = Split(
            inputs=raw.inputs,
            labels=numbers,
            ids=raw.ids,
            vectors=raw.vectors,
            targets=raw.targets,
            own=raw.own,
            first=raw.first,
            rows=np.arange(len(raw.inputs)),
        )
    return ReadData(splits=splits, kind=raws["train"].kind, class_names=names, notes=notes)
