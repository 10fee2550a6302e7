"""Rows that are in no file, made by the package or altered for a stress test, written as Parquet."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from trainables.data.columns import Columns
from trainables.data.dataset import Dataset, Split
from trainables.data.messages import turns_of

MADE = (
    "these rows were made by the package or altered for a stress test, so they are in no file of yours: "
    "written as Parquet with id, inputs and label"
)
_BATCH = 65_536
_TURNS = pa.list_(pa.struct([("role", pa.string()), ("content", pa.string())]))
_IMAGE = pa.struct([("bytes", pa.binary()), ("path", pa.string())])


def columns_made(dataset: Dataset) -> Columns:
    """The columns that `write_made` writes of a data set."""
    if dataset.kind == "messages":
        return Columns(messages="messages", id="id")
    if is_prompted(dataset):
        return Columns(prompt="prompt", response="response", id="id")
    inputs: dict[str, tuple[str, ...]] = {"text": ("text",), "image": ("image",)}
    text = inputs.get(dataset.kind, ())
    if dataset.train.first is not None:
        text = ("sentence1", "sentence2")
    has_answers = dataset.class_names or dataset.train.targets is not None
    return Columns(
        text=text,
        label="label" if has_answers else "",
        id="id",
        embedding="embedding" if dataset.has_vectors else "",
    )


def is_prompted(dataset: Dataset) -> bool:
    """Whether its texts are prompts with their responses: of pairs of texts there are classes or numbers."""
    has_answers = dataset.class_names or dataset.train.targets is not None
    return dataset.train.first is not None and not has_answers


def write_made(dataset: Dataset, split: Split, keep: NDArray[np.bool_], path: Path) -> None:
    """Write the rows of a split that stay, classes by name.

    Args:
        dataset: What the split is of.
        split: n rows.
        keep: Which stay, shape (n,).
        path: Of the Parquet file to write.
    """
    stays = np.flatnonzero(keep)
    schema = _table(dataset, split, stays[:0]).schema
    if dataset.kind == "image":
        features = {"image": {"_type": "Image"}} | {
            one.name: {"_type": "Value", "dtype": str(one.type)}
            for one in schema
            if one.name != "image"
        }
        about = {"huggingface": json.dumps({"info": {"features": features}})}
        schema = schema.with_metadata(about)
    with pq.ParquetWriter(path, schema, compression="zstd") as writer:
        for start in range(0, len(stays), _BATCH):
            rows = stays[start : start + _BATCH]
            writer.write_table(_table(dataset, split, rows).cast(schema))


def _table(dataset: Dataset, split: Split, rows: NDArray[np.int64]) -> pa.Table:
    """Some rows of a split, shape (k,), under the names that are guessed."""
    own = split.ids[rows]
    columns: dict[str, Any] = {
        "id": pa.array(own, pa.string() if own.dtype == object else pa.int64())
    }
    inputs = split.inputs.take(pa.array(rows, pa.int64()))
    if split.first is not None:
        both = list(zip(inputs.to_pylist(), split.first[rows].tolist(), strict=True))
        one, other = ("prompt", "response") if is_prompted(dataset) else ("sentence1", "sentence2")
        columns[one] = pa.array([text[:end] for text, end in both], pa.string())
        # Texts are joined by a newline where neither is empty.
        seconds = [text[end + (0 < end < len(text)) :] for text, end in both]
        columns[other] = pa.array(seconds, pa.string())
    elif dataset.kind == "messages":
        columns["messages"] = pa.array([turns_of(text) for text in inputs.to_pylist()], _TURNS)
    elif dataset.kind == "text":
        columns["text"] = inputs.cast(pa.string())
    elif dataset.kind == "image":
        paths = pa.nulls(len(inputs), pa.string())
        stored = [inputs.cast(pa.binary()), paths]
        columns["image"] = pa.StructArray.from_arrays(stored, fields=list(_IMAGE))
    if dataset.has_vectors:
        columns["embedding"] = _vectors(dataset, split, rows)
    if dataset.class_names:
        names = pa.array(dataset.class_names, pa.string())
        columns["label"] = names.take(pa.array(split.labels[rows]))
    elif split.targets is not None:
        columns["label"] = pa.array(split.targets[rows])
    return pa.table(columns)


def _vectors(dataset: Dataset, split: Split, rows: NDArray[np.int64]) -> pa.Array:
    name = next(name for name, one in dataset.splits.items() if one is split)
    vectors = dataset.vectors(name)[rows]
    flat = pa.array(np.ascontiguousarray(vectors).ravel())
    return pa.FixedSizeListArray.from_arrays(flat, dataset.vectors(name).shape[1])
