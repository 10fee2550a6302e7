"""What a data set is: its splits row for row, the hash of its content, and its one file."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from trainables.errors import DataError
from trainables.keys import canonical, seed_for

FORMAT = 1
METADATA_KEY = b"prune_envelope"
ARROW_TYPES = {"text": pa.large_string(), "image": pa.large_binary()}


@dataclass(frozen=True, kw_only=True, eq=False)
class Split:
    """One split's columns, row for row.

    Attributes:
        inputs: Texts (large_string) or encoded images (large_binary), shape (n,), no nulls.
        labels: Shape (n,), int64, in [0, c).
        ids: The user's own ids or the row numbers, shape (n,), unique; int64, or object of str.
    """

    inputs: pa.Array
    labels: NDArray[np.int64]
    ids: NDArray[Any]

    def __post_init__(self) -> None:
        """Bring the columns into one form and refuse those that do not fit together."""
        inputs, ids = _one_array(self.inputs), np.asarray(self.ids)
        whole = np.issubdtype(ids.dtype, np.integer)
        object.__setattr__(self, "inputs", inputs)
        object.__setattr__(self, "labels", np.asarray(self.labels, dtype=np.int64))
        object.__setattr__(self, "ids", ids.astype(np.int64 if whole else object, copy=False))
        if not len(inputs) == len(self.labels) == len(ids):
            raise DataError(
                f"a split holds {len(inputs)} inputs, {len(self.labels)} labels and {len(ids)} "
                "ids; give one of each a row"
            )
        if inputs.null_count:
            raise DataError(f"{inputs.null_count} inputs are null; fill or remove them")

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def texts(self) -> list[str]:
        """The inputs as Python strings (bytes for images), made anew at every call."""
        texts: list[str] = self.inputs.to_pylist()
        return texts

    def take(self, rows: NDArray[Any]) -> "Split":
        """The rows named by integers, shape (k,), or by a mask, shape (n,), in that order."""
        rows = np.flatnonzero(rows) if np.asarray(rows).dtype == np.bool_ else np.asarray(rows)
        inputs = self.inputs.take(pa.array(rows, pa.int64()))
        return Split(inputs=inputs, labels=self.labels[rows], ids=self.ids[rows])


@dataclass(frozen=True, kw_only=True, eq=False)
class Dataset:
    """A classification data set.

    Attributes:
        name: What a person calls it; not in `sha`.
        kind: What the inputs are.
        class_names: Shape (c,), c at least 2.
        train: What is pruned.
        test: What accuracy is measured on.
        validation: For signals that need targets of their own, or None.
        truth: Only of data the package made: what is true of each training row, shape (n,) each.
        notes: Sentences for the report; not in `sha`.
        limited: Whether a split is a subset asked for by `limit` or `limit_test`.
        source: Where on the hub it is from, as owner/name[:config]@commit, or empty; not in `sha`.
    """

    name: str
    kind: Literal["text", "image"]
    class_names: tuple[str, ...]
    train: Split
    test: Split
    validation: Split | None = None
    truth: Mapping[str, NDArray[Any]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    limited: bool = False
    source: str = ""

    def __post_init__(self) -> None:
        """Refuse splits that are empty, of another kind, or with labels outside the classes."""
        for name, split in self.splits.items():
            if not len(split):
                raise DataError(f"{self.name}: the {name} split holds no rows")
            if split.inputs.type != ARROW_TYPES[self.kind]:
                raise DataError(f"{self.name}: {name} holds {split.inputs.type}, not {self.kind}")
            low, high = int(split.labels.min()), int(split.labels.max())
            if low < 0 or high >= len(self.class_names):
                raise DataError(
                    f"{self.name}: {name} labels span [{low}, {high}]; there are "
                    f"{len(self.class_names)} class names, so labels lie in "
                    f"[0, {len(self.class_names) - 1}]"
                )
        if bad := [key for key, value in self.truth.items() if len(value) != len(self.train)]:
            raise DataError(f"{self.name}: truth {bad} differs in length from the training split")

    @property
    def splits(self) -> dict[str, Split]:
        """The splits there are, by name."""
        found = {"train": self.train, "test": self.test}
        return found if self.validation is None else {**found, "validation": self.validation}

    @cached_property
    def sha(self) -> str:
        """The sha256 of the content: kind, class names, and every split's rows in order.

        Neither the name nor the notes nor the way the arrays are cut into chunks counts.
        """
        sizes = {name: len(split) for name, split in self.splits.items()}
        head = {"format": FORMAT, "kind": self.kind, "classes": self.class_names, "sizes": sizes}
        digest = hashlib.sha256(canonical(head))
        for split in self.splits.values():
            if split.ids.dtype == object:
                digest.update(b"ids:text")
                _feed(digest, pa.array(split.ids.tolist(), pa.large_string()))
            else:
                digest.update(b"ids:int64")
                digest.update(split.ids.astype("<i8").tobytes())
            digest.update(split.labels.astype("<i8").tobytes())
            _feed(digest, split.inputs)
        return digest.hexdigest()


def _one_array(inputs: Any) -> pa.Array:
    """Inputs as one large_string or large_binary array."""
    if not isinstance(inputs, pa.Array | pa.ChunkedArray):
        inputs = pa.array(inputs)
    is_bytes = pa.types.is_binary(inputs.type) or pa.types.is_large_binary(inputs.type)
    inputs = inputs.cast(ARROW_TYPES["image" if is_bytes else "text"])
    return inputs.combine_chunks() if isinstance(inputs, pa.ChunkedArray) else inputs


def _feed(digest: Any, array: pa.Array) -> None:
    """Hash a large array's lengths and then its bytes: together they tell rows apart."""
    if not len(array):
        return
    _, offsets, data = array.buffers()
    ends = np.frombuffer(offsets, dtype=np.int64)[array.offset :][: len(array) + 1]
    digest.update(np.diff(ends).astype("<i8").tobytes())
    if data is not None:
        digest.update(memoryview(data)[int(ends[0]) : int(ends[-1])])


