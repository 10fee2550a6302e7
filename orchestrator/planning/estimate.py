"""What a sweep would take, from trials that were measured; what was not measured stays unknown."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from orchestrator.planning.seeds import FRESH_SEEDS
from trainables.errors import UsageError
from trainables.evidence.requirements import NEIGHBOUR_LISTS, Settings, derived_under
from trainables.evidence.whose import evidence_key, is_frozen
from trainables.records import from_json
from trainables.result import Phase
from trainables.selection.lookup import resolve
from trainables.spec import TrialSpec
from trainables.written_numbers import many

if TYPE_CHECKING:
    from orchestrator.planning.plan import Sweep
    from orchestrator.planning.tasks import Task

# Other texts are of other lengths: a pace measured on another data set may be off by this.
# A guess, wide on purpose: --calibrate measures instead.
_TAKEN_OVER = 1.6
# Of the same work at another time: other programs come and go.
_ANOTHER_HOUR = 1.25
_STEPS = 30
# How far a whole trial strays from its first steps was not measured.
_UNMEASURED = 1.25
# Of a search for neighbours, a pair of rows and core: benchmarks/scale.py at a million rows of 384
# numbers.
_PAIR_S = 3.4e-9


Runs = Callable[["Sweep"], dict[str, TrialSpec]]


@dataclass(frozen=True, kw_only=True)
class Pace:
    """Seconds of training for each sample, in one worker.

    Attributes:
        low: Of the fast trials, the tenth quantile.
        expected: The median.
        high: Of the slow trials, the ninetieth.
        basis: What it rests on, in words.
        first_s: Seconds once for all trials of the data set, such as those of embedding its rows.
    """

    low: float
    expected: float
    high: float
    basis: str
    first_s: float = 0.0


def full_runs(sweep: "Sweep") -> dict[str, TrialSpec]:
    """A full-data run of each data set, by content hash; of no subset of one."""
    return {spec.data_sha: spec for spec in _of_wholes(sweep) if spec.is_baseline}


def scoring_runs(sweep: "Sweep") -> dict[str, TrialSpec]:
    """The run that scores each data set, where that is another model's, by content hash."""
    return {spec.data_sha: spec.twin.baseline for spec in _of_wholes(sweep) if spec.scorer}


def _of_wholes(sweep: "Sweep") -> list[TrialSpec]:
    return [spec for spec in sweep.grid_specs if spec.data_sha not in sweep.plan.subsets]


def measured_paces(sweep: "Sweep", of: Runs = full_runs) -> dict[str, Pace]:
    """The pace of each data set that something is known of, by content hash.

    Trials in the store of the same model and training count, of this environment alone: first
    those on the same data, else those on other data.

    Args:
        sweep: Whose store is looked into.
        of: Whose pace: `full_runs` or `scoring_runs`.
    """
    wanted = of(sweep)
    if sweep.loaded.own and of is full_runs:
        return _own_paces(sweep, wanted)
    same: dict[str, list[float]] = {sha: [] for sha in wanted}
    other: dict[str, list[float]] = {sha: [] for sha in wanted}
    for spec, training in _rows(sweep):
        for sha, asked in wanted.items():
            if _work(spec) == _work(asked):
                found = same if spec.data_sha == sha else other
                found[sha].append(training.seconds / training.examples)
    paces = {}
    for sha in wanted:
        if same[sha]:
            text = f"{many(len(same[sha]), 'trial')} on it, this environment"
            paces[sha] = _pace(same[sha], text, spread=_ANOTHER_HOUR)
        elif other[sha]:
            text = f"{many(len(other[sha]), 'trial')} of this model on other data"
            paces[sha] = _pace(other[sha], text, spread=_TAKEN_OVER)
    return paces


def _own_paces(sweep: "Sweep", wanted: dict[str, TrialSpec]) -> dict[str, Pace]:
    """The pace of a trainer of the user's own: of its trials on the same data, else of its probe."""
    found: dict[str, list[float]] = {sha: [] for sha in wanted}
    for key in sweep.store.keys("result"):
        at = sweep.store.find("result", key)
        row = from_json(at.read_text(encoding="utf-8")) if at else None
        asked = wanted.get(row.spec.data_sha) if row and row.is_ok else None
        if row and asked and replace(row.spec.baseline, seed=asked.seed).run_key == asked.run_key:
            rows = sweep.sizes[asked.data_sha] * (1 - row.spec.rate) * asked.training.epochs
            found[asked.data_sha].append(row.phases["training"].seconds / rows)
    paces = {}
    for sha, asked in wanted.items():
        probed = sweep.loaded.own.seconds.get(sha, 0.0) if sweep.loaded.own else 0.0
        rows = sweep.sizes[sha] * asked.training.epochs
        if found[sha]:
            paces[sha] = _pace(
                found[sha], f"{many(len(found[sha]), 'trial')} of this trainer on it"
            )
        elif probed:
            paces[sha] = _pace([probed / rows], "its tries on a few rows", spread=_TAKEN_OVER)
    return paces


def calibrate_paces(
    sweep: "Sweep", lacking: Iterable[str], of: Runs = full_runs
) -> dict[str, Pace]:
    """The pace of a few steps, run here and now, for data sets nothing is known of.

    Args:
        sweep: Its data are put into the store, where the sweep will find them.
        lacking: Content hashes.
        of: As of `measured_paces`.
    """
    from orchestrator.planning.stored_inputs import store_data
    from trainables.environment import device, settle
    from trainables.stages import probe

    if sweep.loaded.own:
        raise UsageError(
            "--calibrate is of learners of ours; a trainer of your own is timed by its tries at the plan: "
            "leave --calibrate and --no-probe out"
        )
    settle(sweep.resources.cpus, gpu=sweep.resources.gpus > 0)
    if sweep.resources.gpus and device() != "cuda":
        raise UsageError(
            "--calibrate runs a few steps on this machine, on which torch sees no GPU, and trials are to run on one "
            "(--gpus-per-trial): leave it out, or call it on a machine that has one"
        )
    store_data(sweep.datasets, sweep.store)
    paces = {}
    for sha in lacking:
        spec = of(sweep)[sha]
        used, fitted = probe(spec, sweep.store, steps=_STEPS)
        text = f"{many(used.steps, 'step')} run just now"
        each = fitted.seconds / (sweep.sizes[sha] * spec.training.epochs)
        paces[sha] = _pace([used.seconds / used.examples + each], text, spread=_UNMEASURED)
    return paces


