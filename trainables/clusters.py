"""Clusters of embeddings: spherical k-means by faiss."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

# Centroids are learnt on at most this many rows; up to here nothing is left out.
_MOST_ROWS = 2**20
# Rows compared with all centroids at once.
_BLOCK = 4096


@dataclass(frozen=True, kw_only=True)
class Clusters:
    """Where each row lies among the clusters.

    Attributes:
        assigned: The row's cluster, shape (n,), int32.
        similarity: Cosine similarity of the row to the centroid of its cluster, shape (n,).
    """

    assigned: NDArray[np.int32]
    similarity: NDArray[np.float32]


def clusters(
    embeddings: NDArray[np.float32], dice: NDArray[np.float64], *, clusters: int = 0
) -> Clusters:
    """Spherical k-means: the best of three starts, at most 25 rounds each.

    faiss sees the rows in the order of their dice, so the clusters belong to the samples and not
    to their places. Up to 2^20 rows every row shapes the centroids, above that a draw of them.

    Args:
        embeddings: Shape (n, d), finite, no row all zeros; need not be normalised.
        dice: Uniform in [0, 1), shape (n,).
        clusters: How many, in [1, n]; 0 is the root of n, rounded.

    Raises:
        ValueError: If clusters is not in [0, n], or a row is not finite or all zeros.

    References:
        Dhillon, Modha, "Concept Decompositions for Large Sparse Text Data Using Clustering",
        Machine Learning 42, 2001; by Johnson, Douze, Jégou, arXiv:1702.08734.
    """
    n = len(embeddings)
    if not 0 <= clusters <= n:
        raise ValueError(
            f"clusters is {clusters} for {n} rows; it must lie in [1, {n}], or be 0 for the "
            "root of that"
        )
    order = np.argsort(dice)
    units = unit_rows(embeddings[order])
    centroids = _centroids(units, clusters or round(n**0.5))
    assigned = np.empty(n, dtype=np.int32)
    similarity = np.empty(n, dtype=np.float32)
    for start in range(0, n, _BLOCK):
        block = slice(start, start + _BLOCK)
        all_similarity = units[block] @ centroids.T
        assigned[order[block]] = all_similarity.argmax(axis=1)
        similarity[order[block]] = all_similarity.max(axis=1).clip(-1, 1)
    return Clusters(assigned=assigned, similarity=similarity)


def unit_rows(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """The rows at length 1.

    Raises:
        ValueError: If a row is not finite or all zeros.
    """
    lengths = np.linalg.norm(vectors, axis=1)
    bad = np.flatnonzero(~np.isfinite(lengths) | (lengths == 0))
    if len(bad):
        raise ValueError(
            f"{len(bad)} embeddings are not finite or all zeros, rows {bad[:20].tolist()}; "
            "they have no direction: look at these texts, or at the loss"
        )
    return np.ascontiguousarray(vectors / lengths[:, None], dtype=np.float32)


def _centroids(units: NDArray[np.float32], clusters: int) -> NDArray[np.float32]:
    import faiss

    # spherical normalises centroids only, so the rows come here as units. The bounds on points
    # per centroid are faiss's licence to leave rows out (above) and to grumble (below).
    k_means = faiss.Kmeans(
        units.shape[1],
        clusters,
        niter=25,
        nredo=3,
        spherical=True,
        seed=0,
        max_points_per_centroid=max(1, _MOST_ROWS // clusters),
        min_points_per_centroid=1,
    )
    k_means.train(units)
    return np.asarray(k_means.centroids, dtype=np.float32)
