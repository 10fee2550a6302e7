"""Test rows that occur in the training split: what holds on them, and on the others alone."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from analysis.answers import Answer
from analysis.contributions import NoValueError
from analysis.envelope import Cell, JudgedCell
from analysis.interim_looks import look_of
from analysis.ladders import has_learned, levels_of_looks
from analysis.methods import DatasetId, condition_of
from analysis.metrics import ACCURACY
from analysis.paired_verdicts import judge_pairs
from analysis.readings import correct_bits
from analysis.study import Study
from analysis.verdicts import Verdict
from trainables.errors import DataError
from trainables.result import TrialResult

Side = Literal["clean", "leaked"]


@dataclass(frozen=True, kw_only=True)
class LeakPart:
    """The clean or the leaked test rows of a data set.

    Attributes:
        n: How many.
        value: The metric of the full-data runs on these rows, a mean, as `Reading.value` has it; None
            without a run or row, or where it has no value on them.
        verdict: Of the answer's condition on these rows alone; None where nothing is judged.
    """

    n: int
    value: float | None = None
    verdict: Verdict | None = None


@dataclass(frozen=True, kw_only=True)
class Leak:
    """What a data set's leaked test rows do to what is said of it.

    Attributes:
        parts: Clean and leaked rows.
        whole: The answer's condition on all test rows, judged at the same level.
    """

    parts: dict[Side, LeakPart]
    whole: Verdict | None = None

    @property
    def n_test(self) -> int:
        """All test rows."""
        return sum(part.n for part in self.parts.values())

    @property
    def differs(self) -> bool:
        """Whether the clean rows alone give another verdict than all rows."""
        clean, whole = self.parts["clean"].verdict, self.whole
        return clean is not None and whole is not None and clean.verdict != whole.verdict


def leak_of(study: Study, answer: Answer) -> Leak | None:
    """What leaked test rows do to an answer; None where its data set has none, as far as is known.

    Args:
        study: The run.
        answer: Of one of its data sets.

    Raises:
        DataError: If the plan knows of more or fewer test rows than were tested on.
    """
    runs = _full_runs(study, answer)
    found = leaked_rows(study, answer.source, runs)
    if found is None:
        return None
    masks = _masks(found)
    row = answer.row
    is_judged = row is not None and row.cell.pairs and answer.low is not None
    if answer.state == "no answer" or not is_judged:
        row = None
    parts = {
        side: LeakPart(
            n=int(mask.sum()),
            value=_value_on(study, runs, mask),
            verdict=_judged(study, row, mask, *level_of_answer(study, answer, row))
            if row
            else None,
        )
        for side, mask in masks.items()
    }
    every = np.ones(len(found), dtype=bool)
    whole = _judged(study, row, every, *level_of_answer(study, answer, row)) if row else None
    return Leak(parts=parts, whole=whole)


def side_verdicts(
    study: Study, row: JudgedCell, *, item_share: float = 1.0
) -> Iterator[tuple[Side, int, float | None, Verdict]]:
    """Of a condition on clean and on leaked rows: how many, full-data accuracy if any, the verdict.

    Each side at the level of the condition's own verdict; nothing where no test row leaks.

    Args:
        study: The run.
        row: A condition of it.
        item_share: As `judge` takes it.
    """
    runs = [pair.baseline for pair in row.cell.pairs]
    found = leaked_rows(study, row.cell.condition.source, runs)
    if found is None or row.verdict is None:
        return
    has_bits = all(run.correct for run in runs)
    right = np.mean([correct_bits(run) for run in runs], axis=0) if has_bits else None
    for side, mask in _masks(found).items():
        verdict = _judged(study, row, mask, row.verdict.alpha, item_share)
        if verdict is not None:
            accuracy = float(right[mask].mean()) if right is not None else None
            yield side, int(mask.sum()), accuracy, verdict


def _value_on(study: Study, runs: list[TrialResult], mask: NDArray[np.bool_]) -> float | None:
    """The metric of full-data runs on some test rows, a mean; None where it has no value on them."""
    if not mask.any():
        return None
    if study.metric is ACCURACY:
        return float(np.mean([correct_bits(run) for run in runs], axis=0)[mask].mean())
    try:
        return float(np.mean([study.reading.of(run, mask).mean() for run in runs]))
    except NoValueError:
        return None


def leaked_rows(
    study: Study, source: DatasetId, runs: list[TrialResult]
) -> NDArray[np.bool_] | None:
    """Which test rows leak, shape (n_test,), in the order of a row's bits; None without any, or a run.

    Raises:
        DataError: If the plan knows of more or fewer test rows than were tested on.
    """
    packed = study.plan.leaked.get(source.data_sha)
    if packed is None or not runs:
        return None
    n = runs[0].n_test
    if len(packed) != -(-n // 8):
        raise DataError(
            f"plan.json says of {8 * len(packed)} test rows of {source.dataset} whether they occur in "
            f"the training split, and its trials were tested on {n}; plan the run anew"
        )
    return np.unpackbits(np.frombuffer(packed, dtype=np.uint8), count=n).astype(bool)


def _masks(leaked: NDArray[np.bool_]) -> dict[Side, NDArray[np.bool_]]:
    return {"clean": ~leaked, "leaked": leaked}


def _full_runs(study: Study, answer: Answer) -> list[TrialResult]:
    """The full-data runs of the answer's condition, or all of the data set where it has none."""
    if answer.row and answer.row.cell.pairs:
        return [pair.baseline for pair in answer.row.cell.pairs]
    return [
        row
        for row in study.results
        if row.spec.is_baseline and row.is_ok and condition_of(row.spec).source == answer.source
    ]


def level_of_answer(study: Study, answer: Answer, row: JudgedCell) -> tuple[float, float]:
    """The error of an answer's interval, and of that the share for the choice of test rows."""
    one = answer.confirmation
    if one is not None and row.verdict is not None:
        return row.verdict.alpha, 1 / one.n_candidates
    if study.plan.adaptive:
        return levels_of_looks(answer.level)[look_of(row.cell)], 1.0
    return answer.level, 1.0


def _judged(
    study: Study, row: JudgedCell, mask: NDArray[np.bool_], alpha: float, item_share: float
) -> Verdict | None:
    """A condition on some of the test rows; None on none, or where the metric has no value on them."""
    cell: Cell = row.cell
    if not mask.any() or not cell.pairs:
        return None
    verdict = judge_pairs(
        cell.pairs, cell.reading, study.by.margin, rows=mask, alpha=alpha, item_share=item_share,
        diverged=cell.diverged,
    )  # fmt: skip
    if verdict.no_value:
        return None
    if verdict.verdict == "within" and not has_learned(study, row):
        return replace(verdict, verdict="inconclusive", equivalent=False, improved=False)
    return verdict
