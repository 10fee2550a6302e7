"""ZCore: rows that cover random planes of the embedding space, less those that say what these say."""

import numpy as np
from numpy.typing import NDArray

from trainables.neighbours.vectors import Vectors, shards_of

Floats = NDArray[np.float64]
Rows = NDArray[np.int64]

# The source draws a million points, 20 a row of its smaller sets; and five rows near a covering one lose.
_POINTS_EACH, _MOST_POINTS, _NEAR = 50, 1_000_000, 5
# Distances held at once: 16 MiB.
_CELLS = 2**21


def zcore(vectors: Vectors, draws: Floats, *, points: int = 0) -> NDArray[np.float32]:
    """Coverage less redundancy in random planes of the embedding space; looks at no label.

    A plane is two dimensions drawn at random; a point in it is two triangular draws between the
    least and the largest value, with the peak at the median. The row nearest to the point, by the
    sum of absolute differences, gains 1. The rows nearest to that row lose 1 together: all of it one
    row that lies there as well, if there is one, else five by the inverse square of their
    distances. Every row starts with a draw in [0, 1).

    What the points of two seeds say of rows that have no copy has little in common: on 2,000 rows of
    AG News their scores have a rank correlation of .03 at 50 points a row, of .14 at 200.

    Args:
        vectors: The embeddings, shape (n, d), finite.
        draws: Uniform in [0, 1), shape (n,): where rows start, which of equally near rows is meant,
            and what the points are drawn from.
        points: How many; 0 is 50 a row, at most the source's million.

    Returns:
        Scores in [0, 1], shape (n,), float32; higher covers more that no other row does.

    Raises:
        ValueError: If points is below 0.

    References:
        Griffin, Marks, Corso, "Zero-Shot Coreset Selection via Iterative Subspace Sampling", 2024,
        arXiv:2411.15349.
    """
    if points < 0:
        raise ValueError(f"points is {points}; give 1 or more, or 0 for 50 a row")
    n = len(draws)
    # In the order of the draws equals are told apart by lot, and the order of rows is of no account.
    order = np.argsort(draws, kind="stable")
    columns = _columns(vectors, order)
    scores = draws[order].astype(np.float64)
    if n > 1:
        _score(
            scores,
            columns,
            *points_in_planes(columns, scores, points or min(_POINTS_EACH * n, _MOST_POINTS)),
        )
    scores -= scores.min()
    found = np.empty(n, dtype=np.float32)
    found[order] = scores / (scores.max() or 1)
    return found


def points_in_planes(
    columns: NDArray[np.float32], draws: Floats, count: int
) -> tuple[Rows, Floats]:
    """Random planes, two different dimensions each, and a point in each.

    Args:
        columns: Embeddings by dimension, shape (d, n).
        draws: Shape (n,), ascending; the lowest are what the generator is made from.
        count: How many.

    Returns:
        Dimensions and coordinates, shape (count, 2) each.
    """
    rng = np.random.default_rng(
        [int(bits) for bits in draws[:8].astype(np.float64).view(np.uint64)]
    )
    d = len(columns)
    first = rng.integers(0, d, count)
    second = rng.integers(0, max(1, d - 1), count)
    planes = np.stack([first, second + (second >= first) * (d > 1)], axis=1)
    low, high = (
        end.astype(np.float64)[planes] for end in (columns.min(axis=1), columns.max(axis=1))
    )
    peak = np.array([np.median(column) for column in columns], dtype=np.float64)[planes]
    lots = rng.random((count, 2))
    rising, falling = (peak - low) * (high - low), (high - peak) * (high - low)
    is_below = lots * (high - low) < peak - low
    where = np.where(is_below, low + np.sqrt(lots * rising), high - np.sqrt((1 - lots) * falling))
    return planes, where


def _columns(vectors: Vectors, order: Rows) -> NDArray[np.float32]:
    """The embeddings by dimension, their rows in an order, shape (d, n)."""
    place = np.empty(len(order), dtype=np.int64)
    place[order] = np.arange(len(order))
    columns = np.empty((vectors.shape[1], len(order)), dtype=np.float32)
    for shard in shards_of(len(order)):
        columns[:, place[shard.start : shard.stop]] = vectors[shard.start : shard.stop].T
    return columns


def _score(scores: Floats, columns: NDArray[np.float32], planes: Rows, points: Floats) -> None:
    """Add to the scores what all points say."""
    n = len(scores)
    covering = nearest_in_planes(columns, planes, points, 1)[0][:, 0]
    np.add.at(scores, covering, 1.0)
    there = columns[planes, covering[:, None]].astype(np.float64)
    rows, distances = nearest_in_planes(columns, planes, there, min(_NEAR + 1, n))
    # Without the covering row itself; of many rows at one place it may not be among those found.
    itself = rows == covering[:, None]
    itself[~itself.any(axis=1), -1] = True
    near, distance = (one[~itself].reshape(len(one), -1) for one in (rows, distances))
    lies_there = distance[:, 0] == 0
    np.subtract.at(scores, near[lies_there, 0], 1.0)
    shares = 1 / distance[~lies_there] ** 2
    np.subtract.at(scores, near[~lies_there], shares / shares.sum(axis=1, keepdims=True))


