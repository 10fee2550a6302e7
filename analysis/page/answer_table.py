"""The answer to several data sets at once: what can go of all, and a row for each."""

from collections.abc import Sequence
from dataclasses import dataclass

from analysis.answers import found_rates
from analysis.matched import matched_methods, plain_methods
from analysis.methods import RateCurve
from analysis.page.answer_cards import AnswerCard, Tone
from analysis.page.phrases import all_of, by_text, line_size, tolerance_of, words_of
from analysis.page.price_words import is_close, settled_by
from analysis.study import Study
from analysis.wording import experiment, percent

# Of answers that name no cut, by their mark, and of those that name one that is not sure, by their state.
_WITHOUT_A_CUT = {"✗": "keep all", "–": "no answer: nothing learned that could be lost"}
_NOT_SURE = {
    "confirming": "{}: being confirmed",
    "promising": "perhaps {}: not confirmed",
    "exploratory": "perhaps {}: two seeds decide nothing",
    "refuted": "{}: not confirmed",
}
_SURE = "Sure to 19 in 20 for each ✓"


@dataclass(frozen=True, kw_only=True)
class AnswerRow:
    """One data set's answer as a row.

    Attributes:
        name: The data set.
        tone: Which colour goes with it.
        mark: ✓, ◐, ✗, ? or –.
        cut: What can go, in a few words.
        value: The metric with all rows and with those that stay.
        hurt: The class that is hurt most.
    """

    name: str
    tone: Tone
    mark: str
    cut: str
    value: str = ""
    hurt: str = ""


@dataclass(frozen=True, kw_only=True)
class CommonAnswer:
    """What is said of all data sets together.

    Attributes:
        mark: ✓, ◐, ✗, ? or –.
        pill: The mark in words.
        tone: Which colour goes with it.
        headline: One sentence to act on.
        sentences: How sure that is.
    """

    mark: str
    pill: str
    tone: Tone
    headline: str
    sentences: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class CommonCut:
    """The largest cut that is found safe on every data set by one method and warm-up.

    Attributes:
        rate: What goes; 0 where no one cut is safe on all.
        by: The method in a few words.
    """

    rate: float
    by: str = ""


def common_cut(study: Study) -> CommonCut | None:
    """The cut found on every data set; None where none was asked for: a confirmed list is of its own data set."""
    if len(study.sources) < 2 or any(study.confirms(source) for source in study.sources):
        return None
    by_source = {source: found_rates(study, source) for source in study.sources}
    rates: dict[tuple[str, float], float] = {}
    free: set[tuple[str, float]] = set()
    for one in (*plain_methods(study), *matched_methods(study)):
        for warmup in study.warmups:
            curves = {source: RateCurve(method, warmup) for source, method in one.methods.items()}
            own = [by_source[source].get(curve) for source, curve in curves.items()]
            if len(own) == len(by_source) and None not in own:
                rates[one.label, warmup] = min(rate for rate in own if rate is not None)
                free |= {(one.label, warmup)} if one.is_control else set()
    # Where random rows go as far, they are named: they cost nothing to choose.
    best = max(rates, key=lambda curve: (rates[curve], curve in free), default=None)
    if best is None:
        return None
    several = f", {percent(best[1])} warm-up" * (len(study.warmups) > 1)
    return CommonCut(rate=rates[best], by="at random" if best in free else f"by {best[0]}{several}")


def common_answer(study: Study, found: Sequence[AnswerCard]) -> CommonAnswer:
    """What can go of all data sets, or of how many something can."""
    n, safe = len(found), [card for card in found if card.answer.rate]
    marks = {card.mark for card in found}
    if not safe:
        return _none(study, n, marks)
    sure = (_sure(safe),)
    words, cut = words_of(study), _of_all(study, found)
    if cut is not None and cut.rate:
        head = f"Drop {percent(cut.rate)} {cut.by}: {words.noun} holds on {all_of(n)} data sets."
        return CommonAnswer(mark="✓", pill="safe to drop", tone="in", headline=head, sentences=sure)
    if len(safe) == n:
        none = "No one cut is shown to be safe for all." if cut is not None else ""
        every = "Both" if n == 2 else f"All {n}"
        head = f"{every} data sets can shrink, each by its own cut."
        told = tuple(filter(None, (*sure, none)))
        return CommonAnswer(mark="✓", pill="safe to drop", tone="in", headline=head, sentences=told)
    none = "; no one cut is shown to be safe for all" * (cut is not None)
    return CommonAnswer(
        mark="◐",
        pill=f"{len(safe)} of {n} safe",
        tone="unsure",
        headline=f"{len(safe)} of {n} data sets can shrink{none}.",
        sentences=sure,
    )


