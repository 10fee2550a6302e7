"""Differences of logarithms of mean errors above a floor, with their bounds and p."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtr, stdtrit

from analysis.intervals import Parts, bounds, p_above, parts
from analysis.scaling.lines import LineValue

_MOST_P = 0.5


@dataclass(frozen=True, kw_only=True)
class LogContrast:
    """Sum of signed logarithms of what mean errors have above a floor.

    The logarithms are taken of means over seeds, and linearised around them for the spread: one seed's
    error may lie below the floor.

    Attributes:
        mean: The sum.
        by_seed: What each seed adds to it, linearised, shape (s,).
        joined: With the choice of test rows; None where their errors are not known.
    """

    mean: float
    by_seed: NDArray[np.float64]
    joined: Parts | None

    def bounds(self, alpha: float) -> tuple[float, float]:
        """Lower and upper bound, each wrong in a share alpha of studies at most."""
        if self.joined is not None:
            low, high = bounds(self.joined, alpha)
            return float(low), float(high)
        if self._spread == 0:
            return self.mean, self.mean
        half = -float(stdtrit(len(self.by_seed) - 1, alpha)) * self._spread
        return self.mean - half, self.mean + half

    def p_not_below_zero(self) -> float:
        """One-sided p of "it is zero or above", in [0, 0.5]."""
        if self.joined is not None:
            return p_above(self.joined, 0.0)
        # Seeds that agree to the last digit are one run seen several times: nothing is known of chance.
        if self._spread == 0:
            return _MOST_P
        p = float(stdtr(len(self.by_seed) - 1, self.mean / self._spread))
        return min(p, _MOST_P)

    @property
    def _spread(self) -> float:
        return float(self.by_seed.std(ddof=1) / np.sqrt(len(self.by_seed)))


def log_contrast(terms: Sequence[tuple[int, LineValue]], floor: float) -> LogContrast:
    """The contrast of signed values.

    Args:
        terms: A sign, 1 or -1, and a value each; the same value with both signs drops out.
        floor: Below every value's mean.
    """
    signs: dict[int, int] = {}
    values = {id(value): value for _, value in terms}
    for sign, value in terms:
        signs[id(value)] = signs.get(id(value), 0) + sign
    kept = [(sign, values[key]) for key, sign in signs.items() if sign]
    if not kept:
        still = np.zeros(len(terms[0][1].errors))
        return LogContrast(mean=0.0, by_seed=still, joined=None)
    factors = [sign / (value.mean - floor) for sign, value in kept]
    mean = float(sum(sign * np.log(value.mean - floor) for sign, value in kept))
    by_seed = sum(factor * value.errors for factor, (_, value) in zip(factors, kept, strict=True))
    joined = None
    rows = [value.rows for _, value in kept]
    if all(one is not None for one in rows):
        x = sum(factor * one for factor, one in zip(factors, rows, strict=True) if one is not None)
        most = max(float(np.abs(one).max()) for one in rows if one is not None)
        ways = [sum(f for f in factors if f > 0), -sum(f for f in factors if f < 0)]
        # A row may be wrong in all that count one way and right in all that count the other.
        joined = replace(parts(x, unit=max(ways) * most), mean=mean)
    return LogContrast(mean=mean, by_seed=np.asarray(by_seed), joined=joined)
