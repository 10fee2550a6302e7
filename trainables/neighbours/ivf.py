"""Approximate neighbours: a row is compared with the rows of its nearest clusters alone (faiss's IVF)."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from trainables.neighbours.exact import Neighbours, far, nearest
from trainables.neighbours.kmeans import Clusters, unit_rows
from trainables.neighbours.vectors import Vectors, mean_row, shards_of

# Rows whose true neighbours are searched to say what share was found: a recall of .99 is then known
# to a standard error of .001.
_CHECKED_ROWS = 2000
# Similarities in fp32 may be so far off; a neighbour as similar as the last true one is as good.
_ROUNDING = 1e-5


def ivf_neighbours(
    vectors: Vectors,
    centroids: NDArray[np.float32],
    clusters: Clusters,
    shard: range | None = None,
    *,
    k: int = 10,
    centred: bool = False,
    probes: int = 0,
) -> Neighbours:
    """The k nearest other rows among those of the clusters nearest to a row.

    Every shard's rows are filed under the clusters they were assigned to, one shard in memory at a
    time; what is found does not depend on how they lie in shards.

    Args:
        vectors: The embeddings, shape (n, d), finite, no row all zeros.
        centroids: Unit vectors, shape (c, d).
        clusters: Whose list each row is on.
        shard: Rows whose neighbours are wanted; all without it.
        k: Neighbours wanted.
        centred: Take the mean embedding off the rows that are compared.
        probes: Clusters searched for each row, in [1, c].

    Raises:
        ValueError: If probes is not in [1, c], or a row is not finite or all zeros.

    References:
        Sivic, Zisserman, "Video Google", 2003; by Johnson, Douze, Jégou, arXiv:1702.08734.
    """
    import faiss

    c, d = centroids.shape
    if not 1 <= probes <= c:
        raise ValueError(f"probes is {probes} of {c} clusters; it must lie in [1, {c}]")
    mean = mean_row(vectors) if centred else np.zeros(d, dtype=np.float32)
    gpu = faiss.StandardGpuResources() if faiss.get_num_gpus() else None
    quantizer = faiss.IndexFlatIP(d)
    quantizer.add(centroids)
    names = shard or range(len(vectors))
    queries = vectors[names.start : names.stop]
    # Clusters are of the embeddings as they are, and so are those nearest to a row.
    nearness, lists = quantizer.search(unit_rows(queries, names), probes)
    queries = unit_rows(queries - mean, names)
    own = np.arange(names.start, names.stop)[:, None]
    rows = np.full((len(queries), k), -1, dtype=np.int64)
    similarity = np.full((len(queries), k), -np.inf, dtype=np.float32)
    for here in shards_of(len(vectors)):
        units = unit_rows(vectors[here.start : here.stop] - mean, here)
        index = _filed(quantizer, clusters.assigned[here.start : here.stop], units, here)
        if gpu:
            index = faiss.index_cpu_to_gpu(gpu, 0, index)
        index.nprobe = probes
        # One more than wanted: a row finds itself.
        near, found = index.search_preassigned(queries, k + 1, lists, nearness)
        near[(found < 0) | (found == own)] = -np.inf
        near = np.concatenate([similarity, near], axis=1)
        best = np.argsort(-near, axis=1, kind="stable")[:, :k]
        similarity = np.take_along_axis(near, best, axis=1)
        rows = np.take_along_axis(np.concatenate([rows, found], axis=1), best, axis=1)
    is_none = np.isneginf(similarity)
    return Neighbours(
        rows=np.where(is_none, -1, rows).astype(np.int32),
        similarity=np.where(is_none, np.nan, similarity.clip(-1, 1)).astype(np.float32),
    )


def far_ivf_neighbours(
    vectors: Vectors,
    centroids: NDArray[np.float32],
    clusters: Clusters,
    shard: range | None = None,
    *,
    k: int = 10,
    centred: bool = False,
    probes: int = 0,
) -> Neighbours:
    """Neighbours far beyond the k nearest, as many as `far` says; arguments as `ivf_neighbours`."""
    k = far(k, len(vectors))
    return ivf_neighbours(vectors, centroids, clusters, shard, k=k, centred=centred, probes=probes)


def recall(
    vectors: Vectors,
    neighbours: Neighbours,
    fixed_draws: NDArray[np.float64],
    *,
    k: int = 10,
    centred: bool = False,
) -> NDArray[np.float64]:
    """Share of the k true nearest neighbours that were found, of 2,000 rows drawn at random.

    Args:
        vectors: The embeddings, shape (n, d).
        neighbours: What was found.
        fixed_draws: Uniform in [0, 1), shape (n,); the rows of the lowest are checked.
        k: Neighbours of each.
        centred: As in the search that found them.

    Returns:
        Shape (m,), in [0, 1].
    """
    drawn = np.sort(np.argsort(fixed_draws)[:_CHECKED_ROWS])
    _, true = nearest(vectors, k, queries=drawn, centred=centred)
    found: NDArray[np.bool_] = neighbours.similarity[drawn] >= true[:, -1:] - _ROUNDING
    shares: NDArray[np.float64] = found.mean(axis=1)
    return shares


def far_recall(
    vectors: Vectors,
    far_neighbours: Neighbours,
    fixed_draws: NDArray[np.float64],
    *,
    k: int = 10,
    centred: bool = False,
) -> NDArray[np.float64]:
    """Share found of the neighbours far beyond the k nearest; arguments as `recall`."""
    return recall(vectors, far_neighbours, fixed_draws, k=far(k, len(vectors)), centred=centred)


def _filed(
    quantizer: Any, assigned: NDArray[np.int32], units: NDArray[np.float32], here: range
) -> Any:
    """One shard's rows under the clusters they were assigned to."""
    import faiss

    c, d = quantizer.ntotal, units.shape[1]
    index = faiss.IndexIVFFlat(quantizer, d, c, faiss.METRIC_INNER_PRODUCT)
    names, lists = np.arange(here.start, here.stop, dtype=np.int64), assigned.astype(np.int64)
    index.add_core(len(units), *(faiss.swig_ptr(array) for array in (units, names, lists)))
    return index
