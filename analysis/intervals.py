"""The interval of a paired difference: noise between runs and the choice of test examples, joined.

Everything here is in fractions (0.01 is one percentage point), levels are one-sided, and every
number may be an array: leading axes are studies, for simulations.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import brentq
from scipy.special import gammainccinv, gammaincinv, ndtr, ndtri, stdtrit

Floats = NDArray[np.float64]

# p values are looked for between these; where one lies outside, the nearer one is given.
_LEAST_P, _MOST_P = 1e-12, 0.5
# So that a variance of zero divides nothing.
_TINY = 1e-300
# Of an error, the part at which what was chosen on the same test examples is tested: a little of the
# choice stays in them. Where the choice itself is counted, the error is whole.
OF_CHOSEN = 0.8


@dataclass(frozen=True, kw_only=True)
class Parts:
    """What the interval of one paired difference is made of.

    Attributes:
        n: Test examples.
        seeds: Pairs of runs.
        mean: Mean difference.
        run: Variance of the mean by noise between runs, that of single examples' flips included.
        res: The part of it that flips of single examples alone would give.
        losses: Test examples lost in one seed, the mean over seeds.
        wins: Test examples won, likewise.
        jump: How much of its own size one more differing example adds to the variance, in (0, unit]:
            near 1 where the same examples differ in every seed, near 0 where all differ by chance.
        searched: Seeds of other runs by which the condition was chosen on the same test examples.
        df: Degrees of freedom of `run`, where it is not known by these seeds alone; None where it is.
        apart: Join noise between runs and the choice of test examples each at its own quantile (MOVER),
            which holds at any error, however small; else by Welch's rule.
    """

    n: int
    seeds: int
    mean: Any
    run: Any
    res: Any
    losses: Any
    wins: Any
    jump: Any
    searched: int = 0
    df: float | None = None
    apart: bool = False


def parts(x: ArrayLike, *, unit: float = 1.0, searched: int = 0) -> Parts:
    """Take the differences of examples apart.

    The variance over test examples leaves out what chance flips bring, which noise between runs
    holds already: nothing is counted twice. One example that differs in every seed is assumed
    beforehand, so that no difference at all still has an interval.

    Args:
        x: What example i adds to the pruned run's accuracy less the full run's in seed s, shape
            (..., n, seeds): -1, 0 or 1; of another metric its linearised contribution.
        unit: The most that one example can add, or was seen to.
        searched: As of `Parts`.
    """
    values = np.asarray(x, dtype=np.float64)
    n, seeds = values.shape[-2:]
    by_seed, squares = values.mean(-2), (values.mean(-1) ** 2).sum(-1)
    mean, size = by_seed.mean(-1), np.abs(values).sum((-1, -2)) / seeds
    run = res = 0.0 * mean
    if seeds > 1:
        run = by_seed.var(-1, ddof=1) / seeds
    if seeds > 1 and n > 1:
        flips = (values**2).sum((-1, -2)) - seeds * squares - n * (seeds - 1) * seeds * run
        res = np.maximum(0, flips) / ((n - 1) * (seeds - 1)) / (n * seeds)
    item = np.maximum(0, squares - n * mean**2 - n * n * res)
    jump = np.clip((item + unit**2) / (size + unit), 1e-9 * unit, unit)
    return Parts(
        n=n, seeds=seeds, mean=mean, run=run, res=res, jump=jump,
        losses=(size - n * mean) / 2, wins=(size + n * mean) / 2, searched=searched,
    )  # fmt: skip


def half_width(run: Any, res: Any, item: Any, df: float, alpha: float) -> Any:
    """Welch's half width of a mean, never below that by noise between runs alone.

    Args:
        run: Variance of the mean by runs, known with df degrees of freedom.
        res: Floor of that variance: what flips of single examples alone would give.
        item: Variance by the choice of test examples.
        df: Degrees of freedom of `run`.
        alpha: Error on one side, in (0, 0.5).

    References:
        Welch, "The generalization of 'Student's' problem when several different population
        variances are involved", 1947.
    """
    total = np.maximum(run, res) + item
    # At least df: the total is never below what is known with df.
    welch = np.maximum(df, df * (total / np.maximum(np.maximum(run, 1e-9 * total), _TINY)) ** 2)
    alone = -stdtrit(df, alpha) * np.sqrt(run)
    return np.maximum(alone, -stdtrit(welch, alpha) * np.sqrt(total))


def bounds(
    p: Parts, alpha: float = 0.05, *, item_alpha: float | None = None, df: float | None = None
) -> tuple[Any, Any]:
    """Lower and upper bound of the mean difference, each wrong in a share alpha of studies at most.

    Differing examples are counted as Poisson, losses and wins each with exact limits, joined by
    MOVER; runs by their own spread. Where losses outnumber wins, noise between runs leans towards
    them and the lower bound is moved by as much (Johnson's skewed t).

    Args:
        p: Of `parts`.
        alpha: Error on each side, in (0, 0.5).
        item_alpha: A stricter error for the choice of test examples, where these have been looked
            at before: alpha over the number of conditions that one was chosen from; alpha without it.
        df: Degrees of freedom of the noise between runs; without it those of `p`, or seeds - 1.

    References:
        Garwood, "Fiducial limits for the Poisson distribution", 1936; Zou, Donner, "Construction
        of confidence limits about effect measures", 2008; Johnson, "Modified t tests and
        confidence intervals for asymmetrical populations", 1978.
    """
    lost, won = _counts(p)
    level = alpha if item_alpha is None else item_alpha
    low, high = (_reach(p, sides, alpha, level, df) for sides in ((lost, won), (won, lost)))
    return p.mean - low, p.mean + high


def _reach(p: Parts, sides: tuple[Any, Any], alpha: float, level: float, df: float | None) -> Any:
    """How far a bound lies from the mean: on the side of losses, or of wins, which come first."""
    more, less = sides
    z = -float(ndtri(alpha))
    known = p.df if df is None else df
    freedom = max(p.seeds - 1, 1) if known is None else known
    plain = _item_variance(p, more, less, level)
    item = plain * (float(ndtri(level)) / z) ** 2
    share = np.maximum(0, more - less) / np.maximum(more + less, _TINY)
    lean = share * p.run * p.n / np.maximum(more * p.jump, _TINY) * (1 + 2 * z * z) / 3
    half = (_half_apart if p.apart else half_width)(p.run, p.res, item, freedom, alpha)
    if level < alpha and p.searched > p.seeds:
        half = np.maximum(half, _half_of_chosen(p, plain, freedom, alpha, alpha / level))
    return half + lean


def _half_apart(run: Any, res: Any, item: Any, df: float, alpha: float) -> Any:
    """MOVER's half width: each part at its own quantile; never below Welch's at small errors."""
    by_runs = float(stdtrit(df, alpha)) ** 2 * np.maximum(run, res)
    return np.sqrt(by_runs + float(ndtri(alpha)) ** 2 * item)


def _half_of_chosen(p: Parts, item: Any, df: float, alpha: float, cuts: float) -> Any:
    """Half width of what more seeds than these chose among cuts, on the same test examples.

    The surer the search, the more it is the test examples that it chose by, and what these add to the
    best of so many cuts is no noise: it is added to the width, and what it varies by to the variance.

    Args:
        p: What the fresh seeds show.
        item: Variance by the choice of test examples.
        df: Degrees of freedom of the noise between runs.
        alpha: Error on one side, of what was chosen.
        cuts: How many were chosen from.
    """
    most, spread = _largest_of(cuts)
    # Of what cuts differed by in the search, were all equally good, the share that is test examples.
    by_item = item / (item + np.maximum(p.run, p.res) * p.seeds / p.searched)
    left = item * (1 - by_item * (1 - spread))
    return most * np.sqrt(item * by_item) + half_width(p.run, p.res, left, df, alpha / OF_CHOSEN)


@lru_cache
def _largest_of(cuts: float) -> tuple[float, float]:
    """Mean and variance of the largest of so many normal draws."""
    z = np.linspace(-9, 9, 4001)
    share = np.diff(ndtr(z) ** cuts)
    middle = (z[1:] + z[:-1]) / 2
    mean = float(share @ middle)
    return mean, float(share @ (middle - mean) ** 2)


def item_variance(p: Parts, alpha: float = 0.05) -> Any:
    """Variance of the mean by the choice of test examples, as the lower bound at alpha counts it."""
    return _item_variance(p, *_counts(p), alpha)


def _counts(p: Parts) -> tuple[Any, Any]:
    """Losses and wins as Poisson counts: examples that differ in every seed count whole."""
    return np.maximum(p.losses, 0) / p.jump, np.maximum(p.wins, 0) / p.jump


def _item_variance(p: Parts, more: Any, less: Any, level: float) -> Any:
    up = gammainccinv(more + 1, level) - more
    down = less - np.where(less > 0, gammaincinv(np.maximum(less, _TINY), level), 0)
    return (p.jump / p.n) ** 2 * (up**2 + down**2) / float(ndtri(level)) ** 2


def p_below(p: Parts, line: float, *, item_share: float = 1.0) -> float:
    """One-sided p of "the difference is at or below the line": where the lower bound meets it.

    Args:
        p: Of `parts`.
        line: In fractions.
        item_share: Error of the choice of test examples, as a share of that of the runs.
    """
    return _level(p, line, side=0, item_share=item_share)


def p_above(p: Parts, line: float, *, item_share: float = 1.0) -> float:
    """One-sided p of "the difference is at or above the line": where the upper bound meets it."""
    return _level(p, line, side=1, item_share=item_share)


def two_sided_p(p: Parts, *, item_share: float = 1.0) -> float:
    """P of "there is no difference", in [0, 1]."""
    sides = (side(p, 0.0, item_share=item_share) for side in (p_below, p_above))
    return min(1.0, 2 * min(sides))


def _level(p: Parts, line: float, *, side: int, item_share: float) -> float:
    """The alpha at which a bound meets a line, in [1e-12, 0.5]."""
    lost, won = _counts(p)
    sides, sign = ((lost, won), -1) if side == 0 else ((won, lost), 1)

    def gap(log_alpha: float) -> float:
        alpha = float(np.exp(log_alpha))
        bound = p.mean + sign * _reach(p, sides, alpha, item_share * alpha, None)
        return float(-sign * (bound - line))

    least, most = np.log(_LEAST_P), np.log(0.4999)
    if gap(most) <= 0:
        return _MOST_P
    return _LEAST_P if gap(least) > 0 else float(np.exp(brentq(gap, least, most)))
