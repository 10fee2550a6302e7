"""Any two conditions of one data set beside each other: paired by seed and by test row."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.envelope import Cell
from analysis.intervals import Parts, bounds, parts
from analysis.methods import Condition
from analysis.metrics import ACCURACY
from analysis.verdicts import parts_of

Gained = Mapping[int, NDArray[Any]]


@dataclass(frozen=True, kw_only=True)
class ArmDifference:
    """One arm's change less another's, each against its own full-data run of the seed.

    Attributes:
        left: Conditions of the one, one a rate.
        right: Of the other, at the same rates or, of one rate against another, at its own.
        seeds: Seeds that all have.
        mean: Mean difference in the metric's unit; above zero the left does better.
        scale: What differences of `parts` are multiplied by to be in that unit.
        parts: What the interval is made of; None with one seed, or where too few test rows carry it.
        fell_left: Whether a run of the left fell out below.
        fell_right: Whether one of the right did.
    """

    left: tuple[Condition, ...]
    right: tuple[Condition, ...]
    seeds: tuple[int, ...]
    mean: float
    scale: float
    parts: Parts | None
    fell_left: bool
    fell_right: bool

    def interval(self, alpha: float) -> tuple[float | None, float | None]:
        """Both bounds in the metric's unit, each wrong in a share alpha at most; None without parts."""
        if self.parts is None:
            return None, None
        low, high = (float(self.scale * bound) for bound in bounds(self.parts, alpha))
        return low, high


class Arms:
    """The conditions of a run that have pairs, with what each test row adds in each seed, read once.

    Args:
        found: Cells of a run.
    """

    def __init__(self, found: Iterable[Cell]) -> None:
        self.cells = {cell.condition: cell for cell in found if cell.pairs}
        self._gained: dict[Condition, Gained] = {}

    def between(
        self, left: Sequence[Condition], right: Sequence[Condition]
    ) -> ArmDifference | None:
        """The mean over some conditions of the one less that of the other; None without a common seed.

        Two arms of one model are compared in one environment alone, where their full-data run is one.
        """
        pairs = [(self.cells[a], self.cells[b]) for a, b in zip(left, right, strict=True)]
        seeds = sorted(set.intersection(*(_common(a, b) for a, b in pairs)))
        if not seeds:
            return None
        x = _mean([self._of(a, seeds) - self._of(b, seeds) for a, b in pairs])
        cell = pairs[0][0]
        return ArmDifference(
            left=tuple(left), right=tuple(right), seeds=tuple(seeds),
            mean=cell.reading.metric.scale * float(x.mean(axis=0).mean()),
            scale=cell.reading.metric.scale,
            parts=_parts(cell, x, is_of_two_runs=not _is_one_run(*pairs[0])),
            fell_left=any(a.diverged for a, _ in pairs),
            fell_right=any(b.diverged for _, b in pairs),
        )  # fmt: skip

    def alone(self, conditions: Sequence[Condition]) -> "ArmDifference":
        """The mean change of some conditions against their full-data runs, as one arm less nothing."""
        own = [self.cells[condition] for condition in conditions]
        seeds = sorted(set.intersection(*({*cell.seeds} for cell in own)))
        x = _mean([self._of(cell, seeds) for cell in own])
        scale = own[0].reading.metric.scale
        return ArmDifference(
            left=tuple(conditions), right=(), seeds=tuple(seeds),
            mean=scale * float(x.mean(axis=0).mean()), scale=scale,
            parts=_parts(own[0], x, is_of_two_runs=False),
            fell_left=any(cell.diverged for cell in own), fell_right=False,
        )  # fmt: skip

    def _of(self, cell: Cell, seeds: Sequence[int]) -> NDArray[Any]:
        """What each test row adds to a condition's change, shape (n, seeds)."""
        if cell.condition not in self._gained:
            self._gained[cell.condition] = {pair.seed: pair.gained() for pair in cell.pairs}
        own = self._gained[cell.condition]
        return np.stack([own[seed] for seed in seeds], axis=1)


def _is_one_run(left: Cell, right: Cell) -> bool:
    """Whether both are held against one full-data run, which their difference is then free of."""
    return left.condition.method.trained == right.condition.method.trained


def _common(left: Cell, right: Cell) -> set[int]:
    """Seeds that both have; of one model only where both stand beside the very same full-data run."""
    is_one_run, others = (
        _is_one_run(left, right),
        {pair.seed: pair.baseline for pair in right.pairs},
    )
    return {
        pair.seed
        for pair in left.pairs
        if (other := others.get(pair.seed)) is not None
        and (other is pair.baseline or not is_one_run)
        and other.n_test == pair.baseline.n_test
    }


def _mean(of_rates: Sequence[NDArray[Any]]) -> NDArray[Any]:
    return of_rates[0] if len(of_rates) == 1 else np.mean(of_rates, axis=0)


def _parts(cell: Cell, x: NDArray[Any], *, is_of_two_runs: bool) -> Parts | None:
    if min(x.shape) == 1:
        return None
    pair = cell.pairs[0]
    if pair.reading.metric is ACCURACY and not is_of_two_runs:
        return parts(x)
    most = pair.reading.most(pair.baseline)
    found, few = parts_of(x.astype(float), most and most * (1 + is_of_two_runs))
    return found if few is None else None