def write(dataset: Dataset, path: str | Path) -> None:
    """Write all splits to one Parquet file; equal data sets give equal bytes.

    The store writes beside and renames, so nothing here does.
    """
    splits = dataset.splits
    sizes = {name: len(split) for name, split in splits.items()}
    rest = sum(sizes.values()) - len(dataset.train)
    ids = np.concatenate([split.ids for split in splits.values()])
    columns = {
        "split": pa.array(np.repeat(list(sizes), list(sizes.values()))),
        "id": pa.array(ids) if ids.dtype != object else pa.array([str(i) for i in ids]),
        dataset.kind: pa.concat_arrays([split.inputs for split in splits.values()]),
        "label": pa.array(np.concatenate([split.labels for split in splits.values()])),
    }
    for name, values in dataset.truth.items():
        known = pa.array(values)
        columns[f"truth.{name}"] = pa.concat_arrays([known, pa.nulls(rest, known.type)])
    about = {
        "format": FORMAT,
        "name": dataset.name,
        "kind": dataset.kind,
        "class_names": dataset.class_names,
        "notes": dataset.notes,
        "limited": dataset.limited,
        "sizes": [[name, size] for name, size in sizes.items()],
        "int_ids": [name for name, split in splits.items() if split.ids.dtype != object],
    }
    table = pa.table(columns).replace_schema_metadata({METADATA_KEY: canonical(about)})
    pq.write_table(table, path, compression="zstd", row_group_size=65_536, use_dictionary=["split"])


def read(path: str | Path) -> Dataset:
    """The data set that `write` wrote; its sha is the same.

    Raises:
        DataError: If path is not there, or not such a file.
    """
    try:
        table = pq.ParquetFile(path).read()
        about = json.loads(table.schema.metadata[METADATA_KEY])
    except (OSError, pa.ArrowInvalid, TypeError, KeyError) as error:
        raise DataError(
            f"{path}: not a data set this package wrote ({type(error).__name__}: {error}); "
            "delete it and run again to have it made anew"
        ) from error
    if about["format"] != FORMAT:
        raise DataError(f"{path}: format {about['format']}, this release reads {FORMAT}")
    splits, start = {}, 0
    for name, size in about["sizes"]:
        splits[name] = _split(table.slice(start, size), about, is_int=name in about["int_ids"])
        start += size
    marked = [name for name in table.column_names if name.startswith("truth.")]
    known = table.slice(0, len(splits["train"]))
    return Dataset(
        name=about["name"],
        kind=about["kind"],
        class_names=tuple(about["class_names"]),
        train=splits["train"],
        test=splits["test"],
        validation=splits.get("validation"),
        truth={name.removeprefix("truth."): known[name].to_numpy() for name in marked},
        notes=tuple(about["notes"]),
        limited=about["limited"],
    )


def _split(rows: pa.Table, about: Mapping[str, Any], *, is_int: bool) -> Split:
    ids = rows["id"].cast(pa.int64()) if is_int else rows["id"]
    return Split(
        inputs=rows[about["kind"]],
        labels=rows["label"].to_numpy(),
        ids=ids.to_numpy() if is_int else np.array(ids.to_pylist(), dtype=object),
    )


def uniform_draws(ids: NDArray[Any], seed: int, stage: str) -> NDArray[np.float64]:
    """A uniform draw in [0, 1) for each id, shape (n,), whatever the order of the rows."""
    rank = np.argsort(np.argsort(ids, kind="stable"), kind="stable")
    draws: NDArray[np.float64] = np.random.default_rng(seed_for(seed, stage)).random(len(ids))
    return draws[rank]
