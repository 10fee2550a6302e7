"""One trial, told in its order: warm up, score, prune, go on, and see what is left of accuracy."""

import time
from collections.abc import Iterable
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trainables.datasets import Dataset, read
from trainables.evidence import Cache, Evidence, dice, observed, parameters
from trainables.learners import LEARNERS
from trainables.order import Route, warm_steps
from trainables.outcome import outcome
from trainables.scores import check_scores, read_scores, write_scores
from trainables.selectors import SELECTORS
from trainables.signals import SIGNALS
from trainables.spec import Phase, TrialResult, TrialSpec
from trainables.training import Learner, load_progress, save_progress

# A killed trial loses at most this much work. It changes no result.
SAVE_EVERY_S = 60.0

Keep = NDArray[np.bool_]


def run_baseline(spec: TrialSpec, cache: Cache, *, marks: Iterable[TrialSpec] = ()) -> TrialResult:
    """Train on all data, and on the way leave what the pruned trials fork from.

    Args:
        spec: A full-data run.
        cache: Where artifacts are kept.
        marks: Pruned trials of this run. At the warm-up of each, a checkpoint and the evidence
            its signal needs are left in the cache.

    Returns:
        The trial's row.

    Raises:
        FloatingPointError: If the loss is not finite.
        ValueError: If a mark leaves no step for the survivors.
    """
    dataset = load_dataset(spec, cache)
    learner = warm_up(spec, cache, marks=marks)
    keep = _everyone(dataset)
    _go(learner, _route(spec, learner, keep), spec, cache)
    return outcome(spec, learner, dataset, keep, {"training": learner.used})


def warm_up(spec: TrialSpec, cache: Cache, *, marks: Iterable[TrialSpec]) -> Learner:
    """The first part of a full-data run, up to the last mark; arguments as `run_baseline`."""
    dataset = load_dataset(spec, cache)
    learner = _fresh(spec, dataset, cache)
    route = _route(spec, learner, _everyone(dataset))
    stops = _stops(marks, route)
    if load_progress(learner, cache.progress(spec.result_key)):
        passed = [mark for stop, warm in stops.items() if stop < learner.steps for mark in warm]
        if not all(cache.has("warm", mark.warm_key) for mark in passed):
            learner = _fresh(spec, dataset, cache)
    for stop, warm in stops.items():
        if stop >= learner.steps:
            _go(learner, route, spec, cache, until=stop)
            _leave(learner, warm, dataset, cache)
    return learner


def run_trial(spec: TrialSpec, cache: Cache) -> TrialResult:
    """Prune at a warm-up mark of the full-data run, and train on with the survivors.

    What the full-data run left in the cache is used, what is missing is made; the result is the
    same, bit for bit.

    Args:
        spec: A pruned trial.
        cache: Where artifacts are kept.

    Returns:
        The trial's row.

    Raises:
        FloatingPointError: If the loss is not finite.
        ValueError: If signal, selector, learner and data do not fit each other.
    """
    dataset = load_dataset(spec, cache)
    scores, scoring = score(spec, cache)
    ties = dice(dataset.train.ids, spec.seed, "ties")
    keep = SELECTORS[spec.selector](scores, dataset.train.labels, spec.rate, ties)
    learner = _warm(spec, dataset, cache)
    warmup = learner.used
    if spec.protocol == "restart":
        learner = _fresh(spec, dataset, cache)
    before = learner.used
    load_progress(learner, cache.progress(spec.result_key))
    _go(learner, _route(spec, learner, keep), spec, cache)
    phases = {"warmup": warmup, "scoring": scoring, "training": learner.used - before}
    result = outcome(spec, learner, dataset, keep, phases)
    return replace(result, twins_lost=_twins_lost(spec, _evidence(spec, dataset, cache), keep))


def score(spec: TrialSpec, cache: Cache) -> tuple[NDArray[np.float32], Phase]:
    """The signal's scores at the warm-up mark, shared by all rates and selectors.

    Returns:
        Scores, shape (n,), higher is more worth keeping; and what it took to make them and the
        evidence they rest on.

    Raises:
        ValueError: If the signal gives another shape or type, or scores that are not finite.
    """

    def write(path: Path) -> dict[str, Any]:
        dataset = load_dataset(spec, cache)
        evidence = _evidence(spec, dataset, cache)
        arguments = evidence.of(SIGNALS[spec.signal].score, dict(spec.settings))
        started = time.perf_counter()
        scores = SIGNALS[spec.signal].score(**arguments)
        used = evidence.used + Phase(seconds=time.perf_counter() - started)
        check_scores(scores, len(dataset.train.labels), spec.signal)
        write_scores(path, scores, dataset.train, about)
        return {"used": asdict(used)}

    about = {
        "run": spec.baseline.to_dict(),
        "warmup": spec.warmup,
        "signal": spec.signal,
        "settings": dict(spec.settings),
    }
    scores = read_scores(cache.get("scores", spec.score_key, write, about=about))
    return scores, Phase(**cache.facts("scores", spec.score_key)["used"])


