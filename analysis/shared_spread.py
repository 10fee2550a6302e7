"""Noise between runs of many differences at once: each its own spread, drawn towards what all have.

Five seeds know a spread badly, and the correction for 45 pairs asks for a tail that four degrees of
freedom do not reach. How unlike spreads are is read from the spreads themselves: where they scatter no
more than chance lets them, all share one; the more they differ, the more each stands by itself.
"""

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import chdtri, digamma, polygamma

from analysis.intervals import Parts

# With fewer independent differences how unlike their spreads are cannot be read: each keeps its own.
LEAST_SHARING = 6
# The chance that spreads are more unlike than is assumed.
_UNLIKER = 1 / 3
# So that a spread that happens to be nil does not decide: as a share of the typical one.
_LEAST_SPREAD = 1e-3


@dataclass(frozen=True, kw_only=True)
class Prior:
    """What the spreads of a family have in common.

    Attributes:
        variance: Of a difference between seeds.
        df: What it counts for, in degrees of freedom; infinite where all spreads are alike.
        most: The most that any variance may count for: what all seeds of the family come to.
    """

    variance: float
    df: float
    most: float


def prior_of(found: Sequence[Parts], sharing: int) -> Prior | None:
    """What the spreads of some differences have in common; None where too few share one.

    Args:
        found: The differences, each of three seeds or more.
        sharing: How many of them are independent.

    References:
        Smyth, "Linear models and empirical Bayes methods for assessing differential expression in
        microarray experiments", 2004; its moment estimate, at an upper bound of the scatter.
    """
    if sharing < LEAST_SHARING:
        return None
    df = np.array([p.seeds - 1 for p in found], dtype=float)
    variance = np.array([float(p.run) * p.seeds for p in found])
    if not variance.any():
        return None
    variance = np.maximum(variance, _LEAST_SPREAD * float(np.median(variance[variance > 0])))
    logs: NDArray[np.float64] = np.log(variance) - digamma(df / 2) + np.log(df / 2)
    upper = logs.var(ddof=1) * (sharing - 1) / chdtri(sharing - 1, 1 - _UNLIKER)
    unlike = float(upper - polygamma(1, df / 2).mean())
    most = float(sharing * df.mean())
    if unlike <= 0:
        return Prior(variance=float(variance.mean()), df=np.inf, most=most)
    own = 2 * _inverse_trigamma(unlike)
    at = float(np.exp(logs.mean() + digamma(own / 2) - np.log(own / 2)))
    return Prior(variance=at, df=own, most=most)


def moderated(p: Parts, prior: Prior | None) -> Parts:
    """A difference with its spread drawn towards the family's, and both its parts joined apart."""
    df = p.seeds - 1
    if prior is None or not df:
        return replace(p, apart=True)
    own = float(p.run) * p.seeds
    if np.isinf(prior.df):
        variance = prior.variance
    else:
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


def _inverse_trigamma(value: float) -> float:
    def off(log_x: float) -> float:
        return float(polygamma(1, np.exp(log_x)) - value)

    return float(np.exp(brentq(off, np.log(1e-6), np.log(1e9))))
