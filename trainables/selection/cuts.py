"""What selectors are made of: how many rows stay, in which order, of which group."""

from fractions import Fraction
from math import floor

import numpy as np
from numpy.typing import NDArray

Scores = NDArray[np.float32]
Labels = NDArray[np.int64]
Draws = NDArray[np.float64]
Mask = NDArray[np.bool_]
Rows = NDArray[np.intp]


def n_keep(n: int, rate: float) -> int:
    """How many of n rows stay: (1 - rate) n rounded up, exact where rate has few decimals."""
    return n - floor(Fraction(str(rate)) * n)


def rows_by_worth(scores: Scores, ties: Draws) -> Rows:
    """Rows from the highest score to the lowest, of equal ones the higher tie first, shape (n,)."""
    return np.lexsort((ties, scores))[::-1]


def places_within(order: Rows, groups: Labels) -> Rows:
    """Each row's rank within its group, from 0, when rows are taken in this order."""
    by_group = order[np.argsort(groups[order], kind="stable")]
    sizes = np.bincount(groups)
    ranks = np.empty(len(order), dtype=np.intp)
    ranks[by_group] = np.arange(len(order)) - (np.cumsum(sizes) - sizes)[groups[by_group]]
    return ranks


def mask_of(first: Rows, count: int, n: int | None = None) -> Mask:
    """A mask of n rows, of len(first) without it, with the first count of some rows set."""
    keep = np.zeros(len(first) if n is None else n, dtype=bool)
    keep[first[:count]] = True
    return keep


def check_share(name: str, share: float) -> None:
    """Raise a ValueError if a share is not in [0, 1]."""
    if not 0 <= share <= 1:
        raise ValueError(f"{name} is {share:g}; it must lie in [0, 1]")
