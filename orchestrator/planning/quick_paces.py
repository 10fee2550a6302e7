"""The pace of small models, by a few steps on some rows of the user's own, in a second or two."""

import tempfile
import time
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np

from orchestrator.planning.estimate import Pace, Runs, full_runs
from orchestrator.planning.plan import Sweep
from orchestrator.planning.stored_inputs import store_data
from orchestrator.store.local import ArtifactStore
from trainables.data.dataset import Dataset, Split
from trainables.environment import settle
from trainables.learners.linear import embedding_used
from trainables.learners.pretrained import BUILT_IN
from trainables.spec import TrialSpec
from trainables.stages import prepare, probe

# Rows that are looked at, and steps that are run: of an encoder, which embeds each row, fewer rows.
_ROWS = {"linear": 2_000, "tiny": 512, "image": 1_000, "causal_lm": 512}
_ENCODED_ROWS = 48
_STEPS = {"linear": 100, "tiny": 12, "image": 12, "causal_lm": 12}
# A few steps on a few rows stray from whole trials.
_STRAYS = 1.4


def is_quick(spec: TrialSpec) -> bool:
    """Whether a few steps of a run take a second or two, wherever it is to run."""
    return spec.learner in _STEPS and (spec.model in BUILT_IN or spec.learner == "linear")


def quick_paces(sweep: Sweep, lacking: Iterable[str], of: Runs = full_runs) -> dict[str, Pace]:
    """The pace of small models on a few rows of their data, run here and now; nothing of it is kept.

    At least a trial has a processor for itself. Where other programs use this machine, they come and go: of how
    much longer these steps took for them the root is expected (of two demos that took 193 and 227 s beside
    programs that left these steps a sixth of a processor), and at most the root of its cube.

    Args:
        sweep: As planned.
        lacking: Content hashes of the data sets nothing is known of.
        of: As of `measured_paces`.
    """
    wanted = {sha: run for sha, run in of(sweep).items() if sha in lacking and is_quick(run)}
    if not wanted or sweep.resources.gpus or not sweep.resources.is_local:
        return {}
    settle(sweep.resources.cpus, gpu=False)
    return {sha: _pace(run, sweep.datasets[sha]) for sha, run in wanted.items()}


def _pace(run: TrialSpec, dataset: Dataset) -> Pace:
    is_encoded = run.model.startswith("linear:")
    some = _some(dataset, _ENCODED_ROWS if is_encoded else _ROWS[run.learner])
    spec = replace(run, data_sha=some.sha)
    with tempfile.TemporaryDirectory() as folder:
        store = ArtifactStore(Path(folder))
        store_data({some.sha: some}, store)
        decoded_s = _seconds_to_decode(spec, store)
        clock, processor = time.perf_counter(), time.process_time()
        used, fitted = probe(spec, store, steps=_STEPS[run.learner])
        clock, processor = time.perf_counter() - clock, time.process_time() - processor
        first = embedding_used(spec, store, "train") if is_encoded else None
    # Of the processor's time, which other programs do not lengthen: they come on top.
    alone = min(1.0, processor / clock)
    per_row = used.seconds / used.examples
    per_row += fitted.seconds / (len(some.train) * run.training.epochs)
    # An encoder embeds what is trained and tested on; validation rows where a signal asks for them.
    rows = len(dataset.train) + len(dataset.test) if first else _rows(dataset)
    once = first.seconds if first else decoded_s
    first_s = once * rows / (len(some.train) if first else _rows(some))
    return Pace(
        low=alone * per_row / _STRAYS,
        expected=alone**0.5 * per_row,
        high=alone**0.25 * per_row * _STRAYS,
        basis=f"{used.steps} steps on {len(some.train):,} of its rows just now",
        first_s=alone**0.5 * first_s,
    )


def _seconds_to_decode(spec: TrialSpec, store: ArtifactStore) -> float:
    """What making the pixels of images takes, once for all trials of a data set."""
    if spec.learner != "image":
        return 0.0
    started = time.perf_counter()
    prepare(spec, store)
    return time.perf_counter() - started


def _some(dataset: Dataset, most: int) -> Dataset:
    """Some rows of a data set, of each class where it has classes, evenly."""
    few = {
        name: _even(split, most if name == "train" else most // 8)
        for name, split in dataset.splits.items()
    }
    return replace(
        dataset,
        train=few["train"],
        test=few["test"],
        validation=few.get("validation"),
        truth={},
        part_of=None,
    )


def _rows(dataset: Dataset) -> int:
    return sum(map(len, dataset.splits.values()))


def _even(split: Split, most: int) -> Split:
    rows = np.unique(np.linspace(0, len(split) - 1, min(most, len(split))).astype(np.int64))
    return split.take(rows)
