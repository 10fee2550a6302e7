"""What an accelerator must not change: `pytest -m gpu -n 0`, on a machine that has one."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.trainables.test_trial import bytes_of
from trainables.environment import device
from trainables.trial import run_baseline, run_trial

pytestmark = pytest.mark.gpu

ROOT = Path(__file__).parents[2]
VECTORS = """
import sys
import numpy as np
from trainables.neighbours.kmeans import centroids, clusters
from trainables.neighbours.ivf import ivf_neighbours
from trainables.neighbours.exact import nearest
rng = np.random.default_rng(0)
centres = rng.standard_normal((50, 64))
vectors = centres[rng.integers(0, 50, 20_000)] + 0.5 * rng.standard_normal((20_000, 64))
vectors = vectors.astype(np.float32)
"""


@pytest.fixture(autouse=True)
def _has_one():
    if device() != "cuda":
        pytest.skip("torch sees no accelerator")


def made(code, folder, **env):
    """The arrays that some code finds of the vectors, in a process of its own."""
    path = folder / f"{len(list(folder.iterdir()))}.npz"
    command = [sys.executable, "-c", VECTORS + code, str(path)]
    subprocess.run(command, cwd=ROOT, env=os.environ | env, check=True)
    return np.load(path)


@pytest.mark.parametrize("centred", [False, True])
def test_neighbours_are_those_the_processor_finds(tmp_path, centred):
    code = (
        f"rows, similarity = nearest(vectors, 10, centred={centred})\n"
        "np.savez(sys.argv[1], rows=rows, similarity=similarity)"
    )
    here, there = made(code, tmp_path), made(code, tmp_path, CUDA_VISIBLE_DEVICES="")
    assert np.allclose(here["similarity"], there["similarity"], rtol=0, atol=1e-5)
    assert (here["rows"] == there["rows"]).mean() > 0.999  # what is equally similar may change


def test_lists_give_what_they_give_on_the_processor(tmp_path):
    faiss = pytest.importorskip("faiss")
    if not faiss.get_num_gpus():
        pytest.skip("this faiss has no accelerator")
    code = (
        "middles = centroids(vectors, rng.random(20_000), clusters=64)\n"
        "groups = clusters(vectors, middles)\n"
        "found = ivf_neighbours(vectors, middles, groups, k=10, probes=4)\n"
        "np.savez(sys.argv[1], similarity=found.similarity, true=nearest(vectors, 10)[1])"
    )
    here, there = made(code, tmp_path), made(code, tmp_path, CUDA_VISIBLE_DEVICES="")
    found = [(each["similarity"] >= each["true"][:, -1:] - 1e-5).mean() for each in (here, there)]
    assert min(found) > 0.9
    assert abs(found[0] - found[1]) < 0.01


@pytest.mark.parametrize("learner", ["linear", "tiny"])
def test_a_trial_is_the_same_twice_forked_and_alone(specs, filled, learner):
    full, pruned = specs(learner)
    shared, alone = filled("shared"), filled("alone")
    baseline = run_baseline(full, shared, marks=[pruned])
    assert bytes_of(baseline) == bytes_of(run_baseline(full, alone, marks=[]))
    assert bytes_of(run_trial(pruned, shared)) == bytes_of(run_trial(pruned, filled("again")))
