"""Signals of how likely a sample's label is right."""

import numpy as np
from numpy.typing import NDArray

from trainables.neighbours.exact import Neighbours

# Keeps quotients finite, as in the reference code.
_SMALLEST = 1e-6
# Values of neighbours held at once: 1 MiB, several times over.
_CELLS = 2**17


def label_quality(
    cross_probs: NDArray[np.float32],
    labels: NDArray[np.int64],
    *,
    by: str = "self_confidence",
    adjust: bool = False,
) -> NDArray[np.float32]:
    """How likely the given label is right, by a head that did not see the sample.

    Args:
        cross_probs: Out-of-sample probabilities, shape (n, c); in-sample ones have learnt the
            wrong labels too.
        labels: Given classes, shape (n,), integers in [0, c).
        by: "self_confidence": the label's probability. "normalized_margin": that minus the
            largest other one, moved to [0, 1]. "confidence_weighted_entropy": log(1 + e) / e of
            e the entropy in units of log c over the label's probability.
        adjust: Take off each class's mean self-confidence first, so that classes the head finds
            hard do not look mislabelled; not for the entropy.

    Returns:
        Scores in [0, 1], shape (n,), float32; higher is likelier right.

    Raises:
        ValueError: If by is none of the three, or adjust is asked for the entropy.

    References:
        Northcutt, Jiang, Chuang, "Confident Learning", 2021, arXiv:1911.00068; Kuan, Mueller,
        "Model-agnostic label quality scoring", 2022.
    """
    probs = cross_probs.astype(np.float64)
    entropy = by == "confidence_weighted_entropy"
    if by not in ("self_confidence", "normalized_margin") and not entropy:
        raise ValueError(
            f"by is {by!r}; it must be self_confidence, normalized_margin or "
            "confidence_weighted_entropy"
        )
    if adjust and entropy:
        raise ValueError("adjust is on; confidence_weighted_entropy needs it off: set it to false")
    if adjust:
        probs = _adjusted(probs, labels)
    rows = np.arange(len(labels))
    own = probs[rows, labels]
    if entropy:
        return _weighted_entropy(probs, own).astype(np.float32)
    if by == "self_confidence":
        return own.astype(np.float32)
    others = probs.copy()
    others[rows, labels] = -np.inf
    scores: NDArray[np.float32] = ((own - others.max(axis=1) + 1) / 2).astype(np.float32)
    return scores


def knn_shapley(
    far_neighbours: Neighbours, labels: NDArray[np.int64], *, k: int = 10
) -> NDArray[np.float32]:
    """A sample's Shapley value for the k-nearest-neighbour votes on all other samples.

    Each row in turn is the target and all others are the players, nearest first. With hit_j whether
    the j-th has the target's label, the source's recursion gives the j-th player
    s_j = s_(j+1) + (hit_j - hit_(j+1)) / k * min(k, j) / j, and a row's score is its mean over all n
    targets. It starts at the last of the K neighbours that are looked at: with all n - 1 of them
    at s = hit min(k, n - 1) / (k (n - 1)) and is exact; else at 0, by which a value is off by at most
    1 / K, a hundredth for max(100, 10 k) neighbours (theorem 2 there). Memory beside the neighbours
    is some 10 MB, whatever n is.

    Args:
        far_neighbours: The K nearest other rows.
        labels: Given classes, shape (n,).
        k: Votes a target takes.

    Returns:
        Scores in [-1, 1], shape (n,), float32; higher helps, below 0 misleads its neighbours.

    Raises:
        ValueError: If k is below 1.

    References:
        Jia et al., "Efficient Task-Specific Data Valuation for Nearest Neighbor Algorithms",
        2019, arXiv:1908.08619, theorems 1 and 2; as in Jia et al., 2021, arXiv:1911.07128.
    """
    if k < 1:
        raise ValueError(f"k is {k}; each target takes at least 1 vote")
    n, most = far_neighbours.rows.shape
    total = np.zeros(n)
    for start in range(0, n, max(1, _CELLS // most)):
        block = slice(start, start + max(1, _CELLS // most))
        rows = far_neighbours.rows[block]
        values = _vote_values(labels[rows] == labels[block, None], rows >= 0, k, players=n - 1)
        # A row that is not there is row 0 with value 0.
        total += np.bincount(np.maximum(rows, 0).ravel(), values.ravel(), n)
    scores: NDArray[np.float32] = (total / n).astype(np.float32)
    return scores


def _vote_values(
    hits: NDArray[np.bool_], found: NDArray[np.bool_], k: int, *, players: int
) -> NDArray[np.float64]:
    """Shapley values of each target's neighbours, nearest first, shape (t, K); 0 for those not found."""
    place = np.arange(1, hits.shape[1] + 1)
    hit = np.where(found, hits, 0.0)
    weights = np.minimum(k, place) / (k * place)
    steps = np.zeros_like(hit)
    steps[:, :-1] = np.where(found[:, 1:], (hit[:, :-1] - hit[:, 1:]) * weights[:-1], 0)
    last = found.sum(axis=1) - 1
    if hits.shape[1] >= players:
        rows = np.flatnonzero(last == players - 1)
        steps[rows, players - 1] = hit[rows, players - 1] * weights[players - 1]
    values: NDArray[np.float64] = np.where(found, steps[:, ::-1].cumsum(axis=1)[:, ::-1], 0)
    return values


def _adjusted(probs: NDArray[np.float64], labels: NDArray[np.int64]) -> NDArray[np.float64]:
    """Probabilities minus each class's mean self-confidence, shifted back to be at least 0."""
    classes = probs.shape[1]
    # A class without a row gets what no probability reaches.
    means = [
        probs[labels == label, label].mean() if (labels == label).any() else 2.0
        for label in range(classes)
    ]
    thresholds = np.maximum(means, 2 * _SMALLEST)
    shifted = probs - thresholds + thresholds.max()
    scaled: NDArray[np.float64] = shifted / shifted.sum(axis=1, keepdims=True)
    return scaled


def _weighted_entropy(probs: NDArray[np.float64], own: NDArray[np.float64]) -> NDArray[np.float64]:
    from scipy.special import entr

    entropy = entr(probs).sum(axis=1) / np.log(probs.shape[1])
    weighted = entropy / np.maximum(own, _SMALLEST)
    quality: NDArray[np.float64] = np.log1p(weighted) / np.maximum(weighted, _SMALLEST)
    return quality
