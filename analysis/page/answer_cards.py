"""The answer for each data set in words: how much can go, who may take credit, what it saves."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from analysis.cost import best_measured_cost
from analysis.envelope import JudgedCell
from analysis.methods import DatasetId, RateCurve
from analysis.safe_rates import rate_curves, safe_of
from analysis.seeds_needed import seeds_needed
from analysis.study import Study
from analysis.verdicts import Verdict, Word
from analysis.wording import MARKS, interval, p_text, percent, seeds_text, signed

Standing = Literal["better", "worse", "equal", "open", "random", "no control"]


@dataclass(frozen=True, kw_only=True)
class AnswerCard:
    """One data set's answer.

    Attributes:
        name: The data set.
        word: Verdict of the number.
        number: The largest rate within, "0%" where all is outside, "?" where nothing is settled.
        claim: What the number says.
        details: Sentences beneath it.
        standing: How the answer's method stands against random pruning.
    """

    name: str
    word: Word
    number: str
    claim: str
    details: tuple[str, ...]
    standing: Standing = "no control"

    @property
    def mark(self) -> str:
        """The verdict's glyph."""
        return MARKS[self.word]


def cards(study: Study) -> list[AnswerCard]:
    """One card a data set."""
    return [_card(study, source, name) for source, name in study.sources.items()]


def _card(study: Study, source: DatasetId, name: str) -> AnswerCard:
    curves = rate_curves(study, source)
    controls = [curve for curve in curves if curve.method.is_control]
    best = _best(curves, [curve for curve in curves if not curve.method.is_control])
    control = _best(curves, controls)
    top = max((row for row in (best, control) if row), key=_rate, default=None)
    if top is None:
        return _unsettled(study, source, name)
    verdict = _judged(top)
    has_control = any(row.verdict for curve in controls for row in curves[curve])
    standing = _standing(study, top, control, has_control)
    return AnswerCard(
        name=name,
        word="within",
        number=percent(_rate(top)),
        claim="of the training data can go",
        details=(
            f"{_where(study, top)}{choice(len(curves))}: {_numbers(study, top, verdict)}.",
            *_between(curves[top.cell.condition.rate_curve]),
            _credit(study, top, standing),
            *_saving(top),
        ),
        standing=standing,
    )


def choice(count: int) -> str:
    """What the best was picked from: the best of several looks better than it is."""
    return f", the best of {count} methods and warm-ups tried" if count > 1 else ""


def _between(rows: list[JudgedCell]) -> list[str]:
    """Where the line is crossed between the rates tested, and the lower bound of that."""
    safe = safe_of(rows)
    if len(rows) < 2 or safe.low is None or safe.between is None:
        return []
    crossed = (
        f"The mean stays above the line up to {percent(safe.between)}, the largest rate tested"
        if safe.is_beyond
        else f"Read between the rates tested, the mean meets the line at {_whole(safe.between)}"
    )
    return [f"{crossed}, its lower bound at {_whole(safe.low)}."]


def _whole(share: float) -> str:
    return percent(round(share, 2))


def _best(
    curves: Mapping[RateCurve, list[JudgedCell]], among: list[RateCurve]
) -> JudgedCell | None:
    """The row of the largest safe rate, of equal ones that with the highest lower bound."""
    tops = []
    for curve in among:
        rows = curves[curve]
        safe = safe_of(rows).tested
        tops += [row for row in rows if _rate(row) == safe]
    return max(tops, key=lambda row: (_rate(row), _judged(row).low_pp or 0.0), default=None)


def _rate(row: JudgedCell) -> float:
    return row.cell.condition.rate


def _judged(row: JudgedCell) -> Verdict:
    assert row.verdict is not None, "only judged rows are ranked"
    return row.verdict


def _where(study: Study, row: JudgedCell) -> str:
    condition = row.cell.condition
    return f"{study.methods[condition.method]}, {percent(condition.warmup)} warm-up"


