"""Every signal beside throwing data away at random: paired by seed, corrected for their number."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from analysis.envelope import Cell
from analysis.methods import Condition
from analysis.pairing import correct_bits, sampling_variance
from analysis.run_noise import noise_group, pooled_by_dataset, source_group
from analysis.verdicts import Spread, half_width, one_sided_p, run_spread
from trainables.result import TrialResult

Finding = Literal["better", "worse", "no difference shown"]


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """A signal's cell minus the random cell of the same rate, paired by seed.

    Attributes:
        condition: The signal's condition.
        control: The random condition it was held against.
        seeds: Seeds both have.
        mean_pp: Mean difference of accuracy; above zero the signal does better.
        low_pp: Lower bound of its MOVER interval; None with one seed.
        high_pp: Upper bound.
        p: One-sided, in the direction seen; None with one seed.
        p_holm: The same after Holm's correction over the data set's comparisons.
        finding: "better" or "worse" where p_holm is at most alpha.
    """

    condition: Condition
    control: Condition
    seeds: tuple[int, ...]
    mean_pp: float
    low_pp: float | None = None
    high_pp: float | None = None
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
    condition: Condition
    control: Condition
    seeds: tuple[int, ...]
    delta_pp: tuple[float, ...]
    v_test_pp2: float


def holm(p_values: Sequence[float]) -> list[float]:
    """Holm's step-down adjusted p values, in the order given.

    References:
        Holm, "A simple sequentially rejective multiple test procedure", 1979.
    """
    adjusted = [0.0] * len(p_values)
    least = 0.0
    for rank, index in enumerate(np.argsort(p_values, kind="stable")):
        least = max(least, min(1.0, (len(p_values) - rank) * p_values[index]))
        adjusted[index] = least
    return adjusted


def against_random(
    found: Iterable[Cell], *, alpha: float = 0.05, pool: bool = True
) -> dict[Condition, Comparison]:
    """Hold every signal's cell against random pruning of the same rate, warm-up and protocol.

    The control cut by the same selector is preferred, then any other; a cell without control
    or without a common seed is left out. Holm's correction runs over the comparisons of one
    data set, model and training.

    Args:
        found: Cells of a run.
        alpha: Error allowed for "better" and for "worse", over the family.
        pool: Pool the run noise of a data set's contests up to four seeds.

    Returns:
        Comparisons by the signal's condition.
    """
    found = list(found)
    controls = _controls(found)
    contests = [
        contest
        for cell in found
        if not cell.condition.is_control and cell.condition.kind != "null"
        for contest in [_contest(cell, controls[cell.condition.control_key])]
        if contest is not None
    ]
    pooled = pooled_by_dataset((c.condition, c.delta_pp) for c in contests)
    families: dict[tuple[Any, ...], list[Comparison]] = defaultdict(list)
    for contest in contests:
        spread = pooled[noise_group(contest.condition)] if pool else None
        families[source_group(contest.condition)].append(_compare(contest, spread, alpha))
    return {
        comparison.condition: comparison
        for family in families.values()
        for comparison in _corrected(family, alpha)
    }


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
        both = _common(cell, control)
        if both:
            return _Contest(
                condition=cell.condition,
                control=control.condition,
                seeds=tuple(mine.spec.seed for mine, _ in both),
                delta_pp=tuple(
                    100 * (mine.accuracy - other.accuracy)
                    for mine, other in both
                    if mine.accuracy is not None and other.accuracy is not None
                ),
                v_test_pp2=sampling_variance(
                    [correct_bits(mine) - correct_bits(other) for mine, other in both]
                ),
            )
    return None


def _common(cell: Cell, control: Cell) -> list[tuple[TrialResult, TrialResult]]:
    others = {pair.seed: pair.pruned for pair in control.pairs}
    return [
        (pair.pruned, others[pair.seed])
        for pair in cell.pairs
        if pair.seed in others and others[pair.seed].environment == pair.pruned.environment
    ]


def _compare(contest: _Contest, pooled: Spread | None, alpha: float) -> Comparison:
    mean = float(np.mean(contest.delta_pp))
    plain = Comparison(
        condition=contest.condition, control=contest.control, seeds=contest.seeds, mean_pp=mean
    )
    if len(contest.seeds) == 1:
        return plain
    spread, _ = run_spread(contest.delta_pp, pooled)
    run_se2 = spread.variance_pp2 / len(contest.seeds)
    half = half_width(run_se2, spread.df, contest.v_test_pp2, alpha)
    p = one_sided_p(abs(mean), run_se2, spread.df, contest.v_test_pp2)
    return replace(plain, low_pp=mean - half, high_pp=mean + half, p=p)


def _corrected(family: Sequence[Comparison], alpha: float) -> list[Comparison]:
    tested = [comparison for comparison in family if comparison.p is not None]
    adjusted = holm([comparison.p for comparison in tested if comparison.p is not None])
    known = dict(zip((c.condition for c in tested), adjusted, strict=True))
    return [
        replace(c, p_holm=known[c.condition], finding=_finding(c, known[c.condition], alpha))
        if c.condition in known
        else c
        for c in family
    ]


def _finding(comparison: Comparison, p_holm: float, alpha: float) -> Finding:
    if p_holm > alpha:
        return "no difference shown"
    return "better" if comparison.mean_pp > 0 else "worse"