def _none(study: Study, n: int, marks: set[str]) -> CommonAnswer:
    """Nothing can go anywhere: because all was tried in vain, or because it is not decided."""
    if marks == {"✗"}:
        lines = {line_size(study, tolerance_of(study, source)) for source in study.sources}
        line = words_of(study).harm(next(iter(lines)), "more than", verb="costs")
        told = line if len(lines) == 1 else "does more harm than is allowed"
        head = f"Keep all of the {n} data sets: every cut tested {told}."
        return CommonAnswer(mark="✗", pill="keep all", tone="out", headline=head)
    if marks == {"–"}:
        head = (
            f"No answer: on {'neither' if n == 2 else 'none'} of the {n} data sets is the model "
            "shown to have learned anything."
        )
        return CommonAnswer(mark="–", pill="no answer", tone="unsure", headline=head)
    return CommonAnswer(
        mark="?",
        pill="not decided",
        tone="unsure",
        headline=f"{'Neither' if n == 2 else 'None'} of the {n} data sets is shown to be able to shrink.",
    )


def _of_all(study: Study, found: Sequence[AnswerCard]) -> CommonCut | None:
    """The cut that every answer names, or else the one that the search finds on all."""
    named = {(card.answer.rate, _by(card)) for card in found}
    if len(named) == 1:
        ((rate, by),) = named
        return CommonCut(rate=rate, by=by)
    return common_cut(study)


def _by(card: AnswerCard) -> str:
    return by_text(card.answer.row) if card.answer.row else ""


def _sure(safe: Sequence[AnswerCard]) -> str:
    """What the error is counted over, and which experiment was run."""
    if all(card.answer.state == "confirmed" for card in safe):
        return f"{_SURE}: trained afresh on exactly its rows by new seeds."
    rows = [card.answer.row for card in safe if card.answer.row]
    told = list(dict.fromkeys(experiment(row.cell.condition) for row in rows))
    if any(card.answer.state == "confirmed" for card in safe) or len(told) > 1:
        return f"{_SURE}, all methods counted."
    return f"{_SURE}, all methods counted. The experiment: {told[0]}."


def answer_rows(study: Study, found: Sequence[AnswerCard]) -> list[AnswerRow]:
    """A row for each data set."""
    return [_row(study, card) for card in found]


def _row(study: Study, card: AnswerCard) -> AnswerRow:
    by_label = {fact.label: fact.value for fact in card.facts if not fact.is_folded}
    hurt = by_label.get("Hurt most", "no class" if "Gains least" in by_label else "")
    # What is not to be dropped hurts nobody.
    is_told = card.mark not in "✗–"
    return AnswerRow(
        name=card.name,
        tone=card.tone,
        mark=card.mark,
        cut=_cut(study, card),
        value=by_label.get(words_of(study).title, "") if is_told else "",
        hurt=hurt if is_told else "",
    )


def _cut(study: Study, card: AnswerCard) -> str:
    """What can go, in a few words."""
    answer, row = card.answer, card.answer.row
    if row is None or row.verdict is None:
        return "nothing measured yet"
    if card.mark in _WITHOUT_A_CUT:
        return _WITHOUT_A_CUT[card.mark]
    cut = f"{percent(row.cell.condition.rate)} {by_text(row)}"
    if answer.rate:
        better = ", better than random" * (answer.standing == "better")
        return f"{cut}{better}{': it improved' * (answer.low is not None and answer.low > 0)}"
    if answer.state != "none":
        return _NOT_SURE[answer.state].format(cut)
    v = row.verdict
    is_priced = v.low is not None and v.few is None and not is_close(v)
    more = settled_by(answer, row).seeds if is_priced else None
    return f"not decided: {cut}{f'; {more} more seed' + 's' * (more > 1) if more else ''}"
