"""The verdict of a condition: differences of test examples in, verdict out."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analysis.intervals import Parts, bounds, half_width, item_variance, p_below, parts
from analysis.metrics import ACCURACY, Metric
from trainables.errors import UsageError

Word = Literal["within", "outside", "inconclusive"]
# Error on each side of an interval.
ALPHA = 0.05
# Fewer seeds choose what to test and decide nothing.
LEAST_SEEDS = 3
# So many test examples must carry a difference before the largest seen stands for what one may add.
LEAST_EXAMPLES = 5


@dataclass(frozen=True, kw_only=True)
class ChosenBy:
    """How a condition was chosen on the test examples that it is judged by.

    Attributes:
        share: Of the error the share for the choice of test examples, in (0, 1]: 1 over the number of
            conditions it was chosen from.
        seeds: Seeds of other runs that it was chosen by.
    """

    share: float = 1.0
    seeds: int = 0


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What the paired differences of one condition show of this training set.

    Attributes:
        verdict: "within" if the interval lies above the line at minus the tolerance, "outside"
            if below it, else "inconclusive".
        mean: Mean difference; not a number where the metric has no value.
        low: Lower bound for other seeds and other test examples; None with one seed or one
            test example, as are all that need an interval.
        high: Upper bound for the same.
        test_low: Lower bound for this very test set: noise between runs alone.
        test_high: Upper bound for this very test set.
        p_not_within: One-sided p of "not within", in [0, 0.5].
        n_seeds: Paired seeds.
        sd: Standard deviation of the differences between seeds.
        test_variance: Variance of the mean by the choice of test examples, in pp squared.
        diverged: Seeds whose pruned run fell out below: with one the condition is never within.
        equivalent: Whether the interval also lies below plus the tolerance.
        improved: Whether it lies above zero.
        tolerance: The tolerance judged by.
        alpha: Error of each bound.
        parts: What the interval is made of; None of an average.
        scale: What differences of `parts` are multiplied by to be in the metric's unit.
        few: How many test examples carry the difference, where these are too few to decide by.
        no_value: Why the metric has no value on these test rows; empty where it has one.
    """

    verdict: Word = "inconclusive"
    mean: float
    low: float | None = None
    high: float | None = None
    test_low: float | None = None
    test_high: float | None = None
    p_not_within: float | None = None
    n_seeds: int
    sd: float | None = None
    test_variance: float = 0.0
    diverged: tuple[int, ...] = ()
    equivalent: bool = False
    improved: bool = False
    tolerance: float = 1.0
    alpha: float = ALPHA
    parts: Parts | None = None
    scale: float = 100.0
    few: int | None = None
    no_value: str = ""

    @property
    def line(self) -> float:
        """The line, as `parts` counts: minus the tolerance."""
        return -self.tolerance / self.scale

    @property
    def decided(self) -> Word:
        """What may be concluded: of fewer than three seeds nothing, whatever their interval says."""
        return self.verdict if self.n_seeds >= LEAST_SEEDS else "inconclusive"


def judge(
    x: ArrayLike,
    *,
    tolerance: float = 1.0,
    alpha: float = ALPHA,
    chosen: ChosenBy = ChosenBy(),
    diverged: Sequence[int] = (),
    metric: Metric = ACCURACY,
    most: float | None = 1.0,
) -> Verdict:
    """Judge a condition by the interval of its paired differences.

    Args:
        x: What each test example adds to the pruned run's value less the full run's, below 0 where that
            is worse, shape (n, seeds): -1, 0 or 1 of accuracy.
        tolerance: How far below the baseline is still within, 0 or more.
        alpha: Error allowed on each side, in (0, 0.5).
        chosen: How the condition was chosen on the same examples, if it was.
        diverged: Seeds whose pruned run is named as diverged; they stay in the mean.
        metric: What the differences are of.
        most: The most that one example can add; None where anything, as `Metric.most` says.

    Returns:
        The verdict; with one seed "inconclusive" and without an interval.

    Raises:
        UsageError: If the tolerance is below 0.
        ValueError: If there is no difference, or one that is no number.
    """
    values = np.asarray(x, dtype=float)
    if values.ndim != 2 or not values.size or not np.isfinite(values).all():
        raise ValueError(f"x has shape {values.shape}; give finite numbers, (examples, seeds)")
    if not 0 <= tolerance < math.inf:
        raise UsageError(f"tolerance is {tolerance}; it must be 0 or more")
    p, few = parts_of(values, most, searched=chosen.seeds)
    plain = Verdict(
        mean=metric.scale * float(p.mean), n_seeds=p.seeds, diverged=tuple(diverged),
        tolerance=tolerance, alpha=alpha, parts=p, scale=metric.scale,
        few=few,
    )  # fmt: skip
    return plain if min(p.seeds, p.n) == 1 else _bounded(plain, p, chosen.share, metric)


