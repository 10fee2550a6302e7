"""Trials paired with the full-data run of their data set, model, seed and environment."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from analysis.readings import OF_ACCURACY, Reading, Rows
from trainables.errors import DataError
from trainables.result import TrialResult


@dataclass(frozen=True, kw_only=True)
class Pair:
    """A pruned trial and the full-data run of its data set, model, seed and environment."""

    pruned: TrialResult
    baseline: TrialResult
    reading: Reading = field(default=OF_ACCURACY, compare=False, repr=False)

    @property
    def seed(self) -> int:
        """The seed both were run with."""
        return self.pruned.spec.seed

    @property
    def delta(self) -> float:
        """The metric less the baseline's, in its unit; below 0 is worse."""
        metric = self.reading.metric
        difference = self.reading.value(self.pruned) - self.reading.value(self.baseline)
        return metric.scale * metric.sign * difference

    def gained(self, rows: Rows | None = None) -> np.ndarray:
        """What each test row adds to the pruned trial's value less the baseline's, as `Reading.gained`."""
        return self.reading.gained(self.pruned, self.baseline, rows)


def pairing_key(row: TrialResult) -> tuple[Any, ...]:
    """What a trial and its baseline share: the full-data run's key, and the environment.

    Another device or library gives another full-data run: a difference to it is not the pruning's.
    """
    return (row.spec.run_key, tuple(sorted(row.environment.items())))


def distinct_rows(results: Iterable[TrialResult]) -> list[TrialResult]:
    """One row a trial and environment: a result before a failure, the later before the earlier."""
    best: dict[tuple[Any, ...], TrialResult] = {}
    for row in results:
        name = (row.spec.result_key, pairing_key(row))
        if name not in best or _preference(row) > _preference(best[name]):
            best[name] = row
    return list(best.values())


def _preference(row: TrialResult) -> tuple[bool, str]:
    return (row.is_ok, row.finished)


def why_unpaired(
    row: TrialResult, baseline: TrialResult | None, ran_elsewhere: bool, reading: Reading
) -> str:
    """Why a trial gives no difference; empty where it gives one.

    Args:
        row: The trial.
        baseline: Its full-data run in the same environment, or None.
        ran_elsewhere: Whether there is one in another environment.
        reading: The metric to compare by.
    """
    if not row.is_ok:
        return f"failed: {row.error}"
    if baseline is None:
        where = "its full-data baseline ran in another environment"
        return where if ran_elsewhere else "no full-data baseline"
    if not baseline.is_ok:
        return f"its full-data baseline failed: {baseline.error}"
    for name, result in (("its", row), ("its baseline's", baseline)):
        if why := reading.why_none(result):
            return f"{name} {why}"
    return ""


def check_test_sizes(pairs: Sequence[Pair]) -> None:
    """Refuse pairs of one cell that were tested on different test sets.

    Raises:
        DataError: If their sizes differ.
    """
    sizes = {row.n_test: row for pair in pairs for row in (pair.baseline, pair.pruned)}
    if len(sizes) > 1:
        named = ", ".join(f"{row.spec.result_key[:12]} on {n}" for n, row in sizes.items())
        raise DataError(f"trials to pair were tested on different test sets: {named} examples")
