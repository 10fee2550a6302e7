"""WRITERS: artifacts of the store as tables with the samples' own ids, some rows at a time."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from orchestrator.store.readable import ROWS_AT_ONCE
from trainables.data.dataset_file import RowNames

Batches = Iterator[pa.RecordBatch]


@dataclass(frozen=True, kw_only=True)
class TableWriter:
    """How one kind of thing becomes a table.

    Attributes:
        schema: The columns that come behind `sample_id` and `label`, of the artifact's first file and the names.
        columns: Those columns of a batch as the store has it, the names, and the number of its first row.
        about: What each of them is.
    """

    schema: Callable[[Path, RowNames], Sequence[pa.Field]]
    columns: Callable[[pa.RecordBatch, RowNames], Sequence[pa.Array]]
    about: Mapping[str, str]


def table_batches(
    writer: TableWriter, paths: Sequence[Path], names: RowNames
) -> tuple[pa.Schema, Batches]:
    """A table's columns, and its rows some at a time: sample_id, label, and what the store has of each.

    Args:
        writer: Row of WRITERS.
        paths: Files of the store, a shard each, in the order of the rows.
        names: Of the rows.
    """
    fields = [pa.field("sample_id", names.ids.type)]
    if names.labels is not None:
        fields.append(pa.field("label", names.labels.type))
    schema = pa.schema([*fields, *writer.schema(paths[0], names)])

    def batches() -> Batches:
        first = 0
        for path in paths:
            with pq.ParquetFile(path) as file:
                for batch in file.iter_batches(ROWS_AT_ONCE):
                    n = len(batch)
                    own = [names.ids.slice(first, n)]
                    if names.labels is not None:
                        own.append(names.labels.slice(first, n))
                    columns = [*own, *writer.columns(batch, names)]
                    yield pa.record_batch(columns, schema=schema)
                    first += n

    return schema, batches()


def _score_fields(path: Path, _: RowNames) -> list[pa.Field]:
    known = {"sample_id", "label"}
    return [field for field in pq.read_schema(path) if field.name not in known]


def _scores(batch: pa.RecordBatch, _: RowNames) -> list[pa.Array]:
    return [batch[name] for name in batch.schema.names if name not in ("sample_id", "label")]


def _embedding_fields(_: Path, __: RowNames) -> list[pa.Field]:
    return [pa.field("embedding", pa.list_(pa.float32()))]


def _embeddings(batch: pa.RecordBatch, _: RowNames) -> list[pa.Array]:
    vectors = _numbers(batch, "embeddings")
    return [_lists(pa.array(vectors.ravel()), np.full(len(vectors), vectors.shape[1]))]


def _neighbour_fields(_: Path, names: RowNames) -> list[pa.Field]:
    return [
        pa.field("neighbours", pa.list_(names.ids.type)),
        pa.field("similarity", pa.list_(pa.float32())),
    ]


def _neighbours(batch: pa.RecordBatch, names: RowNames) -> list[pa.Array]:
    rows, similarity = _numbers(batch, "rows"), _numbers(batch, "similarity")
    there = rows >= 0
    sizes = there.sum(axis=1)
    return [
        _lists(names.ids.take(pa.array(rows[there])), sizes),
        _lists(pa.array(similarity[there]), sizes),
    ]


def _numbers(batch: pa.RecordBatch, name: str) -> NDArray[Any]:
    """A column of fixed-size binary, as `trainables.arrays.write_arrays` writes one, shape (n, ...)."""
    field, column = batch.schema.field(name), batch[name]
    dtype, shape = np.dtype(field.metadata[b"dtype"].decode()), json.loads(field.metadata[b"shape"])
    if pa.types.is_null(field.type):  # cells of no bytes
        return np.empty((len(batch), *shape), dtype)
    width = column.type.byte_width
    data = column.buffers()[1][column.offset * width : (column.offset + len(column)) * width]
    return np.frombuffer(data, dtype).reshape(len(batch), *shape)


def _lists(values: pa.Array, sizes: NDArray[np.int64]) -> pa.Array:
    offsets = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int32)
    return pa.ListArray.from_arrays(pa.array(offsets), values)


WRITERS: Mapping[str, TableWriter] = {
    "scores": TableWriter(
        schema=_score_fields,
        columns=_scores,
        about={"score": "higher is more worth keeping"},
    ),
    "list": TableWriter(
        schema=_score_fields,
        columns=_scores,
        about={
            "score": "higher is more worth keeping; of several seeds, joined by the mean of each row's ranks",
            "keep": "whether the row stays",
        },
    ),
    "embeddings": TableWriter(
        schema=_embedding_fields,
        columns=_embeddings,
        about={
            "embedding": "of the learner that scored, at its mark; of a frozen one the same at every mark"
        },
    ),
    "neighbours": TableWriter(
        schema=_neighbour_fields,
        columns=_neighbours,
        about={
            "neighbours": "sample_id of the nearest other rows, nearest first",
            "similarity": "the cosine to each of them",
        },
    ),
}
