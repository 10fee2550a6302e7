"""Trials paired with the full-data run of their data set, model, seed and environment."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any

import numpy as np

from trainables.errors import DataError
from trainables.result import TrialResult


@dataclass(frozen=True, kw_only=True)
class Pair:
    """A pruned trial and the full-data run of its data set, model, seed and environment."""

    pruned: TrialResult
    baseline: TrialResult

    @property
    def seed(self) -> int:
        """The seed both were run with."""
        return self.pruned.spec.seed

    @property
    def delta(self) -> float:
        """Accuracy minus baseline, in percentage points."""
        return 100 * (_accuracy(self.pruned) - _accuracy(self.baseline))

    def gained(self) -> np.ndarray:
        """+1 where only the pruned trial is right, -1 where only the baseline: (n_test,), int8."""
        return gained(self.pruned, self.baseline)


def correct_bits(result: TrialResult) -> np.ndarray:
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


def gained(one: TrialResult, other: TrialResult) -> np.ndarray:
    """+1 where only one trial is right, -1 where only the other: (n_test,), int8."""
    difference: np.ndarray = correct_bits(one) - correct_bits(other)
    return difference


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


def why_unpaired(row: TrialResult, baseline: TrialResult | None, ran_elsewhere: bool) -> str:
    """Why a trial gives no difference; empty where it gives one.

    Args:
        row: The trial.
        baseline: Its full-data run in the same environment, or None.
        ran_elsewhere: Whether there is one in another environment.
    """
    if not row.is_ok:
        return f"failed: {row.error}"
    if baseline is None:
        where = "its full-data baseline ran in another environment"
        return where if ran_elsewhere else "no full-data baseline"
    if not baseline.is_ok:
        return f"its full-data baseline failed: {baseline.error}"
    for name, result in (("its", row), ("its baseline's", baseline)):
        if result.accuracy is None or not isfinite(result.accuracy):
            return f"{name} accuracy is {result.accuracy}"
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


def _accuracy(result: TrialResult) -> float:
    assert result.accuracy is not None, "only finished trials are paired"
    return result.accuracy