def _numbers(study: Study, row: JudgedCell, verdict: Verdict) -> str:
    bounds = interval(verdict.low_pp, verdict.high_pp)
    shown = f", {study.confidence} interval {bounds}" if bounds else ""
    return f"{signed(verdict.mean_pp)} pp{shown}, {seeds_text(verdict.n_seeds, row.cell.n_planned)}"


def _standing(
    study: Study, top: JudgedCell, control: JudgedCell | None, has_control: bool
) -> Standing:
    """How the best method stands: the comparison first, then whether random is within as well."""
    if top.cell.condition.is_control:
        return "random"
    if not has_control:
        return "no control"
    comparison = study.comparisons.get(top.cell.condition)
    if comparison is not None and comparison.finding != "no difference shown":
        return comparison.finding
    return "equal" if control is not None and _rate(control) >= _rate(top) else "open"


def _credit(study: Study, top: JudgedCell, standing: Standing) -> str:
    comparison = study.comparisons.get(top.cell.condition)
    by = comparison.mean_pp if comparison is not None else 0.0
    p = p_text(comparison.p_holm) if comparison is not None else ""
    return {
        "random": "This is random pruning: no signal is shown to go as far.",
        "no control": "No random control was run, so the signal has earned no credit.",
        "better": f"Better than random pruning there by {signed(by)} pp (p {p} after Holm).",
        "worse": f"Random pruning does better there by {signed(-by)} pp: use that instead.",
        "equal": f"Random pruning does as well: it is within at {percent(_rate(top))} too.",
        "open": "At that rate random pruning is not shown to be within, "
        "but no difference to it is shown either.",
    }[standing]


def _saving(row: JudgedCell) -> list[str]:
    found = best_measured_cost(row)
    if found is None:
        return []
    cost, measure = found
    once, often = cost.saved_net(1), cost.saved_net(5)
    first = (
        f"Saves {percent(round(once, 3))} of one run"
        if once >= 0
        else f"Costs {percent(round(-once, 3))} more than one full run"
    )
    return [
        f"{first}, scoring included; saves {percent(round(often, 3))} a run when five reuse "
        f"the survivors (by {measure})."
        if often >= 0
        else f"{first}, scoring included, and does not pay within five runs (by {measure})."
    ]


def _unsettled(study: Study, source: DatasetId, name: str) -> AnswerCard:
    rows = [row for row in study.of(source) if row.verdict]
    if not rows:
        found = len(study.of(source))
        detail = f"No finished pair (trial and baseline of the same seed) yet: 0 of {found} cells."
        return AnswerCard(
            name=name, word="inconclusive", number="?", claim="nothing measured", details=(detail,)
        )
    is_open = any(_judged(row).verdict != "outside" for row in rows)
    least = min(_rate(row) for row in rows)
    closest = max(
        (row for row in rows if _rate(row) == least),
        key=lambda row: (_judged(row).verdict == "inconclusive", _judged(row).mean_pp),
    )
    verdict = _judged(closest)
    lines = [
        f"Closest: {percent(least)} by {_where(study, closest)}: {_numbers(study, closest, verdict)}."
    ]
    if is_open:
        lines.append(_more(verdict, study.alpha))
    return AnswerCard(
        name=name,
        word="inconclusive" if is_open else "outside",
        number="?" if is_open else "0%",
        claim="no rate is shown to be within" if is_open else "every rate tested is outside",
        details=tuple(lines),
    )


def _more(verdict: Verdict, alpha: float) -> str:
    needed = seeds_needed(verdict, alpha=alpha)
    if needed.more is None:
        return (
            f"More seeds would not settle it: {needed.reason}."
            if verdict.n_seeds > 1
            else ("One seed gives no interval: run three or more.")
        )
    plural = "" if needed.more == 1 else "s"
    return f"About {needed.more} more seed{plural} would settle it."
