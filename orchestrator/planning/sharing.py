"""How many trials share one GPU where nobody said: as many as fit, while one alone leaves it idle."""

import os
from collections.abc import Iterator
from dataclasses import dataclass, replace

from orchestrator.planning.loaded import Loaded
from orchestrator.planning.resources import Resources, accelerators_here
from trainables.environment import memory_bytes
from trainables.learners.pretrained import Model
from trainables.training_settings import Training
from trainables.written_numbers import many

# What an H200 computes at 40 % of its peak while the host prepares one step, taken for 10 ms. Read and
# computed, not measured: no sweep has shared a GPU yet.
_FLOP_OF_HOST = 10e-3 * 400e12
_MOST = 8
# Of a GPU's memory, what trials may take together; of the machine's.
_USED, _USED_OF_MACHINE = 0.8, 0.5
# CUDA's context, cuBLAS's workspace, kernels; a pass over many pieces at a time, without gradients; a worker's
# own memory on the machine: torch, data, pieces.
_CONTEXT, _PASS, _WORKER = 2**30, 2 * 2**30, 4 * 2**30
# Weight, gradient and AdamW's two moments in fp32.
_OF_PARAMETER = 16
# What a layer keeps for its backward pass, bytes a piece and unit of width; and a width that few encoders
# are below: parameters / (12 * width) is layers * width, so a smaller one is on the safe side.
_KEPT, _WIDTH = 64, 256
# Embeddings of a row on the device, while its neighbours are searched: 1,024 numbers in fp32.
_OF_ROW = 4096
# Models that come in no files are of a few million parameters.
_BUILT_IN = 4_000_000


@dataclass(frozen=True, kw_only=True)
class TrainingStep:
    """One step of training, as far as a plan knows it.

    Attributes:
        parameters: Of the model, tables included.
        rows: In a batch.
        typical: Word pieces of most rows.
        longest: Of the longest row.
        vocabulary: Numbers that a language model gives for each piece; 0 of others.
        n_train: Training rows, all of which are embedded at a time.
    """

    parameters: int
    rows: int
    typical: float
    longest: int
    vocabulary: int = 0
    n_train: int = 0

    @property
    def flop(self) -> float:
        """Forward and backward pass of a usual batch."""
        return 6 * self.parameters * self.rows * self.typical

    @property
    def memory(self) -> float:
        """Bytes of a GPU that a trial takes at most."""
        pieces = self.rows * self.longest
        kept = pieces * _KEPT * self.parameters / (12 * _WIDTH)
        logits = 3 * 4 * pieces * self.vocabulary
        network = _OF_PARAMETER * self.parameters + kept + logits
        return _CONTEXT + _PASS + network + _OF_ROW * self.n_train


def trials_on_a_gpu(step: TrainingStep, memory: float, most: int = _MOST) -> int:
    """Trials that one GPU holds and none of which fills it: 1, 2, 4 or 8.

    Args:
        step: Of the largest model that runs.
        memory: Bytes of the GPU; 0 where they are not known, which is 1 trial.
        most: That the machine has cores, memory and work for.
    """
    fit = min(most, _MOST, _FLOP_OF_HOST / step.flop, _USED * memory / step.memory)
    return max(count for count in (1, 2, 4, 8) if count <= max(1, fit))


def with_shares(loaded: Loaded, trials: int) -> tuple[Resources, tuple[str, ...]]:
    """Where a sweep runs, with the part of a GPU that each trial gets; and a note on it where that is new.

    Results do not depend on it. Untouched: what was asked for by number, machines without a GPU, clusters
    (whose GPUs this machine does not see), and what a plan does not know the steps of: networks for images,
    and trainers of the user's own.

    Args:
        loaded: What is planned.
        trials: In all.
    """
    resources, gpus = loaded.resources, accelerators_here()
    known = not loaded.own and loaded.model.learner != "image"
    if not (resources.chooses_share and gpus and known):
        return resources, ()
    # Ray fills one GPU before it takes the next: no more share one than all of them have work for.
    most = min(
        len(os.sched_getaffinity(0)) // resources.cpus,
        int(_USED_OF_MACHINE * memory_bytes(gpu=False) / _WORKER),
        resources.at_once or trials,
        trials,
    )
    steps = list(_steps(loaded))
    counts = [trials_on_a_gpu(step, memory_bytes(gpu=True), most // gpus) for step in steps]
    count, step = min(zip(counts, steps, strict=True), key=lambda one: one[0])
    shared = replace(resources, gpus=1 / count)
    if count == 1:
        return shared, ()
    note = (
        f"{count} trials share each GPU: a step of at most {step.parameters / 1e6:,.3g}M parameters, {many(step.rows, 'row')} "
        f"of about {step.typical:.0f} pieces, cannot fill it; what each trial gives is the same, the time that "
        "it takes is not; --gpus-per-trial 1 gives each its own"
    )
    return shared, (note,)


def _steps(loaded: Loaded) -> Iterator[TrainingStep]:
    """A step of the model, and of what scores the rows where that is another."""
    yield _step(loaded, loaded.model, loaded.grid.training)
    if loaded.score_model:
        yield _step(loaded, loaded.score_model, loaded.scoring)


def _step(loaded: Loaded, model: Model, training: Training | None) -> TrainingStep:
    asked = training or loaded.usual_specs[0].training
    halves = model.learner == "causal_lm"  # whose weights come in bf16
    longest = asked.max_length
    medians = [look.median_pieces for look in loaded.pieces.values()]
    return TrainingStep(
        parameters=model.size // (2 if halves else 4) if model.size else _BUILT_IN,
        rows=asked.batch_size,
        typical=min(longest, max(medians, default=longest)),
        longest=longest,
        vocabulary=model.vocabulary,
        n_train=max(len(dataset.train) for dataset in loaded.datasets.values()),
    )
