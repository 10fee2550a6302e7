"""The error that no number of rows takes away, from runs without pruning at several sizes."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import fdtri

from analysis.scaling.lines import LineValue

# A power law with a floor has three parameters: of three sizes any floor fits as well as any other.
FEWEST_SIZES = 4
_GRID = 200


@dataclass(frozen=True, kw_only=True)
class ErrorFloor:
    """What the floor is, as far as the sizes tell.

    Attributes:
        best: The floor of the power law that fits best.
        low: The least floor that fits no worse than chance explains.
        high: The largest.
    """

    best: float
    low: float
    high: float

    def tried(self, many: int = 3) -> NDArray[np.float64]:
        """Floors at which a comparison has to hold, from the least to the largest."""
        spread = np.linspace(self.low, self.high, many) if self.high > self.low else [self.low]
        return np.unique([*spread, self.best])


def floor_of(
    sizes: Sequence[float], values: Sequence[LineValue], *, alpha: float = 0.05
) -> ErrorFloor:
    """The floor c of error = c + a size^-b, by a profile over c.

    Each floor gets the power law that fits best above it; those floors are kept whose fit is no worse
    than the best one's by what noise between seeds explains. Small sizes are not on a power law yet:
    the smallest are left out one by one until one fits, at the 1 % level, or four are left, whose
    misfit then counts as noise.

    Args:
        sizes: Ascending, at least four.
        values: Errors without pruning at each.
        alpha: Error of the interval, both sides together.

    Returns:
        The floor, below every mean error.
    """
    means = np.array([value.mean for value in values])
    seeds = len(values[0].errors)
    relative = np.array([value.errors.var(ddof=1) for value in values]) / means**2
    spread = means**2 * max(float(relative.mean()), 1e-12) / seeds
    freedom = len(sizes) * (seeds - 1)
    floors = np.linspace(0, means.min(), _GRID, endpoint=False)
    for first in range(len(sizes) - FEWEST_SIZES + 1):
        x, y, v = np.log(sizes[first:]), means[first:], spread[first:]
        left = np.array([_misfit(x, y, v, floor) for floor in floors])
        misfit = float(left.min()) / (len(x) - 3)
        if misfit <= float(fdtri(len(x) - 3, freedom, 0.99)):
            break
    allowed = max(1.0, misfit) * float(fdtri(1, freedom, 1 - alpha))
    fits = np.flatnonzero(left <= left.min() + allowed)
    return ErrorFloor(
        best=float(floors[left.argmin()]),
        low=float(floors[fits[0]]),
        high=float([*floors, means.min()][fits[-1] + 1]),
    )


def _misfit(
    x: NDArray[np.float64], means: NDArray[np.float64], spread: NDArray[np.float64], floor: float
) -> float:
    """Weighted squares left by the power law above a floor, by two steps of Gauss and Newton."""
    above = means - floor
    b, a = np.polyfit(x, np.log(above), 1, w=above / np.sqrt(spread))
    for _ in range(3):
        law = np.exp(a + b * x)
        slopes = np.stack([law, law * x], axis=1) / np.sqrt(spread)[:, None]
        step, *_ = np.linalg.lstsq(slopes, (above - law) / np.sqrt(spread), rcond=None)
        a, b = a + step[0], b + step[1]
    return float((((above - np.exp(a + b * x)) ** 2) / spread).sum())
