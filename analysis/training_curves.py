"""Whether the full-data runs are at their best: what a run shows, epoch by epoch, on held-out rows.

A verdict against a run past its best is about the training, not about the rows that were removed: a
cut that makes such a run shorter makes it better.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from analysis.methods import condition_of
from trainables.result import TrainingCurve

# Of the tolerance: less is not worth a warning.
_WORTH_TELLING = 0.5
_ALPHA = 0.05
_DRAWS = 1999


@dataclass(frozen=True, kw_only=True)
class Ending:
    """How a training ends, seen on held-out training rows.

    Attributes:
        curve: What it is seen by.
        state: "past its best" or "still learning" where that is shown at 5% and the points are half
            the tolerance at least; else "settled".
        points: By which it ends below its best look, or which its last third has brought, in pp.
        epoch: Passes done at its best look, or where its last third begins.
    """

    curve: TrainingCurve
    state: Literal["past its best", "still learning", "settled"]
    points: float
    epoch: float


def endings(curves: Iterable[TrainingCurve], *, tolerance: float) -> dict[tuple[Any, ...], Ending]:
    """How each training ends, by the question of its condition; none of runs without a look."""
    return {
        condition_of(curve.spec).question: ending_of(curve, tolerance=tolerance)
        for curve in curves
        if curve.epochs and curve.n_held
    }


def ending_of(curve: TrainingCurve, *, tolerance: float) -> Ending:
    """How a training ends.

    Past its best: the end against the best of the earlier looks, whose differences of single rows are
    turned around at random, each row's all together: how often is the largest then as large? So that
    looking at many epochs makes no fall of chance. Still learning: the rows that its last third has won
    against those it has lost, by the sign test, where the third before brought as much or more. A rise
    at the end alone is the learning rate falling to zero, and more epochs would not take it further.

    References:
        Westfall and Young, "Resampling-Based Multiple Testing", 1993.
    """
    bits = curve.bits().astype(np.int8)
    worth_pp = _WORTH_TELLING * tolerance
    best = int(bits.sum(axis=1).argmax())
    fall = bits - bits[-1]
    fallen_pp = 100 * float(fall[best].mean())
    last_third = _look_at(curve, 2 / 3)
    risen_pp = -100 * float(fall[last_third].mean())
    if fallen_pp >= worth_pp and fallen_pp > 0 and _p_of_fall(fall, best) <= _ALPHA:
        return Ending(
            curve=curve, state="past its best", points=fallen_pp, epoch=curve.epochs[best]
        )
    won, lost = int((fall[last_third] < 0).sum()), int((fall[last_third] > 0).sum())
    middle_pp = 100 * float((bits[last_third] - bits[_look_at(curve, 1 / 3)]).mean())
    is_rising = risen_pp >= worth_pp and middle_pp >= risen_pp and won > 0
    if is_rising and _p_of_wins(won, lost) <= _ALPHA:
        begins = curve.epochs[last_third]
        return Ending(curve=curve, state="still learning", points=risen_pp, epoch=begins)
    return Ending(curve=curve, state="settled", points=fallen_pp, epoch=curve.epochs[best])


def _look_at(curve: TrainingCurve, share: float) -> int:
    """The first look from a share of the run on."""
    return int(np.searchsorted(curve.epochs, share * curve.epochs[-1] - 1e-6))


def _p_of_fall(fall: NDArray[np.int8], best: int) -> float:
    """How often chance alone makes one of the looks better than the end by as much as the best is.

    Args:
        fall: Right at the look less right at the end, shape (m, n).
        best: The look in question.
    """
    changed = fall[:-1, fall.any(axis=0)].astype(np.float32)
    spread = np.sqrt((changed**2).sum(axis=1))
    changed, best = changed[spread > 0], int((spread[:best] > 0).sum())
    spread = spread[spread > 0]
    rng = np.random.default_rng(0)
    signs = rng.choice(np.array([-1, 1], dtype=np.float32), (_DRAWS, changed.shape[1]))
    largest = (signs @ changed.T / spread).max(axis=1)
    seen = changed[best].sum() / spread[best]
    return float((1 + (largest >= seen - 1e-6).sum()) / (1 + _DRAWS))


def _p_of_wins(won: int, lost: int) -> float:
    """How often chance alone wins as many of so many."""
    # Here: it takes longer to load than a plan of a small sweep to make.
    from scipy.stats import binomtest

    return float(binomtest(won, won + lost, alternative="greater").pvalue)
