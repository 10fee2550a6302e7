"""How far a training has come: a run on most training rows, looked at on the others as it goes on."""

import math
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from trainables.cache import Cache
from trainables.data.subsampling import held_rows
from trainables.evidence.forward_passes import predict
from trainables.keys import seed_for
from trainables.result import TrainingCurve
from trainables.run_context import RunContext, load_runs
from trainables.spec import TrialSpec
from trainables.training.learner import Learner
from trainables.training.looks import held_share, looks_per_epoch
from trainables.training.saved_states import load_progress, save_state, whole_states
from trainables.training.schedule import Schedule


def run_curve(spec: TrialSpec, cache: Cache) -> TrainingCurve:
    """Train as a full-data run would, but without the held-out rows, and look at these as it goes on.

    Which rows are held out depends on the data set alone, so that trainings are compared on the same.

    Args:
        spec: A full-data run.
        cache: Where artifacts are kept.

    Returns:
        The curve; one without looks where the loss was not finite, or no row can be held out.
    """
    runs = load_runs(spec, cache)
    train = runs.dataset.train
    rng = np.random.default_rng(seed_for(0, "held out"))
    held = held_rows(train, held_share(len(train)), rng)
    curve = TrainingCurve(spec=spec, n_held=int(held.sum()), n_train=int((~held).sum()))
    if not held.any():
        return TrainingCurve(
            spec=spec, error="no class has a second row that could be held out, copies counted once"
        )
    folder = cache.progress(spec.curve_key)
    learner = runs.new_learner(spec)
    schedule = Schedule(
        lengths=learner.network.lengths["train"],
        seed=spec.seed,
        training=spec.training,
        keep=~held,
    )
    looks = _looks(schedule, curve.n_train)
    seen = _seen(folder)
    if load_progress(learner, folder) and not all(
        step in seen for step in looks if step < learner.steps
    ):
        learner = runs.new_learner(spec)
    try:
        _train(learner, schedule, list(looks), np.flatnonzero(held), runs, spec, seen)
    except FloatingPointError as error:
        return TrainingCurve(spec=spec, used=learner.used, error=str(error))
    bits = [seen[step] for step in looks]
    return TrainingCurve(
        spec=spec,
        epochs=tuple(looks.values()),
        right=np.packbits(np.stack(bits)).tobytes(),
        n_held=curve.n_held,
        n_train=curve.n_train,
        used=learner.used,
    )


def _looks(schedule: Schedule, n_train: int) -> dict[int, float]:
    """The steps at which held-out rows are looked at, each with the passes done by then."""
    epochs = schedule.training.epochs
    of_epoch = -(-n_train // schedule.training.batch_size)
    many = looks_per_epoch(epochs)
    steps = {math.ceil(of_epoch * look / many) for look in range(1, epochs * many + 1)}
    return {step: round(step / of_epoch, 4) for step in sorted(steps)}


def _train(
    learner: Learner,
    schedule: Schedule,
    looks: list[int],
    held: NDArray[np.int64],
    runs: RunContext,
    spec: TrialSpec,
    seen: dict[int, NDArray[np.bool_]],
) -> None:
    """Train to the end; what each look shows is added to `seen`, and left beside the unfinished state."""
    folder = runs.cache.progress(spec.curve_key)
    labels = runs.dataset.train.labels[held]
    for step in looks:
        if step < learner.steps or (step == learner.steps and step in seen):
            continue
        runs.train_until(learner, schedule, spec.curve_key, until=step)
        predicted, took = predict(learner, "train", held)
        learner.used += took
        seen[step] = predicted == labels
        save_state(folder, f"look-{step:010d}", "npy", partial(_write, seen[step]))


def _write(bits: NDArray[np.bool_], path: Path) -> None:
    with path.open("wb") as file:
        np.save(file, bits)


def _seen(folder: Path) -> dict[int, NDArray[np.bool_]]:
    """What looks have shown so far, by their steps."""
    found = whole_states(folder, "look-*.npy")
    return {int(path.stem.split("-")[1]): np.load(path) for path in found}
