"""The answer of each data set in words: what to do, how sure that is, what it saves, who is hurt."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from analysis.answers import Answer, answers
from analysis.envelope import JudgedCell
from analysis.page.answer_facts import Fact, facts
from analysis.seeds_needed import CLOSE_PP, seeds_needed, seeds_to_settle
from analysis.study import Study
from analysis.verdicts import LEAST_SEEDS, Verdict
from analysis.wording import percent, signal_label, signed

Tone = Literal["in", "out", "unsure"]
_SURE = "Sure to 19 in 20"
# What each state looks like: mark, words of the pill, tone.
_PILLS: dict[str, tuple[str, str, Tone]] = {
    "found": ("✓", "safe to drop", "in"),
    "promising": ("◐", "not confirmed", "unsure"),
    "exploratory": ("◐", "first look", "unsure"),
    "keep": ("✗", "keep all", "out"),
    "open": ("?", "not decided", "unsure"),
    "no answer": ("–", "no answer", "unsure"),
}


@dataclass(frozen=True, kw_only=True)
class AnswerCard:
    """One data set's answer as a reader sees it first.

    Attributes:
        name: The data set.
        answer: What the card says.
        mark: ✓, ◐, ✗, ? or –.
        pill: The mark in words.
        tone: Which colour goes with it: "in", "out" or "unsure".
        headline: One sentence to act on.
        sentences: How sure that is, and what else must be known.
        facts: Of the headline's condition and no other.
    """

    name: str
    answer: Answer
    mark: str
    pill: str
    tone: Tone
    headline: str
    sentences: tuple[str, ...]
    facts: tuple[Fact, ...] = ()


def cards(study: Study) -> list[AnswerCard]:
    """One card a data set."""
    return [_card(study, answer) for answer in answers(study)]


def _card(study: Study, answer: Answer) -> AnswerCard:
    row = answer.row
    if row is None or row.verdict is None:
        total = len(study.of(answer.source))
        nothing = f"No finished pair (trial and baseline of the same seed) yet: 0 of {total} cells."
        return _made(answer, "open", f"Nothing measured of {answer.name} yet.", (nothing,))
    match answer.state:
        case "no answer":
            return _made(answer, "no answer", *_unlearned(answer, row.verdict))
        case "found":
            shown = facts(study, answer)
            return _made(answer, "found", *_safe(study, answer, row, row.verdict), shown)
        case "promising":
            shown = facts(study, answer)
            return _made(answer, "promising", *_promising(study, answer, row, row.verdict), shown)
        case "exploratory":
            return _made(
                answer, "exploratory", *_first_look(study, answer, row), facts(study, answer)
            )
        case _:
            is_kept = all(
                one.verdict is None or one.verdict.verdict == "outside"
                for one in study.of(answer.source)
            )
            told = _keep_all if is_kept else _open
            shown = facts(study, answer, saving=False)
            return _made(
                answer, "keep" if is_kept else "open", *told(study, answer, row, row.verdict), shown
            )


def _made(
    answer: Answer,
    state: str,
    headline: str,
    sentences: Sequence[str],
    shown: tuple[Fact, ...] = (),
) -> AnswerCard:
    mark, pill, tone = _PILLS[state]
    if state == "found" and answer.standing == "no control":
        pill = "uncredited"
    return AnswerCard(
        name=answer.name, answer=answer, mark=mark, pill=pill, tone=tone, headline=headline,
        sentences=tuple(sentence for sentence in sentences if sentence), facts=shown,
    )  # fmt: skip


def experiment(row: JudgedCell) -> str:
    """What was trained on the survivors, as a part of a sentence."""
    condition = row.cell.condition
    if condition.protocol == "restart":
        return "training afresh on what is left"
    return f"a training that turns to what is left after {percent(condition.warmup)} of its steps"


def _cut(answer: Answer, row: JudgedCell) -> str:
    """Rate and data set, such as: 10% of imdb."""
    return f"{percent(row.cell.condition.rate)} of {answer.name}"


def _by(row: JudgedCell) -> str:
    """The method in a few words."""
    condition = row.cell.condition
    return "at random" if condition.is_control else f"by {signal_label(condition.signal)}"


def _counted(answer: Answer) -> str:
    many = "the one method tried" if answer.n_tried == 1 else f"all {answer.n_tried} methods"
    return f"{many} counted" if answer.n_tried > 1 else many


def _safe(
    study: Study, answer: Answer, row: JudgedCell, verdict: Verdict
) -> tuple[str, Sequence[str]]:
    cut, by = _cut(answer, row), _by(row)
    sure = (
        f"{_SURE}, {_counted(answer)}: {experiment(row)} loses less than "
        f"{_points(study.tolerance_pp)}."
    )
    rises = answer.low_pp is not None and answer.low_pp > 0
    if answer.standing == "random":
        worse, beside = _worse_than_random(study, row)
        told = f"{worse} of {beside} methods {'loses' if worse == 1 else 'lose'} more than random "
        told += "does at this rate."
        if worse and worse == beside:
            return f"Drop {cut} at random, and not by a method: they do worse.", (sure, told)
        return f"Drop {cut} at random: accuracy holds.", (
            sure,
            "At this rate no method is shown to do better than rows drawn by lot, so none is worth "
            "its price." if answer.n_tried > 1 else "",
            told if worse else "",
        )  # fmt: skip
    if rises:
        return f"Drop {cut} {by}: accuracy even rises.", (
            sure,
            "A rise has two usual causes: wrong labels among the removed rows, or a full-data run "
            "past its best.",
        )
    return f"Drop {cut} {by}: accuracy holds.", (sure, _credit(study, answer, row))


def _credit(study: Study, answer: Answer, row: JudgedCell) -> str:
    """What the method has earned beyond random pruning."""
    comparison = study.comparisons.get(row.cell.condition)
    if comparison is None:
        return "Random was not run, so nobody knows whether the method earns this."
    if answer.standing == "better":
        return f"At this rate it beats random by {_points(comparison.mean_pp)}."
    if answer.standing == "worse":
        return f"At this rate random does better by {_points(-comparison.mean_pp)}."
    return (
        "Random is not shown to be as safe at this rate, but no difference to it is shown either."
    )


def _worse_than_random(study: Study, row: JudgedCell) -> tuple[int, int]:
    """Methods shown to do worse at a random condition's rate, and those held against it."""
    condition = row.cell.condition
    beside = [
        one
        for one in study.comparisons.values()
        if one.condition.control_key == condition.control_key
    ]
    return sum(one.finding == "worse" for one in beside), len(beside)


