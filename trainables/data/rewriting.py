"""The rows that stay of a data set, written in its files' own format."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trainables.data.catalog import Source
from trainables.data.dataset import Dataset

Keep = Mapping[str, NDArray[np.bool_]]


@dataclass(frozen=True, kw_only=True)
class WrittenFile:
    """One file that was written.

    Attributes:
        split: Whose rows it holds: train, test or validation.
        path: Where, relative to what holds the folder of data, such as data/train.csv.
        rows: How many it holds.
        sha256: Of its bytes, in hexadecimal.
        reading: What a reader has to know beside the name, under the words that `pandas.read_csv` and a
            configuration of a Hugging Face data set have for it, such as sep for a semicolon.
        is_table: Whether it is a table; else it is a NumPy file of the vectors of the table of its stem.
        note: What else to know of it, a sentence; empty for nothing.
    """

    split: str
    path: str
    rows: int
    sha256: str
    reading: Mapping[str, Any] = field(default_factory=dict)
    is_table: bool = True
    note: str = ""


def write_splits(
    source: Source, dataset: Dataset, keep: Keep, folder: Path
) -> tuple[WrittenFile, ...]:
    """Write the rows that stay of each split, in the format, columns, types and order of its files.

    A split that keeps all rows of its files is copied byte for byte. Shards stay shards; one that is left
    without rows is left out, and the others are numbered anew. Data that the package made, or altered for
    a stress test, are in no file: Parquet is written, and the note says so.

    Args:
        source: What was asked for; a branch on the hub pinned to its commit.
        dataset: What `load(source)` gave.
        keep: Of each split of the data set, which of its rows stay, shape (n,).
        folder: Is made; nothing may stand there. Its files are called train, test and validation.

    Returns:
        What was written, by split and shard.

    Raises:
        DataError: If a class is left without a training row and another split has it, or files changed
            since they were read.
    """
    raise NotImplementedError


def check_written(source: Source, dataset: Dataset, keep: Keep, folder: Path) -> tuple[str, ...]:
    """Read what `write_splits` wrote, as a user would, and compare it row for row with what should be there.

    Args:
        source: As it was given to `write_splits`.
        dataset: Likewise.
        keep: Likewise.
        folder: Where it was written.

    Returns:
        What a reader has to be told, a sentence each: flags without which it would be read as other data.

    Raises:
        DataError: If it cannot be read, or a row differs: the first that does is named.
    """
    raise NotImplementedError
