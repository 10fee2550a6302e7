"""What the columns of a Parquet or Arrow file come to once they are decoded, counted before they are."""

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from trainables.data.columns import MAX_BYTES, ColumnOrigin, refuse_rows
from trainables.data.streams import ROW_BYTES, check_size
from trainables.errors import DataError

MAX_ROWS = 100_000_000
# A footer is opened whole, and takes many times its size.
MAX_FOOTER = 2**24
_LONGEST = max(MAX_BYTES.values())
# Rows of a batch could all repeat the longest value of the file: so few that they still fit in memory.
_BATCH_BYTES = 2**26
_BATCH_ROWS = 4096
_WIDTHS = {
    "BOOLEAN": 1,
    "INT32": 4,
    "FLOAT": 4,
    "INT64": 8,
    "DOUBLE": 8,
    "INT96": 12,
    "BYTE_ARRAY": 8,
}


def check_footer(path: Path) -> None:
    """Refuse a Parquet file whose footer is too large to be opened."""
    with path.open("rb") as file:
        file.seek(max(path.stat().st_size - 8, 0))
        end = file.read(8)
    size = int.from_bytes(end[:4], "little")
    if end[4:] == b"PAR1" and MAX_FOOTER < size < path.stat().st_size:
        raise DataError(
            f"{path}: a footer of {size:,} bytes, and at most {MAX_FOOTER:,} are opened; write fewer columns, in "
            "fewer and larger row groups"
        )


def check_claims(path: Path, file: pq.ParquetFile, names: Sequence[str]) -> None:
    """Refuse columns that come to too many bytes by what their file says of itself.

    Args:
        path: The file.
        file: It, opened.
        names: Its columns that are to be read.

    Raises:
        DataError: If they do.
    """
    rows = file.metadata.num_rows
    if rows > MAX_ROWS:
        raise DataError(f"{path}: claims {rows:,} rows; at most {MAX_ROWS:,} are read")
    size = 0
    for leaf, chunk in _chunks(file, names):
        width = _WIDTHS.get(leaf.physical_type, leaf.length)
        size += max(chunk.num_values * width, chunk.total_uncompressed_size)
    check_size(path, size, rows)


def repeating(file: pq.ParquetFile, names: Sequence[str]) -> list[str]:
    """Columns of texts or bytes that are stored once and repeated by number, if that can be very often."""
    schema, most = file.schema_arrow, Counter[str]()
    for leaf, chunk in _chunks(file, [name for name in names if is_bytes(schema.field(name).type)]):
        if any("DICTIONARY" in kind for kind in chunk.encodings):
            # Every value could be as long as all that is stored.
            most[leaf.path] += chunk.num_values * chunk.total_uncompressed_size
    return [path for path, size in most.items() if size > _BATCH_BYTES]


def batch_rows(file: pq.ParquetFile, names: Sequence[str], *, by_number: Sequence[str] = ()) -> int:
    """How many rows can be decoded at once.

    Args:
        file: The file.
        names: The columns that are.
        by_number: Those of them whose repeated values stay numbers.
    """
    rows = _BATCH_ROWS
    for leaf, chunk in _chunks(file, names):
        size = chunk.total_uncompressed_size
        if leaf.physical_type != "BYTE_ARRAY":
            each = chunk.num_values * _WIDTHS.get(leaf.physical_type, leaf.length)
            rows = min(rows, max(_BATCH_BYTES * file.metadata.num_rows // max(each, 1), 1))
        elif "DELTA_BYTE_ARRAY" in chunk.encodings:  # a value may repeat all of the one before
            rows = min(rows, max(_BATCH_BYTES // 2 // max(size, 1), 1))
        elif leaf.path not in by_number:
            rows = min(rows, max(_BATCH_BYTES // max(size, 1), 64))
    return rows


def _chunks(file: pq.ParquetFile, names: Sequence[str]) -> Iterator[tuple[Any, Any]]:
    """The leaf and what is stored of it, of some columns and each row group."""
    wanted = set(names)
    leaves = [file.schema.column(k) for k in range(file.metadata.num_columns)]
    used = [
        k
        for k, leaf in enumerate(leaves)
        if leaf.path in wanted or leaf.path.split(".")[0] in wanted
    ]
    for group in range(file.metadata.num_row_groups):
        stored = file.metadata.row_group(group)
        for k in used:
            yield leaves[k], stored.column(k)


def is_bytes(kind: Any) -> bool:
    """Whether values of a type are texts or bytes, however they are laid out."""
    checks = (
        pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view,
        pa.types.is_binary, pa.types.is_large_binary, pa.types.is_binary_view,
    )  # fmt: skip
    return any(check(kind) for check in checks)


def lengths(values: Any) -> NDArray[np.int64] | None:
    """Bytes of each of some texts or bytes, decoded, shape (n,); None of others."""
    kind = values.type
    if pa.types.is_dictionary(kind):
        own = lengths(values.dictionary)
        if own is None:
            return None
        codes = np.asarray(pc.fill_null(values.indices.cast(pa.int64()), -1))
        sizes: NDArray[np.int64] = np.append(own, 0)[codes]
        return sizes
    if not is_bytes(kind):
        return None
    if pa.types.is_string_view(kind) or pa.types.is_binary_view(kind):
        # 16 bytes a value, of which the first four are its length.
        views = np.frombuffer(values.buffers()[1], "<i4", 4 * (values.offset + len(values)))
        found = views.reshape(-1, 4)[values.offset :, 0].astype(np.int64)
        return np.where(np.asarray(values.is_valid()), found, 0)
    return np.asarray(pc.fill_null(pc.binary_length(values), 0)).astype(np.int64)


def decoded_bytes(batch: pa.RecordBatch, path: Path, first: int) -> int:
    """What a batch comes to, every value counted as often as it stands there.

    Args:
        batch: Some rows.
        path: Their file.
        first: The number of the first of them.

    Raises:
        DataError: If a value is larger than any that is read.
    """
    size: int = 0
    for name, column in zip(batch.schema.names, batch.columns, strict=True):
        each = lengths(column)
        if each is None:
            size += int(column.nbytes)
            continue
        size += int(each.sum())
        long = {first + int(row): f"{each[row]:,} bytes" for row in np.flatnonzero(each > _LONGEST)}
        origin = ColumnOrigin(where=str(path), column=name)
        why = f"at most {_LONGEST:,} bytes are read of a value: cut it, or remove the row"
        refuse_rows(origin, list(long), long, why)
    return size + ROW_BYTES * int(batch.num_rows)
