"""Whether the full-data runs have learned anything that pruning could lose."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from analysis.contributions import Contributions
from analysis.intervals import bounds
from analysis.metrics import ACCURACY
from analysis.readings import OF_ACCURACY, Reading
from analysis.verdicts import ALPHA, parts_of
from trainables.result import TrialResult


@dataclass(frozen=True, kw_only=True)
class Learned:
    """The full-data runs of one data set, model and training beside a prediction without a look.

    Attributes:
        accuracy: Mean of the runs, in [0, 1]; 0 where the data have no classes.
        largest: The class most frequent in the test set; empty where there are none.
        share: Its share of the test set: the accuracy of always naming it.
        n_test: Test examples.
        n_runs: Full-data runs.
        is_shown: Whether the runs beat the prediction without a look by their interval, in the metric
            they are judged by.
        value: The metric of the runs, a mean, as `Reading.value` has it.
        reference: The metric of the prediction without a look, likewise.
    """

    accuracy: float
    largest: str
    share: float
    n_test: int
    n_runs: int
    is_shown: bool
    value: float = 0.0
    reference: float = 0.0


def learned(baselines: Iterable[TrialResult], reading: Reading = OF_ACCURACY) -> Learned | None:
    """Hold full-data runs against a prediction that looks at no example.

    That is the metric's reference; of classes, where it has none, always naming the largest class of the
    test set, or of the training set where that is better.

    Args:
        baselines: Of one data set, model and training; failed ones are left out.
        reading: The metric they are judged by.

    Returns:
        What they are worth; None where no such prediction is known, or no run has what the metric needs.
    """
    runs = [row for row in baselines if row.is_ok and not _lacks(row, reading)]
    if not runs:
        return None
    first = runs[0]
    same = [row for row in runs if row.test_counts == first.test_counts]
    without = _without_a_look(reading, first)
    if without is None:
        return None
    values = [reading.of(row) for row in same]
    found = [row.accuracy for row in same if row.accuracy is not None]
    counts = first.test_counts
    largest = int(np.argmax(counts)) if counts else None
    name = "" if largest is None else str(largest)
    if largest is not None and first.class_names:
        name = first.class_names[largest]
    return Learned(
        accuracy=float(np.mean(found)) if found else 0.0,
        largest=name,
        share=counts[largest] / sum(counts) if largest is not None else 0.0,
        n_test=first.n_test,
        n_runs=len(same),
        is_shown=_lower_bound(values, without, reading, first) > 0,
        value=float(np.mean([reading.value(row) for row in same])),
        reference=float(without.mean()),
    )


def _lacks(row: TrialResult, reading: Reading) -> bool:
    if reading.metric is not ACCURACY:
        return bool(reading.why_none(row))
    return row.accuracy is None or not row.correct or sum(row.test_counts) != row.n_test


def _without_a_look(reading: Reading, row: TrialResult) -> Contributions | None:
    """Contributions of a prediction without a look, shape (n,); None where none is known."""
    metric, truth = reading.metric, reading.truth(row)
    if (without := reading.reference(row)) is not None:
        return without
    if truth.labels is None or metric.is_of != "classes":
        return None
    c = max(len(truth.class_names), int(truth.labels.max()) + 1)
    sizes = [np.bincount(truth.labels, minlength=c), truth.prior]
    largest = dict.fromkeys(int(np.argmax(own)) for own in sizes if own is not None)
    found = [metric.of(truth, _naming_one_class(len(truth.labels), k, c)) for k in largest]
    return max(found, key=lambda one: metric.sign * float(one.mean()))


def _naming_one_class(n: int, k: int, c: int) -> dict[str, np.ndarray]:
    """Class k of c for each of n rows, none likelier than another."""
    return {
        "predicted": np.full(n, k),
        "loss": np.full(n, np.log(c)),
        "probs": np.full((n, c), 1 / c),
    }


def _lower_bound(
    values: Sequence[Contributions], without: Contributions, reading: Reading, row: TrialResult
) -> float:
    """Of the runs' value less that of the prediction without a look, at 5 %."""
    x = reading.metric.sign * (np.stack(values, axis=1) - without[:, None])
    found, few = parts_of(x, reading.most(row))
    return float(bounds(found, ALPHA)[0]) if few is None else -math.inf
