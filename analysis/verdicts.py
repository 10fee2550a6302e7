"""The verdict of a condition: differences of test examples in, verdict out."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from analysis.intervals import Parts, bounds, half_width, item_variance, p_below, parts
from trainables.errors import UsageError

Word = Literal["within", "outside", "inconclusive"]
# Error on each side of an interval.
ALPHA = 0.05
# Fewer seeds choose what to test and decide nothing.
LEAST_SEEDS = 3


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What the paired differences of one condition show of this training set.

    Attributes:
        verdict: "within" if the interval lies above the line at minus the tolerance, "outside"
            if below it, else "inconclusive".
        mean_pp: Mean difference.
        low_pp: Lower bound for other seeds and other test examples; None with one seed or one
            test example, as are all that need an interval.
        high_pp: Upper bound for the same.
        test_low_pp: Lower bound for this very test set: noise between runs alone.
        test_high_pp: Upper bound for this very test set.
        p_not_within: One-sided p of "not within", in [0, 0.5].
        n_seeds: Paired seeds.
        sd_pp: Standard deviation of the differences between seeds.
        test_variance_pp2: Variance of the mean by the choice of test examples, in pp squared.
        diverged: Seeds whose pruned run fell out below: with one the condition is never within.
        equivalent: Whether the interval also lies below plus the tolerance.
        improved: Whether it lies above zero.
        tolerance_pp: The tolerance judged by.
        alpha: Error of each bound.
        parts: What the interval is made of; None of an average.
    """

    verdict: Word = "inconclusive"
    mean_pp: float
    low_pp: float | None = None
    high_pp: float | None = None
    test_low_pp: float | None = None
    test_high_pp: float | None = None
    p_not_within: float | None = None
    n_seeds: int
    sd_pp: float | None = None
    test_variance_pp2: float = 0.0
    diverged: tuple[int, ...] = ()
    equivalent: bool = False
    improved: bool = False
    tolerance_pp: float = 1.0
    alpha: float = ALPHA
    parts: Parts | None = None


def judge(
    x: ArrayLike,
    *,
    tolerance_pp: float = 1.0,
    alpha: float = ALPHA,
    item_share: float = 1.0,
    diverged: Sequence[int] = (),
) -> Verdict:
    """Judge a condition by the interval of its paired differences.

    Args:
        x: What each test example adds to the pruned run's accuracy less the full run's, shape
            (n, seeds): -1, 0 or 1.
        tolerance_pp: How far below the baseline is still within, above 0.
        alpha: Error allowed on each side, in (0, 0.5).
        item_share: Of that error the share for the choice of test examples, in (0, 1]: below 1
            where the condition was chosen on the same examples.
        diverged: Seeds whose pruned run is named as diverged; they stay in the mean.

    Returns:
        The verdict; with one seed "inconclusive" and without an interval.

    Raises:
        UsageError: If the tolerance is not above 0.
        ValueError: If there is no difference, or one that is no number.
    """
    values = np.asarray(x, dtype=float)
    if values.ndim != 2 or not values.size or not np.isfinite(values).all():
        raise ValueError(f"x has shape {values.shape}; give finite numbers, (examples, seeds)")
    if not 0 < tolerance_pp < math.inf:
        raise UsageError(f"tolerance_pp is {tolerance_pp}; it must be above 0")
    p = parts(values)
    plain = Verdict(
        mean_pp=100 * float(p.mean), n_seeds=p.seeds, diverged=tuple(diverged),
        tolerance_pp=tolerance_pp, alpha=alpha, parts=p,
    )  # fmt: skip
    return plain if min(p.seeds, p.n) == 1 else _bounded(plain, p, item_share)


def _bounded(plain: Verdict, p: Parts, item_share: float) -> Verdict:
    """The verdict with its interval."""
    alpha, line = plain.alpha, plain.tolerance_pp
    found = bounds(p, alpha, item_alpha=item_share * alpha)
    low, high = (float(np.clip(100 * bound, -100, 100)) for bound in found)
    by_runs = 100 * float(half_width(p.run, p.res, 0.0, p.seeds - 1, alpha))
    word: Word = "outside" if high < -line else "inconclusive"
    return Verdict(
        verdict="within" if low > -line and not plain.diverged else word,
        mean_pp=plain.mean_pp,
        low_pp=low,
        high_pp=high,
        test_low_pp=plain.mean_pp - by_runs if by_runs else None,
        test_high_pp=plain.mean_pp + by_runs if by_runs else None,
        p_not_within=p_below(p, -line / 100, item_share=item_share),
        n_seeds=plain.n_seeds,
        sd_pp=100 * math.sqrt(float(p.run) * p.seeds),
        test_variance_pp2=1e4 * float(item_variance(p, alpha)),
        diverged=plain.diverged,
        equivalent=low > -line and high < line and not plain.diverged,
        improved=low > 0 and not plain.diverged,
        tolerance_pp=line,
        alpha=alpha,
        parts=p,
    )


def average(verdicts: Sequence[Verdict]) -> Verdict:
    """The mean over data sets of one condition, each data set counting the same.

    Only the noise inside data sets enters the interval: how much data sets differ is a finding,
    not an error.

    Raises:
        ValueError: If there is none, or they were judged by different tolerances.
    """
    if len({verdict.tolerance_pp for verdict in verdicts}) != 1:
        raise ValueError(f"{len(verdicts)} verdicts to average; they need one common tolerance")
    mean = float(np.mean([verdict.mean_pp for verdict in verdicts]))
    n_seeds, line = min(verdict.n_seeds for verdict in verdicts), verdicts[0].tolerance_pp
    known = [v for v in verdicts if v.low_pp is not None and v.high_pp is not None]
    diverged = tuple(sorted({seed for v in verdicts for seed in v.diverged}))
    alpha = max(v.alpha for v in verdicts)
    if len(known) < len(verdicts):
        return Verdict(
            mean_pp=mean, n_seeds=n_seeds, diverged=diverged, tolerance_pp=line, alpha=alpha
        )
    low = mean - _joined([v.mean_pp - (v.low_pp or 0.0) for v in known])
    high = mean + _joined([(v.high_pp or 0.0) - v.mean_pp for v in known])
    by_runs = _joined(
        [v.mean_pp - v.test_low_pp if v.test_low_pp is not None else 0.0 for v in known]
    )
    word: Word = "outside" if high < -line else "inconclusive"
    return Verdict(
        verdict="within" if low > -line and not diverged else word,
        mean_pp=mean,
        low_pp=low,
        high_pp=high,
        test_low_pp=mean - by_runs,
        test_high_pp=mean + by_runs,
        n_seeds=n_seeds,
        test_variance_pp2=sum(v.test_variance_pp2 for v in verdicts) / len(verdicts) ** 2,
        diverged=diverged,
        equivalent=low > -line and high < line and not diverged,
        improved=low > 0 and not diverged,
        tolerance_pp=line,
        alpha=alpha,
    )


def _joined(halves: Sequence[float]) -> float:
    """Half width of a mean of independent differences."""
    return math.hypot(*halves) / len(halves)
