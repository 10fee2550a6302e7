"""What one would have concluded from the same trials by weaker readings: beside what holds."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from analysis.answers import Answer, answer_of, best_passed
from analysis.envelope import JudgedCell, judge_cell, only
from analysis.ladders import climbed, climbed_by_two, has_learned, rung_of
from analysis.methods import DatasetId
from analysis.multiplicity import Rung
from analysis.random_control import against_random
from analysis.safe_rates import rate_curves
from analysis.study import Study
from analysis.verdicts import ALPHA

# So many seeds tempt to decide; of these the first are read.
_FEW = 2


@dataclass(frozen=True, kw_only=True)
class OtherReadings:
    """What holds of one data set, and what each weaker reading of its trials would name.

    Attributes:
        answer: Its answer.
        holds: The condition that is shown to be safe; None where none is.
        named: By reading the condition it would name as safe, None where it would name none; readings
            that could not be made are left out.
    """

    answer: Answer
    holds: JudgedCell | None
    named: Mapping[str, JudgedCell | None]

    @property
    def different(self) -> tuple[str, ...]:
        """The readings that conclude something else: another rate, or another method."""
        return tuple(name for name, row in self.named.items() if _claim(row) != _claim(self.holds))


def other_readings(study: Study) -> list[OtherReadings]:
    """Each data set that has an answer, read otherwise; one that has learned nothing has none."""
    found = []
    for source in study.sources:
        answer = answer_of(study, source)
        if answer.row is not None and answer.state != "no answer":
            found.append(
                OtherReadings(
                    answer=answer,
                    holds=named_cell(study, answer) if answer.rate else None,
                    named={
                        name: read(study, source)
                        for name, (can_be, read) in WEAKER.items()
                        if can_be(study, source)
                    },
                )
            )
    return found


def named_cell(study: Study, answer: Answer) -> JudgedCell | None:
    """The condition that an answer names: of a list of rows the one of the search that cut it."""
    row, one = answer.row, answer.confirmation
    if row is None or one is None or row.cell.condition.kind != "fixed":
        return row
    return one.made_by(study.of(answer.source)) or row


def _claim(row: JudgedCell | None) -> tuple[object, ...]:
    """What a reading claims; random is random, however it was cut."""
    if row is None:
        return ()
    c = row.cell.condition
    return (c.rate, "random" if c.is_control else c.method)


def without_random(study: Study, source: DatasetId) -> JudgedCell | None:
    """What the search names where random was not run."""
    rows = tuple(row for row in study.of(source) if not row.cell.condition.is_control)
    return _found(replace(study, rows=rows, comparisons={}), source)


def by_means(study: Study, source: DatasetId) -> JudgedCell | None:
    """The largest rate whose mean lies above the line, guards alike, going up; of equals the best mean."""
    tops = []
    for rows in rate_curves(study, source).values():
        count = climbed([_by_mean(study, row) for row in rows], ALPHA)
        tops += rows[count - 1 : count] if count else []
    return max(tops, key=lambda row: (row.cell.condition.rate, _mean(row)), default=None)


def by_two_seeds(study: Study, source: DatasetId) -> JudgedCell | None:
    """What seems safe by the first two seeds, as a first look says, taken at its word."""
    rows = study.of(source)
    first = sorted({seed for row in rows for seed in row.cell.seeds})[:_FEW]
    judged = [judge_cell(only(row.cell, first), by=study.by) for row in rows]
    plan = replace(study.plan, adaptive=False)
    few = replace(
        study, rows=tuple(judged), plan=plan,
        comparisons=against_random(row.cell for row in judged),
    )  # fmt: skip
    curves = [*rate_curves(few, source).values()]
    return best_passed(few, curves, [climbed_by_two(few, own) for own in curves])


def uncounted(study: Study, source: DatasetId) -> JudgedCell | None:
    """The best of what passes alone, as if it were the only method that was tried."""
    curves = [*rate_curves(study, source).values()]
    alone = [climbed([rung_of(study, row) for row in rows], ALPHA) for rows in curves]
    return best_passed(study, curves, alone)


def unconfirmed(study: Study, source: DatasetId) -> JudgedCell | None:
    """What the search names, by the seeds that chose it."""
    return _found(study, source)


def _found(study: Study, source: DatasetId) -> JudgedCell | None:
    """What the search names as safe, where no fresh seeds speak."""
    plan = replace(study.plan, candidates={})
    answer = answer_of(replace(study, plan=plan, confirmed={}), source)
    return answer.row if answer.rate else None


def _by_mean(study: Study, row: JudgedCell) -> Rung | None:
    v = row.verdict
    if v is None or not math.isfinite(v.mean) or not has_learned(study, row):
        return None
    verdicts = [v, *(one.verdict for one in row.guards)]
    is_within = all(one.mean > -one.tolerance for one in verdicts)
    return lambda _: is_within


def _mean(row: JudgedCell) -> float:
    return row.verdict.mean if row.verdict else -math.inf


def _has_control(study: Study, source: DatasetId) -> bool:
    kinds = {row.cell.condition.is_control for row in study.of(source) if row.cell.pairs}
    return kinds == {True, False}


def _has_more_seeds(study: Study, source: DatasetId) -> bool:
    return len({seed for row in study.of(source) for seed in row.cell.seeds}) > _FEW


def _has_several(study: Study, source: DatasetId) -> bool:
    return len(rate_curves(study, source)) > 1


Asked = Callable[[Study, DatasetId], bool]
# By name: whether a reading says anything of a data set, and the reading.
WEAKER: Mapping[str, tuple[Asked, Callable[[Study, DatasetId], JudgedCell | None]]] = {
    "without random": (_has_control, without_random),
    "by means alone": (lambda study, source: True, by_means),
    "by two seeds": (_has_more_seeds, by_two_seeds),
    "without counting picks": (_has_several, uncounted),
    "without new seeds": (lambda study, source: source in study.confirmed, unconfirmed),
}
