"""What a run spent and saved: the cost model of pruning, fed with measured phases."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields

import numpy as np

from analysis.envelope import Cell, JudgedCell
from analysis.methods import Condition
from analysis.pairing import Pair
from trainables.result import Phase, TrialResult

# A backward pass costs twice a forward one, so training a token costs three times scoring it.
TRAIN_OVER_SCORE = 3
FLOP_TRAINED, FLOP_SCORED = 6, 2
BEFORE_TRAINING = ("embedding", "warmup", "scoring")
# Selectors of ours that look at nothing but scores and classes.
WITHOUT_EVIDENCE = {"global", "stratified", "floor", "coverage", "window"}
# Numbers of runs on the same survivors whose saving is shown.
REUSES = (1, 5, 20)


@dataclass(frozen=True, kw_only=True)
class Cost:
    """A trial's measured cost; shares are of the full run of the same seed.

    Attributes:
        warmup: Share spent on all data before scoring.
        training: Share spent after it on the survivors.
        scoring: Share that scoring would cost a trial that shares it with none.
        restart: Whether training started afresh, so that the warm-up was extra.
    """

    warmup: float
    training: float
    scoring: float
    restart: bool = False

    @property
    def spent(self) -> float:
        """Warm-up, scoring and training together."""
        return self.warmup + self.training + self.scoring

    @property
    def saved_gross(self) -> float:
        """Share saved by one trial, scoring left out: r(1 - w) where the warm run goes on."""
        return 1 - self.warmup - self.training

    @property
    def rate(self) -> float:
        """Share that a later run saves which trains on the survivors from its start."""
        return 1 - self.training / (1 if self.restart else 1 - self.warmup)

    @property
    def once(self) -> float:
        """Share paid once, however many runs reuse the survivors: r w + c, or w + c on restart."""
        return (self.warmup if self.restart else self.rate * self.warmup) + self.scoring

    def saved_net(self, runs: int) -> float | None:
        """Mean share saved per run when this many runs train on the survivors.

        None of several runs where the warm run went on: the later ones would train afresh, and
        whether that keeps the accuracy was not measured.
        """
        return self.rate - self.once / runs if self.restart or runs == 1 else None

    @property
    def break_even_runs(self) -> float | None:
        """Runs from which on pruning has paid for itself; infinite where nothing is saved.

        None where later runs were not measured, as for `saved_net`.
        """
        if not self.restart:
            return None
        return self.once / self.rate if self.rate > 0 else math.inf


def modelled(rate: float, warmup: float, scoring: float, *, restart: bool = False) -> Cost:
    """The cost a trial should have where each sample costs the same.

    Args:
        rate: Share of samples removed, in [0, 1).
        warmup: Share of the full run on all data, in [0, 1).
        scoring: Cost of scoring in full runs.
        restart: Whether it trains afresh; else the warm run goes on.
    """
    left = 1 - rate if restart else (1 - warmup) * (1 - rate)
    return Cost(warmup=warmup, training=left, scoring=scoring, restart=restart)


def break_even_epochs(rate: float, warmup: float) -> float:
    """Planned epochs from which on a single run saves more than one scoring pass costs."""
    return 1 / (TRAIN_OVER_SCORE * rate * (1 - warmup))


def grid_runs(
    warmups: Sequence[float], rates: Sequence[float], scoring: float
) -> tuple[float, float]:
    """Full runs that one seed of a grid costs: each trial alone, and sharing prefix and scores."""
    costs = [modelled(rate, warmup, scoring) for warmup in warmups for rate in rates]
    alone = 1 + sum(cost.spent for cost in costs)
    shared = 1 + sum(cost.training for cost in costs) + scoring * len(warmups)
    return alone, shared


def flop(result: TrialResult) -> float | None:
    """FLOP of a trial by the usual model: 6 a parameter and token trained, 2 scored.

    None where another model scored the rows, whose parameters the row does not tell, and of images, each of
    which a parameter sees many times.
    """
    if result.spec.scorer or result.spec.learner == "image":
        return None
    used = result.phases
    trained = sum(used[name].tokens for name in ("warmup", "training") if name in used)
    scored = used["scoring"].tokens if "scoring" in used else 0
    return result.parameters * (FLOP_TRAINED * trained + FLOP_SCORED * scored)


def measured_cost(pair: Pair, measure: str) -> Cost | None:
    """A pair's cost, or None where its full run measured nothing of this kind.

    Where another model scored the rows, seconds alone: its samples and tokens have another price.

    Args:
        pair: A pruned trial and its baseline.
        measure: "seconds", "examples" or "tokens"; a scored example or token counts a third of
            a trained one.
    """
    if pair.pruned.spec.scorer and measure != "seconds":
        return None
    phases = pair.pruned.phases
    full = _used(pair.baseline.phases, "training", measure)
    warmup = _used(phases, "warmup", measure)
    # A list that several seeds scored took several warm-ups; a run that goes on has one, its own.
    is_afresh = pair.pruned.spec.protocol == "restart"
    if not full or (warmup >= full and not is_afresh):
        return None
    scored = _used(phases, "scoring", measure) / (1 if measure == "seconds" else TRAIN_OVER_SCORE)
    scored += _used(phases, "embedding", measure)
    # Rows drawn by lot and trained on afresh need no warm-up, unless the cut looks at one: it is that of
    # the methods beside them.
    spec = pair.pruned.spec
    if is_afresh and spec.signal == "random" and spec.selector in WITHOUT_EVIDENCE:
        warmup = scored = 0.0
    return Cost(
        warmup=warmup / full,
        training=_used(phases, "training", measure) / full,
        scoring=scored / full,
        restart=is_afresh,
    )


def mean_cost(cell: Cell, measure: str) -> Cost | None:
    """The mean of `measured` over a cell's seeds, or None where one is missing."""
    costs = [measured_cost(pair, measure) for pair in cell.pairs]
    known = [cost for cost in costs if cost is not None]
    if not known or len(known) < len(costs):
        return None
    shares = {
        f.name: float(np.mean([getattr(cost, f.name) for cost in known]))
        for f in fields(Cost)
        if f.name != "restart"
    }
    return Cost(**shares, restart=known[0].restart)


