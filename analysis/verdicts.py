"""The interval of a paired difference and the verdict it supports: numbers in, verdict out."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.optimize import brentq
from scipy.special import ndtri, stdtr, stdtrit

from trainables.errors import UsageError

Word = Literal["within", "outside", "inconclusive"]
# Up to this many seeds a cell's own spread says too little: at 2 seeds its t is 6.3.
POOLED_UP_TO = 4
# Error on each side of an interval.
ALPHA = 0.05


@dataclass(frozen=True, kw_only=True)
class Spread:
    """Run noise of a paired difference.

    Attributes:
        variance_pp2: Variance of one seed's difference, in pp squared.
        df: Degrees of freedom it is known with.
        n_cells: Cells it was pooled over.
    """

    variance_pp2: float
    df: float
    n_cells: int = 1


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What the paired differences of one condition show.

    Attributes:
        verdict: "within" if the interval lies above the line at minus the tolerance, "outside"
            if below it, else "inconclusive".
        mean_pp: Mean difference.
        low_pp: Lower bound for the task: run noise and the test set's own sampling; None with
            one seed, as are all that need a spread.
        high_pp: Upper bound for the task.
        test_low_pp: Lower bound for this very test set: run noise alone.
        test_high_pp: Upper bound for this very test set.
        p_not_within: One-sided p of "not within".
        n_seeds: Paired seeds.
        sd_pp: Standard deviation of the cell's own differences.
        run_sd_pp: The one used: own or pooled.
        df: Degrees of freedom of `run_sd_pp`.
        v_test_pp2: Variance of the mean by the choice of test examples, in pp squared.
        pooled: Whether `run_sd_pp` was pooled over cells.
        equivalent: Whether the interval also lies below plus the tolerance.
        improved: Whether it lies above zero.
        tolerance_pp: The tolerance judged by.
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
    run_sd_pp: float | None = None
    df: float | None = None
    v_test_pp2: float = 0.0
    pooled: bool = False
    equivalent: bool = False
    improved: bool = False
    tolerance_pp: float = 1.0


def half_width(run_se2: float, df: float, v_test_pp2: float, alpha: float) -> float:
    """Half of the MOVER interval: two error sources, each at its own quantile.

    Args:
        run_se2: Squared standard error by run noise, pp squared, known with df.
        df: Its degrees of freedom.
        v_test_pp2: Variance by the choice of test examples, pp squared.
        alpha: Error on each side, in (0, 0.5].

    Returns:
        The half width in pp.

    References:
        Zou, Donner, "Construction of confidence limits about effect measures", 2008.
    """
    run = float(stdtrit(df, alpha)) ** 2 * run_se2
    return math.sqrt(run + float(ndtri(alpha)) ** 2 * v_test_pp2)


def one_sided_p(gap_pp: float, run_se2: float, df: float, v_test_pp2: float) -> float:
    """The alpha at which a MOVER bound would just touch a line gap_pp away, in [0, 1].

    Above 0.5 where gap_pp is negative, that is where the mean is on the wrong side.
    """
    if gap_pp < 0:
        return 1 - one_sided_p(-gap_pp, run_se2, df, v_test_pp2)
    if gap_pp == 0:
        return 0.5
    if v_test_pp2 == 0:
        return float(stdtr(df, -gap_pp / math.sqrt(run_se2))) if run_se2 else 0.0
    least = 1e-12
    if half_width(run_se2, df, v_test_pp2, least) < gap_pp:
        return least
    return float(
        brentq(lambda a: half_width(run_se2, df, v_test_pp2, a) - gap_pp, least, 0.5, xtol=1e-12)
    )


def pooled_variance(groups: Iterable[Sequence[float]]) -> Spread | None:
    """Run noise pooled over the cells of one data set, model, learner and training.

    Cells share their baselines, so the nominal degrees of freedom are halved (never below 1).

    Args:
        groups: Differences in pp, one sequence a cell; those with fewer than two say nothing.

    Returns:
        The pooled spread, or None where fewer than two cells have a spread to pool.
    """
    spreads = [np.asarray(group, dtype=float) for group in groups if len(group) > 1]
    if len(spreads) < 2:
        return None
    nominal = sum(len(group) - 1 for group in spreads)
    squares = sum(float(((group - group.mean()) ** 2).sum()) for group in spreads)
    return Spread(variance_pp2=squares / nominal, df=max(1.0, nominal / 2), n_cells=len(spreads))


def run_spread(delta_pp: Sequence[float], pooled: Spread | None) -> tuple[Spread, bool]:
    """The spread to judge two or more seeds by, and whether it is the pooled one."""
    if pooled is not None and len(delta_pp) <= POOLED_UP_TO:
        return pooled, True
    own = float(np.var(delta_pp, ddof=1))
    return Spread(variance_pp2=own, df=len(delta_pp) - 1), False


def judge(
    delta_pp: Sequence[float],
    v_test_pp2: float = 0.0,
    *,
    tolerance_pp: float = 1.0,
    alpha: float = ALPHA,
    pooled: Spread | None = None,
) -> Verdict:
    """Judge a condition by the MOVER interval of its paired differences.

    Args:
        delta_pp: Accuracy minus baseline of each seed, in pp.
        v_test_pp2: Variance of their mean by the choice of test examples, pp squared.
        tolerance_pp: How far below the baseline is still within, above 0.
        alpha: Error allowed on each side.
        pooled: Spread of the whole data set, used up to four seeds; own spread from five.

    Returns:
        The verdict; with one seed "inconclusive" and without an interval.

    Raises:
        ValueError: If there is no difference, or one that is no number, or no tolerance.
    """
    values = np.asarray(delta_pp, dtype=float)
    if not len(values) or not np.isfinite(values).all():
        raise ValueError(f"delta_pp is {list(delta_pp)}; it needs finite numbers, one a seed")
    if not 0 < tolerance_pp < math.inf:
        raise UsageError(f"tolerance_pp is {tolerance_pp}; it must be above 0")
    mean, n_seeds = float(values.mean()), len(values)
    if n_seeds == 1:
        return Verdict(mean_pp=mean, n_seeds=1, v_test_pp2=v_test_pp2, tolerance_pp=tolerance_pp)
    spread, is_pooled = run_spread(delta_pp, pooled)
    run_se2 = spread.variance_pp2 / n_seeds
    half = half_width(run_se2, spread.df, v_test_pp2, alpha)
    test_half = half_width(run_se2, spread.df, 0.0, alpha)
    return Verdict(
        verdict=_word(mean - half, mean + half, tolerance_pp),
        mean_pp=mean,
        low_pp=mean - half,
        high_pp=mean + half,
        test_low_pp=mean - test_half,
        test_high_pp=mean + test_half,
        p_not_within=one_sided_p(mean + tolerance_pp, run_se2, spread.df, v_test_pp2),
        n_seeds=n_seeds,
        sd_pp=float(values.std(ddof=1)),
        run_sd_pp=math.sqrt(spread.variance_pp2),
        df=spread.df,
        v_test_pp2=v_test_pp2,
        pooled=is_pooled,
        equivalent=mean - half > -tolerance_pp and mean + half < tolerance_pp,
        improved=mean - half > 0,
        tolerance_pp=tolerance_pp,
    )


def _word(low_pp: float, high_pp: float, tolerance_pp: float) -> Word:
    if low_pp > -tolerance_pp:
        return "within"
    return "outside" if high_pp < -tolerance_pp else "inconclusive"


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
    n_seeds = min(verdict.n_seeds for verdict in verdicts)
    tolerance_pp = verdicts[0].tolerance_pp
    halves = [v.high_pp - v.mean_pp for v in verdicts if v.high_pp is not None]
    runs = [v.test_high_pp - v.mean_pp for v in verdicts if v.test_high_pp is not None]
    if len(halves) < len(verdicts):
        return Verdict(mean_pp=mean, n_seeds=n_seeds, tolerance_pp=tolerance_pp)
    half, run = math.hypot(*halves) / len(halves), math.hypot(*runs) / len(runs)
    return Verdict(
        verdict=_word(mean - half, mean + half, tolerance_pp),
        mean_pp=mean,
        low_pp=mean - half,
        high_pp=mean + half,
        test_low_pp=mean - run,
        test_high_pp=mean + run,
        n_seeds=n_seeds,
        v_test_pp2=sum(verdict.v_test_pp2 for verdict in verdicts) / len(verdicts) ** 2,
        pooled=any(verdict.pooled for verdict in verdicts),
        equivalent=mean - half > -tolerance_pp and mean + half < tolerance_pp,
        improved=mean - half > 0,
        tolerance_pp=tolerance_pp,
    )
