"""Every method beside throwing data away at random: paired by seed, tested method first."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from analysis.envelope import Cell
from analysis.intervals import Parts, bounds, parts, two_sided_p
from analysis.methods import Condition, RateCurve
from analysis.metrics import ACCURACY
from analysis.multiplicity import holm
from analysis.verdicts import ALPHA, parts_of
from trainables.result import TrialResult

Finding = Literal["better", "worse", "no difference shown"]


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """A condition minus random pruning of the same rate, paired by seed.

    Attributes:
        condition: The condition.
        control: The random condition it was held against.
        seeds: Seeds both have.
        mean: Mean difference in the metric's unit; above zero the condition does better.
        low: Lower bound, as of a verdict; None with one seed.
        high: Upper bound.
        p: Two-sided p of "no difference"; None with one seed.
        p_holm: The same after correction: over the methods of the data set, each tested once by the
            mean over its rates, and then over the rates of the method.
        finding: "better" or "worse" where p_holm is at most alpha and no run diverged that speaks
            for it.
    """

    condition: Condition
    control: Condition
    seeds: tuple[int, ...]
    mean: float
    low: float | None = None
    high: float | None = None
    p: float | None = None
    p_holm: float | None = None
    finding: Finding = "no difference shown"

    @property
    def note(self) -> str:
        """What a reader must know of the control; empty where it was cut alike."""
        if self.control.selector == self.condition.selector:
            return ""
        return f"held against random with selector {self.control.selector}"


@dataclass(frozen=True, kw_only=True)
class _Contest:
    """A cell and its control, with what each test example adds in each seed both have."""

    cell: Cell
    control: Cell
    gained: Mapping[int, np.ndarray]

    def parts_of(self, x: np.ndarray) -> Parts | None:
        """What the interval of such differences is made of; None where too few examples carry them."""
        pair = self.cell.pairs[0]
        searched = len(pair.pruned.spec.scored_by)
        if pair.reading.metric is ACCURACY:
            return parts(x, searched=searched)
        found, few = parts_of(x, pair.reading.most(pair.baseline), searched=searched)
        return found if few is None else None

    def differences(self, seeds: Iterable[int]) -> np.ndarray:
        """Of some seeds, shape (n_test, seeds)."""
        return np.stack([self.gained[seed] for seed in seeds], axis=1).astype(float)


def against_random(found: Iterable[Cell], *, alpha: float = ALPHA) -> dict[Condition, Comparison]:
    """Hold every condition against random pruning of the same rate, warm-up and protocol.

    The control cut by the same selector is preferred, then any other; a cell without control or
    without a common seed is left out. A method after a warm-up is tested once, by the mean over its
    rates, with Holm's correction over all of one data set, model and training; its single rates are
    tested only below that, at the level it passed.

    Args:
        found: Cells of a run.
        alpha: Error allowed over the family, "better" and "worse" together.

    Returns:
        Comparisons by condition.

    References:
        Meinshausen, "Hierarchical testing of variable importance", 2008.
    """
    found = list(found)
    controls = _controls(found)
    families: dict[tuple[Any, ...], dict[RateCurve, list[_Contest]]] = defaultdict(dict)
    for cell in found:
        condition = cell.condition
        if not condition.is_control and condition.kind != "null":
            contest = _contest(cell, controls[condition.control_key])
            if contest is not None:
                family = families[condition.question]
                family.setdefault(condition.rate_curve, []).append(contest)
    return {
        comparison.condition: comparison
        for family in families.values()
        for comparison in _tested([*family.values()], alpha)
    }


def held_against(
    cell: Cell, control: Cell, *, alpha: float = ALPHA, item_share: float = 1.0
) -> Comparison | None:
    """One condition against one of random, alone; None where they have no common seed.

    Args:
        cell: The condition.
        control: Random pruning.
        alpha: Error allowed, "better" and "worse" together.
        item_share: As of `verdicts.judge`.
    """
    contest = _contest(cell, [control])
    if contest is None:
        return None
    plain = _compare(contest, alpha, item_share)
    alone = replace(plain, p_holm=plain.p)
    return replace(alone, finding=_finding(alone, contest, alpha))


def _controls(found: Iterable[Cell]) -> dict[tuple[Any, ...], list[Cell]]:
    controls: dict[tuple[Any, ...], list[Cell]] = defaultdict(list)
    for cell in found:
        if cell.condition.is_control and cell.pairs:
            controls[cell.condition.control_key].append(cell)
    return controls


def _contest(cell: Cell, controls: Sequence[Cell]) -> _Contest | None:
    """The cell against the control cut alike, or else the first with a common seed."""
    preferred = sorted(controls, key=lambda c: c.condition.selector != cell.condition.selector)
    for control in preferred:
        both = {
            mine.spec.seed: cell.reading.gained(mine, other)
            for mine, other in _common(cell, control)
        }
        if both:
            return _Contest(cell=cell, control=control, gained=both)
    return None


def _common(cell: Cell, control: Cell) -> list[tuple[TrialResult, TrialResult]]:
    others = {pair.seed: pair.pruned for pair in control.pairs}
    return [
        (pair.pruned, others[pair.seed])
        for pair in cell.pairs
        if pair.seed in others and others[pair.seed].environment == pair.pruned.environment
    ]


def _tested(curves: Sequence[Sequence[_Contest]], alpha: float) -> list[Comparison]:
    """Every comparison of a family, with its corrected p and what it shows."""
    overall = [_overall_p(curve) for curve in curves]
    tested = [i for i, p in enumerate(overall) if p is not None]
    corrected = holm([p for p in overall if p is not None])
    # Of the methods still in question when this one is tested, the smallest p first.
    ranked = sorted(tested, key=lambda i: overall[i] or 0.0)
    done = []
    for i, curve in enumerate(curves):
        plain = [_compare(contest, alpha) for contest in curve]
        if i in tested:
            factor = len(tested) - ranked.index(i)
            of_method = corrected[tested.index(i)]
            plain = _rates_below(plain, of_method, factor)
        done += [
            replace(one, finding=_finding(one, contest, alpha))
            for one, contest in zip(plain, curve, strict=True)
        ]
    return done


def _overall_p(curve: Sequence[_Contest]) -> float | None:
    """P of a method, by the mean over its rates in the seeds that all of them have.

    A rate of a single seed is left out of it, as it is of the tests below.
    """
    several = [contest for contest in curve if len(contest.gained) > 1]
    seeds = sorted(set.intersection(*(set(contest.gained) for contest in several or curve)))
    if len(seeds) < 2:
        return None
    together = np.mean([contest.differences(seeds) for contest in several], axis=0)
    found = several[0].parts_of(together)
    return 1.0 if found is None else two_sided_p(found)


def _rates_below(rates: list[Comparison], of_method: float, factor: int) -> list[Comparison]:
    """The rates of a method with their corrected p: never smaller than the method's own."""
    known = [one for one in rates if one.p is not None]
    adjusted = holm([one.p for one in known if one.p is not None])
    by_condition = {
        one.condition: min(1.0, max(of_method, factor * p))
        for one, p in zip(known, adjusted, strict=True)
    }
    return [replace(one, p_holm=by_condition.get(one.condition)) for one in rates]


def _compare(contest: _Contest, alpha: float, item_share: float = 1.0) -> Comparison:
    seeds = tuple(sorted(contest.gained))
    x, scale = contest.differences(seeds), contest.cell.reading.metric.scale
    p = contest.parts_of(x)
    plain = Comparison(
        condition=contest.cell.condition,
        control=contest.control.condition,
        seeds=seeds,
        mean=scale * float(x.mean(axis=0).mean()),
    )
    if min(x.shape) == 1:
        return plain
    if p is None:
        return replace(plain, p=1.0)
    found = bounds(p, alpha, item_alpha=item_share * alpha)
    low, high = (float(scale * bound) for bound in found)
    return replace(plain, low=low, high=high, p=two_sided_p(p, item_share=item_share))


def _finding(comparison: Comparison, contest: _Contest, alpha: float) -> Finding:
    if comparison.p_holm is None or comparison.p_holm > alpha:
        return "no difference shown"
    if comparison.mean > 0:
        return "no difference shown" if contest.control.diverged else "better"
    return "no difference shown" if contest.cell.diverged else "worse"