def nearest_in_planes(
    columns: NDArray[np.float32], planes: Rows, points: Floats, k: int
) -> tuple[Rows, Floats]:
    """The k rows nearest to each point in its plane, nearest first; of equally near the lower number.

    Rows are looked through in a window along the dimension where the point lies farther out, which
    is doubled for points where a row beyond it could be as near: exact, without a pass over all rows.

    Args:
        columns: Embeddings by dimension, shape (d, n).
        planes: Two dimensions, shape (m, 2).
        points: Shape (m, 2).
        k: In [1, n].

    Returns:
        Rows and sums of absolute differences, shape (m, k) each.
    """
    middle, spread = np.median(columns, axis=1), columns.std(axis=1)
    out = np.abs(points - middle[planes]) / np.maximum(spread[planes], np.finfo(np.float32).tiny)
    turned = out[:, 1] > out[:, 0]
    planes = np.where(turned[:, None], planes[:, ::-1], planes)
    points = np.where(turned[:, None], points[:, ::-1], points)
    rows, distances = np.empty((len(planes), k), dtype=np.int64), np.empty((len(planes), k))
    by_axis = np.argsort(planes[:, 0], kind="stable")
    axes, starts = np.unique(planes[by_axis, 0], return_index=True)
    for axis, own in zip(axes, np.split(by_axis, starts[1:]), strict=True):
        line = _Line(columns, int(axis))
        rows[own], distances[own] = line.nearest(planes[own, 1], points[own], k)
    return rows, distances


class _Line:
    """Rows sorted along one dimension.

    Args:
        columns: Embeddings by dimension, shape (d, n).
        axis: That dimension.
    """

    def __init__(self, columns: NDArray[np.float32], axis: int) -> None:
        self._columns = columns
        self._order = np.argsort(columns[axis], kind="stable").astype(np.int32)
        self._sorted = columns[axis][self._order].astype(np.float64)

    def nearest(self, second: Rows, points: Floats, k: int) -> tuple[Rows, Floats]:
        """As `nearest_in_planes`, for planes of this dimension and `second` (q,)."""
        n, q = len(self._order), len(second)
        rows, distances = np.empty((q, k), dtype=np.int64), np.empty((q, k))
        left, width = np.arange(q), min(n, 32 + k + int(n**0.5))
        while len(left):
            again = []
            for part in np.array_split(left, -(-len(left) * width // _CELLS)):
                rows[part], distances[part], sure = self._within(
                    second[part], points[part], k, width
                )
                again.append(part[~sure])
            left, width = np.concatenate(again), min(n, 2 * width)
        return rows, distances

    def _within(
        self, second: Rows, points: Floats, k: int, width: int
    ) -> tuple[Rows, Floats, NDArray[np.bool_]]:
        """The nearest in a window of some width, and whether no row beyond it can be as near."""
        n, along = len(self._order), points[:, 0]
        start = np.clip(np.searchsorted(self._sorted, along) - width // 2, 0, n - width)
        stop, window = start + width, start[:, None] + np.arange(width)
        rows = self._order[window]
        distance = self._sorted[window]
        distance -= along[:, None]
        np.abs(distance, out=distance)
        distance += np.abs(self._columns[second[:, None], rows] - points[:, 1:])
        near = np.argpartition(distance, min(k, width - 1), axis=1)[:, : k + 1]
        found, far = _ranked(rows, distance, near)
        best = far[:, k - 1]
        # Where more rows are as near as the last, all of the window must be told apart by number.
        alike = np.flatnonzero(far[:, -1] == best) if width > k else ()
        if len(alike):
            every = np.broadcast_to(np.arange(width), (len(alike), width))
            found[alike, :k] = _ranked(rows[alike], distance[alike], every)[0][:, :k]
        before = np.where(start > 0, along - self._sorted[np.maximum(start - 1, 0)], np.inf)
        after = np.where(stop < n, self._sorted[np.minimum(stop, n - 1)] - along, np.inf)
        return found[:, :k], far[:, :k], best < np.minimum(before, after)


def _ranked(rows: NDArray[np.int32], distance: Floats, chosen: Rows) -> tuple[Rows, Floats]:
    """Chosen rows and their distances, nearest first, of equally near ones the lower number first."""
    named = np.take_along_axis(rows, chosen, axis=1).astype(np.int64)
    far = np.take_along_axis(distance, chosen, axis=1)
    ranked = np.lexsort((named, far), axis=1)
    return np.take_along_axis(named, ranked, axis=1), np.take_along_axis(far, ranked, axis=1)
