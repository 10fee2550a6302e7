"""What goes with the kept share of a class: how many rows it has, and how alike these are."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import permutations
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri, stdtr

from analysis.class_retention import mean_bias_pp
from analysis.condition_columns import OF_CONDITION, condition_values
from analysis.dropped_samples import Dropped
from analysis.envelope import Cell
from analysis.study import Study
from analysis.verdicts import ALPHA
from trainables.written_numbers import many

# Below this a correlation has no interval, and any order of the classes is likely by chance.
LEAST_CLASSES = 4
# Up to so many classes all orders are counted; above, Student's t is near enough.
_MOST_COUNTED = 8
_ASSOCIATION = ("rank", "rank_p", "linear", "linear_low", "linear_high")
CAUSE_COLUMNS = (
    *OF_CONDITION, "n_classes", *(f"size_{name}" for name in _ASSOCIATION),
    *(f"likeness_{name}" for name in _ASSOCIATION), "size_likeness_rank", "size_likeness_rank_p",
    "why_none",
)  # fmt: skip

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Association:
    """How two values of classes go together.

    Attributes:
        n: Classes.
        rank: Spearman's correlation, in [-1, 1].
        rank_p: Two-sided p of "any order is as likely": of all orders up to 8 classes, by Student's t
            above.
        linear: Pearson's correlation.
        linear_low: Lower bound of it by Fisher's transformation.
        linear_high: Upper bound.
    """

    n: int
    rank: float
    rank_p: float
    linear: float
    linear_low: float
    linear_high: float


@dataclass(frozen=True, kw_only=True)
class BiasCauses:
    """What goes with the retention bias of a condition, over its classes with rows.

    Attributes:
        names: Those classes.
        bias_pp: Their bias, a mean over seeds, shape (c,).
        sizes: Their training rows, shape (c,).
        likeness: Mean cosine of their rows to the nearest rows, a mean over seeds, shape (c,); nan where
            it was not recorded.
        with_size: The bias with the logarithm of the size; None where there is no such number.
        with_likeness: The bias with the likeness; None likewise.
        between: Likeness with the logarithm of the size.
        why_none: Why there is no number at all; empty where there is one.
    """

    names: tuple[str, ...]
    bias_pp: Floats
    sizes: Floats
    likeness: Floats
    with_size: Association | None = None
    with_likeness: Association | None = None
    between: Association | None = None
    why_none: str = ""


def association(x: Floats, y: Floats, *, alpha: float = ALPHA) -> Association | None:
    """How two values of classes go together; None below 4 classes, or where one is the same for all.

    Args:
        x: Shape (c,), finite.
        y: Shape (c,), finite.
        alpha: Error on each side of the interval.

    References:
        Spearman, "The proof and measurement of association between two things", 1904; Fisher, "On
        the 'probable error' of a coefficient of correlation", 1921.
    """
    # Here: it takes longer to load than a plan of a small sweep to make.
    from scipy.stats import rankdata

    n = len(x)
    if n < LEAST_CLASSES or np.ptp(x) == 0 or np.ptp(y) == 0:
        return None
    one, other = _standard(rankdata(x)), _standard(rankdata(y))
    rank, linear = _product(one, other), _product(_standard(x), _standard(y))
    reach = -float(ndtri(alpha)) / math.sqrt(n - 3)
    middle = math.atanh(np.clip(linear, -1 + 1e-12, 1 - 1e-12))
    return Association(
        n=n, rank=rank, rank_p=_rank_p(one, other, rank), linear=linear,
        linear_low=math.tanh(middle - reach), linear_high=math.tanh(middle + reach),
    )  # fmt: skip


def _standard(values: Floats) -> Floats:
    """Of mean 0 and length 1: products of two are correlations."""
    centred = values - values.mean()
    found: Floats = centred / np.linalg.norm(centred)
    return found


def _product(one: Floats, other: Floats) -> float:
    """A correlation without the last digits, which rounding makes."""
    return min(1.0, max(-1.0, round(float(one @ other), 12))) + 0.0


def _rank_p(one: Floats, other: Floats, rank: float) -> float:
    n = len(one)
    if n <= _MOST_COUNTED:
        # Ties and all: the ranks that there are, in every order.
        found = other[_orders(n)] @ one
        return float((np.abs(found) >= abs(rank) - 1e-9).mean())
    if abs(rank) >= 1:
        return 2 / math.factorial(n)
    t = abs(rank) * math.sqrt((n - 2) / (1 - rank**2))
    return float(2 * stdtr(n - 2, -t))


@lru_cache
def _orders(n: int) -> NDArray[np.intp]:
    """Every order of n things, a row each."""
    return np.array(list(permutations(range(n))), dtype=np.intp)


def bias_causes(cell: Cell, dropped: Dropped, *, alpha: float = ALPHA) -> BiasCauses | None:
    """What goes with the retention bias of a cell; None where its rows do not say what was kept.

    Args:
        cell: The cell.
        dropped: What the sweep wrote of who was dropped: how alike the rows of a class are.
        alpha: Error on each side of intervals.
    """
    found = mean_bias_pp(cell)
    if found is None:
        return None
    first = next(pair.pruned for pair in cell.pairs if pair.pruned.class_counts)
    counts = np.array(first.class_counts)
    there = counts > 0
    sizes, bias = counts[there].astype(np.float64), found[there]
    names = tuple(name for name, has in zip(first.class_names, there, strict=True) if has)
    alike = class_likenesses(cell, dropped)
    likeness = np.array([alike.get(name, np.nan) for name in names])
    plain = BiasCauses(names=names, bias_pp=bias, sizes=sizes, likeness=likeness)
    if why := _why_none(cell, len(names)):
        return BiasCauses(**{**vars(plain), "why_none": why})
    log_size = np.log(sizes)
    is_known = bool(np.isfinite(likeness).all())
    return BiasCauses(
        names=names, bias_pp=bias, sizes=sizes, likeness=likeness,
        with_size=association(log_size, bias, alpha=alpha),
        with_likeness=association(likeness, bias, alpha=alpha) if is_known else None,
        between=association(log_size, likeness, alpha=alpha) if is_known else None,
    )  # fmt: skip


def _why_none(cell: Cell, n: int) -> str:
    if n < LEAST_CLASSES:
        return f"{many(n, 'class')}: a correlation needs {LEAST_CLASSES}"
    rows = [pair.pruned for pair in cell.pairs if pair.pruned.kept_counts]
    counts = np.array([row.class_counts for row in rows], dtype=float)
    kept = np.array([row.kept_counts for row in rows], dtype=float)
    share = kept.sum(axis=1, keepdims=True) / counts.sum(axis=1, keepdims=True)
    if (np.abs(kept - share * counts) <= 1).all():
        return "every class keeps its share to within a row: there is no bias to explain"
    return ""


def class_likenesses(cell: Cell, dropped: Dropped) -> dict[str, float]:
    """By class how alike its rows are to their nearest rows, a mean over the marks that scored.

    Args:
        cell: Whose trials' scores came from these marks.
        dropped: What the sweep wrote; of a sweep that wrote nothing of it the result is empty.
    """
    by_mark = {one.warm_key: one.by_class for one in dropped.likeness}
    scorers = (one for pair in cell.pairs for one in pair.pruned.spec.twin.scorers)
    marks = dict.fromkeys(one.warm_key for one in scorers)
    known = [by_mark[mark] for mark in marks if mark in by_mark]
    names = dict.fromkeys(name for one in known for name in one)
    return {name: float(np.mean([one[name] for one in known if name in one])) for name in names}


def cause_rows(study: Study) -> Iterator[dict[str, Any]]:
    """One row a condition whose trials say what was kept of each class."""
    for cell, _ in study.rows:
        found = bias_causes(cell, study.dropped, alpha=study.alpha)
        if found is None:
            continue
        yield {
            **condition_values(study, cell.condition),
            "n_classes": len(found.names),
            **_columns("size", found.with_size),
            **_columns("likeness", found.with_likeness),
            "size_likeness_rank": found.between.rank if found.between else None,
            "size_likeness_rank_p": found.between.rank_p if found.between else None,
            "why_none": found.why_none,
        }


def _columns(name: str, one: Association | None) -> dict[str, float | None]:
    return {f"{name}_{column}": getattr(one, column, None) for column in _ASSOCIATION}
