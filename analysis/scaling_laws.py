"""Error, or a loss, against kept size: a power law against an exponential, method by method."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from analysis.envelope import JudgedCell
from analysis.readings import Reading
from analysis.verdicts import ALPHA
from trainables.result import TrialResult

FEWEST_SIZES = 3
# A difference of AIC below 2 is no reason to prefer either (Burnham and Anderson, 2002, 2.6).
_TELLING = 2.0


@dataclass(frozen=True, kw_only=True)
class Curve:
    """One method's test error over the number of training samples kept, full data included.

    Attributes:
        sizes: Samples trained on, ascending, shape (m,).
        errors: What is missing to a perfect share, such as the samples got wrong; of a metric of which
            more is worse its value. A row a seed, shape (s, m).
        exponent: b of error = a n^-b, mean over seeds of the fits on log error.
        low: Lower bound of the exponent by Student's t over seeds; None with one seed.
        high: Upper bound.
        delta_aic: AIC of the power law minus that of error = a exp(-b n), by least squares of the
            mean log errors; below 0 the power law fits better; None with three sizes or fewer.
    """

    sizes: tuple[int, ...]
    errors: np.ndarray
    exponent: float
    low: float | None
    high: float | None
    delta_aic: float | None

    @property
    def finding(self) -> str:
        """Which law fits better, in words."""
        if self.delta_aic is None:
            return "too few sizes to tell a power law from an exponential"
        if abs(self.delta_aic) < _TELLING:
            return "a power law and an exponential fit alike"
        better = "a power law" if self.delta_aic < 0 else "an exponential"
        return f"{better} fits better"

    def fitted(self) -> np.ndarray:
        """Error of each seed's power law at each size, shape (s, m)."""
        lines = [_line(np.log(self.sizes), row) for row in np.log(self.errors)]
        fits: np.ndarray = np.exp(np.stack(lines))
        return fits


@dataclass(frozen=True, kw_only=True)
class Ratio:
    """Error over random's at the same size and seed: geometric mean, below 1 fewer are wrong.

    Attributes:
        mean: Over sizes below the full one, and seeds.
        low: Lower bound by Student's t over seeds, on the log; None with one seed.
        high: Upper bound.
    """

    mean: float
    low: float | None
    high: float | None


def curve(rows: Sequence[JudgedCell], *, alpha: float = ALPHA) -> Curve | None:
    """The scaling curve of one method; None below three sizes, or of a metric that is no error.

    Args:
        rows: Its conditions at one warm-up, whose trials started afresh on the survivors.
        alpha: Error on each side of the exponent's interval.
    """
    points = _points(rows)
    if len(points) < FEWEST_SIZES:
        return None
    sizes = sorted(points)
    seeds = sorted(set.intersection(*(set(points[size]) for size in sizes)))
    if not seeds:
        return None
    errors = np.array([[points[size][seed] for size in sizes] for seed in seeds])
    exponents = [-float(np.polyfit(np.log(sizes), np.log(row), 1)[0]) for row in errors]
    mean, low, high = _interval(exponents, alpha)
    return Curve(
        sizes=tuple(sizes),
        errors=errors,
        exponent=mean,
        low=low,
        high=high,
        delta_aic=_delta_aic(np.array(sizes, float), np.log(errors).mean(axis=0)),
    )


def against(one: Curve, control: Curve, *, alpha: float = ALPHA) -> Ratio | None:
    """A method's errors over random's, by sizes and seeds both have; None where they differ.

    A steeper line is no merit here: all curves of a data set meet at its full size, so that the
    better method is the flatter one.

    Args:
        one: The method's.
        control: Random's.
        alpha: Error on each side of the interval.
    """
    if one.sizes != control.sizes or one.errors.shape != control.errors.shape:
        return None
    logs = np.log(one.errors[:, :-1] / control.errors[:, :-1]).mean(axis=1)
    mean, low, high = _interval([float(value) for value in logs], alpha)
    bounds = [None if bound is None else float(np.exp(bound)) for bound in (low, high)]
    return Ratio(mean=float(np.exp(mean)), low=bounds[0], high=bounds[1])


def _points(rows: Sequence[JudgedCell]) -> Mapping[int, Mapping[int, float]]:
    """Error by kept size and seed, the full-data runs among them."""
    points: dict[int, dict[int, float]] = {}
    for cell, _ in rows:
        for pair in cell.pairs:
            metric = cell.reading.metric
            for row, counts in (
                (pair.pruned, pair.pruned.kept_counts),
                (pair.baseline, pair.pruned.class_counts),
            ):
                if sum(counts) and (metric.unit == "pp" or not metric.higher):
                    points.setdefault(sum(counts), {})[row.spec.seed] = _error(row, cell.reading)
    return points


def _error(row: TrialResult, reading: Reading) -> float:
    value = reading.value(row)
    if reading.metric.unit == "pp":
        # Nothing wrong is at most half a test sample wrong: a logarithm needs more than zero.
        return max(1 - value, 0.5 / row.n_test)
    return max(value, float(np.finfo(float).tiny))


def _line(x: np.ndarray, y: np.ndarray) -> Any:
    return np.polyval(np.polyfit(x, y, 1), x)


def _delta_aic(sizes: np.ndarray, logs: np.ndarray) -> float | None:
    if len(sizes) <= FEWEST_SIZES:
        return None
    # Both laws have two parameters and one spread: the difference of their AIC is that of the fit.
    left = [float(((logs - _line(x, logs)) ** 2).sum()) for x in (np.log(sizes), sizes)]
    tiny = np.finfo(float).tiny
    return float(len(sizes) * np.log(max(left[0], tiny) / max(left[1], tiny)))


def _interval(values: Sequence[float], alpha: float) -> tuple[float, float | None, float | None]:
    from scipy import stats

    mean = float(np.mean(values))
    if len(values) < 2:
        return mean, None, None
    half = float(stats.t.ppf(1 - alpha, len(values) - 1) * stats.sem(values))
    return mean, mean - half, mean + half
