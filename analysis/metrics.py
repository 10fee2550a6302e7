"""METRICS: what a trial is judged by. A new metric is one function and one row of this table.

A metric turns what a trial says of the test set into one number a test example, its contributions:
their mean is the metric's value, and how far each lies from the mean is what that example does to the
value (its influence). All statistics work on differences of contributions, and know nothing else.
"""

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from importlib.util import find_spec

import numpy as np
from numpy.typing import NDArray

from analysis.class_means import (
    of_accuracy_by_training_shares,
    of_balanced_accuracy,
    of_macro_f1,
)
from analysis.contributions import (
    LEAST_TO_AVERAGE,
    LEAST_TO_RANK,
    Columns,
    Contributions,
    Truth,
    by_jackknife,
    of_absolute_error,
    of_accuracy,
    of_auroc,
    of_log_loss,
    of_root_mean_square,
    of_token_loss,
    prior_loss,
    ratio,
)
from analysis.own_functions import number_from, own_function
from analysis.row_bounds import (
    largest_loss,
    one_row,
    row_by_training_shares,
    row_of_f1,
    row_of_smallest,
    row_to_rank,
)
from trainables.errors import DataError, UsageError
from trainables.suggestions import did_you_mean
from trainables.written_numbers import real_number


@dataclass(frozen=True, kw_only=True)
class Metric:
    """A metric that can be named: a row of METRICS, or one made of columns of the user's own.

    Attributes:
        name: As it is named on the command line.
        label: As it is named by itself.
        noun: As a sentence names it, where that is not the label: the log loss.
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
        before: The column of a full-data run that says what the model lost before it was trained, in place
            of such a prediction; empty where there is none.
        is_of: What it needs the data to have: "classes", "numbers" or "" for anything.
        has_perplexity: Whether people read it by its exponential.
    """

    name: str
    label: str
    noun: str = ""
    unit: str = "pp"
    scale: float = 100.0
    higher: bool = True
    needs: tuple[str, ...] = ("predicted",)
    margin: str = "1"
    of: Callable[[Truth, Columns], Contributions]
    most: Callable[[Truth, Columns], float] | None = None
    reference: Callable[[Truth], Columns] | None = None
    before: str = ""
    is_of: str = "classes"
    has_perplexity: bool = False

    @property
    def has_gain(self) -> bool:
        """Whether it is known what training gains, so that a margin can be a share of it."""
        return self.reference is not None or bool(self.before)

    def by(self, margin: "Margin") -> "Metric":
        """The metric with the columns that a margin asks for, too."""
        if not (margin.is_share and self.before):
            return self
        return replace(self, needs=(*self.needs, self.before))

    @property
    def without_training(self) -> str:
        """What a full-data run is held against to say what training gains."""
        return (
            "the model before it was trained"
            if self.before
            else "a prediction that looks at no example"
        )

    @property
    def sign(self) -> int:
        """1 where more is better, else -1: what differences are multiplied by, so that below 0 is worse."""
        return 1 if self.higher else -1


METRICS: dict[str, Metric] = {
    metric.name: metric
    for metric in (
        Metric(name="accuracy", label="accuracy", of=of_accuracy, most=one_row),
        Metric(
            name="balanced_accuracy", label="balanced accuracy", of=of_balanced_accuracy,
            most=row_of_smallest,
        ),
        Metric(
            name="accuracy_by_training_shares", label="accuracy by training shares",
            of=of_accuracy_by_training_shares, most=row_by_training_shares,
        ),
        Metric(name="macro_f1", label="macro-F1", of=of_macro_f1, most=row_of_f1),
        Metric(
            name="log_loss", label="log loss", noun="the log loss", unit="nats", scale=1.0, higher=False,
            needs=("loss",), margin="5%", of=of_log_loss, most=largest_loss, reference=prior_loss,
        ),
        Metric(name="auroc", label="AUROC", needs=("loss", "probs"), of=of_auroc, most=row_to_rank),
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
            name="token_loss", label="token loss", noun="the token loss", unit="nats", scale=1.0, higher=False,
            needs=("loss", "weight"), margin="5%", of=of_token_loss, before="reference", is_of="", has_perplexity=True,
        ),
    )
}  # fmt: skip
ACCURACY = METRICS["accuracy"]


def classes_counted(metric: Metric, counts: Sequence[int] | NDArray[np.int64]) -> str:
    """Over how many classes a mean over classes goes, where some have too few test rows; else empty.

    Args:
        metric: Any.
        counts: Test rows of each class.
    """
    means = ("balanced_accuracy", "accuracy_by_training_shares", "macro_f1")
    least = LEAST_TO_AVERAGE if metric.name in means else 0
    if metric.name == "auroc" and len(counts) > 2:
        least = LEAST_TO_RANK
    few = sum(int(count) < least for count in counts)
    if not 0 < few < len(counts):
        return ""
    return (
        f"{metric.label} is a mean over {len(counts) - few} of {len(counts)} classes: the others have fewer "
        f"than {least} test rows"
    )