def _promising(
    study: Study, answer: Answer, row: JudgedCell, verdict: Verdict
) -> tuple[str, Sequence[str]]:
    needed = seeds_to_settle(verdict, alpha=answer.level / max(answer.n_tried, 1))
    price = (
        f"About {needed.more} more seeds of every method would settle it."
        if needed.more
        else f"More seeds would hardly settle it: {needed.reason}."
    )
    return f"Perhaps {_cut(answer, row)} {_by(row)}: promising, not confirmed.", (
        f"Alone it passes: {_changes(answer, verdict)}. But it is the best of {answer.n_tried} "
        f"methods, and the best of many often looks safe by luck. {price}",
    )


def _first_look(study: Study, answer: Answer, row: JudgedCell) -> tuple[str, Sequence[str]]:
    return f"First look: {_cut(answer, row)} {_by(row)} seems safe.", (
        "Two seeds choose what to test; they decide nothing. Three more seeds would.",
    )


def _keep_all(
    study: Study, answer: Answer, row: JudgedCell, verdict: Verdict
) -> tuple[str, Sequence[str]]:
    hardly = f", and hardly less than {_points(-(verdict.high_pp or 0.0))}"
    what = experiment(row)
    return (
        f"Keep all of {answer.name}: every cut tested costs more than "
        f"{_points(study.tolerance_pp)}."
    ), (
        f"The mildest, {percent(row.cell.condition.rate)} {_by(row)}, loses "
        f"{_points(-verdict.mean_pp)}{hardly}. {what[:1].upper()}{what[1:]}, "
        f"{verdict.n_seeds} seeds.",
    )


def _open(
    study: Study, answer: Answer, row: JudgedCell, verdict: Verdict
) -> tuple[str, Sequence[str]]:
    line, cut = study.tolerance_pp, _cut(answer, row)
    if verdict.diverged:
        seeds = ", ".join(map(str, verdict.diverged))
        return f"Not decided: a run of {cut} diverged.", (
            f"The closest cut, {_by(row)}, changes accuracy by {_changes(answer, verdict)}. The run "
            f"of seed {seeds} fell far below the others: while one does, no cut is called safe.",
        )
    if verdict.low_pp is None:
        return f"Not decided: {cut} may or may not be safe.", (
            f"The closest cut, {_by(row)}, changes accuracy by {signed(verdict.mean_pp)} points. "
            "One seed gives no interval: run three or more.",
        )
    if abs(verdict.mean_pp + line) < CLOSE_PP:
        return f"Not decided: {cut} lies on the line.", (
            f"It changes accuracy by {signed(verdict.mean_pp)} points and the line is −{line:g}: too "
            "close for any number of seeds. A smaller cut can be decided.",
        )
    needed = seeds_needed(verdict, alpha=answer.level)
    decide = f"To decide: {needed.more} more seeds."
    if needed.more is None:
        decide = f"More seeds would not decide it: {needed.reason}."
    elif verdict.n_seeds < LEAST_SEEDS:
        decide = "To decide: run three seeds or more."
    return f"Not decided: {cut} may or may not be safe.", (
        f"The closest cut, {_by(row)}, changes accuracy by {_changes(answer, verdict)}; the line is "
        f"−{line:g}. {decide}",
    )


def _unlearned(answer: Answer, verdict: Verdict) -> tuple[str, Sequence[str]]:
    worth = answer.learned
    assert worth is not None, "a model is called unlearned by what its runs are worth"
    beside = (
        f"With all rows it is right in {100 * worth.accuracy:.1f}% of cases; always saying "
        f"“{worth.largest}” gives {100 * worth.share:.1f}%"
    )
    if worth.accuracy <= worth.share:
        return "No answer: the model has learned nothing that could be lost.", (
            f"{beside}. A cut cannot hurt such a model, so what follows says nothing about your data.",
        )
    return "No answer: the model is not shown to have learned anything that could be lost.", (
        f"{beside}, and {worth.n_test:,} test rows do not tell the two apart. Train it longer, or "
        "test on more rows: until then what follows says nothing about your data.",
    )


def _changes(answer: Answer, verdict: Verdict) -> str:
    likely = (
        f", likely {signed(answer.low_pp)} to {signed(answer.high_pp)}"
        if answer.low_pp is not None and answer.high_pp is not None
        else ""
    )
    return f"{signed(verdict.mean_pp)} points{likely}"


def _points(pp: float) -> str:
    """Percentage points as a reader says them: 1 point, 0.85 points."""
    text = f"{pp:.2f}".rstrip("0").rstrip(".")
    return f"{text} point" if text == "1" else f"{text} points"
