"""A metric as it reads trials: contributions of each test row, read once and compared.

Everything is in the order of `TrialResult.correct`: the first class's test rows first.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from math import isfinite
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.contributions import Columns, Contributions, Truth
from analysis.metrics import ACCURACY, Metric
from analysis.outcomes import OUTCOME, PROBS, Outcomes, columns_in, some_rows
from trainables.errors import DataError
from trainables.result import TrialResult

Rows = NDArray[np.bool_]
# Contributions kept in memory: a full-data run is beside every trial of its seed.
_KEPT = 128
# Tables kept: those of a condition's trials, which every class and group of a guard looks at.
_TABLES = 24


class Reading:
    """A metric as it reads trials.

    Args:
        metric: What is read.
        outcomes: Where outcomes are; accuracy needs none.
    """

    def __init__(self, metric: Metric = ACCURACY, outcomes: Outcomes | None = None) -> None:
        self.metric, self.outcomes = metric, outcomes or Outcomes()
        self._beside: dict[str, Reading] = {}
        self._known = lru_cache(maxsize=_KEPT)(self._read)
        self._said = lru_cache(maxsize=_TABLES)(self._table)

    def with_metric(self, metric: Metric) -> "Reading":
        """Another metric of the same outcomes, read once."""
        if metric.name == self.metric.name:
            return self
        if metric.name not in self._beside:
            self._beside[metric.name] = Reading(metric, self.outcomes)
        return self._beside[metric.name]

    def of(self, row: TrialResult, rows: Rows | None = None) -> Contributions:
        """A trial's contributions, in the order of `TrialResult.correct`.

        Args:
            row: A finished trial.
            rows: The test rows that count, a mask of that order; all without it.

        Returns:
            Shape (n,): their mean is the metric's value, as a share where its unit is pp.

        Raises:
            DataError: If the trial has not kept what the metric needs.
        """
        if self.metric is ACCURACY:
            bits = correct_bits(row)
            return bits if rows is None else bits[rows]  # type: ignore[return-value]
        if rows is None:
            return self._known(_Hashed(row))
        truth, columns = self.truth(row), self._columns(row)
        return self.metric.of(some_rows(truth, rows), {k: v[rows] for k, v in columns.items()})

    def gained(self, one: TrialResult, other: TrialResult, rows: Rows | None = None) -> np.ndarray:
        """What each test row adds to one trial's value less the other's, below 0 where it is worse.

        Returns:
            Shape (n,); of accuracy +1 where only the one is right, -1 where only the other.
        """
        difference: np.ndarray = self.metric.sign * (self.of(one, rows) - self.of(other, rows))
        return difference

    def value(self, row: TrialResult) -> float:
        """The metric of a finished trial, in its unit but for shares, which lie in [0, 1]."""
        if self.metric is ACCURACY and row.accuracy is not None:
            return row.accuracy
        return float(self.of(row).mean())

    def why_none(self, row: TrialResult) -> str:
        """Why a finished trial has no value, such as "accuracy is nan"; empty where it has one."""
        if self.metric is ACCURACY and row.accuracy is None:
            return "accuracy is None"
        if lacking := self.lacks(row):
            return f"{lacking[0]} of each test row was not kept: {self.metric.name} needs it"
        value = self.value(row)
        return "" if isfinite(value) else f"{self.metric.label} is {value}"

    def gain(self, row: TrialResult, rows: Rows | None = None) -> np.ndarray | None:
        """What each test row adds to what a full-data run gains over a prediction without a look.

        Returns:
            Shape (n,), above 0 where the run is better; None where the metric knows no such prediction.
        """
        without = self.reference(row, rows)
        if without is None:
            return None
        gained: np.ndarray = self.metric.sign * (self.of(row, rows) - without)
        return gained

    def reference(self, row: TrialResult, rows: Rows | None = None) -> Contributions | None:
        """Contributions of a prediction without a look; None where none is known.

        Of the token loss it is the model of the full-data run, as it was before it was trained.
        """
        metric = self.metric
        if metric.reference is None and metric.before not in metric.needs:
            return None
        truth = self.truth(row) if rows is None else some_rows(self.truth(row), rows)
        if metric.reference is not None:
            return metric.of(truth, metric.reference(truth))
        columns = self._columns(row)
        before = {**columns, metric.needs[0]: columns[metric.before]}
        chosen = slice(None) if rows is None else rows
        return metric.of(truth, {name: column[chosen] for name, column in before.items()})

    def most(self, row: TrialResult, rows: Rows | None = None) -> float | None:
        """The most that one test row may change a full-data run's value by, as `judge` takes it."""
        if self.metric is ACCURACY:
            return 1.0
        if self.metric.most is None:
            return None
        truth, columns = self.truth(row), self._columns(row)
        if rows is None:
            return self.metric.most(truth, columns)
        return self.metric.most(some_rows(truth, rows), {k: v[rows] for k, v in columns.items()})

    def truth(self, row: TrialResult) -> Truth:
        """The answers in the order of `TrialResult.correct`; of accuracy those that its row tells."""
        if self.metric is ACCURACY:
            return truth_of_row(row)
        truth, _ = self.outcomes.ordered(row.spec.data_sha)
        return truth

    def lacks(self, row: TrialResult) -> tuple[str, ...]:
        """Columns that the metric needs and a finished trial has not kept."""
        if self.metric is ACCURACY or not row.is_ok:
            return ()
        paths = [self.outcomes.file(kind, row.spec.result_key) for kind in (OUTCOME, PROBS)]
        if paths[0] is None:
            return self._wanted(row) or ("what is said",)
        kept = {name for path in paths if path is not None for name in columns_in(path)}
        return tuple(one for one in self._wanted(row) if one not in kept)

    def _wanted(self, row: TrialResult) -> tuple[str, ...]:
        """Columns that are read of a trial: what was before training, of full-data runs alone."""
        names = needed(self.metric, row.class_names)
        before = "" if row.spec.is_baseline else self.metric.before
        return tuple(name for name in names if name != before)

    def _columns(self, row: TrialResult) -> Columns:
        return self._said(_Hashed(row))

    def _table(self, hashed: "_Hashed") -> Columns:
        row = hashed.row
        names = self._wanted(row)
        columns: Mapping[str, NDArray[Any]] = self.outcomes.columns(row, names)
        if missing := [name for name in names if name not in columns]:
            raise DataError(
                f"trial {row.spec.result_key[:12]} has no column {missing[0]!r}, which {self.metric.name} needs"
            )
        return columns

    def _read(self, hashed: "_Hashed") -> Contributions:
        return self.metric.of(self.truth(hashed.row), self._columns(hashed.row))