def parts_of(
    x: NDArray[np.float64], most: float | None, *, searched: int = 0
) -> tuple[Parts, int | None]:
    """What an interval is made of, with the largest difference seen as the size of an example.

    Where fewer than five examples carry the difference, the most that one can add is the size; where
    that is not known either, nothing can be decided.

    Args:
        x: Differences, shape (n, seeds).
        most: The most that one example can add, or None.
        searched: As of `Parts`.

    Returns:
        The parts, and how many examples carry the difference where these are too few to decide by.
    """
    largest, carrying = float(np.abs(x).max()), _carrying(x)
    if most and carrying < LEAST_EXAMPLES:
        return parts(x, unit=most, searched=searched), None
    is_few = carrying < LEAST_EXAMPLES and not most
    few = min(round(carrying), LEAST_EXAMPLES - 1) if is_few else None
    return parts(x, unit=largest or 1.0, searched=searched), few


def _carrying(x: NDArray[np.float64]) -> float:
    """How many examples carry a difference, were they all of one size (Kish's effective number)."""
    own = x.mean(axis=1) - x.mean()
    squares, fourths = float((own**2).sum()), float((own**4).sum())
    # Where all differ alike, all carry it; where none differs, none does.
    return squares**2 / fourths if fourths else float(len(x) * bool(x.any()))


def _bounded(plain: Verdict, p: Parts, item_share: float, metric: Metric) -> Verdict:
    """The verdict with its interval."""
    alpha, line, scale = plain.alpha, plain.tolerance, plain.scale
    found = bounds(p, alpha, item_alpha=item_share * alpha)
    # A share changes by all of itself at most.
    most = scale if metric.unit == "pp" else math.inf
    low, high = (float(np.clip(scale * bound, -most, most)) for bound in found)
    by_runs = scale * float(half_width(p.run, p.res, 0.0, p.seeds - 1, alpha))
    may_pass = not plain.diverged and plain.few is None
    word: Word = "outside" if high < -line and plain.few is None else "inconclusive"
    return replace(
        plain,
        verdict="within" if low > -line and may_pass else word,
        low=low,
        high=high,
        test_low=plain.mean - by_runs if by_runs else None,
        test_high=plain.mean + by_runs if by_runs else None,
        p_not_within=p_below(p, plain.line, item_share=item_share),
        sd=scale * math.sqrt(float(p.run) * p.seeds),
        test_variance=scale**2 * float(item_variance(p, alpha)),
        equivalent=low > -line and high < line and may_pass,
        improved=low > 0 and may_pass,
    )


def average(verdicts: Sequence[Verdict]) -> Verdict:
    """The mean over data sets of one condition, each data set counting the same.

    Only the noise inside data sets enters the interval: how much data sets differ is a finding,
    not an error. What keeps one of them from being within by more than its interval, such as a guard,
    keeps the mean from it.

    Raises:
        ValueError: If there is none, or they were judged by different tolerances.
    """
    if len({verdict.tolerance for verdict in verdicts}) != 1:
        raise ValueError(f"{len(verdicts)} verdicts to average; they need one common tolerance")
    mean = float(np.mean([verdict.mean for verdict in verdicts]))
    n_seeds, line = min(verdict.n_seeds for verdict in verdicts), verdicts[0].tolerance
    known = [v for v in verdicts if v.low is not None and v.high is not None]
    diverged = tuple(sorted({seed for v in verdicts for seed in v.diverged}))
    alpha = max(v.alpha for v in verdicts)
    if len(known) < len(verdicts):
        return Verdict(mean=mean, n_seeds=n_seeds, diverged=diverged, tolerance=line, alpha=alpha)
    low = mean - _joined([v.mean - (v.low or 0.0) for v in known])
    high = mean + _joined([(v.high or 0.0) - v.mean for v in known])
    by_runs = _joined([v.mean - v.test_low if v.test_low is not None else 0.0 for v in known])
    is_few = any(v.few is not None for v in known)
    word: Word = "outside" if high < -line and not is_few else "inconclusive"
    may_pass = not diverged and not is_few and not any(_is_held_back(v) for v in known)
    return Verdict(
        verdict="within" if low > -line and may_pass else word,
        mean=mean,
        low=low,
        high=high,
        test_low=mean - by_runs,
        test_high=mean + by_runs,
        n_seeds=n_seeds,
        test_variance=sum(v.test_variance for v in verdicts) / len(verdicts) ** 2,
        diverged=diverged,
        equivalent=low > -line and high < line and may_pass,
        improved=low > 0 and may_pass,
        tolerance=line,
        alpha=alpha,
    )


def _is_held_back(v: Verdict) -> bool:
    """Whether a condition is not within though its interval is: a guard fails, or nothing was learned."""
    return v.verdict != "within" and v.low is not None and v.low > -v.tolerance


def _joined(halves: Sequence[float]) -> float:
    """Half width of a mean of independent differences."""
    return math.hypot(*halves) / len(halves)
