"""The error that no number of rows takes away, from runs without pruning at several sizes."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import fdtri

from analysis.size_lines import LineValue

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

    def tried(self, many: int = 7) -> NDArray[np.float64]:
        """Floors at which a comparison has to hold, from the least to the largest."""
        spread = np.linspace(self.low, self.high, many) if self.high > self.low else [self.low]
        return np.unique([*spread, self.best])


def floor_of(
    sizes: Sequence[float], values: Sequence[LineValue], *, most: float, alpha: float = 0.05
) -> ErrorFloor | None:
    """The floor c of error = c + a size^-b, by a profile over c.

    Each floor gets the power law that fits best above it; those floors are kept whose fit is no worse
    than the best one's by what chance explains: the noise between seeds, or, where the power law
    itself does not fit, its misfit.

    Args:
        sizes: Ascending, at least four.
        values: Errors without pruning at each.
        most: Below it the floor must lie; where floors up to there fit, nothing is known of it.
        alpha: Error of the interval, both sides together.

    Returns:
        The floor; None where there are fewer than four sizes, or floors up to `most` fit.
    """
    m, seeds = len(sizes), len(values[0].errors)
    if m < FEWEST_SIZES or seeds < 2 or most <= 0:
        return None
    means = np.array([value.mean for value in values])
    relative = np.array([value.errors.var(ddof=1) for value in values]) / means**2
    spread = means**2 * max(float(relative.mean()), 1e-12) / seeds
    floors = np.linspace(0, most, _GRID, endpoint=False)
    left = np.array([_misfit(np.log(sizes), means, spread, c) for c in floors])
    at_best, of_seeds, of_law = int(left.argmin()), m * (seeds - 1), m - 3
    misfit = float(left[at_best]) / of_law
    if misfit > float(fdtri(of_law, of_seeds, 0.99)):
        allowed = misfit * float(fdtri(1, of_law, 1 - alpha))
    else:
        allowed = float(fdtri(1, of_seeds, 1 - alpha))
    fits = np.flatnonzero(left <= left[at_best] + allowed)
    if fits[-1] == len(floors) - 1:
        return None
    return ErrorFloor(
        best=float(floors[at_best]), low=float(floors[fits[0]]), high=float(floors[fits[-1] + 1])
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
