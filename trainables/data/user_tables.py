"""What a trainer of the user's own sees of a data set: its columns under their own names, and id."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from trainables.data.columns import excerpt
from trainables.data.dataset import Dataset, Split
from trainables.errors import DataError
from trainables.keys import canonical

ID = "id"
_KEY = b"prune_envelope"
# Rows that are hashed and written at once.
_BATCH = 65_536


@dataclass(frozen=True, kw_only=True, eq=False)
class UserTables:
    """The tables of a data set's splits, row for row as its splits are.

    Attributes:
        tables: One a split, with the same columns: the user's own, and id.
        target: The column of what is to be predicted; empty where there is none.
    """

    tables: Mapping[str, pa.Table]
    target: str = ""

    @cached_property
    def sha(self) -> str:
        """The sha256 of names, types and values, however the tables are cut into chunks."""
        sizes = {name: len(table) for name, table in self.tables.items()}
        sink = _Hashed(hashlib.sha256(canonical({"target": self.target, "sizes": sizes})))
        for table in self.tables.values():
            bare = table.replace_schema_metadata(None)
            with pa.ipc.new_stream(pa.PythonFile(sink, "w"), bare.schema) as stream:
                for start in range(0, len(bare), _BATCH):
                    rows = np.arange(start, min(start + _BATCH, len(bare)))
                    for batch in bare.take(rows).combine_chunks().to_batches():
                        stream.write_batch(batch)
        digest: str = sink.digest.hexdigest()
        return digest

    def write(self, path: Path) -> None:
        """Write all splits to one Arrow file, from which rows are read without loading the rest."""
        sizes = [[name, len(table)] for name, table in self.tables.items()]
        about = {_KEY: canonical({"target": self.target, "sizes": sizes})}
        whole = pa.concat_tables(list(self.tables.values())).replace_schema_metadata(about)
        with pa.ipc.new_file(str(path), whole.schema) as file:
            file.write_table(whole, max_chunksize=_BATCH)

    @classmethod
    def read(cls, path: Path) -> "UserTables":
        """The tables that `write` wrote, mapped into memory.

        Raises:
            DataError: If the file is no such table.
        """
        try:
            whole = pa.ipc.open_file(pa.memory_map(str(path))).read_all()
            about = json.loads(whole.schema.metadata[_KEY])
        except (OSError, pa.ArrowException, TypeError, KeyError) as error:
            raise DataError(
                f"{path}: no columns that this package wrote ({error}); delete it and run again"
            ) from error
        tables, start, whole = {}, 0, whole.replace_schema_metadata(None)
        for name, size in about["sizes"]:
            tables[name] = whole.slice(start, size)
            start += size
        return cls(tables=tables, target=about["target"])

    def given(self, keep: NDArray[np.bool_], *, shows_answers: bool) -> dict[str, pa.Table]:
        """What a trainer is given: the rows that stay, and the others without what is to be predicted.

        Args:
            keep: Which training rows stay, shape (n,).
            shows_answers: Whether the test table keeps what is to be predicted.
        """
        given = {**self.tables, "train": self.tables["train"].filter(pa.array(keep))}
        if self.target and not shows_answers:
            given["test"] = given["test"].drop_columns([self.target])
        return given

    def class_values(self, labels: NDArray[np.int64], names: tuple[str, ...]) -> list[object]:
        """How each class is written in the target's column, or its name where no training row has it.

        Args:
            labels: Of the training rows, shape (n,).
            names: Of the classes, shape (c,).
        """
        written: list[object] = list(names)
        seen, first = np.unique(labels, return_index=True)
        if self.target:
            values = self.tables["train"][self.target].take(pa.array(first)).to_pylist()
            for number, value in zip(seen.tolist(), values, strict=True):
                written[number] = value
        return written


def user_tables(dataset: Dataset) -> UserTables:
    """The tables of a data set: of the user's own columns where they were kept, else made of its inputs.

    Raises:
        DataError: If a column is called id, and is not the one that rows are known by.
    """
    tables = {name: _table(dataset, split, name) for name, split in dataset.splits.items()}
    if dataset.train.own is not None:
        return UserTables(tables=tables, target=dataset.target)
    has_target = dataset.class_names or dataset.train.targets is not None
    return UserTables(tables=tables, target="label" if has_target else "")


def _table(dataset: Dataset, split: Split, name: str) -> pa.Table:
    whole = all(one.ids.dtype != object for one in dataset.splits.values())
    ids = pa.array(split.ids) if whole else pa.array([str(one) for one in split.ids])
    if split.own is None:
        columns: dict[str, Any] = {dataset.kind: split.inputs}
        if dataset.class_names:
            names = pa.array(dataset.class_names)
            columns["label"] = names.take(pa.array(split.labels))
        elif split.targets is not None:
            columns["label"] = split.targets
        return pa.table({ID: ids, **columns})
    table = _as_given(split.own, dataset.target, split.targets)
    if ID not in table.column_names:
        return table.add_column(0, ID, ids)
    own = table[ID].to_pylist()
    for row, (theirs, ours) in enumerate(zip(own, ids.to_pylist(), strict=True)):
        if str(theirs) != str(ours):
            raise DataError(
                f"{dataset.name}: column 'id' of {name} holds {excerpt(theirs)} in row {row}, and rows "
                f"are known by {excerpt(ours)}: give --id-column id, or rename the column"
            )
    return table


def _as_given(own: pa.Table, target: str, numbers: NDArray[np.float64] | None) -> pa.Table:
    """Images as bytes, and numbers to predict as numbers however a file without types writes them."""
    for at, field in enumerate(own.schema):
        kind, column = field.type, own[field.name]
        if pa.types.is_struct(kind) and {"bytes", "path"} == {one.name for one in kind}:
            images = pc.struct_field(column, "bytes")
            own = own if images.null_count else own.set_column(at, field.name, images)
        elif field.name == target and numbers is not None and not is_number(kind):
            own = own.set_column(at, field.name, pa.array(numbers))
    return own


def is_number(kind: pa.DataType) -> bool:
    """Whether a column holds numbers: whole or not."""
    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind))


class _Hashed:
    """A file that is hashed instead of written."""

    closed = False

    def __init__(self, digest: Any) -> None:
        self.digest = digest

    def write(self, data: Any) -> int:
        self.digest.update(data)
        return len(data)

    def flush(self) -> None:
        """Nothing waits."""

    def close(self) -> None:
        """Nothing is open."""
