"""Noise between runs of many differences at once: each its own spread, drawn towards what all have.

Five seeds know a spread badly, and the correction for 45 pairs asks for a tail that four degrees of
freedom do not reach. How unlike spreads are is read from the spreads themselves: where they scatter no
more than chance lets them, all share one; the more they differ, the more each stands by itself.
"""

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln

from analysis.intervals import Parts

# With fewer independent differences how unlike their spreads are cannot be read: each keeps its own.
LEAST_SHARING = 6
# What the common spread may count for, in degrees of freedom, the least first; the last is all alike.
_COUNTS_FOR = (1, 1.5, 2, 3, 4, 5, 6, 8, 10, 12, 16, 20, 24, 32, 48, 64, 96, 128, 256, 1e6)
# How much less likely than the likeliest the assumed one may be, in log likelihood, over how many independent
# differences say so: by simulation, with spreads of log sd .6 and three seeds, 6 to 40 of them err in 5 %.
_LESS_LIKELY = 15.0
# So that a spread that happens to be nil does not decide: as a share of the typical one.
_LEAST_SPREAD = 1e-3
_STEPS = 12


@dataclass(frozen=True, kw_only=True)
class Prior:
    """What the spreads of a family have in common.

    Attributes:
        variance: Of a difference between seeds.
        df: What it counts for, in degrees of freedom; a million where all spreads are alike.
        most: The most that any variance may count for: what all seeds of the family come to.
    """

    variance: float
    df: float
    most: float


def prior_of(found: Sequence[Parts], sharing: int) -> Prior | None:
    """What the spreads of some differences have in common; None where too few share one.

    Variances are taken as drawn around one by a scaled inverse chi-square. Of the degrees of freedom
    that the one may count for, the least is taken that is nearly as likely as the likeliest: where the
    spreads cannot tell, they are held to be unlike.

    Args:
        found: The differences, each of three seeds or more.
        sharing: How many of them are independent.

    References:
        Smyth, "Linear models and empirical Bayes methods for assessing differential expression in
        microarray experiments", 2004.
    """
    if sharing < LEAST_SHARING:
        return None
    df = np.array([p.seeds - 1 for p in found], dtype=float)
    variance = np.array([float(p.run) * p.seeds for p in found])
    if not variance.any():
        return None
    variance = np.maximum(variance, _LEAST_SPREAD * float(np.median(variance[variance > 0])))
    fits = [_fitted(variance, df, own) for own in _COUNTS_FOR]
    # Pairs that have an arm in common say one thing twice.
    likely = np.array([fit[0] for fit in fits]) * sharing / len(found)
    least = int(np.flatnonzero(likely >= likely.max() - _LESS_LIKELY / sharing)[0])
    at, most = fits[least][1], float(sharing * df.mean())
    return Prior(variance=at, df=float(_COUNTS_FOR[least]), most=most)


def _fitted(
    variance: NDArray[np.float64], df: NDArray[np.float64], own: float
) -> tuple[float, float]:
    """Log likelihood of variances around a common one that counts for so much, and that one."""
    at = float(np.median(variance))
    for _ in range(_STEPS):
        weight = (df + own) / (own + df * variance / at)
        at = float((weight * df * variance).sum() / df.sum())
    x = df * variance / at / own
    terms = gammaln((df + own) / 2) - gammaln(df / 2) - gammaln(own / 2) + df / 2 * np.log(x)
    return float((terms - (df + own) / 2 * np.log1p(x)).sum()), at


def moderated(p: Parts, prior: Prior | None) -> Parts:
    """A difference with its spread drawn towards the family's, and both its parts joined apart."""
    df = p.seeds - 1
    if prior is None or not df:
        return replace(p, apart=True)
    own = float(p.run) * p.seeds
    variance = (prior.df * prior.variance + df * own) / (prior.df + df)
    known = float(max(df, min(prior.df + df, prior.most)))
    return replace(p, run=variance / p.seeds, df=known, apart=True)


def independent(pairs: Iterable[tuple[Hashable, Hashable]]) -> int:
    """How many of the differences of pairs are free: the arms less the groups that pairs join them to."""
    root: dict[Hashable, Hashable] = {}

    def top(arm: Hashable) -> Hashable:
        while (above := root.setdefault(arm, arm)) != arm:
            arm = above
        return arm

    joins = 0
    for one, other in pairs:
        a, b = top(one), top(other)
        joins += a != b
        root[a] = b
    return joins
