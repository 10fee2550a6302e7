"""The most that another prediction of one test row can move a metric by, times the number of rows.

Each takes the answers and what a full-data run says of them: `Metric.most`.
"""

import numpy as np
from numpy.typing import NDArray

from analysis.class_means import training_shares
from analysis.contributions import Columns, Truth, counted, enough, rankable
from trainables.outcome import LARGEST_LOSS


def one_row(truth: Truth, full: Columns) -> float:
    """A row is right or wrong."""
    return 1.0


def row_of_smallest(truth: Truth, full: Columns) -> float:
    """What one row of the smallest class moves a mean over classes by, times n."""
    y, counts = counted(truth)
    classes = enough(truth)
    return len(y) / (len(classes) * float(counts[classes].min()))


def row_by_training_shares(truth: Truth, full: Columns) -> float:
    """What one row moves an accuracy by the training's class shares by, times n: where it counts the most."""
    y, counts = counted(truth)
    return float(len(y) * (training_shares(truth) / np.maximum(counts, 1)).max())


def row_of_f1(truth: Truth, full: Columns) -> float:
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


def row_to_rank(truth: Truth, full: Columns) -> float:
    """What one row moves the area by, times n: from below all others to above them, in each class."""
    y, counts = counted(truth)
    if len(counts) == 2:
        return len(y) / max(1, int(counts.min()))
    classes = rankable(truth)
    rest = len(y) / (len(y) - counts)
    as_own = len(y) / counts[classes] - rest[classes]
    return float((rest[classes].sum() + max(0.0, as_own.max())) / len(classes))


def largest_loss(truth: Truth, full: Columns) -> float:
    """Losses are cut there before they are written."""
    return LARGEST_LOSS
