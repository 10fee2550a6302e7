"""Metrics that are means over classes: of their recalls or their F1, each class by a share of its own."""

import numpy as np
from numpy.typing import NDArray

from analysis.contributions import (
    LEAST_TO_AVERAGE,
    Columns,
    Contributions,
    NoValueError,
    Truth,
    counted,
    enough,
)
from trainables.errors import DataError


def of_balanced_accuracy(truth: Truth, columns: Columns) -> Contributions:
    """A mean of recalls, each class counting the same."""
    return _mean_of_recalls(truth, columns, equal_shares(truth))


def of_accuracy_by_training_shares(truth: Truth, columns: Columns) -> Contributions:
    """Accuracy on a test set with the class shares of training: each recall counts as its class does there."""
    return _mean_of_recalls(truth, columns, training_shares(truth))


def _mean_of_recalls(truth: Truth, columns: Columns, shares: NDArray[np.float64]) -> Contributions:
    """A weighted mean of recalls; a small class's influence is widened as its own variance is too small."""
    y, counts = counted(truth)
    right = columns["predicted"] == y
    recall = np.bincount(y[right], minlength=len(counts)) / np.maximum(counts, 1)
    # Of a class of one row nothing is known of the variance: it adds none.
    wider = np.sqrt(counts / np.maximum(counts - 1, 1))
    weight = len(y) * shares / np.maximum(counts, 1) * wider
    found: Contributions = (shares * recall).sum() + weight[y] * (right - recall[y])
    return found


def equal_shares(truth: Truth) -> NDArray[np.float64]:
    """The same weight for each class that a mean over classes is of, shape (c,), sum 1."""
    classes = enough(truth)
    shares = np.zeros(len(truth.class_names))
    shares[classes] = 1 / len(classes)
    return shares


def training_shares(truth: Truth) -> NDArray[np.float64]:
    """Shares of the training rows among the classes that a mean over classes is of, shape (c,), sum 1.

    Raises:
        NoValueError: If the training set's classes are not known, or none of these has a training row.
    """
    classes = enough(truth)
    if truth.prior is None:
        raise NoValueError("the training set's class shares are not known")
    shares = np.zeros(len(truth.class_names))
    shares[classes] = truth.prior[classes]
    if not shares.sum() > 0:
        raise NoValueError(
            f"no class with {LEAST_TO_AVERAGE} test rows has a training row: there is no accuracy by the "
            "training's class shares"
        )
    normed: NDArray[np.float64] = shares / shares.sum()
    return normed


def of_macro_f1(truth: Truth, columns: Columns) -> Contributions:
    """What each example does to the mean of the classes' F1, shape (n,)."""
    y, counts = counted(truth)
    predicted = columns["predicted"]
    outside = predicted[(predicted < 0) | (predicted >= len(counts))]
    if len(outside):
        raise DataError(f"class {outside[0]} is predicted; the data set has {len(counts)} classes")
    of_predicted = np.bincount(predicted, minlength=len(counts))
    right = predicted == y
    hit = np.bincount(y[right], minlength=len(counts))
    size = counts + of_predicted
    f1 = np.divide(2.0 * hit, size, out=np.zeros(len(counts)), where=size > 0)
    classes = enough(truth)
    # What one row of a class does to that class's F1; classes too small to count weigh nothing.
    weight = np.zeros(len(counts))
    weight[classes] = len(y) / size[classes] / len(classes)
    influence = 2 * weight[y] * right - (weight * f1)[y] - (weight * f1)[predicted]
    found: Contributions = f1[classes].mean() + influence
    return found
