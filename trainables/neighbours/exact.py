"""Exact k nearest neighbours by cosine, in all data or within each class, shard by shard."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trainables.environment import device
from trainables.neighbours.block_search import block_of, make_queries, search_block
from trainables.neighbours.kmeans import unit_rows
from trainables.neighbours.vectors import CELL, Vectors, mean_row, shards_of, take
from trainables.progress import tell

Rows = range | NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class Neighbours:
    """The k nearest other rows of each row.

    Attributes:
        rows: Shape (n, k), nearest first; -1 where there are no more.
        similarity: Their cosine similarity, shape (n, k); nan where there are no more.
    """

    rows: NDArray[np.int32]
    similarity: NDArray[np.float32]


def neighbours(
    vectors: Vectors, shard: range | None = None, *, k: int = 10, centred: bool = False
) -> Neighbours:
    """The k nearest other rows in all data.

    Args:
        vectors: The embeddings, shape (n, d).
        shard: Rows whose neighbours are wanted; all without it.
        k: Neighbours wanted.
        centred: Take the mean embedding off first: encoders place all texts in a narrow cone.
    """
    rows, similarity = nearest(vectors, k, queries=shard, centred=centred)
    return Neighbours(rows=rows, similarity=similarity)


def far_neighbours(
    vectors: Vectors, shard: range | None = None, *, k: int = 10, centred: bool = False
) -> Neighbours:
    """Neighbours far beyond the k nearest, as many as `far` says; arguments as `neighbours`."""
    return neighbours(vectors, shard, k=far(k, len(vectors)), centred=centred)


def far(k: int, n: int) -> int:
    """How many neighbours values of k votes are made of: max(100, 10 k), or all n - 1 where there are fewer."""
    return min(max(100, 10 * k), n - 1)


def class_neighbours(
    vectors: Vectors,
    labels: NDArray[np.int64],
    shard: range | None = None,
    *,
    k: int = 10,
    centred: bool = False,
) -> Neighbours:
    """The k nearest other rows of the same class; arguments as `neighbours`."""
    rows, similarity = nearest_in_class(vectors, labels, k, queries=shard, centred=centred)
    return Neighbours(rows=rows, similarity=similarity)


def nearest(
    vectors: Vectors, k: int, *, queries: Rows | None = None, centred: bool = False
) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """The k nearest other rows of each row, by torch.

    Candidates come from products of bf16 where the processor is quick at them, else of fp32. What
    bf16 can be off is bounded; a row whose neighbours it leaves in doubt is searched again in fp32.
    So every machine gives the same neighbours, but for similarities equal within fp32's rounding.

    The vectors come into memory one shard at a time, in six times its size and 150 MB; beside that
    each query takes its vector once and a half and 12 bytes a neighbour, whatever n is.

    Args:
        vectors: Shape (n, d), finite, no row all zeros; need not be normalised.
        k: Neighbours wanted, in [1, n - 1].
        queries: The q rows whose neighbours are wanted, ascending; all without it.
        centred: Take the mean vector off first.

    Returns:
        Neighbour rows (q, k), nearest first, and their cosine similarity (q, k).

    Raises:
        ValueError: If k is not in [1, n - 1], or a row is not finite or all zeros.
    """
    n = len(vectors)
    if not 1 <= k < n:
        raise ValueError(f"k is {k} for {n} rows; it must lie in [1, {n - 1}]")
    one_class = np.zeros(n, dtype=np.int64)
    return nearest_in_class(vectors, one_class, k, queries=queries, centred=centred)


def nearest_in_class(
    vectors: Vectors,
    labels: NDArray[np.int64],
    k: int,
    *,
    queries: Rows | None = None,
    centred: bool = False,
) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """The k nearest other rows of the same class; classes of k rows or fewer get what they have.

    Args:
        vectors: As `nearest`.
        labels: Classes, shape (n,).
        k: Neighbours wanted, at least 1.
        queries: As `nearest`.
        centred: As `nearest`.

    Returns:
        Neighbour rows (q, k), nearest first, -1 where the class has no more, and their cosine
        similarity (q, k), nan there.

    Raises:
        ValueError: If k is below 1, or a row is not finite or all zeros.
    """
    if k < 1:
        raise ValueError(f"k is {k}; it must be at least 1")
    rows = range(len(vectors)) if queries is None else queries
    mean = mean_row(vectors) if centred else None
    mine = np.asarray(labels)[np.asarray(rows)]
    found = make_queries(_units(vectors, rows, mean), _tensor(rows), k)
    for shard in shards_of(len(vectors)):
        # The shard whose rows are the queries is searched as well.
        is_own = isinstance(rows, range) and rows == shard
        units = found.units if is_own else _units(vectors, shard, mean)
        theirs = labels[shard.start : shard.stop]
        for label in np.unique(mine):
            members = np.flatnonzero(theirs == label)
            if len(members):
                block = block_of(units[_tensor(members)], _tensor(members + shard.start), k)
                search_block(found, _cells(mine == label), block)
                del block
        del units  # before the next shard is read
        tell("searching neighbours", shard.stop, len(vectors))
    is_none = found.rows < 0
    similarity = found.similarity.clip(-1, 1).masked_fill(is_none, float("nan"))
    return found.rows.int().cpu().numpy(), similarity.cpu().numpy()


def _units(vectors: Vectors, rows: Rows, mean: NDArray[np.float32] | None) -> Any:
    """Unit vectors of some rows, as a tensor."""
    import torch

    is_slice = isinstance(rows, range)
    some = vectors[rows[0] : rows[-1] + 1] if is_slice else take(vectors, np.asarray(rows))
    units = unit_rows(some if mean is None else some - mean, rows)
    return torch.from_numpy(units).to(device())


def _tensor(rows: Rows) -> Any:
    import torch

    return torch.as_tensor(np.asarray(rows, dtype=np.int64), device=device())


def _cells(is_query: NDArray[np.bool_]) -> list[Any]:
    """Positions of the queries, in parts that are compared together.

    A shard begins with such a part: the same rows are together in every search, and not a bit of the
    result changes.
    """
    starts = range(0, len(is_query), CELL)
    return [_tensor(np.flatnonzero(is_query[i : i + CELL]) + i) for i in starts]