def is_of(task: "Task", run: TrialSpec) -> bool:
    """Whether a task is work of a run's model: a trial by another model's scores is."""
    return (task.spec.model_sha, task.spec.learner) == (run.model_sha, run.learner)


def hours(
    tasks: Iterable["Task"],
    pace: Pace,
    n_test: int,
    *,
    more: "Unchosen | None" = None,
    searched: float = 0.0,
) -> tuple[float, float, float]:
    """Hours of one worker after another, low, expected and high.

    A sample that is only evaluated counts a third of one trained on, as its floating-point operations.

    Args:
        tasks: Those that are left.
        pace: Of the data set.
        n_test: Its test rows.
        more: Its confirmation, where that is still to be chosen.
        searched: Samples that the search for its training goes through, as `searching` gives them.
    """
    examples = searched + sum(task.cost + task.is_trial * n_test / 3 for task in tasks)
    if more is not None:
        examples += more.examples + more.trials * n_test / 3
    low, expected, high = (examples * s / 3600 for s in (pace.low, pace.expected, pace.high))
    return low, expected, high


@dataclass(frozen=True, kw_only=True)
class Unchosen:
    """The confirmation of a data set before its list is chosen, at most.

    Attributes:
        trials: Full-data runs, runs on the list, and on random lists.
        examples: Samples they train on, repeats counted, if the smallest rate is chosen.
    """

    trials: int = 0
    examples: float = 0.0


def unchosen(sweep: "Sweep", sha: str) -> Unchosen:
    """What confirming a data set will take at most; nothing once its search has ended."""
    chosen = {spec.data_sha for spec in sweep.specs if spec.kind == "fixed"}
    search = [spec for spec in sweep.specs if spec.data_sha == sha]
    if sha not in sweep.plan.candidates or sha in chosen or all(map(sweep.is_done, search)):
        return Unchosen()
    own = [spec for spec in sweep.grid_specs if spec.data_sha == sha and spec.kind == "pruned"]
    epochs, left = own[0].training.epochs, 1 - min(spec.rate for spec in own)
    arms, seeds = 1 + sweep.control, len(FRESH_SEEDS)
    examples = seeds * epochs * sweep.sizes[sha] * (1 + arms * left)
    return Unchosen(trials=seeds * (1 + arms), examples=examples)


def searching(sweep: "Sweep", sha: str) -> float:
    """Samples that the search for a data set's training goes through at most, one evaluated as a third."""
    own = (one for one in sweep.searches if one.start.data_sha == sha)
    return sum(one.cost() * one.start.training.epochs * sweep.sizes[sha] for one in own)


def search_s(searches: int, n: int) -> float:
    """Seconds of one core for exact searches among n rows, on a CPU like that of docs/scale.md."""
    return searches * n * n * _PAIR_S


def warm_up_bytes(sweep: "Sweep", left: Iterable["Task"]) -> int:
    """What the warm-ups that tasks will make take: weights and AdamW's two moments of each."""
    made = {artifact for task in left for artifact in task.makes}
    lacking = [key for kind, key in made if kind == "warm" and not sweep.store.has(kind, key)]
    return 3 * sweep.weights_bytes * len(lacking)


def searches(left: Iterable["Task"]) -> dict[str, int]:
    """Searches for exact neighbours of some tasks, by content hash: no pace above counts them."""
    found: dict[str, set[str]] = {}
    for spec, name, settings in _derived(left):
        if name in NEIGHBOUR_LISTS:
            found.setdefault(spec.data_sha, set()).add(evidence_key(spec, name, settings))
    return {sha: len(keys) for sha, keys in found.items()}


def _derived(left: Iterable["Task"]) -> Iterator[tuple[TrialSpec, str, Settings]]:
    """Evidence made from other evidence that tasks will make: with their scores, or by tasks of its own."""
    for task in left:
        if task.kind == "evidence":
            yield from ((task.spec, name, dict(task.settings)) for name in task.names)
        for spec in task.marks if task.kind == "score" else ():
            selection = resolve(spec)
            for name in derived_under(selection.signal.score, selection.settings):
                if not is_frozen(spec, name):
                    yield spec, name, selection.settings


def _rows(sweep: "Sweep") -> Iterator[tuple[TrialSpec, Phase]]:
    for key in sweep.store.keys("result"):
        found = sweep.store.find("result", key)
        row = from_json(found.read_text(encoding="utf-8")) if found else None
        training = row.phases.get("training") if row and row.is_ok else None
        if row and training and training.examples and training.seconds:
            yield row.spec, training


def _work(spec: TrialSpec) -> tuple[object, ...]:
    """What the time of a step depends on, besides the texts."""
    t = spec.training
    return spec.model_sha, spec.learner, t.batch_size, t.max_length, t.precision


def _pace(seconds: list[float], basis: str, *, spread: float = 1.0) -> Pace:
    low, expected, high = np.quantile(seconds, (0.1, 0.5, 0.9))
    return Pace(
        low=float(low) / spread, expected=float(expected), high=float(high) * spread, basis=basis
    )
