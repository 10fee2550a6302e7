"""Signals of how likely a sample's label is right."""

import numpy as np
from numpy.typing import NDArray

from trainables.neighbours.exact import Neighbours

# Keeps quotients finite, as in the reference code.
_SMALLEST = 1e-6


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
    neighbours: Neighbours, labels: NDArray[np.int64], *, k: int = 10
) -> NDArray[np.float32]:
    """A sample's Shapley value for the k-nearest-neighbour votes on all other samples.

    Each row in turn is the target and its k neighbours the players. By the recursion of the
    source, cut off after the k-th neighbour, whose value is then at most 1/k and taken as 0, the
    j-th neighbour earns (hit_j - hit_k) / k, where hit says that it has the target's label; a
    row's score is its mean over all n targets. Memory is O(n k).

    Args:
        neighbours: The k nearest other rows.
        labels: Given classes, shape (n,).
        k: Votes a target takes.

    Returns:
        Scores in [-1, 1], shape (n,), float32; higher helps, below 0 misleads its neighbours.

    References:
        Jia et al., "Efficient Task-Specific Data Valuation for Nearest Neighbor Algorithms",
        2019, arXiv:1908.08619, equations 18 and 19; as in Jia et al., 2021, arXiv:1911.07128.
    """
    rows = neighbours.rows[:, :k]
    hits = (labels[rows] == labels[:, None]) & (rows >= 0)
    earned = (hits.astype(np.float64) - hits[:, -1:]) / rows.shape[1]
    # The last earns 0, and a row that is not there is row 0 with value 0.
    total = np.bincount(
        np.maximum(rows, 0).ravel(), np.where(rows >= 0, earned, 0).ravel(), len(labels)
    )
    scores: NDArray[np.float32] = (total / len(labels)).astype(np.float32)
    return scores


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
