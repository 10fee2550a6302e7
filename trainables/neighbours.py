"""Exact k nearest neighbours by cosine, in all data or within each class."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

# Rows searched at once: bounds what faiss needs beside the data, whatever n is.
_BLOCK = 4096


def nearest(vectors: NDArray[np.float32], k: int) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """The k nearest other rows of each row.

    Args:
        vectors: Shape (n, d), finite, no row all zeros; need not be normalised.
        k: Neighbours wanted, in [1, n - 1].

    Returns:
        Neighbour rows (n, k), nearest first, and their cosine similarity (n, k).

    Raises:
        ValueError: If k is not in [1, n - 1], or a row is not finite or all zeros.
    """
    import faiss

    n, d = vectors.shape
    if not 1 <= k < n:
        raise ValueError(f"k is {k} for {n} rows; it must lie in [1, {n - 1}]")
    units = _units(vectors)
    index: Any = faiss.IndexFlatIP(d)
    if hasattr(faiss, "StandardGpuResources") and faiss.get_num_gpus() > 0:
        index = faiss.index_cpu_to_gpu(faiss.StandardGpuResources(), 0, index)
    index.add(units)
    rows = np.empty((n, k), dtype=np.int32)
    similarity = np.empty((n, k), dtype=np.float32)
    for start in range(0, n, _BLOCK):
        block = slice(start, min(start + _BLOCK, n))
        found_similarity, found = index.search(units[block], k + 1)
        rows[block], similarity[block] = _without_self(found, found_similarity, start)
    return rows, similarity


def nearest_in_class(
    vectors: NDArray[np.float32], labels: NDArray[np.int64], k: int
) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """The k nearest other rows of the same class; classes of k rows or fewer get what they have.

    Args:
        vectors: Shape (n, d), finite, no row all zeros.
        labels: Classes, shape (n,).
        k: Neighbours wanted, at least 1.

    Returns:
        Neighbour rows (n, k), nearest first, -1 where the class has no more, and their cosine
        similarity (n, k), nan there.

    Raises:
        ValueError: If k is below 1, or a row is not finite or all zeros.
    """
    if k < 1:
        raise ValueError(f"k is {k}; it must be at least 1")
    rows = np.full((len(vectors), k), -1, dtype=np.int32)
    similarity = np.full((len(vectors), k), np.nan, dtype=np.float32)
    for label in np.unique(labels):
        members = np.flatnonzero(labels == label)
        k_here = min(k, len(members) - 1)
        if k_here:
            found, found_similarity = nearest(vectors[members], k_here)
            rows[members, :k_here] = members[found]
            similarity[members, :k_here] = found_similarity
    return rows, similarity


def _units(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Rows at length 1; faiss takes NaN and zero rows without a word, so they end here."""
    norms = np.linalg.norm(vectors, axis=1)
    bad = np.flatnonzero(~np.isfinite(norms) | (norms == 0))
    if len(bad):
        raise ValueError(
            f"{len(bad)} embeddings are not finite or all zeros, rows {bad[:20].tolist()}; "
            "cosine similarity is undefined for them: look at these texts, or at the loss"
        )
    return np.ascontiguousarray(vectors / norms[:, None], dtype=np.float32)


def _without_self(
    found: NDArray[np.int64], similarity: NDArray[np.float32], start: int
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Drop each query from its own list, by id: with exact twins it need not come first."""
    if (found < 0).any():
        raise ValueError("faiss found fewer neighbours than asked for; is an embedding not finite?")
    own = found == np.arange(start, start + len(found))[:, None]
    # Where many exact twins crowd the query out of its own list, the last entry goes instead.
    own[~own.any(axis=1), -1] = True
    shape = (len(found), found.shape[1] - 1)
    return found[~own].reshape(shape), np.clip(similarity[~own].reshape(shape), -1, 1)
