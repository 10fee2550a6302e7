"""Clusters of embeddings: spherical k-means by faiss on a sample, then every row to its own."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trainables.neighbours.vectors import Vectors, take
from trainables.written_numbers import first_few

# Centroids are learnt on at most so many rows, or so many for each: faiss wants 39.
_MOST_ROWS, _ROWS_EACH = 2**18, 64
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


def centroids(
    vectors: Vectors, fixed_draws: NDArray[np.float64], *, clusters: int = 0
) -> NDArray[np.float32]:
    """Spherical k-means: the best of three starts, at most 25 rounds each.

    faiss sees the rows in the order of their draws, so the clusters belong to the samples and not
    to their order. The draws are the same for every seed: of embeddings that are, clusters are, too. Up to 2^18 rows, or 64 a cluster where that is more, all shape the centroids;
    of more rows those with the lowest draws.

    Args:
        vectors: The embeddings, shape (n, d), finite, no row all zeros; need not be normalised.
        fixed_draws: Uniform in [0, 1), shape (n,).
        clusters: How many, in [1, n]; 0 is the root of n, rounded.

    Returns:
        Unit vectors, shape (c, d).

    Raises:
        ValueError: If clusters is not in [0, n], or a row is not finite or all zeros.

    References:
        Dhillon, Modha, "Concept Decompositions for Large Sparse Text Data Using Clustering",
        Machine Learning 42, 2001; by Johnson, Douze, Jégou, arXiv:1702.08734.
    """
    import faiss

    n = len(vectors)
    if not 0 <= clusters <= n:
        raise ValueError(
            f"clusters is {clusters} for {n} rows; it must lie in [1, {n}], or be 0 for the "
            "root of that"
        )
    count = clusters or round(n**0.5)
    drawn = np.argsort(fixed_draws)[: max(_MOST_ROWS, _ROWS_EACH * count)]
    # spherical normalises centroids only, so the rows come here as units. The bounds on points
    # per centroid allow faiss to leave rows out (above) and to warn (below).
    k_means = faiss.Kmeans(
        vectors.shape[1],
        count,
        niter=25,
        nredo=3,
        spherical=True,
        seed=0,
        max_points_per_centroid=max(1, -(-len(drawn) // count)),
        min_points_per_centroid=1,
        gpu=faiss.get_num_gpus() > 0,
    )
    k_means.train(unit_rows(take(vectors, drawn), drawn))
    return np.asarray(k_means.centroids, dtype=np.float32)


def clusters(
    vectors: Vectors, centroids: NDArray[np.float32], shard: range | None = None
) -> Clusters:
    """Each row's most similar centroid.

    Args:
        vectors: The embeddings, shape (n, d), finite, no row all zeros.
        centroids: Unit vectors, shape (c, d).
        shard: Rows whose clusters are wanted; all without it.
    """
    rows = shard or range(len(vectors))
    units = unit_rows(vectors[rows.start : rows.stop], rows)
    assigned = np.empty(len(units), dtype=np.int32)
    similarity = np.empty(len(units), dtype=np.float32)
    for start in range(0, len(units), _BLOCK):
        block = slice(start, start + _BLOCK)
        all_similarity = units[block] @ centroids.T
        assigned[block] = all_similarity.argmax(axis=1)
        similarity[block] = all_similarity.max(axis=1).clip(-1, 1)
    return Clusters(assigned=assigned, similarity=similarity)


def k_means(vectors: Vectors, draws: NDArray[np.float64], *, count: int = 0) -> Clusters:
    """Centroids of some vectors, and each row's: as `centroids` and `clusters`."""
    return clusters(vectors, centroids(vectors, draws, clusters=count))


def unit_rows(
    vectors: NDArray[np.float32], names: Sequence[int] | NDArray[np.int64] | None = None
) -> NDArray[np.float32]:
    """The rows at length 1.

    Args:
        vectors: Shape (n, d).
        names: What the rows are called in an error, if not 0 and on.

    Raises:
        ValueError: If a row is not finite or all zeros.
    """
    lengths = np.linalg.norm(vectors, axis=1)
    bad = np.flatnonzero(~np.isfinite(lengths) | (lengths == 0))
    if len(bad):
        named = first_few((bad if names is None else np.asarray(names)[bad]).tolist())
        raise ValueError(
            f"{len(bad)} embeddings are not finite or all zeros, rows {named}; "
            "they have no direction: look at these texts, or at the loss"
        )
    return np.ascontiguousarray(vectors / lengths[:, None], dtype=np.float32)
