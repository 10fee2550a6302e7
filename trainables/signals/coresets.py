"""Signals that pick rows one after another so that those picked lie near all others."""

import heapq
from math import fsum

import numpy as np
from numpy.typing import NDArray

from trainables.errors import UsageError
from trainables.neighbours.exact import Neighbours
from trainables.neighbours.kmeans import unit_rows
from trainables.neighbours.vectors import Vectors
from trainables.signals.redundancy import order_scores

# Rows that may be picked before all others hear of it: what is compared at once is a matrix.
_POOL = 1024
# Similarities held at once: 64 MiB.
_CELLS = 2**24
# Similarities that differ by less are equal: rounding must not decide between copies.
_DECIMALS = 5
# The time grows with the square of the rows, and 100,000 take 51 s of one core: docs/scale.md.
K_CENTRE_ROWS = 2**18


def k_centre(vectors: Vectors, draws: NDArray[np.float64]) -> NDArray[np.float32]:
    """The order in which each row is picked that is farthest from all picked before it.

    The first is drawn by lot. At any rate no row is farther from those that stay than twice the
    least possible; the rows that go first are those with a near copy among those picked. Distance
    is that of embeddings at length 1, which falls as their cosine rises; the source's embeddings have
    their own lengths. Exact: rows are picked in lots of up to 1,024, and a lot ends before a row outside it
    could be farther. The time grows with the square of the rows.

    Args:
        vectors: The embeddings, shape (n, d), finite, no row all zeros.
        draws: Uniform in [0, 1), shape (n,); the higher of equals is picked first.

    Returns:
        Scores in [0, 1), shape (n,), float32; higher is picked earlier.

    Raises:
        UsageError: If there are more than 262,144 rows.
        ValueError: If a row is not finite or all zeros.

    References:
        Gonzalez, "Clustering to Minimize the Maximum Intercluster Distance", 1985; Sener, Savarese,
        "Active Learning for Convolutional Neural Networks: A Core-Set Approach", 2018,
        arXiv:1708.00489, algorithm 1.
    """
    if len(draws) > K_CENTRE_ROWS:
        raise UsageError(
            f"k_centre compares all pairs of at most {K_CENTRE_ROWS:,} rows, and there are "
            f"{len(draws):,}; use facility_location or keep_one, which look at nearest rows alone"
        )
    by_lot = np.argsort(-draws, kind="stable")
    units = unit_rows(vectors[: len(draws)])[by_lot]
    picked = _farthest_first(units)
    return order_scores(by_lot[picked][::-1])


def facility_location(
    neighbours: Neighbours, draws: NDArray[np.float64], *, k: int = 10
) -> NDArray[np.float32]:
    """The order in which rows are picked that add most to how well all rows are represented.

    A row is represented by the most similar of those picked: itself at 1, its k nearest at their
    cosine, the others at nothing. So the rows that go first have a near copy that stays, and lie at
    the edge of what it represents. The greedy choice is within 1 - 1/e of the best for every number
    of rows.

    Args:
        neighbours: The k nearest other rows.
        draws: Uniform in [0, 1), shape (n,); the higher of equals is picked first.
        k: Neighbours that may represent a row.

    Returns:
        Scores in [0, 1), shape (n,), float32; higher is picked earlier.

    References:
        Wei, Iyer, Bilmes, "Submodularity in Data Subset Selection and Active Learning", ICML 2015;
        on a graph of nearest neighbours: Lindgren, Wu, Dimakis, "Leveraging Sparsity for Efficient
        Submodular Data Summarization", 2016, arXiv:1703.02690; picked lazily: Minoux, 1978.
    """
    similarity = neighbours.similarity[:, :k].astype(np.float64)
    picked = _most_representative(neighbours.rows[:, :k], similarity, draws)
    return order_scores(np.array(picked, dtype=np.intp)[::-1])


def _farthest_first(units: NDArray[np.float32]) -> NDArray[np.intp]:
    """All rows, the one least similar to those before it next, of equals the lower row."""
    n = len(units)
    nearest = np.full(n, -2, dtype=np.float32)
    left = np.arange(n)
    picked: list[NDArray[np.intp]] = []
    while len(left):
        # Of rows outside the pool `nearest` can only grow, so their least is a bound.
        farthest = left[np.argsort(nearest[left], kind="stable")]
        pool, outside = np.sort(farthest[:_POOL]), farthest[_POOL : _POOL + 1]
        bound = (nearest[outside[0]], outside[0]) if len(outside) else (np.inf, n)
        lot = pool[_picked_within(units[pool], nearest[pool], pool, bound)]
        picked.append(lot)
        left = np.setdiff1d(left, lot, assume_unique=True)
        step = max(1, _CELLS // max(len(lot), units.shape[1]))
        for rows in np.split(left, range(step, len(left), step)):
            reached = np.round((units[rows] @ units[lot].T).max(axis=1), _DECIMALS)
            nearest[rows] = np.maximum(nearest[rows], reached)
    return np.concatenate(picked)


def _picked_within(
    units: NDArray[np.float32],
    nearest: NDArray[np.float32],
    names: NDArray[np.intp],
    bound: tuple[float, int],
) -> list[int]:
    """Places in a pool that are picked before any row outside it could be, at least one."""
    similarity = np.round(units @ units.T, _DECIMALS)
    nearest, picked = nearest.copy(), []
    for _ in range(len(units)):
        next_one = int(nearest.argmin())
        if (nearest[next_one], names[next_one]) > bound:
            break
        picked.append(next_one)
        np.maximum(nearest, similarity[next_one], out=nearest)
        nearest[next_one] = np.inf
    return picked


def _most_representative(
    rows: NDArray[np.int32], similarity: NDArray[np.float64], draws: NDArray[np.float64]
) -> list[int]:
    """All rows in the order of the greedy choice."""
    n, k = rows.shape
    of = np.repeat(np.arange(n), k)
    there = (rows.ravel() >= 0) & (similarity.ravel() > 0)
    by_facility = np.argsort(rows.ravel()[there], kind="stable")
    starts = np.searchsorted(rows.ravel()[there][by_facility], np.arange(n + 1)).tolist()
    clients = of[there][by_facility].tolist()
    shares = similarity.ravel()[there][by_facility].clip(0, 1).tolist()
    covered = [0.0] * n

    def gain(row: int) -> float:
        ends = range(starts[row], starts[row + 1])
        # fsum: the same whatever the order of rows, so that copies stay equal.
        return fsum([1 - covered[row], *(max(0.0, shares[e] - covered[clients[e]]) for e in ends)])

    heap = [(-gain(row), -draw, row) for row, draw in enumerate(draws.tolist())]
    heapq.heapify(heap)
    picked = []
    while heap:
        # Gains only fall, so an entry is out of date on the high side and comes up in time.
        known, tie, row = heap[0]
        if -known > (now := gain(row)):
            heapq.heapreplace(heap, (-now, tie, row))
            continue
        heapq.heappop(heap)
        picked.append(row)
        covered[row] = 1.0
        for e in range(starts[row], starts[row + 1]):
            covered[clients[e]] = max(covered[clients[e]], shares[e])
    return picked