_DIRECTIONS = {"higher": True, "lower": False}
_SHARE = re.compile(r"([0-9]+\.?[0-9]*|\.[0-9]+)%")


@dataclass(frozen=True, kw_only=True)
class Margin:
    """How much worse is still within.

    Attributes:
        value: In the metric's unit; as a share in [0, 1) of what training gains over `Metric.reference`
            where `is_share`.
        is_share: Which of the two.
    """

    value: float
    is_share: bool = False

    @property
    def written(self) -> float | str:
        """As a plan holds it, and `margin_of` reads it: a number, or a share such as "5%"."""
        return f"{round(100 * self.value, 10):g}%" if self.is_share else self.value

    def text(self, metric: Metric) -> str:
        """As a sentence has it: 1 pp, 0.02 nats, 5% of the gain."""
        if self.is_share:
            return f"{round(100 * self.value, 4):g}% of the gain"
        return f"{self.value:g} {metric.unit}".strip()


def margin_of(text: str, metric: Metric) -> Margin:
    """A margin as written: a number in the metric's unit, or a share of the gain such as 5%.

    Args:
        text: Empty for the metric's own.
        metric: What it is of.

    Raises:
        UsageError: If it is neither, or the metric has no margin of its own, or no gain to share.
    """
    written = str(text) or metric.margin
    unit = f" in {metric.unit}" if metric.unit else " in its own unit"
    shares = ", or a share of what training gains, such as 5%" if metric.has_gain else ""
    if not written:
        raise UsageError(
            f"{metric.name} has no margin of its own: give how much worse is still within{unit}, such as "
            f"--tolerance 0.01{shares}"
        )
    if found := _SHARE.fullmatch(written):
        if not metric.has_gain:
            raise UsageError(
                f"tolerance {written} is a share of what training gains over a prediction that looks at no "
                f"example, and {metric.label} has none: give a number{unit}"
            )
        if (share := float(found[1]) / 100) < 1:
            return Margin(value=share, is_share=True)
    try:
        value = real_number(written)
    except ValueError:
        value = math.nan
    if not 0 <= value < math.inf or (metric.unit == "pp" and value > 100):
        raise UsageError(f"tolerance {written!r}; give a number{unit}, 0 or more{shares}")
    return Margin(value=value)


def metric_of(text: str) -> Metric:
    """A metric as written: a row of METRICS, or one of the user's own.

    NAME:higher or NAME:lower is the mean of a column that a trainer leaves, A/B:higher the ratio of two
    columns' sums; FILE.py:FUNCTION or MODULE:FUNCTION, with :lower behind it where less is better, a
    function of answers and columns.

    Raises:
        UsageError: If it is none of them, or the function is not there.
    """
    if text in METRICS:
        return METRICS[text]
    name, _, last = text.rpartition(":")
    if name and last in _DIRECTIONS and ":" not in name:
        return _of_columns(name, text, higher=_DIRECTIONS[last])
    if name and last in _DIRECTIONS:
        return _of_function(name, text, higher=_DIRECTIONS[last])
    if name in METRICS:
        raise UsageError(
            f"metric {text!r}; how much worse is still within is not part of it: give --metric {name} "
            f"--tolerance {last}"
        )
    meant = did_you_mean(last, _DIRECTIONS)
    if name and meant and "." not in name and find_spec(name) is None:
        raise UsageError(f"metric {text!r}; behind a column stands higher or lower.{meant}")
    if name and last.isidentifier():
        return _of_function(text, text, higher=True)
    raise UsageError(
        f"metric {text!r} is not known.{did_you_mean(text, METRICS)} There are {', '.join(METRICS)}; a column "
        "that your trainer leaves is NAME:higher or NAME:lower, a function of yours FILE.py:FUNCTION"
    )


def _of_columns(name: str, text: str, *, higher: bool) -> Metric:
    """The mean of a column, or the ratio of the sums of two."""
    needs = tuple(name.split("/"))
    if not all(needs) or len(needs) > 2:
        raise UsageError(f"metric {text!r}; write NAME:higher or A/B:higher, or lower for either")

    def of(truth: Truth, columns: Columns) -> Contributions:
        numbers = [columns[column].astype(np.float64) for column in needs]
        if wide := [column for column in needs if columns[column].ndim > 1]:
            raise DataError(f"column {wide[0]!r} has several numbers a row; {text} needs one")
        return ratio(*numbers) if len(numbers) == 2 else numbers[0]

    return Metric(
        name=text, label=name, unit="", scale=1.0, higher=higher, needs=needs, margin="", of=of, is_of=""
    )  # fmt: skip


def _of_function(name: str, text: str, *, higher: bool) -> Metric:
    """Any function of answers and columns, by the jackknife."""
    where, _, attribute = name.rpartition(":")
    function = partial(number_from, own_function(where, attribute, text), text)
    return Metric(
        name=text, label=attribute, unit="", scale=1.0, higher=higher, needs=(), margin="",
        of=lambda truth, columns: by_jackknife(function, truth, columns), is_of="",
    )  # fmt: skip
