"""METRICS: what a trial is judged by. A new metric is one function and one row of this table.

A metric turns what a trial says of the test set into one number a test example, its contributions:
their mean is the metric's value, and how far each lies from the mean is what that example does to the
value (its influence). All statistics work on differences of contributions, and know nothing else.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.contributions import (
    Columns,
    Contributions,
    Truth,
    counted,
    enough,
    of_absolute_error,
    of_accuracy,
    of_auroc,
    of_balanced_accuracy,
    of_log_loss,
    of_macro_f1,
    of_root_mean_square,
    of_token_loss,
    prior_loss,
    rankable,
)
from trainables.outcome import LARGEST_LOSS


@dataclass(frozen=True, kw_only=True)
class Metric:
    """A metric that can be named: a row of METRICS, or one made of columns of the user's own.

    Attributes:
        name: As it is named on the command line.
        label: As it is named in a sentence.
        unit: Of its differences: "pp" (percentage points) for shares; empty for that of the data.
        scale: What a value is multiplied by to be in that unit.
        higher: Whether more is better.
        needs: Columns of an outcome.
        margin: How much worse is still within unless asked otherwise: in its unit ("1"), or as a share
            of what training gains over `reference` ("5%"); empty where it must be given.
        of: From answers and columns to contributions, shape (n,).
        most: From answers and what a full run says: the most that another prediction of one example
            can change that run's value by, times the number of examples. None where there is no such
            bound, and the largest change seen stands for it.
        reference: The columns of a prediction that looks at no example; None where there is none.
        is_of: What it needs the data to have: "classes", "numbers" or "" for anything.
    """

    name: str
    label: str
    unit: str = "pp"
    scale: float = 100.0
    higher: bool = True
    needs: tuple[str, ...] = ("predicted",)
    margin: str = "1"
    of: Callable[[Truth, Columns], Contributions]
    most: Callable[[Truth, Columns], float] | None = None
    reference: Callable[[Truth], Columns] | None = None
    is_of: str = "classes"

    @property
    def sign(self) -> int:
        """1 where more is better, else -1: what differences are multiplied by, so that below 0 is worse."""
        return 1 if self.higher else -1


def _one_row(truth: Truth, full: Columns) -> float:
    return 1.0


def _row_of_smallest(truth: Truth, full: Columns) -> float:
    """What one row of the smallest class moves a mean over classes by, times n."""
    y, counts = counted(truth)
    classes = enough(truth)
    return len(y) / (len(classes) * float(counts[classes].min()))


def _row_of_f1(truth: Truth, full: Columns) -> float:
    """What one prediction moves a mean of F1 by, times n: it may help two classes, or harm two."""
    y, counts = counted(truth)
    said, classes = full["predicted"], enough(truth)
    hit = np.bincount(y[said == y], minlength=len(counts))
    size = counts + np.bincount(said, minlength=len(counts))

    def moved(hits: NDArray[np.int64], sizes: NDArray[np.int64]) -> NDArray[np.float64]:
        f1, after = (2 * h / np.maximum(s, 1) for h, s in ((hit, size), (hits, sizes)))
        change: NDArray[np.float64] = np.where(np.isin(np.arange(len(hit)), classes), after - f1, 0)
        return np.abs(change)

    own = np.maximum(moved(hit + 1, size + 1), moved(np.maximum(hit - 1, 0), size - 1))
    others = np.maximum(moved(hit, size + 1), moved(hit, size - 1))
    pairs = own[:, None] + np.where(np.eye(len(hit), dtype=bool), 0, others)
    return float(len(y) * pairs.max() / len(classes))


def _row_to_rank(truth: Truth, full: Columns) -> float:
    """What one row moves the area by, times n: from below all others to above them, in each class."""
    y, counts = counted(truth)
    if len(counts) == 2:
        return len(y) / max(1, int(counts.min()))
    classes = rankable(truth)
    rest = len(y) / (len(y) - counts)
    as_own = len(y) / counts[classes] - rest[classes]
    return float((rest[classes].sum() + max(0.0, as_own.max())) / len(classes))


def _largest_loss(truth: Truth, full: Columns) -> float:
    """Losses are cut there before they are written."""
    return LARGEST_LOSS


METRICS: dict[str, Metric] = {
    metric.name: metric
    for metric in (
        Metric(name="accuracy", label="accuracy", of=of_accuracy, most=_one_row),
        Metric(
            name="balanced_accuracy", label="balanced accuracy", of=of_balanced_accuracy,
            most=_row_of_smallest,
        ),
        Metric(name="macro_f1", label="macro-F1", of=of_macro_f1, most=_row_of_f1),
        Metric(
            name="log_loss", label="log loss", unit="nats", scale=1.0, higher=False,
            needs=("loss",), margin="5%", of=of_log_loss, most=_largest_loss, reference=prior_loss,
        ),
        Metric(name="auroc", label="AUROC", needs=("loss", "probs"), of=of_auroc, most=_row_to_rank),
        Metric(
            name="mae", label="mean absolute error", unit="", scale=1.0, higher=False, margin="5%",
            of=of_absolute_error, is_of="numbers",
            reference=lambda truth: {"predicted": np.full(len(truth.y), truth.median)},
        ),
        Metric(
            name="rmse", label="root mean square error", unit="", scale=1.0, higher=False,
            margin="5%", of=of_root_mean_square, is_of="numbers",
            reference=lambda truth: {"predicted": np.full(len(truth.y), truth.mean)},
        ),
        Metric(
            name="token_loss", label="loss a token", unit="nats", scale=1.0, higher=False,
            needs=("loss", "weight"), margin="5%", of=of_token_loss, is_of="",
        ),
    )
}  # fmt: skip
ACCURACY = METRICS["accuracy"]
