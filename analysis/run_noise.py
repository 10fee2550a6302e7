"""Run noise: over which cells it may be pooled, and what it then is."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from scipy.stats import levene

from analysis.methods import Condition
from analysis.verdicts import Spread, pooled_variance

# Rates up to this are light pruning.
_LIGHT = 0.2


def source_group(condition: Condition) -> tuple[Any, ...]:
    """What answers one question: the same data, model and training."""
    method = condition.method
    return (condition.source.data_sha, method.model_sha, method.learner, method.training)


def noise_group(condition: Condition) -> tuple[Any, ...]:
    """What cells share whose run noise may always be pooled: the source, and like rates."""
    return (*source_group(condition), condition.rate <= _LIGHT)


def pooled_by_dataset(
    differences: Iterable[tuple[Condition, Sequence[float]]],
) -> dict[tuple[Any, ...], Spread | None]:
    """The pooled run noise of every noise group.

    It is pooled over all rates of a source, unless light and heavy pruning scatter differently:
    runs that lost much of their data must not widen the others' intervals.
    """
    groups: dict[tuple[Any, ...], list[Sequence[float]]] = defaultdict(list)
    for condition, delta_pp in differences:
        groups[noise_group(condition)].append(delta_pp)
    pooled = {}
    for group, own in groups.items():
        light, heavy = (groups.get((*group[:-1], band), []) for band in (True, False))
        alike = not scatter_differs(light, heavy)
        pooled[group] = pooled_variance([*light, *heavy] if alike else own)
    return pooled


def scatter_differs(one: Iterable[Sequence[float]], other: Iterable[Sequence[float]]) -> bool:
    """Whether two groups of cells scatter differently, by Brown and Forsythe's test at 10 %.

    Args:
        one: Differences in pp, one sequence a cell, each taken from its cell's median.
        other: Likewise.
    """
    residuals = [
        [x - float(np.median(cell)) for cell in cells if len(cell) > 1 for x in cell]
        for cells in (one, other)
    ]
    if min(len(found) for found in residuals) < 3 or not any(map(any, residuals)):
        return False
    return bool(levene(*residuals, center="median").pvalue < 0.1)
