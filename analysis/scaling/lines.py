"""Errors over the number of rows kept, one line a kept share, read at given sizes."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

# Two sizes nearer than this are one: kept counts are rounded up.
_SAME = 0.01


@dataclass(frozen=True, kw_only=True)
class SizedPoint:
    """The runs of one total size and kept share.

    Attributes:
        total: Rows before pruning.
        share: Share of them kept, in (0, 1], as it was asked for: it names the line.
        kept: Rows kept; in the theory, rows per dimension.
        errors: What is missing to a perfect metric, or a loss, above 0, by seed.
        rows: What each test row adds to it, shape (n,), by seed: their mean is the error, but for a
            constant; empty where the error is exact or its test rows were not kept.
    """

    total: float
    share: float
    kept: float
    errors: Mapping[int, float]
    rows: Mapping[int, NDArray[np.generic]] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class LineValue:
    """A line at one size.

    Attributes:
        errors: By seed, shape (s,).
        rows: By test row and seed, shape (n, s); None where not known.
    """

    errors: NDArray[np.float64]
    rows: NDArray[np.float64] | None = None

    @property
    def mean(self) -> float:
        """Over seeds."""
        return float(self.errors.mean())

    @property
    def standard_error(self) -> float:
        """Of the mean, by seeds."""
        return float(self.errors.std(ddof=1) / np.sqrt(len(self.errors)))


Lines = Mapping[float, LineValue]


def common_seeds(points: Iterable[SizedPoint]) -> tuple[int, ...]:
    """The seeds that every point has, ascending."""
    found = [set(point.errors) for point in points]
    return tuple(sorted(set.intersection(*found))) if found else ()


def lines_at(size: float, points: Iterable[SizedPoint], seeds: Sequence[int]) -> Lines:
    """Every kept share's line at one size, the largest share first.

    Between the two kept sizes next to it a line is straight in the logarithms of size and mean error;
    beyond its ends it says nothing. Where sizes grow by a factor of which the kept shares are powers
    (1,000, 2,000, 4,000 at 1, 1/2, 1/4) every size is one that was run and nothing is read between.

    Args:
        size: Rows kept.
        points: Of one method, no pruning among them.
        seeds: To read, which every point has.
    """
    by_share: dict[float, list[SizedPoint]] = defaultdict(list)
    for point in points:
        by_share[point.share].append(point)
    found = {share: _read(size, by_share[share], seeds) for share in sorted(by_share, reverse=True)}
    return {share: value for share, value in found.items() if value is not None}


def _read(size: float, line: Sequence[SizedPoint], seeds: Sequence[int]) -> LineValue | None:
    ordered = sorted(line, key=lambda point: point.kept)
    near = [point for point in ordered if abs(point.kept / size - 1) <= _SAME]
    if near:
        return _value(near[0], seeds)
    below = [point for point in ordered if point.kept < size]
    above = [point for point in ordered if point.kept > size]
    if not (below and above):
        return None
    start, end = below[-1], above[0]
    weight = np.log(size / start.kept) / np.log(end.kept / start.kept)
    return _between(_value(start, seeds), _value(end, seeds), float(weight))


def _value(point: SizedPoint, seeds: Sequence[int]) -> LineValue:
    rows = None
    if all(seed in point.rows for seed in seeds):
        rows = np.stack([point.rows[seed] for seed in seeds], axis=1).astype(np.float64)
    return LineValue(errors=np.array([point.errors[seed] for seed in seeds], float), rows=rows)


def _between(start: LineValue, end: LineValue, weight: float) -> LineValue:
    """Their geometric mean, weighted; each seed and row by what it adds to it."""
    mean = start.mean ** (1 - weight) * end.mean**weight
    of_start, of_end = mean * (1 - weight) / start.mean, mean * weight / end.mean
    rows = None
    if start.rows is not None and end.rows is not None:
        rows = of_start * start.rows + of_end * end.rows
    return LineValue(errors=of_start * start.errors + of_end * end.errors, rows=rows)


def least_of(lines: Lines) -> tuple[float, float]:
    """The least error over lines, as the mean over seeds of what the other seeds would choose.

    The least of several noisy means is lower than any of them is in truth; a share chosen without a
    seed says nothing flattering of that seed.

    Returns:
        The error, and the share whose mean over all seeds is least.
    """
    shares, errors = [*lines], np.stack([value.errors for value in lines.values()])
    of_all = shares[int(errors.mean(axis=1).argmin())]
    seeds = errors.shape[1]
    if seeds == 1:
        return float(errors.min()), of_all
    others = (errors.sum(axis=1, keepdims=True) - errors) / (seeds - 1)
    chosen = errors[others.argmin(axis=0), np.arange(seeds)]
    return float(chosen.mean()), of_all
