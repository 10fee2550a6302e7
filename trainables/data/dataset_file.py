"""The one file that a data set is kept in: written, and read back the same."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from trainables.data.dataset import FORMAT, Dataset, PartOf, Split
from trainables.errors import DataError
from trainables.keys import canonical

METADATA_KEY = b"prune_envelope"
_ARROW = b"ARROW1"


def write(dataset: Dataset, path: str | Path) -> None:
    """Write all splits to one file; equal data sets give equal bytes.

    It is Parquet; of images an Arrow file, which workers map: those are packed already, and may be more than
    their memory holds.
    The user's own columns are no part of it (`user_tables`), nor are the rows of the files it is from:
    equal data of two files are one. The store writes beside and renames, so nothing here does.
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
    for name, field in (("embedding", "vectors"), ("target", "targets"), ("first", "first")):
        if (parts := [getattr(split, field) for split in splits.values()])[0] is not None:
            columns[name] = _column(np.concatenate(parts))
    for name, values in dataset.truth.items():
        known = pa.array(values)
        columns[f"truth.{name}"] = pa.concat_arrays([known, pa.nulls(rest, known.type)])
    if dataset.part_of:
        part = pa.array(dataset.part_of.rows, pa.int64())
        columns["part.row"] = pa.concat_arrays([part, pa.nulls(rest, pa.int64())])
    about = {
        "format": FORMAT,
        "name": dataset.name,
        "kind": dataset.kind,
        "class_names": dataset.class_names,
        "notes": dataset.notes,
        "limited": dataset.limited,
        "sizes": [[name, size] for name, size in sizes.items()],
        "int_ids": [name for name, split in splits.items() if split.ids.dtype != object],
        **({"part_of": dataset.part_of.sha} if dataset.part_of else {}),
    }
    table = pa.table(columns).replace_schema_metadata({METADATA_KEY: canonical(about)})
    if dataset.kind == "image":
        with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, table.schema) as writer:
            writer.write_table(table)
        return
    pq.write_table(table, path, compression="zstd", row_group_size=65_536, use_dictionary=["split"])


def read(path: str | Path) -> Dataset:
    """The data set that `write` wrote; its sha is the same.

    Raises:
        DataError: If path is not there, or not such a file.
    """
    try:
        table = _table(Path(path))
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
    part_of = None
    if "part_of" in about:
        part_of = PartOf(sha=about["part_of"], rows=known["part.row"].to_numpy())
    return Dataset(
        name=about["name"],
        kind=about["kind"],
        class_names=tuple(about["class_names"]),
        train=splits["train"],
        test=splits.get("test") or splits["train"].take(np.zeros(0, dtype=np.int64)),
        validation=splits.get("validation"),
        is_scored_only="test" not in splits,
        truth={name.removeprefix("truth."): known[name].to_numpy() for name in marked},
        notes=tuple(about["notes"]),
        limited=about["limited"],
        part_of=part_of,
    )


@dataclass(frozen=True, kw_only=True)
class RowNames:
    """What the training rows of a data set are called.

    Attributes:
        ids: Shape (n,), int64 or string.
        labels: Names of their classes, or numbers to predict, shape (n,); None where there is neither.
    """

    ids: pa.Array
    labels: pa.Array | None


def read_names(path: str | Path) -> RowNames:
    """What the training rows of a data set that `write` wrote are called; no inputs are read.

    Raises:
        DataError: As `read`.
    """
    try:
        schema = _schema(Path(path))
        about = json.loads(schema.metadata[METADATA_KEY])
        n = dict(about["sizes"])["train"]
        has_targets = "target" in schema.names
        answer = "target" if has_targets else "label"
        table = _table(Path(path), ["id", answer]).slice(0, n).combine_chunks()
    except (OSError, pa.ArrowInvalid, TypeError, KeyError) as error:
        raise DataError(
            f"{path}: not a data set this package wrote ({type(error).__name__}: {error})"
        ) from error
    ids = table["id"].cast(pa.int64()) if "train" in about["int_ids"] else table["id"]
    labels: Any = table[answer].combine_chunks()
    if about["class_names"]:
        labels = pa.array(about["class_names"], pa.string()).take(labels)
    elif not has_targets:
        labels = None
    return RowNames(ids=ids.combine_chunks(), labels=labels)


def _is_mapped(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(len(_ARROW)) == _ARROW


def _schema(path: Path) -> pa.Schema:
    if _is_mapped(path):
        return pa.ipc.open_file(pa.memory_map(str(path))).schema
    return pq.read_schema(path)


def _table(path: Path, columns: list[str] | None = None) -> pa.Table:
    """Its columns; of an Arrow file mapped, not read."""
    if not _is_mapped(path):
        return pq.ParquetFile(path).read(columns)
    table = pa.ipc.open_file(pa.memory_map(str(path))).read_all()
    return table.select(columns) if columns else table


def _split(rows: pa.Table, about: Mapping[str, Any], *, is_int: bool) -> Split:
    ids = rows["id"].cast(pa.int64()) if is_int else rows["id"]
    inputs = rows[about["kind"]]
    if about["kind"] == "image" and inputs.num_chunks == 1:
        inputs = inputs.chunk(0)  # where it is: chunks put together would be copied
    vectors = rows["embedding"].combine_chunks() if "embedding" in rows.column_names else None
    return Split(
        inputs=inputs,
        labels=rows["label"].to_numpy(),
        ids=ids.to_numpy() if is_int else np.array(ids.to_pylist(), dtype=object),
        vectors=None if vectors is None else _numbers(vectors),
        targets=rows["target"].to_numpy() if "target" in rows.column_names else None,
        first=rows["first"].to_numpy() if "first" in rows.column_names else None,
    )


def _column(values: NDArray[Any]) -> pa.Array:
    """An array of shape (n,) or (n, d) as a column."""
    flat = pa.array(np.ascontiguousarray(values).ravel())
    return flat if values.ndim == 1 else pa.FixedSizeListArray.from_arrays(flat, values.shape[1])


def _numbers(vectors: pa.FixedSizeListArray) -> NDArray[np.float32]:
    """What `_column` made of vectors, shape (n, d)."""
    values: NDArray[np.float32] = vectors.flatten().to_numpy()
    return values.reshape(len(vectors), -1)
