"""What each further 10 % of the rows costs, and whether it costs the same at every rate."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.condition_columns import OF_METHOD, condition_values
from analysis.envelope import Cell, only
from analysis.intervals import Parts, bounds, two_sided_p
from analysis.methods import Condition, DatasetId
from analysis.safe_rates import rate_curves
from analysis.study import Study
from analysis.verdicts import ALPHA, parts_of

# What a slope is of.
STEP = 0.1
# One rate has a verdict; two have a slope, and three show whether it changes.
_LEAST_RATES, _LEAST_BENT = 2, 3
SLOPE_COLUMNS = (
    *OF_METHOD, "rates", "n_seeds", "slope", "slope_low", "slope_high", "bend", "bend_low", "bend_high",
    "bend_p", "is_bent", "alpha", "metric", "unit", "notes",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Slope:
    """A line through 0 at rate 0, over the rates of a method after a warm-up.

    Differences are in the metric's unit, below 0 is worse. Rate 0 is no trial: there nothing is removed,
    and the difference is 0 by definition.

    Attributes:
        condition: Its smallest rate.
        rates: All of them, ascending.
        seeds: Seeds that every rate has.
        mean: What each 10 % of the rows removed adds, by least squares.
        low: Lower bound, for other seeds and other test examples; None with one seed.
        high: Upper bound.
        bend: How much more 10 % add at the largest rate than at the smallest, by a parabola through 0;
            below 0 later rows cost more. None below three rates.
        bend_low: Its lower bound.
        bend_high: Its upper bound.
        bend_p: Two-sided p of "it is a straight line".
        is_bent: Whether that is shown.
        alpha: Error of each bound, and of `is_bent`.
        notes: What a reader must know: seeds left out, runs that diverged.
    """

    condition: Condition
    rates: tuple[float, ...]
    seeds: tuple[int, ...]
    mean: float
    low: float | None = None
    high: float | None = None
    bend: float | None = None
    bend_low: float | None = None
    bend_high: float | None = None
    bend_p: float | None = None
    is_bent: bool = False
    alpha: float = ALPHA
    notes: tuple[str, ...] = ()


def line_weights(rates: Sequence[float]) -> NDArray[np.float64]:
    """Weights of the differences at each rate that give the slope for 10 %, shape (r,)."""
    r = np.asarray(rates, dtype=np.float64)
    found: NDArray[np.float64] = STEP * r / (r @ r)
    return found


def bend_weights(rates: Sequence[float]) -> NDArray[np.float64]:
    """Weights that give the change of that slope from the smallest to the largest rate, shape (r,).

    They are those of the square in a parabola through 0 by least squares, and are 0 on any straight line
    through 0.
    """
    r = np.asarray(rates, dtype=np.float64)
    square = np.linalg.pinv(np.stack([r, r**2], axis=1))[1]
    found: NDArray[np.float64] = STEP * 2 * (r[-1] - r[0]) * square
    return found


def weighed_parts(
    x: NDArray[np.floating[Any]], weights: NDArray[np.float64], most: float | None
) -> Parts:
    """What the interval of a weighed sum over the rates is made of.

    Args:
        x: What each test example adds at each rate in each seed, shape (r, n, seeds).
        weights: Of the rates, shape (r,).
        most: The most that one example can add at one rate; None where anything.
    """
    largest = None if most is None else most * float(np.abs(weights).sum())
    return parts_of(np.tensordot(weights, x, axes=1), largest)[0]


def slope(cells: Sequence[Cell], *, alpha: float = ALPHA) -> Slope | None:
    """The line over the rates of a method after a warm-up; None below two rates or without a common seed.

    Slope and bend are weighted sums of what each test example adds at each rate, seed by seed. So their
    intervals are those of a verdict: the full-data run that all rates share, noise between runs and the
    choice of test examples are each counted once.

    Args:
        cells: Of one method after one warm-up; those without a pair are passed over.
        alpha: Error on each side.
    """
    ran = sorted((one for one in cells if one.pairs), key=lambda one: one.condition.rate)
    common = sorted(set.intersection(*({*one.seeds} for one in ran))) if ran else []
    if len(ran) < _LEAST_RATES or not common:
        return None
    same = [only(one, common) for one in ran]
    rates = tuple(one.condition.rate for one in same)
    reading, x = same[0].reading, np.stack([one.differences() for one in same])
    most, scale = reading.most(same[0].pairs[0].baseline), reading.metric.scale
    fitted = weighed_parts(x, line_weights(rates), most)
    found: dict[str, Any] = {
        "condition": same[0].condition, "rates": rates, "seeds": tuple(common), "alpha": alpha,
        "mean": scale * float(fitted.mean), "notes": _notes(ran, common),
    }  # fmt: skip
    has_interval = min(fitted.seeds, fitted.n) > 1
    if has_interval:
        found["low"], found["high"] = (scale * float(b) for b in bounds(fitted, alpha))
    if len(rates) >= _LEAST_BENT:
        bent = weighed_parts(x, bend_weights(rates), most)
        found |= _bend(bent, scale, alpha) if has_interval else {"bend": scale * float(bent.mean)}
    return Slope(**found)


def _bend(bent: Parts, scale: float, alpha: float) -> dict[str, Any]:
    """The fields of a bend with an interval."""
    low, high = (scale * float(bound) for bound in bounds(bent, alpha))
    p = two_sided_p(bent)
    return {
        "bend": scale * float(bent.mean), "bend_low": low, "bend_high": high, "bend_p": p,
        "is_bent": p <= alpha,
    }  # fmt: skip


def _notes(ran: Sequence[Cell], common: Sequence[int]) -> tuple[str, ...]:
    told = []
    if missing := sorted({seed for one in ran for seed in one.seeds} - {*common}):
        told.append(f"without seed {', '.join(map(str, missing))}, which not every rate has")
    if off := sorted({seed for one in ran for seed in one.diverged} & {*common}):
        told.append(f"a run of seed {', '.join(map(str, off))} diverged, and is counted")
    return tuple(told)


def slopes_of(study: Study, source: DatasetId) -> list[Slope]:
    """The lines of a data set, method by method and warm-up by warm-up."""
    found = (
        slope([row.cell for row in rows], alpha=study.alpha)
        for rows in rate_curves(study, source).values()
    )
    return [one for one in found if one is not None]


def slope_rows(study: Study) -> Iterator[dict[str, Any]]:
    """One row a data set, method and warm-up with two rates or more."""
    for source in study.sources:
        for one in slopes_of(study, source):
            condition = condition_values(study, one.condition)
            yield {
                **{name: condition[name] for name in OF_METHOD},
                "rates": " ".join(f"{rate:g}" for rate in one.rates),
                "n_seeds": len(one.seeds),
                "slope": one.mean,
                "slope_low": one.low,
                "slope_high": one.high,
                **{name: getattr(one, name) for name in ("bend", "bend_low", "bend_high")},
                "bend_p": one.bend_p,
                "is_bent": None if one.bend_p is None else one.is_bent,
                "alpha": one.alpha,
                **study.unit_columns,
                "notes": "; ".join(one.notes),
            }
