"""Going up the rates of a method: which of its conditions are within, at an error of one's choice."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import cache

from analysis.envelope import JudgedCell
from analysis.interim_looks import LOOKS, look_of
from analysis.intervals import Parts, bounds
from analysis.multiplicity import Rung, look_levels
from analysis.study import Study
from analysis.verdicts import ALPHA, LEAST_SEEDS, Verdict


def rung_of(study: Study, row: JudgedCell) -> Rung | None:
    """Whether a condition is within at a level; None where it may not pass at any."""
    v = row.verdict
    if v is None or v.n_seeds < LEAST_SEEDS or not may_pass(v):
        return None
    if not has_learned(study, row):
        return None
    if not all(may_pass(one.verdict) for one in row.guards):
        return None
    asked = lines_of(row)
    if not study.plan.adaptive:
        return lambda level: all(bool(bounds(p, level)[0] > line) for p, line in asked)
    look = look_of(row.cell)
    return lambda level: all(
        bool(bounds(p, levels_of_looks(level)[look])[0] > line) for p, line in asked
    )


def may_pass(v: Verdict) -> bool:
    """Whether a verdict may be within at some error: it has an interval and nothing forbids it."""
    return v.parts is not None and v.low is not None and not v.diverged and v.few is None


def lines_of(row: JudgedCell) -> list[tuple[Parts, float]]:
    """What must lie above which line, of the metric and of every guard; each with an interval."""
    verdicts = [row.verdict, *(one.verdict for one in row.guards)]
    return [(v.parts, v.line) for v in verdicts if v is not None and v.parts is not None]


def has_learned(study: Study, row: JudgedCell) -> bool:
    """Whether the full-data runs of a condition beat naming one class, as far as is known."""
    worth = study.learned.get(row.cell.condition.question)
    return worth is None or worth.is_shown


@cache
def levels_of_looks(level: float) -> tuple[float, ...]:
    """The error of each look, if all looks together may err in a share `level` of studies."""
    return tuple(look_levels(level, LOOKS))


def climbed(rungs: Iterable[Rung | None], level: float) -> int:
    """Rungs that pass, from the smallest on."""
    count = 0
    for is_within in rungs:
        if is_within is None or not is_within(level):
            break
        count += 1
    return count


def climbed_by_two(study: Study, rows: Sequence[JudgedCell]) -> int:
    """Rungs of two seeds that seem within, from the smallest on.

    Two seeds know their own spread hardly at all: the larger of it and the mean over the data set's
    conditions is taken, which errs for the noisiest of them in 7 to 9 % of studies.
    """
    count = 0
    for row in rows:
        v = row.verdict
        if v is None or v.parts is None or v.n_seeds != 2 or not has_learned(study, row):
            break
        if not all(may_pass(one) for one in (v, *(guard.verdict for guard in row.guards))):
            break
        beside = _of_two(study, row)
        pooled = replace(v.parts, run=max(v.parts.run, sum(p.run for p in beside) / len(beside)))
        low, _ = bounds(pooled, ALPHA, df=min(len(beside) / 2, 4))
        if any(bounds(p, ALPHA)[0] <= line for p, line in lines_of(row)[1:]):
            break
        if low <= v.line:
            break
        count += 1
    return count


def _of_two(study: Study, row: JudgedCell) -> list[Parts]:
    """The two-seed conditions that answer the same question as one of them."""
    question = row.cell.condition.question
    return [
        one.verdict.parts
        for one in study.rows
        if one.cell.condition.question == question
        and one.verdict is not None
        and one.verdict.parts is not None
        and one.verdict.n_seeds == 2
    ]
