"""Signals of how much of a sample its neighbours already say."""

import numpy as np
from numpy.typing import NDArray

from trainables.evidence import Neighbours


def redundancy(neighbours: Neighbours, *, k: int = 10) -> NDArray[np.float32]:
    """Minus the mean cosine similarity to the k nearest neighbours in all data.

    Of a pair of twins both score low, and a cut takes both: see `keep_one`.

    Args:
        neighbours: The k nearest other rows.
        k: Neighbours looked at; 1 finds duplicates, 5 to 10 dense regions.

    Returns:
        Scores in [-1, 1], shape (n,), float32; higher is lonelier.
    """
    crowd = neighbours.similarity[:, :k].mean(axis=1, dtype=np.float64)
    scores: NDArray[np.float32] = np.negative(crowd).astype(np.float32)
    return scores


def redundancy_within_class(class_neighbours: Neighbours, *, k: int = 10) -> NDArray[np.float32]:
    """Minus the mean cosine similarity to the k nearest neighbours of the same class.

    Args:
        class_neighbours: The k nearest other rows of the same class, nan where it has no more.
        k: Neighbours looked at; a smaller class has its mean taken over what it has.

    Returns:
        Scores in [-1, 1], shape (n,), float32; higher is lonelier, 1 for a class's only row.
    """
    similarity = class_neighbours.similarity[:, :k]
    found = np.isfinite(similarity)
    total = np.where(found, similarity, 0).sum(axis=1, dtype=np.float64)
    mean = np.where(found.any(axis=1), total / np.maximum(found.sum(axis=1), 1), -1.0)
    return np.negative(mean).astype(np.float32)


def keep_one(
    neighbours: Neighbours, dice: NDArray[np.float64], *, k: int = 10
) -> NDArray[np.float32]:
    """The order in which near-duplicates go when one of each group must stay.

    The closest pairs come first. Of a pair still whole, the row with the more similar
    neighbourhood goes and the other is protected from then on as its representative; a protected
    row never goes for a pair. When the pairs are used up, unprotected rows follow by redundancy
    and representatives come last. As the score is the order itself, a cut at any rate is a stage
    of the same greedy removal, and the cuts nest.

    Args:
        neighbours: The k nearest other rows.
        dice: Uniform in [0, 1), shape (n,); decides between equals.
        k: Neighbours whose pairs are looked at.

    Returns:
        Place in the order of removal divided by n, in [0, 1), shape (n,), float32; the first to
        go has 0, higher goes later.
    """
    similarity = neighbours.similarity[:, :k]
    n = len(similarity)
    crowd = similarity.mean(axis=1, dtype=np.float64)
    removed, protected = _greedy(neighbours.rows[:, :k], similarity, crowd, dice)
    gone = np.zeros(n, dtype=bool)
    gone[removed] = True
    rest = np.lexsort((dice, -crowd, protected))
    order = np.concatenate([removed, rest[~gone[rest]]]).astype(np.intp)
    scores = np.empty(n, dtype=np.float32)
    scores[order] = np.arange(n, dtype=np.float32) / n
    return scores


def _greedy(
    rows: NDArray[np.int32],
    similarity: NDArray[np.float32],
    crowd: NDArray[np.float64],
    dice: NDArray[np.float64],
) -> tuple[list[int], NDArray[np.bool_]]:
    """Rows in their order of removal, and which rows are representatives."""
    n, k = rows.shape
    # Who of a pair would go: the more crowded row, or of equals the one with the lower dice.
    precedence = np.empty(n, dtype=np.int64)
    precedence[np.lexsort((dice, -crowd))] = np.arange(n)
    left = np.repeat(np.arange(n, dtype=np.int32), k)
    right = rows.ravel()
    first = np.where(precedence[left] < precedence[right], left, right)
    second = np.where(precedence[left] < precedence[right], right, left)
    closest_first = np.lexsort((precedence[second], precedence[first], -similarity.ravel()))
    alive, protected = [True] * n, [False] * n
    removed: list[int] = []
    pairs = zip(first[closest_first].tolist(), second[closest_first].tolist(), strict=True)
    for going, staying in pairs:
        if not (alive[going] and alive[staying]):
            continue
        if protected[going]:
            going, staying = staying, going  # noqa: PLW2901
        if not protected[going]:
            alive[going] = False
            removed.append(going)
            protected[staying] = True
    return removed, np.array(protected)
