"""A signal of how much rows tell together: their importance, less what near rows tell twice."""

import heapq
from collections.abc import Callable, Mapping
from math import fsum

import numpy as np
from numpy.typing import NDArray

from trainables.errors import UsageError
from trainables.evidence.label_losses import losses_of_labels
from trainables.neighbours.exact import Neighbours
from trainables.signals.difficulty import check_split, el2n
from trainables.signals.redundancy import order_scores
from trainables.signals.uncertainty import entropy, least_confidence, margin

Probs = NDArray[np.float32]
Labels = NDArray[np.int64]

# What the importance of a row can be: higher is more important, and none is below 0.
IMPORTANCE: Mapping[str, Callable[[Probs, Labels], NDArray[np.float32]]] = {
    "el2n": el2n,
    "loss": losses_of_labels,
    "entropy": lambda probs, labels: entropy(probs),
    "margin": lambda probs, labels: margin(probs),
    "least_confidence": lambda probs, labels: least_confidence(probs),
}


def infomax(
    neighbours: Neighbours,
    probs: Probs,
    labels: Labels,
    draws: NDArray[np.float64],
    *,
    by: str = "el2n",
    alpha: float = 1.0,
    k: int = 10,
) -> NDArray[np.float32]:
    """The order in which rows go that take least from importance minus redundancy of those left.

    Rows S are worth sum I(z) - alpha sum K(z, s), over z and over ordered pairs z, s in S: I is their
    importance, K the cosine similarity of two rows of which one is among the k nearest of the other,
    at least 0. That is the source's aim. Here I has the mean 1 over all rows, and a row's sum of K as
    well, so alpha = 1 gives both the same weight whatever learner and k are; the source weighs them
    unscaled. The source also solves for one number of rows, by a relaxation whose answers for two
    rates do not nest; here the row whose absence costs least goes, again and again, which serves every
    rate and, at alpha = 1, comes within 0.1 % of that relaxation (docs/signals.md).

    Args:
        neighbours: The k nearest other rows.
        probs: Predicted class probabilities, shape (n, c).
        labels: Given classes, shape (n,), integers in [0, c).
        draws: Uniform in [0, 1), shape (n,); of equals the lower goes first.
        by: What importance is: el2n, loss, entropy, margin or least_confidence.
        alpha: Weight of redundancy, at least 0; at 0 rows go by importance alone.
        k: Neighbours whose pairs are looked at.

    Returns:
        Scores in [0, 1), shape (n,), float32; higher goes later.

    Raises:
        UsageError: If by is no importance, or alpha is below 0.
        ValueError: If probs and labels disagree on the number of samples.

    References:
        Tan, Wu, Huang, Zhao, Qi, "Data Pruning by Information Maximization", ICLR 2025,
        arXiv:2506.01701.
    """
    if by not in IMPORTANCE:
        raise UsageError(f"by is {by!r}; give one of {', '.join(IMPORTANCE)}")
    if not 0 <= alpha < np.inf:
        raise UsageError(f"alpha is {alpha:g}; the weight of redundancy is at least 0")
    check_split(probs, labels)
    importance = IMPORTANCE[by](probs, labels).astype(np.float64)
    near, shares = _pairs_of(neighbours.rows[:, :k], neighbours.similarity[:, :k])
    total = fsum(share for some in shares for share in some)
    weight = 2 * alpha * len(draws) / total if total else 0.0
    importance /= fsum(importance) / len(draws) or 1.0
    return order_scores(np.array(_least_first(importance, near, shares, weight, draws)))


def _pairs_of(
    rows: NDArray[np.int32], similarity: NDArray[np.float32]
) -> tuple[list[list[int]], list[list[float]]]:
    """Each row's neighbours, both ways and each once, and the similarities, at least 0."""
    n, k = rows.shape
    there = rows.ravel() >= 0
    one, other = np.repeat(np.arange(n), k)[there], rows.ravel()[there].astype(np.int64)
    low, high = np.minimum(one, other), np.maximum(one, other)
    share = similarity.ravel()[there].astype(np.float64).clip(0, 1)
    # Of a pair found from both sides, whose similarities may differ by rounding, the larger one.
    order = np.lexsort((-share, high, low))
    is_first = np.diff(low[order] * n + high[order], prepend=-1) > 0
    low, high, share = (values[order][is_first] for values in (low, high, share))
    ends, starts = np.concatenate([low, high]), np.concatenate([high, low])
    order = np.argsort(starts, kind="stable")
    bounds = np.searchsorted(starts[order], np.arange(1, n))
    return (
        [part.tolist() for part in np.split(ends[order], bounds)],
        [part.tolist() for part in np.split(np.concatenate([share, share])[order], bounds)],
    )


def _least_first(
    importance: NDArray[np.float64],
    near: list[list[int]],
    shares: list[list[float]],
    weight: float,
    draws: NDArray[np.float64],
) -> list[int]:
    """All rows in the order of removal, the one least worth to those left first.

    Args:
        importance: Shape (n,).
        near: Each row's neighbours.
        shares: Their similarity.
        weight: What a similarity of 1 takes from either row's worth while both are there.
        draws: Shape (n,).
    """
    # fsum: the same whatever the order of rows, so that copies are equal.
    worth = [
        own - weight * fsum(some) for own, some in zip(importance.tolist(), shares, strict=True)
    ]
    heap = [(one, draw, row) for row, (one, draw) in enumerate(zip(worth, draws, strict=True))]
    heapq.heapify(heap)
    removed = []
    while heap:
        # Worth only rises, so an entry is out of date on the low side and comes up in time.
        known, draw, row = heap[0]
        if known < worth[row]:
            heapq.heapreplace(heap, (worth[row], draw, row))
            continue
        heapq.heappop(heap)
        removed.append(row)
        for other, share in zip(near[row], shares[row], strict=True):
            worth[other] += weight * share
    return removed
