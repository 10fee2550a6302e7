"""What each test example does to a metric: contributions, whose mean is the metric's value.

How far an example's contribution lies from the mean is its influence: what the value would change by,
times n, if that example counted once more.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trainables.errors import DataError

Columns = Mapping[str, NDArray[Any]]
Contributions = NDArray[np.float64]

# A class of fewer test rows has no recall worth a mean, and of fewer than ten no ranking.
LEAST_TO_AVERAGE, LEAST_TO_RANK = 5, 10
# Parts of the test set that are left out one by one of a metric of one's own.
_PARTS = 100


class NoValueError(DataError):
    """A metric has no value on some test rows, such as an area where all are of one class."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Truth:
    """The answers of a test set, row for row, and what the training set says without a look.

    Attributes:
        labels: Class numbers, shape (n,); None where there are no classes.
        targets: Numbers, shape (n,); None where none are to be predicted.
        class_names: Shape (c,).
        prior: Share of each class in the training set, shape (c,).
        mean: Of the training set's numbers.
        median: Of the same.
        own: The user's own columns of the test set.
    """

    labels: NDArray[np.int64] | None = None
    targets: NDArray[np.float64] | None = None
    class_names: tuple[str, ...] = ()
    prior: NDArray[np.float64] | None = None
    mean: float | None = None
    median: float | None = None
    own: Columns = field(default_factory=dict)

    @property
    def y(self) -> NDArray[Any]:
        """What is to be predicted, shape (n,).

        Raises:
            DataError: If there is nothing.
        """
        if self.targets is not None:
            return self.targets
        if self.labels is None:
            raise DataError("the test set has neither classes nor numbers to predict")
        return self.labels


def of_accuracy(truth: Truth, columns: Columns) -> Contributions:
    """1 where an example is right, else 0, shape (n,)."""
    right: Contributions = (columns["predicted"] == truth.labels).astype(np.float64)
    return right


def of_log_loss(truth: Truth, columns: Columns) -> Contributions:
    """The loss of each example, in nats, shape (n,)."""
    found: Contributions = columns["loss"].astype(np.float64)
    return found


def prior_loss(truth: Truth) -> Columns:
    """The loss of saying the shares of the training set."""
    y, _ = counted(truth)
    if truth.prior is None:
        raise DataError("the training set's classes are not known: no loss without a look")
    return {"loss": -np.log(np.maximum(truth.prior, 1e-7))[y]}


def of_auroc(truth: Truth, columns: Columns) -> Contributions:
    """Of two classes the area of the second; of more the mean over classes, each against the rest.

    References:
        DeLong, DeLong, Clarke-Pearson, "Comparing the areas under two or more correlated receiver
        operating characteristic curves", 1988.
    """
    y, counts = counted(truth)
    if len(counts) == 2 and not counts.all():
        raise NoValueError("all test rows are of one class: there is no AUROC")
    if len(counts) == 2:
        return _area(_evidence(columns["loss"].astype(np.float64), y == 1), y == 1, room=1.0)
    classes = rankable(truth)
    areas = [_area(columns["probs"][:, k], y == k) for k in classes]
    found: Contributions = np.mean(areas, axis=0)
    return found


def _evidence(loss: NDArray[np.float64], positive: NDArray[np.bool_]) -> NDArray[np.float64]:
    """How much speaks for the second class, in steps of what rounding may have moved a loss by.

    Rows of one probability have unlike losses where their classes differ, and each is rounded by
    itself: without room for that, a prediction that says the same of all rows would rank them.
    """
    is_half = np.array_equal(loss, loss.astype(np.float16))
    least, most = (1e-7, 13.0) if is_half else (1e-16, 16.0)
    against = np.log(np.expm1(np.maximum(loss, least))).clip(-most, most)
    odds: NDArray[np.float64] = np.where(positive, -against, against)
    if not is_half:
        return 1e8 * odds
    # Half a last digit of either class's loss, 2^-11 of it, moves log odds by 2^-11 (3 + |odds|) at most.
    found: NDArray[np.float64] = np.sign(odds) * np.log1p(np.abs(odds) / 3) * 2**11
    return found