@dataclass(frozen=True, kw_only=True)
class SweepCost:
    """What a whole sweep took, and what its trials would have taken one by one.

    Attributes:
        seconds: Each full run, each step of scoring and each trial's own part, once.
        runs: The same in full runs, counted in examples; 0 where none were counted.
        runs_alone: Every trial paying its own warm-up and scoring, in full runs.
    """

    seconds: float
    runs: float
    runs_alone: float

    @property
    def saved(self) -> float:
        """Share saved by sharing, in [0, 1)."""
        return 1 - self.runs / self.runs_alone if self.runs_alone else 0.0


def sweep_cost(results: Iterable[TrialResult]) -> SweepCost:
    """Count a sweep from its rows; failed trials count as far as they were measured."""
    rows = list(results)
    full = {row.spec.run_key: row for row in rows if row.spec.is_baseline}
    seconds = runs = alone = 0.0
    counted: set[tuple[str, str]] = set()
    for row in rows:
        first = [one for one in _shared(row) if one[:2] not in counted]
        counted |= {one[:2] for one in first}
        seconds += _own(row, "seconds") + sum(used.seconds for *_, used in first)
        baseline = full.get(row.spec.run_key)
        unit = _used(baseline.phases, "training", "examples") if baseline else 0.0
        if baseline and unit:
            own = _used(row.phases, "training", "examples") / unit
            before = {
                name: _in_full_runs(row, name, baseline, row.phases[name])
                for name in BEFORE_TRAINING
                if name in row.phases
            }
            runs += own + sum(_in_full_runs(row, phase, baseline, used) for phase, _, used in first)
            alone += own + sum(before.values())
    return SweepCost(seconds=seconds, runs=runs, runs_alone=alone)


def _shared(row: TrialResult) -> list[tuple[str, str, Phase]]:
    """What a trial shares with others before its training: in which phase, under what name, what it took.

    A warm-up of a run of the sweep is in that run's own row.
    """
    spec = row.spec
    if spec.is_baseline:
        return []
    found = scoring_steps(row)
    if spec.scorer:
        names = {"warmup": spec.warm_key, "embedding": f"{spec.data_sha} {spec.scorer.model_sha}"}
        found += [(n, key, row.phases[n]) for n, key in names.items() if n in row.phases]
    return found


def scoring_steps(row: TrialResult) -> list[tuple[str, str, Phase]]:
    """The steps of a trial's scoring, as `_shared`: two signals of one pass have the pass in common.

    Of a row that does not say what its scoring is made of it is one step, which no other signal shares.
    """
    whole = {row.spec.score_key: row.phases["scoring"]} if "scoring" in row.phases else {}
    return [("scoring", name, used) for name, used in (row.scoring_steps or whole).items()]


def _in_full_runs(row: TrialResult, phase: str, baseline: TrialResult, used: Phase) -> float:
    """What a step before training took, in full runs: by examples, of another model by seconds."""
    measure = "seconds" if row.spec.scorer else "examples"
    unit = _used(baseline.phases, "training", measure)
    weight = TRAIN_OVER_SCORE if phase == "scoring" and not row.spec.scorer else 1
    return float(getattr(used, measure)) / weight / unit if unit else 0.0


def _own(row: TrialResult, measure: str) -> float:
    return sum(_used(row.phases, phase, measure) for phase in ("training", "evaluation"))


def _used(phases: Mapping[str, Phase], phase: str, measure: str) -> float:
    return float(getattr(phases[phase], measure)) if phase in phases else 0.0


def best_measured_cost(row: JudgedCell) -> tuple[Cost, str] | None:
    """A cell's cost by tokens, or else by examples, or by seconds; and which it is.

    Seconds come last: on a machine that does other things as well they measure those.
    """
    timed = mean_cost(row.cell, "seconds")
    return counted_cost(row.cell) or (None if timed is None else (timed, "seconds"))


def counted_cost(cell: Cell) -> tuple[Cost, str] | None:
    """A cell's cost by tokens, or else by examples, and which it is; None where neither was counted.

    A learner that reads one vector a row counts each as a token: that is by examples.
    """
    runs = [pair.baseline.phases for pair in cell.pairs]
    is_vectors = all(
        _used(run, "training", "tokens") == _used(run, "training", "examples") for run in runs
    )
    for measure in ("examples",) if is_vectors else ("tokens", "examples"):
        cost = mean_cost(cell, measure)
        if cost is not None:
            return cost, measure
    return None


def best_measured_costs(rows: Iterable[JudgedCell]) -> list[tuple[JudgedCell, Cost]]:
    """The judged rows that measured what they took, each with it."""
    found = [(row, best_measured_cost(row)) for row in rows if row.verdict]
    return [(row, measured[0]) for row, measured in found if measured is not None]


def pays_from_epochs(condition: Condition, cost: Cost | None) -> float | None:
    """Epochs from which scoring pays, where training goes on after it; None where it starts afresh."""
    if condition.protocol != "continue":
        return None
    if cost and not cost.scoring:
        return 0.0
    return break_even_epochs(condition.rate, condition.warmup)
