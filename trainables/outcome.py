"""What a finished trial leaves of the test set: a table with one row a test example."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from trainables.errors import DamagedError, DataError
from trainables.sealed_tables import open_sealed, sealed_parquet

# What a loss of 16 bits is cut at, in nats: a probability of 1e-7.
LARGEST_LOSS = 15.9


@dataclass(frozen=True, kw_only=True, eq=False)
class Outcome:
    """Columns of numbers, row for row of the test set, from which any metric is computed.

    Attributes:
        columns: predicted: class numbers (int64) or predicted numbers (float64), shape (n,); loss:
            of the true answer in nats, (n,); probs: of each class, (n, c); weight: of each example,
            (n,); and any other name of a trainer of the user's own, (n,) float64.
    """

    columns: Mapping[str, NDArray[Any]]

    def __post_init__(self) -> None:
        """Refuse a table without columns, or of several lengths."""
        if len({len(column) for column in self.columns.values()}) != 1:
            sizes = {name: len(column) for name, column in self.columns.items()}
            raise DataError(
                f"an outcome has columns of {sizes} rows; it has one row a test example"
            )

    def __len__(self) -> int:
        return len(next(iter(self.columns.values())))

    def write(self, path: Path, *, of: str = "") -> None:
        """Write it as Parquet: losses of classes and probabilities of 16 bits, class numbers as small as they go.

        Args:
            path: The file.
            of: The trial's key.
        """
        of_classes = "weight" not in self.columns and _is_whole(self.columns.get("predicted"))
        table = pa.table(
            {
                name: _short(values) if name == "loss" and of_classes else _written(values)
                for name, values in self.columns.items()
            }
        )
        path.write_bytes(sealed_parquet(table, of=of))

    @classmethod
    def read(cls, path: Path, names: list[str] | None = None, *, of: str = "") -> "Outcome":
        """The outcome that `write` wrote, or those of its columns that are named and there.

        Args:
            path: The file.
            names: Columns wanted; None for all.
            of: The trial's key, where that is known.

        Raises:
            DamagedError: If the file is no such table, of another trial, or does not fit its checksum.
        """
        file = open_sealed(path, of=of)
        there = [n for n in file.schema_arrow.names if names is None or n in names]
        try:
            table = file.read(columns=there)
        except (OSError, pa.ArrowException) as error:
            raise DamagedError(f"not an outcome: {error}") from error
        return cls(columns={name: _read(table[name]) for name in there})


def _is_whole(values: NDArray[Any] | None) -> bool:
    return values is not None and np.issubdtype(values.dtype, np.integer)


def _short(loss: NDArray[Any]) -> pa.Array:
    """The loss of a class, cut; a sum over a document, or of another kind, keeps all its digits."""
    return pa.array(np.minimum(loss, LARGEST_LOSS).astype(np.float16))


def _written(values: NDArray[Any]) -> pa.Array:
    if values.ndim == 2:
        flat = pa.array(np.ascontiguousarray(values, dtype=np.float16).ravel())
        return pa.FixedSizeListArray.from_arrays(flat, values.shape[1])
    if np.issubdtype(values.dtype, np.integer):
        largest = int(values.max(initial=0))
        return pa.array(values.astype(np.min_scalar_type(largest) if values.min() >= 0 else "i8"))
    return pa.array(values.astype(np.float64))


def _read(column: pa.ChunkedArray) -> NDArray[Any]:
    whole = column.combine_chunks()
    if pa.types.is_fixed_size_list(whole.type):
        width = whole.type.list_size
        flat: NDArray[np.float64] = np.asarray(whole.flatten()).astype(np.float64)
        return flat.reshape(-1, width)
    values = np.asarray(whole)
    is_whole = np.issubdtype(values.dtype, np.integer)
    read: NDArray[Any] = values.astype(np.int64 if is_whole else np.float64)
    return read
