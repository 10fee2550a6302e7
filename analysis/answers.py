"""What a data set's conditions come to: one answer, for card, gate, terminal and tables alike."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, cast

from analysis.class_retention import worst_class
from analysis.confirmation import LEVEL, Confirmation
from analysis.cost import best_measured_cost
from analysis.envelope import JudgedCell
from analysis.interim_looks import look_of
from analysis.intervals import bounds
from analysis.ladders import (
    climbed,
    climbed_by_two,
    has_learned,
    levels_of_looks,
    lines_of,
    rung_of,
)
from analysis.learned import Learned
from analysis.methods import DatasetId, RateCurve
from analysis.multiplicity import Rung, searched
from analysis.safe_rates import rate_curves
from analysis.study import Study
from analysis.verdicts import ALPHA

State = Literal[
    "confirmed", "refuted", "confirming", "found", "promising", "exploratory", "none", "no answer"
]
Standing = Literal["better", "worse", "equal", "random", "no control"]


@dataclass(frozen=True, kw_only=True)
class Answer:
    """A data set's answer: the condition it names, and how sure that is.

    Attributes:
        source: The data set.
        name: What it is called.
        state: confirmed: fresh seeds trained afresh on one fixed list pass. refuted: they were run
            and do not. confirming: they have not all run. found: the method passed with all that were tried counted. promising: it passes
            alone and not after that, or is not confirmed yet. exploratory: it passes by two seeds, which decide nothing.
            none: nothing passes. no answer: the full-data runs have learned nothing to lose.
        row: The condition, judged; of "none" the one that comes closest; None where none is judged.
        level: Error of each bound below: the one by which the condition was picked.
        low: Lower bound of its mean difference at that level; None without an interval.
        high: Upper bound.
        standing: How the condition stands against random pruning of the same rate.
        n_tried: Methods and warm-ups of the data set that were tried, random among them.
        learned: What the full-data runs are worth.
        confirmation: The fresh seeds that speak; None where the search does.
    """

    source: DatasetId
    name: str
    state: State
    row: JudgedCell | None
    level: float = ALPHA
    low: float | None = None
    high: float | None = None
    standing: Standing = "no control"
    n_tried: int = 0
    learned: Learned | None = None
    confirmation: Confirmation | None = None

    @property
    def rate(self) -> float:
        """The rate that is shown to be safe; 0 where none is."""
        is_safe = self.state in ("found", "confirmed")
        return self.row.cell.condition.rate if self.row and is_safe else 0.0


def answers(study: Study) -> list[Answer]:
    """The answer of each data set of a run, in their order."""
    return [answer_of(study, source) for source in study.sources]


def answer_of(study: Study, source: DatasetId) -> Answer:
    """The answer of one data set: of its confirmation, where it has one, and else of the search.

    Where a confirmation is planned the search names nothing as safe: it chooses. Once fresh seeds
    have run, only they speak, as falling back on the search would be a second chance.
    """
    found = _searched(study, source)
    if not study.confirms(source):
        return found
    one = study.confirmed.get(source)
    if one is not None and found.state != "no answer":
        worth = study.learned.get(one.row.cell.condition.question)
        if worth is not None and not worth.is_shown:
            return replace(found, state="no answer", row=one.row, learned=worth, confirmation=one)
        return _confirmed(found, one)
    if found.state != "found":
        return found
    return _told(study, source, "promising", found.row, n_tried=found.n_tried)


def candidate(study: Study, source: DatasetId) -> JudgedCell | None:
    """The condition to confirm by fresh seeds, chosen on those seen; None where none may be safe.

    Going up the rates, what would be confirmed if the fresh seeds were like those seen; of the largest
    such rate as in a search. Else what passes alone, else, of the smallest rate, what comes closest,
    if its mean lies above the line. Policies that choose anew each epoch leave no list to confirm.
    """
    own = [row for row in study.rows if row.cell.condition.kind != "dynamic"]
    listed = replace(study, rows=tuple(own))
    curves = [*rate_curves(listed, source).values()]
    count = study.plan.candidates.get(source.data_sha, sum(map(len, curves)))
    climb = [climbed([_as_confirmed(study, row, count) for row in rows], LEVEL) for rows in curves]
    if top := best_passed(study, curves, climb):
        return top
    found = _searched(listed, source)
    v = found.row.verdict if found.row else None
    if v is None or found.state == "no answer" or v.mean <= -v.tolerance:
        return None
    return found.row


def _as_confirmed(study: Study, row: JudgedCell, n_candidates: int) -> Rung | None:
    """Whether a condition would be confirmed by seeds like its own; None where it may not pass."""
    if rung_of(study, row) is None:
        return None
    asked = lines_of(row)
    return lambda level: all(
        bool(bounds(p, level, item_alpha=level / n_candidates)[0] > line) for p, line in asked
    )


def _confirmed(found: Answer, one: Confirmation) -> Answer:
    """The answer of the fresh seeds, or that they have not all run: nothing else speaks then."""
    if not one.is_over:
        return replace(
            found, state="confirming", row=one.row, confirmation=one, low=None, high=None
        )
    v, beside = one.row.verdict, one.against_random
    standing: Standing = "random" if one.row.cell.condition.is_control else "no control"
    if beside is not None:
        is_equal = beside.finding == "no difference shown"
        standing = "equal" if is_equal else cast(Standing, beside.finding)
    return replace(
        found,
        confirmation=one,
        state="confirmed" if one.passes else "refuted",
        row=one.row,
        level=v.alpha if v else ALPHA,
        low=v.low if v else None,
        high=v.high if v else None,
        standing=standing,
    )


def _searched(study: Study, source: DatasetId) -> Answer:
    """What the search comes to.

    Rates are tested from the smallest on, every method after every warm-up at its share of the
    error (`multiplicity.searched`). Of the largest rate that passes, random is named where it
    passes too and no method is shown to do better there, as it is free; else a method that is
    better; of equals the one whose worst class loses least recall, then the cheaper.
    """
    curves = rate_curves(study, source)
    # Those that all failed count, too: they were tried, and the level is divided by them.
    tried = len(curves)
    if curves and not any(has_learned(study, rows[0]) for rows in curves.values()):
        return _told(study, source, "no answer", _closest(study, source), n_tried=tried)
    rungs = [[rung_of(study, row) for row in rows] for rows in curves.values()]
    found = searched(rungs)
    top = best_passed(study, [*curves.values()], found.passed)
    if top is not None:
        # The interval printed covers whatever of the methods tried was picked.
        level = ALPHA / tried
        return _told(study, source, "found", top, level=level, n_tried=tried)
    alone = best_passed(study, [*curves.values()], [climbed(own, ALPHA) for own in rungs])
    if alone is not None:
        return _told(study, source, "promising", alone, n_tried=tried)
    first_look = [climbed_by_two(study, rows) for rows in curves.values()]
    first = best_passed(study, [*curves.values()], first_look)
    state: State = "exploratory" if first else "none"
    return _told(study, source, state, first or _closest(study, source), n_tried=tried)


def found_rates(study: Study, source: DatasetId) -> dict[RateCurve, float]:
    """The largest rate found safe of each method and warm-up of a data set, all of them counted.

    Where the answer is confirmed by fresh seeds, that of the confirmed list and of no other.
    """
    curves = rate_curves(study, source)
    if study.confirms(source):
        answer, one = answer_of(study, source), study.confirmed.get(source)
        return {curve: answer.rate if one and one.is_of(curve) else 0.0 for curve in curves}
    passed = searched([[rung_of(study, row) for row in rows] for rows in curves.values()]).passed
    return {
        curve: rows[count - 1].cell.condition.rate if count else 0.0
        for (curve, rows), count in zip(curves.items(), passed, strict=True)
    }


def passes_alone(study: Study, rows: Sequence[JudgedCell]) -> float:
    """The largest rate of one method named beforehand that is within, going up; 0 where none is."""
    count = climbed([rung_of(study, row) for row in rows], ALPHA)
    return rows[count - 1].cell.condition.rate if count else 0.0


def best_passed(
    study: Study, curves: Sequence[Sequence[JudgedCell]], passed: Sequence[int]
) -> JudgedCell | None:
    """Of the largest rate passed: free random, unless a method is better; else the gentlest.

    Args:
        study: The run.
        curves: The conditions of each method and warm-up, rates ascending.
        passed: How many of each pass, from the smallest on.
    """
    tops = [rows[count - 1] for rows, count in zip(curves, passed, strict=False) if count]
    if not tops:
        return None
    most = max(row.cell.condition.rate for row in tops)
    level = [row for row in tops if row.cell.condition.rate == most]
    better = [row for row in level if _standing(study, row) == "better"]
    free = [row for row in level if row.cell.condition.is_control]
    among = better or free or level
    return min(among, key=_harm)


def _harm(row: JudgedCell) -> tuple[float, float]:
    """What the worst class loses in recall, then what the condition costs."""
    worst, cost = worst_class(row.cell), best_measured_cost(row)
    lost = -worst.recall_delta_pp if worst else 0.0
    return (round(lost, 6), cost[0].once if cost else 0.0)


def _standing(study: Study, row: JudgedCell) -> Standing:
    """How a condition stands against random pruning of the same rate."""
    condition = row.cell.condition
    if condition.is_control:
        return "random"
    comparison = study.comparisons.get(condition)
    if comparison is None:
        return "no control"
    return "equal" if comparison.finding == "no difference shown" else comparison.finding


def _closest(study: Study, source: DatasetId) -> JudgedCell | None:
    """Where nothing passes: of the smallest rate the condition that comes closest to the line."""
    judged = [row for row in study.of(source) if row.verdict]
    open_ = [row for row in judged if not is_outside(row) and has_learned(study, row)]
    rows = open_ or [row for row in judged if has_learned(study, row)] or judged
    if not rows:
        return None
    least = min(row.cell.condition.rate for row in rows)
    smallest = [row for row in rows if row.cell.condition.rate == least]
    return max(smallest, key=_nearness)


def is_outside(row: JudgedCell) -> bool:
    """Whether a condition is shown to lose more than the line, by seeds enough to decide."""
    v = row.verdict
    return v is not None and v.decided == "outside"


def _nearness(row: JudgedCell) -> tuple[bool, float]:
    assert row.verdict is not None, "only judged conditions are ranked"
    return (not is_outside(row), row.verdict.mean)


def _told(
    study: Study,
    source: DatasetId,
    state: State,
    row: JudgedCell | None,
    *,
    level: float = ALPHA,
    n_tried: int,
) -> Answer:
    """The answer with the interval at the level it was picked by."""
    v = row.verdict if row else None
    low = high = None
    if row and v and v.parts is not None and v.low is not None:
        used = levels_of_looks(level)[look_of(row.cell)] if study.plan.adaptive else level
        # A share changes by all of itself at most.
        most = v.scale if study.metric.unit == "pp" else math.inf
        found = (v.scale * float(bound) for bound in bounds(v.parts, used))
        low, high = (min(max(bound, -most), most) for bound in found)
    return Answer(
        source=source,
        name=study.sources[source],
        state=state,
        row=row,
        level=level,
        low=low,
        high=high,
        standing=_standing(study, row) if row else "no control",
        n_tried=n_tried,
        learned=study.learned.get(row.cell.condition.question) if row else None,
    )
