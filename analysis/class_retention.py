"""Who gets dropped: the kept share of each class against the kept share of all."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from analysis.envelope import Cell
from analysis.pairing import Pair
from analysis.readings import OF_ACCURACY
from analysis.verdicts import ALPHA, ChosenBy, judge
from trainables.errors import DataError

# Below this a class's recall is too coarse to be told by itself.
LEAST_OF_CLASS = 20


@dataclass(frozen=True, kw_only=True)
class Retention:
    """One cell's retention by class, means over its seeds; arrays have shape (c,).

    Attributes:
        class_names: Classes as the data names them.
        bias_pp: Kept share of the class minus kept share of all, in pp; below 0 the class
            loses more than its share.
        null_se_pp: Standard error of the bias under random pruning of the same rate.
        z: bias_pp in units of null_se_pp: beyond 2 it is hardly one random draw.
        kept: Samples kept.
        counts: Samples there were.
        recall_delta_pp: Recall minus the baseline's, in pp; nan where no test sample.
        recall_low_pp: Lower bound of its interval, as of a verdict; nan where there is none.
        recall_high_pp: Upper bound.
    """

    class_names: tuple[str, ...]
    bias_pp: np.ndarray
    null_se_pp: np.ndarray
    z: np.ndarray
    kept: np.ndarray
    counts: np.ndarray
    recall_delta_pp: np.ndarray
    recall_low_pp: np.ndarray
    recall_high_pp: np.ndarray

    @property
    def worst(self) -> int:
        """The class that loses most against its share."""
        return int(np.argmin(self.bias_pp))

    @property
    def worst_recall(self) -> int | None:
        """The class whose recall falls most; None where no recall is known."""
        known = np.isfinite(self.recall_delta_pp)
        return int(np.nanargmin(self.recall_delta_pp)) if known.any() else None


def retention_bias_pp(class_counts: Sequence[int], kept_counts: Sequence[int]) -> np.ndarray:
    """Kept share of each class minus the kept share of all, in pp.

    Args:
        class_counts: Samples per class, shape (c,).
        kept_counts: Of them those kept, shape (c,).

    Returns:
        Shape (c,); 0 for a class without samples.

    Raises:
        ValueError: If the two disagree on the classes, or more is kept than there was.
    """
    counts, kept = np.asarray(class_counts, float), np.asarray(kept_counts, float)
    if counts.shape != kept.shape or (kept > counts).any() or not counts.sum():
        raise DataError(
            f"class_counts is {list(class_counts)}, kept_counts {list(kept_counts)}; "
            "a class keeps at most what it has"
        )
    share = kept.sum() / counts.sum()
    shares = np.divide(kept, counts, out=np.full_like(kept, share), where=counts > 0)
    bias_pp: np.ndarray = 100 * (shares - share)
    return bias_pp


def null_se_pp(class_counts: Sequence[int], rate: float) -> np.ndarray:
    """Standard error of the bias when rate of all samples goes at random, in pp, shape (c,).

    It is the hypergeometric one; infinite for a class without samples.
    """
    counts = np.asarray(class_counts, float)
    n = counts.sum()
    inside = np.divide(
        rate * (1 - rate) * (n - counts),
        counts * max(n - 1, 1),
        out=np.full_like(counts, np.inf),
        where=counts > 0,
    )
    error_pp: np.ndarray = 100 * np.sqrt(inside)
    return error_pp


def mean_bias_pp(cell: Cell) -> np.ndarray | None:
    """Retention bias of each class, a mean over seeds, shape (c,); None where no row says what was kept."""
    rows = [pair.pruned for pair in cell.pairs if pair.pruned.class_counts]
    found = [
        retention_bias_pp(row.class_counts, row.kept_counts) for row in rows if row.kept_counts
    ]
    mean: np.ndarray | None = np.mean(found, axis=0) if found else None
    return mean


def retention(cell: Cell, *, alpha: float = ALPHA, item_share: float = 1.0) -> Retention | None:
    """Retention of a cell by class, or None where its rows do not say what was kept.

    Args:
        cell: The cell.
        alpha: Error on each side of the recall's interval.
        item_share: Of it that of the choice of test examples.
    """
    rows = [pair for pair in cell.pairs if pair.pruned.class_counts and pair.pruned.kept_counts]
    if not rows:
        return None
    first = rows[0].pruned
    bias = mean_bias_pp(cell)
    assert bias is not None, "a row says what was kept"
    kept = np.mean([row.pruned.kept_counts for row in rows], axis=0)
    error = null_se_pp(first.class_counts, 1 - kept.sum() / sum(first.class_counts))
    recall = [_recall(pair, "pruned") - _recall(pair, "baseline") for pair in rows]
    lows, highs = _recall_bounds(rows, alpha, item_share)
    return Retention(
        class_names=first.class_names,
        bias_pp=bias,
        null_se_pp=error,
        z=np.divide(bias, error, out=np.zeros_like(bias), where=error > 0),
        kept=kept,
        counts=np.asarray(first.class_counts),
        recall_delta_pp=100 * np.mean(recall, axis=0),
        recall_low_pp=lows,
        recall_high_pp=highs,
    )


@dataclass(frozen=True, kw_only=True)
class WorstClass:
    """The class whose recall falls most, among those with enough test examples to tell.

    Attributes:
        name: The class.
        recall_delta_pp: Its recall minus the baseline's.
        low: Lower bound of that; None where there is none.
        high: Upper bound.
        n_test: Its test examples.
        kept: Its training rows that stay, a mean over seeds.
        count: Its training rows.
    """

    name: str
    recall_delta_pp: float
    low: float | None
    high: float | None
    n_test: int
    kept: float
    count: int


def worst_class(cell: Cell, *, alpha: float = ALPHA, item_share: float = 1.0) -> WorstClass | None:
    """The class that loses most recall, as `retention` has it; None where none has 20 test examples."""
    found = retention(cell, alpha=alpha, item_share=item_share)
    tested = cell.pairs[0].pruned.test_counts if cell.pairs else ()
    if found is None:
        return None
    known = [
        k
        for k, n in enumerate(tested)
        if n >= LEAST_OF_CLASS and np.isfinite(found.recall_delta_pp[k])
    ]
    if not known:
        return None
    k = min(known, key=lambda k: found.recall_delta_pp[k])
    low, high = float(found.recall_low_pp[k]), float(found.recall_high_pp[k])
    return WorstClass(
        name=found.class_names[k],
        recall_delta_pp=float(found.recall_delta_pp[k]),
        low=low if np.isfinite(low) else None,
        high=high if np.isfinite(high) else None,
        n_test=tested[k],
        kept=float(found.kept[k]),
        count=int(found.counts[k]),
    )


def hurt_most(cell: Cell, *, alpha: float = ALPHA, item_share: float = 1.0) -> WorstClass | None:
    """As `worst_class`, with bounds that hold whichever class it is.

    The class is picked for its loss, so each class has its part of the error (Bonferroni).

    Args:
        cell: The cell.
        alpha: Error on each side, of all classes together.
        item_share: As of `paired_verdicts.judge_pairs`.
    """
    tested = cell.pairs[0].pruned.test_counts if cell.pairs else ()
    many = sum(n >= LEAST_OF_CLASS for n in tested)
    return worst_class(cell, alpha=alpha / max(many, 1), item_share=item_share)


def _recall_bounds(
    pairs: Sequence[Pair], alpha: float, item_share: float
) -> tuple[np.ndarray, np.ndarray]:
    """Bounds of each class's recall change by runs and its own test examples, (c,) each."""
    bounds = np.full((len(pairs[0].pruned.class_counts), 2), np.nan)
    counts = pairs[0].pruned.test_counts
    is_told = all(row.correct for pair in pairs for row in (pair.pruned, pair.baseline))
    chosen = ChosenBy(share=item_share, seeds=len(pairs[0].pruned.spec.scored_by))
    if len(pairs) > 1 and counts and is_told:
        by_class = [
            np.split(OF_ACCURACY.gained(pair.pruned, pair.baseline), np.cumsum(counts)[:-1])
            for pair in pairs
        ]
        for k in np.flatnonzero(counts):
            own = np.stack([parts[k] for parts in by_class], axis=1)
            verdict = judge(own, alpha=alpha, chosen=chosen)
            bounds[k] = verdict.low, verdict.high
    return bounds[:, 0], bounds[:, 1]


def _recall(pair: Pair, arm: str) -> np.ndarray:
    recall = np.asarray(getattr(pair, arm).recall, dtype=float)
    classes = len(pair.pruned.class_counts)
    return recall if len(recall) == classes else np.full(classes, np.nan)
