"""One cell of the board: what a condition comes to, in a mark, a number, an interval and a few words."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from analysis.answers import State
from analysis.envelope import JudgedCell
from analysis.guards import clears
from analysis.ladders import has_learned
from analysis.page.guard_words import worst_guard
from analysis.page.phrases import words_of
from analysis.study import Study
from analysis.verdicts import Verdict
from analysis.wording import MARKS

_TONES = {"within": "in", "outside": "out", "inconclusive": "unsure"}
# What fresh seeds say of the answer's cell, which itself shows the seeds that chose it.
_CONFIRMED = {
    "confirmed": "✓ confirmed by new seeds",
    "refuted": "? not confirmed by new seeds",
    "confirming": "◐ being confirmed",
}


@dataclass(frozen=True, kw_only=True)
class BoardCell:
    """What is shown of one condition.

    Attributes:
        mark: ✓, ✗ or ?; empty where nothing may be concluded.
        tone: Which colour goes with it: "in", "out", "unsure", or "none" without a mark.
        mean: The mean change as written; of a cell without one, what is missing.
        bounds: Its interval as written, or why there is none.
        value: The mean change; None where there is none.
        low: Lower bound; None without an interval.
        high: Upper bound.
        margin: How much may be lost.
        random: Random's mean at this rate; None of random itself and where it was not run.
        beside: Whether it is shown to be "better" or "worse" than random; "" where neither is.
        notes: What else must be known, in a few words each.
        is_answer: Whether it is the answer's.
    """

    mark: str = ""
    tone: Literal["in", "out", "unsure", "none"] = "none"
    mean: str
    bounds: str = ""
    value: float | None = None
    low: float | None = None
    high: float | None = None
    margin: float = 0.0
    random: float | None = None
    beside: str = ""
    notes: tuple[str, ...] = ()
    is_answer: bool = False

    @property
    def credit(self) -> str:
        """How it stands against random; empty where nothing is shown."""
        return {"better": "▲ beats random", "worse": "▼ below random"}.get(self.beside, "")


def empty_cell() -> BoardCell:
    """A condition that no run was planned for."""
    return BoardCell(mean="not run")


def board_cell(
    study: Study, row: JudgedCell, *, control: float | None, with_seeds: bool, state: State | None
) -> BoardCell:
    """A condition as the board has it.

    Args:
        study: The run.
        row: The condition, judged.
        control: The mean of the random condition that it is held against; None without one.
        with_seeds: Say how many seeds it has.
        state: Of the answer that names it; None where it is not the answer's.
    """
    v, condition = row.verdict, row.cell.condition
    told = [_CONFIRMED[state]] if state in _CONFIRMED else []
    if v is None or math.isnan(v.mean):
        return BoardCell(mean=_missing(row), notes=tuple(told), is_answer=state is not None)
    words, is_open = words_of(study), has_learned(study, row)
    mark, tone = _mark(v) if is_open else ("", "none")
    versus = study.comparisons.get(condition) if is_open else None
    likely = words.likely(v.low, v.high).removeprefix(", likely ")
    return BoardCell(
        mark=mark,
        tone=tone,  # type: ignore[arg-type]
        mean=words.number(v.mean),
        bounds=likely or "no interval",
        value=v.mean,
        low=v.low,
        high=v.high,
        margin=v.tolerance,
        random=control,
        beside=versus.finding if versus and versus.finding != "no difference shown" else "",
        notes=(*_notes(row, v, is_open=is_open, with_seeds=with_seeds), *told),
        is_answer=state is not None,
    )


def _missing(row: JudgedCell) -> str:
    if row.verdict is not None:
        return "no value"
    if row.cell.n_failed:
        return "failed"
    return "no pair" if row.cell.unpaired else "not run"


def _mark(v: Verdict) -> tuple[str, str]:
    """Mark and tone; one seed decides nothing and shows no interval, two show one and decide nothing."""
    if v.low is None:
        return "", "none"
    return MARKS[v.decided], _TONES[v.decided]


def _notes(row: JudgedCell, v: Verdict, *, is_open: bool, with_seeds: bool) -> Iterator[str]:
    """What the picture does not show: what decides beside the metric, and how many seeds there are."""
    if with_seeds:
        yield f"{v.n_seeds} seed{'s' * (v.n_seeds != 1)}"
    if v.diverged:
        yield "a run diverged"
    if v.few is not None:
        yield "too few test rows differ"
    own = [one for one in row.guards if one.verdict.verdict == v.verdict]
    alone = {"outside": (v.high or 0.0) >= -v.tolerance, "inconclusive": clears(v)}
    if is_open and own and alone.get(v.verdict):
        one = worst_guard(own)
        of = f" of {one.group}" if one.group else ""
        yield f"{MARKS[v.verdict]} by a guard: {one.label}{of}"