def prepare(spec: TrialSpec, cache: Cache) -> None:
    """Make what all trials of a data set and model share: word pieces, frozen embeddings."""
    LEARNERS[spec.learner].open(spec, load_dataset(spec, cache), cache)


def load_dataset(spec: TrialSpec, cache: Cache) -> Dataset:
    """The spec's data set, which the sweep put into the cache.

    Raises:
        FileNotFoundError: If it is not there.
    """

    def absent(_: Path) -> None:
        raise FileNotFoundError(
            f"data set {spec.dataset} (content {spec.data_sha[:12]}) is not in the cache; "
            "start the sweep again, it puts it there; machines of a cluster must share --cache"
        )

    return read(cache.get("data", spec.data_sha, absent))


def _everyone(dataset: Dataset) -> Keep:
    return np.ones(len(dataset.train.labels), dtype=bool)


def _fresh(spec: TrialSpec, dataset: Dataset, cache: Cache) -> Learner:
    """A learner at its initial weights."""
    network = LEARNERS[spec.learner].open(spec, dataset, cache)
    return Learner(network, dataset.train.labels, spec.training, spec.seed)


def _route(spec: TrialSpec, learner: Learner, keep: Keep) -> Route:
    """The steps ahead of the trial: of all data, or of the survivors from the fork on."""
    lengths = learner.network.lengths["train"]
    route = Route(lengths=lengths, seed=spec.seed, training=spec.training, keep=keep)
    if spec.is_baseline:
        return route
    fork = warm_steps(spec.warmup, route.full_steps) if spec.protocol == "continue" else 0
    return replace(route, fork=fork, budget=spec.budget)


def _go(
    learner: Learner, route: Route, spec: TrialSpec, cache: Cache, *, until: int | None = None
) -> None:
    """Train to step `until` or the end, saving now and then."""
    saved = time.monotonic()
    for _ in learner.train(route, until):
        if time.monotonic() - saved > SAVE_EVERY_S:
            save_progress(learner, cache.progress(spec.result_key))
            saved = time.monotonic()


def _stops(marks: Iterable[TrialSpec], route: Route) -> dict[int, list[TrialSpec]]:
    """The trials that fork at each step, in the order of steps."""
    stops: dict[int, list[TrialSpec]] = {}
    for spec in marks:
        stops.setdefault(warm_steps(spec.warmup, route.full_steps), []).append(spec)
    return dict(sorted(stops.items()))


def _leave(learner: Learner, marks: list[TrialSpec], dataset: Dataset, cache: Cache) -> None:
    """The checkpoint, and all evidence asked for in one pass."""
    names: dict[str, set[str]] = {}
    for spec in marks:
        names.setdefault(spec.warm_key, set()).update(observed(SIGNALS[spec.signal].score))
    for spec in {spec.warm_key: spec for spec in marks}.values():
        given = _given(spec, dataset)
        wanted = tuple(sorted(names[spec.warm_key]))
        Evidence(spec, given, cache, lambda: learner).leave(wanted)
        save = partial(learner.save, timed=False)
        cache.get("warm", spec.warm_key, save, about={"spec": spec.baseline.to_dict()})


def _warm(spec: TrialSpec, dataset: Dataset, cache: Cache) -> Learner:
    """The full-data run as it stood at the warm-up mark, run that far if nobody has."""

    def write(path: Path) -> dict[str, Any]:
        learner = _fresh(spec, dataset, cache)
        full = _route(spec.baseline, learner, _everyone(dataset))
        for _ in learner.train(full, warm_steps(spec.warmup, full.full_steps)):
            pass
        return learner.save(path, timed=False)

    about = {"spec": spec.baseline.to_dict()}
    path = cache.get("warm", spec.warm_key, write, about=about)
    learner = _fresh(spec, dataset, cache)
    learner.load(path)
    learner.used = Phase(**cache.facts("warm", spec.warm_key)["used"])
    return learner


def _given(spec: TrialSpec, dataset: Dataset) -> dict[str, NDArray[np.generic]]:
    train = dataset.train
    return {"labels": train.labels, "dice": dice(train.ids, spec.seed, "dice")}


def _evidence(spec: TrialSpec, dataset: Dataset, cache: Cache) -> Evidence:
    warm = lambda: _warm(spec, dataset, cache)  # noqa: E731
    return Evidence(spec, _given(spec, dataset), cache, warm)


def _twins_lost(spec: TrialSpec, evidence: Evidence, keep: Keep) -> float | None:
    """Share of the removed rows whose nearest neighbour was removed too."""
    asked = {"neighbours", "class_neighbours"} & set(parameters(SIGNALS[spec.signal].score)[0])
    if not asked or keep.all():
        return None
    nearest = evidence.get(asked.pop(), dict(spec.settings)).rows[~keep, 0]
    return float((~keep[nearest] & (nearest >= 0)).mean())
