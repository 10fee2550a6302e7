"""Signals of how far a sample lies from the middle of its cluster or class."""

import numpy as np
from numpy.typing import NDArray

from trainables.neighbours.kmeans import Clusters, k_means, unit_rows
from trainables.neighbours.vectors import Vectors, take
from trainables.signals.redundancy import order_scores, semdedup


def ssl_prototypes(clusters: Clusters) -> NDArray[np.float32]:
    """Cosine distance to the centroid of the sample's cluster; looks at no label itself.

    The source's embeddings are self-supervised. Those of a model that a warm-up trains have seen labels.
    Far is hard, and hard is what pays where data are plenty; where they are scarce the source
    keeps the easy ones.

    Args:
        clusters: Of the embeddings.

    Returns:
        Scores in [0, 2], shape (n,), float32; higher is farther.

    References:
        Sorscher et al., "Beyond neural scaling laws", 2022, arXiv:2206.14486.
    """
    return 1 - clusters.similarity


def supervised_prototypes(
    embeddings: NDArray[np.float32], labels: NDArray[np.int64]
) -> NDArray[np.float32]:
    """Cosine distance to the mean direction of the sample's own class.

    Args:
        embeddings: Shape (n, d), finite, no row all zeros.
        labels: Given classes, shape (n,).

    Returns:
        Scores in [0, 2], shape (n,), float32; higher is farther, hard or mislabelled.

    References:
        Sorscher et al., "Beyond neural scaling laws", 2022, arXiv:2206.14486.
    """
    units = unit_rows(embeddings)
    scores = np.empty(len(units), dtype=np.float32)
    for label in np.unique(labels):
        own = units[labels == label].astype(np.float64)
        prototype = own.mean(axis=0)
        # A class whose rows cancel out has no direction: all its rows are at distance 1.
        prototype /= max(float(np.linalg.norm(prototype)), np.finfo(np.float64).tiny)
        scores[labels == label] = 1 - (own * prototype).sum(axis=1)
    return scores


def moderate(
    embeddings: NDArray[np.float32], labels: NDArray[np.int64], *, by_class: bool = False
) -> NDArray[np.float32]:
    """Closeness to the middle rank of distances from the median of the sample's own class.

    The nearest are taken to be redundant and the farthest to be outliers or mislabelled, so a
    cut takes from both ends alike. Distances are Euclidean, of the embeddings as they are, to
    the class's coordinate-wise median; rows equally far share their mean rank.

    Args:
        embeddings: Shape (n, d).
        labels: Given classes, shape (n,).
        by_class: Rank within each class; the source ranks all rows together, which favours the
            classes of middling spread.

    Returns:
        Scores in [0, 1], shape (n,), float32; higher is nearer to the middle rank.

    References:
        Xia et al., "Moderate Coreset: A Universal Method of Data Selection for Real-world
        Data-efficient Deep Learning", ICLR 2023.
    """
    distance = np.empty(len(embeddings))
    for label in np.unique(labels):
        own = embeddings[labels == label].astype(np.float64)
        distance[labels == label] = np.linalg.norm(own - np.median(own, axis=0), axis=1)
    if not by_class:
        return _mid_rank(distance)
    scores = np.empty(len(embeddings), dtype=np.float32)
    for label in np.unique(labels):
        scores[labels == label] = _mid_rank(distance[labels == label])
    return scores


def d4(
    vectors: Vectors,
    clusters: Clusters,
    draws: NDArray[np.float64],
    *,
    keep: float = 0.75,
) -> NDArray[np.float32]:
    """Semantic duplicates go first, then what lies nearest to the centroids of the rest.

    What `semdedup` leaves is clustered anew, into as many clusters, since groups of duplicates
    draw centroids to themselves. The score is one order of removal through both steps.

    Args:
        vectors: The embeddings, shape (n, d), finite, no row all zeros.
        clusters: Theirs.
        draws: Uniform in [0, 1), shape (n,); decides between equals.
        keep: Share of the rows left by the first step, in (0, 1].

    Returns:
        Place in the order of removal divided by n, in [0, 1), shape (n,), float32; the first to
        go has 0, higher goes later.

    Raises:
        ValueError: If keep is not in (0, 1].

    References:
        Tirumala et al., "D4: Improving LLM Pretraining via Document De-Duplication and
        Diversification", 2023, arXiv:2308.12284.
    """
    if not 0 < keep <= 1:
        raise ValueError(f"keep is {keep:g}; the share left by the first step lies in (0, 1]")
    covered_first = np.lexsort((draws, semdedup(vectors, clusters, draws)))
    n = len(draws)
    left = covered_first[n - max(1, round(keep * n)) :]
    count = min(int(clusters.assigned.max()) + 1, len(left))
    again = k_means(take(vectors, left), draws[left], count=count)
    nearest_first = left[np.lexsort((draws[left], -again.similarity))]
    return order_scores(np.concatenate([covered_first[: n - len(left)], nearest_first]))


def _mid_rank(distance: NDArray[np.float64]) -> NDArray[np.float32]:
    from scipy.stats import rankdata

    n = len(distance)
    scores: NDArray[np.float32] = (
        1 - np.abs(rankdata(distance) - (n + 1) / 2) * 2 / max(n - 1, 1)
    ).astype(np.float32)
    return scores
