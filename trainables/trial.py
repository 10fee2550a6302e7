"""One trial in the order of its steps: warm up, score, prune, train on, answer for the test set."""

from collections.abc import Iterable
from dataclasses import replace
from functools import partial

from trainables.cache import Cache
from trainables.evaluation import evaluate, with_reference
from trainables.evidence.collector import Evidence
from trainables.evidence.requirements import NEIGHBOUR_LISTS
from trainables.learners import LEARNERS
from trainables.own_trial import run_own
from trainables.result import Phase, TrialResult, total
from trainables.run_context import RunContext, load_runs
from trainables.selection.contracts import recall_warnings
from trainables.selection.lookup import resolve
from trainables.selection.scoring import Keep, recall_of, select
from trainables.spec import TrialSpec
from trainables.trainers.contract import Place
from trainables.training.learner import Learner
from trainables.training.saved_states import load_progress
from trainables.training.schedule import Schedule, warm_steps


def run_baseline(
    spec: TrialSpec,
    cache: Cache,
    *,
    marks: Iterable[TrialSpec] = (),
    probs: bool = False,
    place: Place | None = None,
) -> TrialResult:
    """Train on all data, and on the way leave what the pruned trials fork from.

    Args:
        spec: A full-data run.
        cache: Where artifacts are kept.
        marks: Pruned trials of this run. At the warm-up of each, a checkpoint and the evidence
            its signal needs are left in the cache.
        place: Where and how a trainer of the user's own is called; None for here, in its usual way.
        probs: Keep the probabilities of all classes, too.

    Returns:
        The trial's row.

    Raises:
        FloatingPointError: If the loss is not finite.
        ValueError: If a mark leaves no step for the survivors.
    """
    if spec.is_own:
        return run_own(spec, cache, place or Place())
    runs = load_runs(spec, cache)
    learner = warm_up(spec, cache, marks=marks)
    runs.train_until(learner, runs.schedule(spec, learner, runs.all_rows), spec.result_key)
    phases = {"training": learner.used}
    row, outcome = evaluate(spec, learner, runs.dataset, runs.all_rows, phases, probs=probs)
    if learner.network.predicts == "pieces":
        del learner  # one model in memory is enough
        outcome, before = with_reference(outcome, runs.new_learner(spec))
        evaluation = row.phases["evaluation"] + before
        row = replace(
            row,
            outcome=(*row.outcome, "reference"),
            phases={**row.phases, "evaluation": evaluation},
        )
    runs.keep_outcome(spec, outcome)
    return row


def warm_up(spec: TrialSpec, cache: Cache, *, marks: Iterable[TrialSpec]) -> Learner:
    """The first part of a full-data run, up to the last mark; arguments as `run_baseline`."""
    runs = load_runs(spec, cache)
    learner = runs.new_learner(spec)
    schedule = runs.schedule(spec, learner, runs.all_rows)
    stops = _stops(marks, schedule)
    if load_progress(learner, cache.progress(spec.result_key)):
        passed = [mark for stop, warm in stops.items() if stop < learner.steps for mark in warm]
        if not all(cache.has("warm", mark.warm_key) for mark in passed):
            learner = runs.new_learner(spec)
    for stop, warm in stops.items():
        if stop >= learner.steps:
            runs.train_until(learner, schedule, spec.result_key, until=stop)
            _leave(learner, warm, runs)
    return learner


def run_trial(
    spec: TrialSpec, cache: Cache, *, probs: bool = False, place: Place | None = None
) -> TrialResult:
    """Prune at a warm-up mark of the full-data run, and train on or afresh with the survivors.

    What the full-data run left in the cache is used, what is missing is made; the result is the
    same, bit for bit.

    Args:
        spec: A pruned trial.
        cache: Where artifacts are kept.
        place: As `run_baseline`.
        probs: Keep the probabilities of all classes, too.

    Returns:
        The trial's row.

    Raises:
        FloatingPointError: If the loss is not finite.
        ValueError: If signal, selector, learner and data do not fit each other.
    """
    if spec.is_own:
        return run_own(spec, cache, place or Place())
    runs = load_runs(spec, cache)
    keep, scoring = select(spec, runs)
    warmup = sum((runs.warm_up_used(one) for one in spec.twin.scorers), Phase())
    afresh = spec.protocol == "restart"
    learner = runs.new_learner(spec, keep) if afresh else runs.warm_learner(spec)
    before = Phase() if afresh else runs.warm_up_used(spec)
    load_progress(learner, cache.progress(spec.result_key))
    runs.train_until(learner, runs.schedule(spec, learner, keep), spec.result_key)
    phases = {"warmup": warmup, "scoring": total(scoring), "training": learner.used - before}
    # A frozen encoder's pass is the trained model's own need, but where it was made only to score.
    embedding_used = LEARNERS[spec.twin.learner].embedding_used
    if spec.scorer and embedding_used:
        phases["embedding"] = embedding_used(spec.twin, cache, "train")
    result, outcome = evaluate(spec, learner, runs.dataset, keep, phases, probs=probs)
    runs.keep_outcome(spec, outcome)
    recall = recall_of(spec, runs)
    return replace(
        result,
        scoring_steps=scoring,
        twins_lost=_twins_lost(spec, runs, keep),
        neighbours_recall=recall,
        warnings=(*result.warnings, *recall_warnings(spec, recall)),
    )


def _stops(marks: Iterable[TrialSpec], schedule: Schedule) -> dict[int, list[TrialSpec]]:
    """The trials that fork at each step, in the order of steps."""
    stops: dict[int, list[TrialSpec]] = {}
    for spec in marks:
        goes_on = spec.protocol == "continue"
        stop = warm_steps(spec.warmup, schedule.full_steps, goes_on=goes_on)
        stops.setdefault(stop, []).append(spec)
    return dict(sorted(stops.items()))


def _leave(learner: Learner, marks: list[TrialSpec], runs: RunContext) -> None:
    """The checkpoint, and all evidence asked for in one pass."""
    names: dict[str, set[str]] = {}
    for spec in marks:
        evidence = resolve(spec).evidence if spec.kind == "pruned" else ()
        names.setdefault(spec.warm_key, set()).update(evidence)
    for spec in {spec.warm_key: spec for spec in marks}.values():
        Evidence(spec, runs).leave(names[spec.warm_key], learner)
        save = partial(learner.save, timed=False)
        about = {"spec": spec.baseline.to_dict()}
        runs.cache.get("warm", spec.warm_key, save, about=about)


def _twins_lost(spec: TrialSpec, runs: RunContext, keep: Keep) -> float | None:
    """Share of the removed rows whose nearest neighbour was removed too."""
    if spec.kind != "pruned" or keep.all():
        return None
    known = {*NEIGHBOUR_LISTS} & resolve(spec).evidence
    if not known:
        return None
    nearest = Evidence(spec, runs).get(min(known), dict(spec.settings)).rows[~keep, 0]
    return float((~keep[nearest] & (nearest >= 0)).mean())
