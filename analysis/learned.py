"""Whether the full-data runs have learned anything that pruning could lose."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from analysis.intervals import bounds, parts
from analysis.pairing import correct_bits
from analysis.verdicts import ALPHA
from trainables.result import TrialResult


@dataclass(frozen=True, kw_only=True)
class Learned:
    """The full-data runs of one data set, model and training beside always naming one class.

    Attributes:
        accuracy: Mean of the runs, in [0, 1].
        largest: The class most frequent in the test set.
        share: Its share of the test set: the accuracy of always naming it.
        n_test: Test examples.
        n_runs: Full-data runs.
        is_shown: Whether the runs beat that by their interval.
    """

    accuracy: float
    largest: str
    share: float
    n_test: int
    n_runs: int
    is_shown: bool


def learned(baselines: Iterable[TrialResult]) -> Learned | None:
    """Hold full-data runs against always naming the largest class of the test set.

    Args:
        baselines: Of one data set, model and training; failed ones are left out.

    Returns:
        What they are worth; None where no run says which test examples it gets right.
    """
    runs = [row for row in baselines if row.is_ok and row.accuracy is not None and row.correct]
    runs = [row for row in runs if sum(row.test_counts) == row.n_test]
    if not runs:
        return None
    counts = runs[0].test_counts
    same = [row for row in runs if row.test_counts == counts]
    largest = int(np.argmax(counts))
    # Rows hold the first class's examples first.
    naming = (np.repeat(np.arange(len(counts)), counts) == largest).astype(np.int8)
    beaten_by = _lower_bound(same, naming)
    return Learned(
        accuracy=float(np.mean([row.accuracy for row in same])),
        largest=same[0].class_names[largest] if same[0].class_names else str(largest),
        share=counts[largest] / sum(counts),
        n_test=sum(counts),
        n_runs=len(same),
        is_shown=beaten_by > 0,
    )


def _lower_bound(runs: Sequence[TrialResult], naming: np.ndarray) -> float:
    """Of the runs' accuracy less that of naming one class, at 5 %."""
    x = np.stack([correct_bits(row) - naming for row in runs], axis=1)
    return float(bounds(parts(x), ALPHA)[0])
