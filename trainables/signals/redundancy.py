"""Signals of how much of a sample its neighbours already say."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from trainables.neighbours.exact import Neighbours
from trainables.neighbours.kmeans import Clusters, unit_rows
from trainables.neighbours.vectors import SHARD_ROWS, Vectors, take

# Pairs that are Python's numbers at once.
_PAIRS = 2**20
# Similarities held at once within a cluster: 64 MiB.
_CELLS = 2**24


def redundancy(neighbours: Neighbours, *, k: int = 10, kth: bool = False) -> NDArray[np.float32]:
    """Minus the mean cosine similarity to the k nearest neighbours in all data.

    Of two rows alike both score low, and a cut takes both: see `keep_one`.

    Args:
        neighbours: The k nearest other rows.
        k: Neighbours looked at; 1 finds duplicates, 5 to 10 dense regions.
        kth: Look at the k-th neighbour alone instead of the mean: how far the k nearest reach.

    Returns:
        Scores in [-1, 1], shape (n,), float32; higher is lonelier.

    References:
        The study; similarity as in Abbas et al., "SemDeDup", 2023, arXiv:2303.09540.
    """
    return -_crowd(neighbours.similarity[:, :k], kth).astype(np.float32)


def redundancy_within_class(
    class_neighbours: Neighbours, *, k: int = 10, kth: bool = False
) -> NDArray[np.float32]:
    """Minus the mean cosine similarity to the k nearest neighbours of the same class.

    Args:
        class_neighbours: The k nearest other rows of the same class, nan where it has no more.
        k: Neighbours looked at; a smaller class has its mean taken over what it has.
        kth: Look at the k-th neighbour alone, in a smaller class at its last.

    Returns:
        Scores in [-1, 1], shape (n,), float32; higher is lonelier, 1 for a class's only row.

    References:
        The study.
    """
    return -_crowd(class_neighbours.similarity[:, :k], kth).astype(np.float32)


def keep_one(
    neighbours: Neighbours, draws: NDArray[np.float64], *, k: int = 10
) -> NDArray[np.float32]:
    """The order in which near-duplicates go when one of each group must stay.

    The closest pairs come first. Of a pair still whole, the row with the more similar
    neighbourhood goes and the other is protected from then on as its representative; a protected
    row never goes for a pair. When the pairs are used up, unprotected rows follow by redundancy
    and representatives come last. As the score is the order itself, a cut at any rate is a stage
    of the same greedy removal, and the cuts nest.

    Args:
        neighbours: The k nearest other rows.
        draws: Uniform in [0, 1), shape (n,); decides between equals.
        k: Neighbours whose pairs are looked at.

    Returns:
        Place in the order of removal divided by n, in [0, 1), shape (n,), float32; the first to
        go has 0, higher goes later.

    References:
        Greedy independent set on the neighbour graph.
    """
    similarity = neighbours.similarity[:, :k]
    crowd = _crowd(similarity)
    removed, protected = _greedy(neighbours.rows[:, :k], similarity, crowd, draws)
    gone = np.zeros(len(crowd), dtype=bool)
    gone[removed] = True
    rest = np.lexsort((draws, -crowd, protected))
    return order_scores(np.concatenate([removed, rest[~gone[rest]]]).astype(np.intp))


def semdedup(
    vectors: Vectors, clusters: Clusters, draws: NDArray[np.float64]
) -> NDArray[np.float32]:
    """Minus the similarity to the closest row of the same cluster that is farther out.

    The rows of a cluster are sorted, the farthest from the centroid first; M_j is the
    largest similarity of row j to any row before it, and j goes once M_j > 1 - eps. The score is
    -M_j, so the cut at any rate is the source's at some eps. As in the source, rows that are
    themselves gone still count: of a chain a, b, c of near-duplicates b goes for a and c for b,
    though c need not be near a; `keep_one` would let only b go. Of exact copies in one cluster
    one stays; copies in different clusters are not seen.

    Args:
        vectors: The embeddings, shape (n, d), finite, no row all zeros.
        clusters: Theirs.
        draws: Uniform in [0, 1), shape (n,); decides between equally far rows.

    Returns:
        Scores in [-1, 1], shape (n,), float32; higher is less covered, 1 for the first row of
        a cluster.

    References:
        Abbas et al., "SemDeDup", 2023, arXiv:2303.09540.
    """
    covered = np.full(len(draws), -1, dtype=np.float32)
    order = np.lexsort((draws, clusters.similarity, clusters.assigned))
    starts = np.flatnonzero(np.diff(clusters.assigned[order])) + 1
    for rows in _batches(np.split(order, starts)):
        units = unit_rows(take(vectors, rows), rows)
        ends = np.flatnonzero(np.diff(clusters.assigned[rows])) + 1
        for members, own in zip(np.split(rows, ends), np.split(units, ends), strict=True):
            covered[members[1:]] = _most_similar_before(own)
    return -covered


def order_scores(removal: NDArray[np.intp]) -> NDArray[np.float32]:
    """An order of removal as scores in [0, 1): the first to go has 0, and no two are equal."""
    scores = np.empty(len(removal), dtype=np.float32)
    scores[removal] = np.arange(len(removal)) / len(removal)
    return scores


def _crowd(similarity: NDArray[np.float32], kth: bool = False) -> NDArray[np.float64]:
    """Mean similarity to the neighbours there are, or that of the last; -1 without any."""
    found = np.isfinite(similarity)
    if kth:
        last: NDArray[np.float64] = np.where(found, similarity, 1).min(axis=1).astype(np.float64)
        return np.where(found.any(axis=1), last, -1)
    total = np.where(found, similarity, 0).sum(axis=1, dtype=np.float64)
    return np.where(found.any(axis=1), total / np.maximum(found.sum(axis=1), 1), -1)


def _batches(groups: list[NDArray[np.int64]]) -> Iterator[NDArray[np.int64]]:
    """Groups put together up to the rows of a shard: what is held in memory at once."""
    batch, rows = [groups[0]], len(groups[0])
    for group in groups[1:]:
        if rows + len(group) > SHARD_ROWS:
            yield np.concatenate(batch)
            batch, rows = [], 0
        batch.append(group)
        rows += len(group)
    yield np.concatenate(batch)


def _most_similar_before(units: NDArray[np.float32]) -> NDArray[np.float32]:
    """For each row but the first its largest similarity to an earlier one, shape (n - 1,)."""
    n = len(units)
    most = np.empty(n, dtype=np.float32)
    step = max(1, _CELLS // n)
    for start in range(0, n, step):
        block = units[start : start + step]
        similarity = block @ units[: start + step].T
        later = np.arange(similarity.shape[1]) >= np.arange(start, start + len(block))[:, None]
        most[start : start + step] = np.where(later, -1, similarity).max(axis=1)
    return most[1:].clip(-1, 1)


def _pairs(
    first: NDArray[np.int32], second: NDArray[np.int32], order: NDArray[np.intp]
) -> Iterator[tuple[int, int]]:
    """Pairs in an order, made Python's numbers some at a time: those take ten times the memory."""
    for start in range(0, len(order), _PAIRS):
        some = order[start : start + _PAIRS]
        yield from zip(first[some].tolist(), second[some].tolist(), strict=True)


