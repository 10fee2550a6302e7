"""How much can go: the largest rate shown to be within, on the grid and between its points."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import isotonic_regression

from analysis.envelope import JudgedCell
from analysis.methods import DatasetId, RateCurve
from analysis.multiplicity import holm
from analysis.study import Study
from analysis.verdicts import Verdict

# Weight of "nothing removed costs nothing" among means whose weights are inverse variances.
_CERTAIN = 1e12


@dataclass(frozen=True, kw_only=True)
class SafeRate:
    """The largest safe rate of one data set, warm-up and method.

    Attributes:
        tested: The last rate, going up the grid, that is within; 0 where the first is not.
        between: Where the mean difference crosses the line, read between the grid's points; the
            largest rate tested where it never does.
        low: Where the lower bounds cross it: the true crossing is below in at most 5 % of studies.
        is_beyond: Whether the mean never crosses the line: the rate may be larger than `between`.
        p_none_within: One-sided p of "not even the smallest rate is within"; None without an interval.
    """

    tested: float
    between: float | None = None
    low: float | None = None
    is_beyond: bool = False
    p_none_within: float | None = None


def safe_rate(judged: Iterable[tuple[float, Verdict | None]]) -> SafeRate:
    """The safe rate of one data set, warm-up, signal and selector.

    On the grid rates are tested from the smallest on, ending at the first that is not within;
    this fixed order needs no correction for how many there are. Between its points the means are
    made to fall with the rate (weighted isotonic regression through 0 at rate 0) and joined by
    lines; the lower bounds likewise.

    Args:
        judged: Rates and verdicts, in any order. One without an interval ends the test and says
            nothing of the curve.

    References:
        Barlow et al., "Statistical inference under order restrictions", 1972.
    """
    ordered = sorted(judged, key=lambda pair: pair[0])
    tested = 0.0
    for rate, verdict in ordered:
        if verdict is None or verdict.verdict != "within":
            break
        tested = rate
    known = [
        (rate, v) for rate, v in ordered if v is not None and v.low is not None and not v.diverged
    ]
    if not known:
        return SafeRate(tested=tested)
    rates = np.array([0.0, *(rate for rate, _ in known)])
    means = np.array([0.0, *(v.mean for _, v in known)])
    weights = np.array([_CERTAIN, *(1 / max(_variance(v), 1e-9) for _, v in known)])
    fitted = isotonic_regression(means, weights=weights, increasing=False).x
    lows = np.minimum.accumulate([0.0, *(v.low or 0.0 for _, v in known)])
    line = -known[0][1].tolerance
    return SafeRate(
        tested=tested,
        between=_crossing(rates, fitted, line),
        low=_crossing(rates, lows, line),
        is_beyond=bool(fitted[-1] > line),
        p_none_within=known[0][1].p_not_within if known[0][0] == ordered[0][0] else None,
    )


def rate_curves(study: Study, source: DatasetId) -> dict[RateCurve, list[JudgedCell]]:
    """The judged cells of a data set by method and warm-up."""
    curves: dict[RateCurve, list[JudgedCell]] = defaultdict(list)
    for row in study.of(source):
        curves[row.cell.condition.rate_curve].append(row)
    return dict(curves)


def safe_of(rows: Iterable[JudgedCell]) -> SafeRate:
    """The safe rate of one method and warm-up."""
    return safe_rate((row.cell.condition.rate, row.verdict) for row in rows)


def smallest_p(study: Study, source: DatasetId) -> dict[RateCurve, float]:
    """P of "not even the smallest rate is within" by method and warm-up, after Holm over all.

    Those without an interval at their smallest rate are left out.
    """
    found = {
        curve: safe_of(rows).p_none_within for curve, rows in rate_curves(study, source).items()
    }
    known = {curve: p for curve, p in found.items() if p is not None}
    return dict(zip(known, holm([*known.values()]), strict=True))


def _variance(verdict: Verdict) -> float:
    """Of the mean difference, in pp squared."""
    return (verdict.sd or 0.0) ** 2 / verdict.n_seeds + verdict.test_variance


def _crossing(
    rates: NDArray[np.float64], falling: Sequence[float] | NDArray[np.float64], line: float
) -> float:
    """Where a falling piecewise linear curve meets a line; the last rate where it does not."""
    values = np.asarray(falling)
    below = np.flatnonzero(values <= line)
    if not len(below):
        return float(rates[-1])
    i = below[0]
    return float(np.interp(-line, -values[i - 1 : i + 1], rates[i - 1 : i + 1]))