class _Hashed:
    """A row by what tells it from others: a row itself holds what cannot be hashed."""

    def __init__(self, row: TrialResult) -> None:
        self.row = row
        self._key = (row.spec.result_key, tuple(sorted(row.environment.items())))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Hashed) and self._key == other._key

    def __hash__(self) -> int:
        return hash(self._key)


def needed(metric: Metric, class_names: Sequence[str]) -> tuple[str, ...]:
    """Columns of an outcome that a metric reads: a ranking of two classes needs no more than the loss."""
    if {"loss", "probs"} <= {*metric.needs}:
        other = "probs" if len(class_names) == 2 else "loss"
        return tuple(name for name in metric.needs if name != other)
    return metric.needs


def truth_of_row(row: TrialResult) -> Truth:
    """The answers in the order of `TrialResult.correct`, as far as a row tells them."""
    counts, shares = row.test_counts, np.array(row.class_counts, dtype=float)
    known = len(counts) > 0 and sum(counts) == row.n_test
    return Truth(
        labels=np.repeat(np.arange(len(counts)), counts) if known else None,
        class_names=row.class_names,
        prior=shares / shares.sum() if shares.sum() else None,
    )


def correct_bits(result: TrialResult) -> NDArray[np.int8]:
    """Which test examples a trial gets right, shape (n_test,), int8.

    Raises:
        ValueError: If the row holds fewer bits than test examples.
    """
    bits = np.frombuffer(result.correct, dtype=np.uint8)
    if not 0 < result.n_test <= 8 * len(bits):
        raise DataError(
            f"trial {result.spec.result_key[:12]} holds {8 * len(bits)} correct bits "
            f"for {result.n_test} test examples"
        )
    return np.unpackbits(bits, count=result.n_test).astype(np.int8)


OF_ACCURACY = Reading()