def _greedy(
    rows: NDArray[np.int32],
    similarity: NDArray[np.float32],
    crowd: NDArray[np.float64],
    draws: NDArray[np.float64],
) -> tuple[list[int], NDArray[np.bool_]]:
    """Rows in their order of removal, and which rows are representatives."""
    n, k = rows.shape
    # Which row of a pair would go: the more crowded row, or of equals the one with the lower draw.
    precedence = np.empty(n, dtype=np.int64)
    precedence[np.lexsort((draws, -crowd))] = np.arange(n)
    there = rows.ravel() >= 0
    left = np.repeat(np.arange(n, dtype=np.int32), k)[there]
    right = rows.ravel()[there]
    first = np.where(precedence[left] < precedence[right], left, right)
    second = np.where(precedence[left] < precedence[right], right, left)
    closest_first = np.lexsort((precedence[second], precedence[first], -similarity.ravel()[there]))
    alive, protected = [True] * n, [False] * n
    removed: list[int] = []
    for going, staying in _pairs(first, second, closest_first):
        if not (alive[going] and alive[staying]):
            continue
        if protected[going]:
            going, staying = staying, going  # noqa: PLW2901
        if not protected[going]:
            alive[going] = False
            removed.append(going)
            protected[staying] = True
    return removed, np.array(protected)
