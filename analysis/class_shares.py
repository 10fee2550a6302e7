"""A change of accuracy by the class shares of training, beside that by the test rows' own."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.class_means import training_shares
from analysis.contributions import NoValueError, Truth
from analysis.envelope import Cell
from analysis.metrics import METRICS
from analysis.readings import correct_bits, truth_of_row
from analysis.verdicts import ChosenBy, Verdict, judge
from trainables.result import TrialResult

# So many of 100 test rows would have to be of another class before the two accuracies are told apart.
LEAST_GAP = 0.05
_METRIC = METRICS["accuracy_by_training_shares"]


@dataclass(frozen=True, kw_only=True)
class ByTrainingShares:
    """A condition's accuracy were the test rows of each class as many as its training share asks for.

    Attributes:
        verdict: Of the change.
        full: Accuracy of the full-data runs, a mean, in [0, 1].
        pruned: Of the pruned runs.
        gap: Share of the test rows that would have to be of another class, in [0, 1].
        left_out: Classes of the training set that have too few test rows to count.
    """

    verdict: Verdict
    full: float
    pruned: float
    gap: float
    left_out: tuple[str, ...] = ()


def share_gap(row: TrialResult) -> float:
    """Share of the test rows that would have to be of another class to have the shares of training.

    Half the sum of the differences of the classes' shares; 0 where classes are not known.
    """
    sizes = [np.asarray(counts, float) for counts in (row.class_counts, row.test_counts)]
    if len(sizes[0]) != len(sizes[1]) or not all(own.sum() for own in sizes):
        return 0.0
    train, test = (own / own.sum() for own in sizes)
    return float(np.abs(train - test).sum() / 2)


def by_training_shares(
    cell: Cell, *, tolerance: float, alpha: float, item_share: float = 1.0
) -> ByTrainingShares | None:
    """Judge a condition by accuracy with the class shares of training, from what its rows tell.

    Args:
        cell: The condition.
        tolerance: As of its verdict, in pp.
        alpha: Error on each side.
        item_share: As of `judge`.

    Returns:
        None where the shares differ for fewer than 5 of 100 test rows, or are not known.
    """
    rows = [row for pair in cell.pairs for row in (pair.pruned, pair.baseline)]
    if not rows or (gap := share_gap(rows[0])) < LEAST_GAP or not all(row.correct for row in rows):
        return None
    truth = truth_of_row(rows[0])
    try:
        shares = training_shares(truth)
    except NoValueError:
        return None
    x = [(_each(truth, pair.pruned), _each(truth, pair.baseline)) for pair in cell.pairs]
    pruned, full = (np.stack([one[i] for one in x], axis=1) for i in (0, 1))
    chosen = ChosenBy(share=item_share, seeds=len(cell.condition.scored_by))
    most = _METRIC.most(truth, {}) if _METRIC.most else None
    counts = zip(truth.class_names, rows[0].class_counts, shares, strict=True)
    return ByTrainingShares(
        verdict=judge(
            pruned - full, tolerance=tolerance, alpha=alpha, chosen=chosen, diverged=cell.diverged,
            metric=_METRIC, most=most,
        ),
        full=float(full.mean()),
        pruned=float(pruned.mean()),
        gap=gap,
        left_out=tuple(name for name, count, share in counts if count and not share),
    )  # fmt: skip


def _each(truth: Truth, row: TrialResult) -> NDArray[np.float64]:
    """A run's contributions: of a wrong row it does not count what was said."""
    return _METRIC.of(truth, {"predicted": np.where(correct_bits(row), truth.y, -1)})