def _area(
    score: NDArray[np.float64], positive: NDArray[np.bool_], room: float = 0.0
) -> Contributions:
    """The share of pairs ranked right, and each example's part in it; scores within `room` count half."""

    def below(some: NDArray[np.float64], others: NDArray[np.float64]) -> NDArray[np.float64]:
        ranked = np.sort(others)
        first = np.searchsorted(ranked, some - room, side="left")
        last = np.searchsorted(ranked, some + room, side="right")
        found: NDArray[np.float64] = (first + last) / (2 * len(others))
        return found

    share = np.empty(len(score))
    share[positive] = below(score[positive], score[~positive])
    share[~positive] = 1 - below(score[~positive], score[positive])
    area, many = float(share[positive].mean()), int(positive.sum())
    weight = np.where(positive, len(score) / many, len(score) / (len(score) - many))
    found: Contributions = area + weight * (share - area)
    return found


def of_absolute_error(truth: Truth, columns: Columns) -> Contributions:
    """How far each number is off, shape (n,)."""
    found: Contributions = np.abs(columns["predicted"] - truth.y)
    return found


def of_root_mean_square(truth: Truth, columns: Columns) -> Contributions:
    """What each example does to the root of the mean square error, shape (n,)."""
    squares = (columns["predicted"] - truth.y) ** 2
    root = float(np.sqrt(squares.mean()))
    found: Contributions = root + (squares - root**2) / (2 * root) if root else squares
    return found


def of_token_loss(truth: Truth, columns: Columns) -> Contributions:
    """What each document does to the token loss, shape (n,)."""
    return ratio(columns["loss"], columns["weight"])


def ratio(above: NDArray[Any], below: NDArray[Any]) -> Contributions:
    """Contributions to the ratio of two sums, shape (n,).

    Raises:
        NoValueError: If the sum below is not above 0.
    """
    mean = float(np.mean(below))
    if not mean > 0:
        raise NoValueError(
            f"the column to divide by sums to {mean * len(below):g}; it must be above 0"
        )
    value = float(np.mean(above)) / mean
    found: Contributions = value + (above - value * below) / mean
    return found


def by_jackknife(
    function: Callable[[NDArray[Any], dict[str, NDArray[Any]]], float],
    truth: Truth,
    columns: Columns,
) -> Contributions:
    """Contributions to any function of answers and columns, by leaving out parts of the test set.

    Args:
        function: From answers (n,) and columns to a number.
        truth: The answers.
        columns: An outcome's.

    Returns:
        One number a part, shape (100,), or (n,) of a smaller test set: the parts stand for examples.

    Raises:
        NoValueError: If there is one test row, or the function gives no finite number.
    """
    n = len(truth.y)
    if n < 2:
        raise NoValueError("the test set has one row; a metric of one's own needs two")
    parts = np.random.default_rng(0).permutation(n) % min(_PARTS, n)
    count = int(parts.max()) + 1
    without = np.array([
        function(truth.y[parts != part], {k: v[parts != part] for k, v in columns.items()})
        for part in range(count)
    ])  # fmt: skip
    value = float(function(truth.y, dict(columns)))
    if not np.isfinite([value, *without]).all():
        raise NoValueError(
            "the metric is not a finite number on the test set, or on 99 of 100 parts of it"
        )
    found: Contributions = value + (count - 1) * (without.mean() - without)
    return found


def enough(truth: Truth) -> NDArray[np.int64]:
    """The classes that a mean over classes is of: those of 5 test rows and more, or all there are.

    Raises:
        DataError: If no class has a test row.
    """
    _, counts = counted(truth)
    found = np.flatnonzero(counts >= LEAST_TO_AVERAGE)
    return found if len(found) else np.flatnonzero(counts)


def rankable(truth: Truth) -> NDArray[np.int64]:
    """Of more than two classes those that an AUROC is the mean over: with 10 rows in and out of them.

    Raises:
        NoValueError: If there is none.
    """
    y, counts = counted(truth)
    found = np.flatnonzero((counts >= LEAST_TO_RANK) & (len(y) - counts >= LEAST_TO_RANK))
    if not len(found):
        raise NoValueError(
            f"no class has {LEAST_TO_RANK} test rows and {LEAST_TO_RANK} of other classes beside "
            "it: there is no AUROC"
        )
    return found


def counted(truth: Truth) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Class numbers, shape (n,), and how many test rows each class has, shape (c,)."""
    if truth.labels is None:
        raise DataError("the test set has no classes")
    return truth.labels, np.bincount(truth.labels, minlength=len(truth.class_names))
