"""Named arrays as one Parquet file."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

Arrays = dict[str, NDArray[Any]]


def write_arrays(path: Path, arrays: Arrays, about: Mapping[str, Any]) -> None:
    """Named arrays of n rows each as one Parquet file, with `about` in its metadata.

    A two-dimensional array is a column of fixed-size binary, one row's little-endian bytes a
    cell: lists of floats take seven times as long to read.
    """
    columns, fields = [], []
    for name, array in arrays.items():
        plain = np.ascontiguousarray(array)
        note = {"dtype": plain.dtype.str, "shape": json.dumps(plain.shape[1:])}
        if plain.ndim == 1:
            column = pa.array(plain)
        else:
            width = plain.itemsize * int(np.prod(plain.shape[1:]))
            # Parquet knows no cells of no bytes; the shape in the metadata says what such an array is.
            column = (
                pa.nulls(len(plain))
                if not width
                else pa.FixedSizeBinaryArray.from_buffers(
                    pa.binary(width), len(plain), [None, pa.py_buffer(plain)]
                )
            )
        columns.append(column)
        fields.append(pa.field(name, column.type, metadata=note))
    schema = pa.schema(fields, metadata={"about": json.dumps(about, sort_keys=True)})
    table = pa.Table.from_arrays(columns, schema=schema)
    pq.write_table(table, path, use_dictionary=False, compression="none", write_statistics=False)


def row_shape(path: Path, name: str) -> tuple[int, ...]:
    """The shape of one row of an array that `write_arrays` wrote, without reading it."""
    field = pq.read_schema(path).field(name)
    return tuple(json.loads(field.metadata[b"shape"]))


def read_arrays(path: Path) -> tuple[Arrays, dict[str, Any]]:
    """The arrays and the `about` that `write_arrays` wrote."""
    table = pq.read_table(path).combine_chunks()
    arrays = {}
    for field, column in zip(table.schema, table.columns, strict=True):
        dtype = np.dtype(field.metadata[b"dtype"].decode())
        shape = (len(column), *json.loads(field.metadata[b"shape"]))
        if pa.types.is_null(field.type):
            arrays[field.name] = np.empty(shape, dtype)
            continue
        parts = [np.frombuffer(_bytes(chunk), dtype) for chunk in column.chunks]
        arrays[field.name] = np.concatenate(parts).reshape(shape) if parts else np.empty(shape)
    return arrays, json.loads(table.schema.metadata[b"about"])


def _bytes(chunk: pa.Array) -> Any:
    if pa.types.is_fixed_size_binary(chunk.type):
        width = chunk.type.byte_width
        return chunk.buffers()[1][chunk.offset * width : (chunk.offset + len(chunk)) * width]
    return memoryview(chunk.to_numpy(zero_copy_only=False)).cast("B")


def rows_sha(keep: NDArray[np.bool_]) -> str:
    """The hash that names which of n rows stay, a mask of shape (n,)."""
    return hashlib.sha256(np.packbits(keep).tobytes()).hexdigest()
