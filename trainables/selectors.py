"""Selectors turn scores into the rows that stay: SELECTORS, one function a row.

Every selector keeps exactly `n_keep(n, rate)` rows, keeps at a higher rate a subset of what it
keeps at a lower one, and breaks ties by `ties`, never by row order.
"""

from collections.abc import Callable
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

Selector = Callable[
    [NDArray[np.float32], NDArray[np.int64], float, NDArray[np.float64]], NDArray[np.bool_]
]


def n_keep(n: int, rate: float) -> int:
    """How many of n rows stay: (1 - rate) n rounded up, exact where rate has few decimals."""
    removed = Fraction(str(rate)) * n
    return n - removed.numerator // removed.denominator


def keep_global(
    scores: NDArray[np.float32],
    labels: NDArray[np.int64],
    rate: float,
    ties: NDArray[np.float64],
) -> NDArray[np.bool_]:
    """Keep the best-scored rows of the whole set, whatever their class.

    Args:
        scores: Worth of each row, shape (n,); higher is kept first.
        labels: Classes, shape (n,); not looked at.
        rate: Share of rows to remove, in [0, 1).
        ties: A number of its own for each row, shape (n,); the higher of two equal scores stays.

    Returns:
        Which rows stay, shape (n,).
    """
    best_first = np.lexsort((ties, scores))[::-1]
    return _mask(best_first, n_keep(len(scores), rate))


def keep_stratified(
    scores: NDArray[np.float32],
    labels: NDArray[np.int64],
    rate: float,
    ties: NDArray[np.float64],
) -> NDArray[np.bool_]:
    """Keep the best-scored rows of each class, each class keeping its proportional share.

    A class of N rows gives its rank-j row (j = 0, 1, ...) the position (j + 1/2) / N, and the
    smallest positions stay. That is apportionment by Sainte-Laguë (Webster): whole shares come
    out exact and others are rounded to nearest, as by largest remainders, but a higher rate
    never takes a seat away from one class to give it to another, which largest remainders can
    (the Alabama paradox), so the kept sets nest.

    Args:
        scores: Worth of each row, shape (n,); higher is kept first.
        labels: Classes, shape (n,).
        rate: Share of rows to remove, in [0, 1).
        ties: A number of its own for each row, shape (n,); the higher of two equal scores stays.

    Returns:
        Which rows stay, shape (n,).

    References:
        Balinski, Young, "Fair Representation", 2001, house monotonicity of divisor methods.
    """
    best_first = np.lexsort((ties, scores))[::-1]
    position = np.empty(len(scores))
    for label in np.unique(labels):
        rows = best_first[labels[best_first] == label]
        position[rows] = (np.arange(len(rows)) + 0.5) / len(rows)
    # Classes whose positions coincide are told apart by size, larger first, then by ties.
    size = np.bincount(labels)[labels]
    return _mask(np.lexsort((ties, -size, position)), n_keep(len(scores), rate))


def _mask(best_first: NDArray[np.intp], count: int) -> NDArray[np.bool_]:
    keep = np.zeros(len(best_first), dtype=bool)
    keep[best_first[:count]] = True
    return keep


SELECTORS: dict[str, Selector] = {
    "global": keep_global,
    "stratified": keep_stratified,
}
