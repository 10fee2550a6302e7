"""Shards: the rows that one worker makes evidence of, and vectors that are read shard by shard."""

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from trainables.arrays import read_arrays, row_shape

# The most rows of a shard: 200 MB of 384 numbers each. Not to be chosen: what belongs to a shard
# must not depend on how many workers there are.
SHARD_ROWS = 2**17
# Shards are about equally long, so that their workers end together, and begin at multiples of this.
CELL = 4096


class Vectors(Protocol):
    """Rows of floats: an array, or shards of one."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Rows and dimensions."""

    def __len__(self) -> int:
        """Rows."""

    def __getitem__(self, rows: slice, /) -> NDArray[np.float32]:
        """Some rows, one after another."""


def shards_of(n: int) -> list[range]:
    """The rows of each shard, of n rows."""
    if 0 < n <= SHARD_ROWS:
        return [range(n)]
    cell = min(CELL, SHARD_ROWS)
    cells, count = -(-n // cell), -(-n // SHARD_ROWS)
    starts = [cell * (i * cells // count) for i in range(count)]
    return [range(*ends) for ends in pairwise([*starts, n])]


class Shards:
    """An array that lies in files, a shard each: read slice by slice, one file at a time.

    Args:
        paths: Files that `write_arrays` wrote, of the rows that `shards_of` says.
        name: The array's in each.
        n: Rows of all together.
    """

    def __init__(self, paths: Sequence[Path], name: str, n: int) -> None:
        self._paths, self._name = paths, name
        self.shape: tuple[int, ...] = (n, *row_shape(paths[0], name))

    def __len__(self) -> int:
        """Rows."""
        return self.shape[0]

    def __getitem__(self, rows: slice) -> NDArray[np.float32]:
        """Some rows, one after another, in memory of their own.

        Raises:
            ValueError: If rows is no plain slice.
        """
        if not isinstance(rows, slice) or rows.step not in {None, 1}:
            raise ValueError(
                f"vectors[{rows}]: so large a set is read by slices a:b of rows one after another; "
                "use those, or ask for `embeddings`, which is all of it as one array"
            )
        start, stop, _ = rows.indices(len(self))
        found = np.empty((max(0, stop - start), *self.shape[1:]), dtype=np.float32)
        for i, shard in enumerate(shards_of(len(self))):
            first, last = max(start, shard.start), min(stop, shard.stop)
            if first < last:
                here = self._read(i)[first - shard.start : last - shard.start]
                found[first - start : last - start] = here
        return found

    def _read(self, i: int) -> NDArray[np.float32]:
        found: NDArray[np.float32] = read_arrays(self._paths[i])[0][self._name]
        return found


def take(vectors: Vectors, rows: NDArray[np.int64]) -> NDArray[np.float32]:
    """Some rows in their order, in memory of their own and one shard's.

    Args:
        vectors: Shape (n, d).
        rows: Shape (m,).
    """
    found = np.empty((len(rows), vectors.shape[1]), dtype=np.float32)
    for shard in shards_of(len(vectors)):
        here = np.flatnonzero((rows >= shard.start) & (rows < shard.stop))
        if len(here):
            found[here] = vectors[shard.start : shard.stop][rows[here] - shard.start]
    return found


def mean_row(vectors: Vectors) -> NDArray[np.float32]:
    """The mean of all rows, shape (d,)."""
    total = np.zeros(vectors.shape[1], dtype=np.float64)
    for shard in shards_of(len(vectors)):
        total += vectors[shard.start : shard.stop].sum(axis=0, dtype=np.float64)
    mean: NDArray[np.float32] = (total / len(vectors)).astype(np.float32)
    return mean
