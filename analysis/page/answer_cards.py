"""The answer of each data set in words: what to do, how sure that is, what it saves, who is hurt."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from analysis.answers import Answer, answers, is_outside
from analysis.envelope import JudgedCell
from analysis.interim_looks import LOOKS
from analysis.page.answer_facts import Fact, facts
from analysis.random_control import Comparison
from analysis.seeds_needed import CLOSE_PP, seeds_to_settle
from analysis.study import Study
from analysis.verdicts import ALPHA, LEAST_SEEDS, Verdict
from analysis.wording import experiment, percent, points, seeds_text, signal_label, signed

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
        if study.plan.adaptive:
            nothing = f"No condition has the {LOOKS[0]} seeds of its first look yet: 0 of {total}."
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
            # The closest condition is outside only where all that were judged are.
            is_kept = is_outside(row)
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


def _cut(answer: Answer, row: JudgedCell) -> str:
    """Rate and data set, such as: 10% of imdb."""
    return f"{percent(row.cell.condition.rate)} of {answer.name}"


def _by(row: JudgedCell) -> str:
    """The method in a few words."""
    condition = row.cell.condition
    by = "at random" if condition.is_control else f"by {signal_label(condition.signal)}"
    return f"{by} each epoch" if condition.kind == "dynamic" else by


def _counted(answer: Answer) -> str:
    if answer.n_tried == 1:
        return "the one method tried"
    return f"all {answer.n_tried} methods counted"


def _safe(
    study: Study, answer: Answer, row: JudgedCell, verdict: Verdict
) -> tuple[str, Sequence[str]]:
    cut, by = _cut(answer, row), _by(row)
    sure = (
        f"{_SURE}, {_counted(answer)}: {experiment(row.cell.condition)} loses less than "
        f"{points(study.tolerance_pp)}."
    )
    if answer.low_pp is not None and answer.low_pp <= -study.tolerance_pp:
        sure += " (The interval below is wider: it would hold for any method one picked.)"
    rises = answer.low_pp is not None and answer.low_pp > 0
    # Rows chosen anew each epoch leave no smaller file behind.
    drop = "Skip" if row.cell.condition.kind == "dynamic" else "Drop"
    if answer.standing == "random":
        beside = _beside(study, row)
        worse = sum(one.finding == "worse" for one in beside)
        told = f"{worse} of {len(beside)} methods {'loses' if worse == 1 else 'lose'} more than "
        told += "random does at this rate."
        if worse > 1 and worse == len(beside):
            return f"{drop} {cut} {by}, and not by a method: they do worse.", (sure, told)
        return f"{drop} {cut} {by}: accuracy holds.", (
            sure, _free(study, row), told if worse else "",
        )  # fmt: skip
    if rises:
        return f"{drop} {cut} {by}: accuracy even rises.", (
            sure,
            "A rise has two usual causes: wrong labels among the removed rows, or a full-data run "
            "past its best.",
            "" if answer.standing == "better" else _credit(study, answer, row),
        )
    return f"{drop} {cut} {by}: accuracy holds.", (sure, _credit(study, answer, row))


def _free(study: Study, row: JudgedCell) -> str:
    """Why random is named before the methods held against it at this rate."""
    beside = _beside(study, row)
    if not beside:
        return "At this rate no method was held against it."
    if any(one.finding == "better" for one in beside):
        return "A method does better at this rate, but its smaller rates are not shown to be safe."
    return (
        "At this rate no method is shown to do better than rows drawn by lot, so none is worth its "
        "price."
    )


def _credit(study: Study, answer: Answer, row: JudgedCell) -> str:
    """What the method has earned beyond random pruning."""
    comparison = study.comparisons.get(row.cell.condition)
    if comparison is None:
        if not any(method.is_control for method in study.methods):
            return "Random was not run, so nobody knows whether the method earns this."
        return "Random was not run beside it here, so nobody knows whether the method earns this."
    if answer.standing == "better":
        return f"At this rate it beats random by {points(comparison.mean_pp)}."
    if answer.standing == "worse":
        return f"At this rate random does better by {points(-comparison.mean_pp)}."
    return (
        "With all methods counted random is not shown to be as safe at this rate, but no difference "
        "to it is shown either."
    )


def _beside(study: Study, row: JudgedCell) -> list[Comparison]:
    """The comparisons of methods with a random condition's rate."""
    key = row.cell.condition.control_key
    return [one for one in study.comparisons.values() if one.condition.control_key == key]


def _promising(
    study: Study, answer: Answer, row: JudgedCell, verdict: Verdict
) -> tuple[str, Sequence[str]]:
    return f"Perhaps {_cut(answer, row)} {_by(row)}: promising, not confirmed.", (
        f"Alone it passes: {_changes(answer, verdict)}. But it is the best of {answer.n_tried} "
        f"methods, and the best of many often looks safe by luck. "
        f"{_price(study, answer, verdict)}",
    )


def _first_look(study: Study, answer: Answer, row: JudgedCell) -> tuple[str, Sequence[str]]:
    return f"First look: {_cut(answer, row)} {_by(row)} seems safe.", (
        "Two seeds choose what to test; they decide nothing. Run three or more: five is a good start.",
    )


def _keep_all(
    study: Study, answer: Answer, row: JudgedCell, verdict: Verdict
) -> tuple[str, Sequence[str]]:
    hardly = f", and hardly less than {points(-(verdict.high_pp or 0.0))}"
    what = experiment(row.cell.condition)
    return (
        f"Keep all of {answer.name}: every cut tested costs more than {points(study.tolerance_pp)}."
    ), (
        f"The mildest, {percent(row.cell.condition.rate)} {_by(row)}, loses "
        f"{points(-verdict.mean_pp)}{hardly}. {what[:1].upper()}{what[1:]}, "
        f"{seeds_text(verdict.n_seeds, verdict.n_seeds)}.",
    )


def _open(
    study: Study, answer: Answer, row: JudgedCell, verdict: Verdict
) -> tuple[str, Sequence[str]]:
    line, cut = study.tolerance_pp, _cut(answer, row)
    closest = f"The closest cut, {_by(row)}, changes accuracy by"
    if verdict.diverged:
        seeds = " and ".join(map(str, verdict.diverged))
        return f"Not decided: a run of {cut} diverged.", (
            f"{closest} {_changes(answer, verdict)}. Seed {seeds} fell far below the others: while "
            "that happens, no such cut is called safe.",
        )
    if verdict.low_pp is None:
        why = (
            "One seed gives no interval: run three or more."
            if verdict.n_seeds == 1
            else "One test example gives no interval."
        )
        return f"Not decided: {cut} may or may not be safe.", (
            f"{closest} {signed(verdict.mean_pp)} points. {why}",
        )
    if abs(verdict.mean_pp + line) < CLOSE_PP:
        return f"Not decided: {cut} may or may not be safe.", (
            f"It changes accuracy by {_changes(answer, verdict)}, and the line is −{line:g}: a "
            "mean so close to it that it would take many seeds. Try a smaller cut.",
        )
    return f"Not decided: {cut} may or may not be safe.", (
        f"{closest} {_changes(answer, verdict)}; the line is −{line:g}. "
        f"{_price(study, answer, verdict)}",
    )


def _price(study: Study, answer: Answer, verdict: Verdict) -> str:
    """What it would take to decide, if the mean and the spread of these seeds are the true ones."""
    # To be named safe a condition must pass with all methods counted; outside needs no more than 5 %.
    is_above = verdict.mean_pp > -verdict.tolerance_pp
    alpha = ALPHA / answer.n_tried if is_above else ALPHA
    needed = seeds_to_settle(verdict, alpha=alpha)
    if needed.more is None:
        return f"More seeds would hardly decide it: {needed.reason}."
    if study.plan.adaptive:
        return "The same command buys more seeds where they can decide it."
    if verdict.n_seeds < LEAST_SEEDS:
        return "To decide: run three seeds or more."
    many = f"{needed.more} more seed{'s' * (needed.more > 1)}"
    return f"To decide: about {many}{' of every method' * (answer.n_tried > 1)}."


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
        f"{beside}, and {worth.n_runs} runs on {worth.n_test:,} test rows do not tell the two apart. "
        "Train it longer, or test on more rows: until then what follows says nothing about your data.",
    )


def _changes(answer: Answer, verdict: Verdict) -> str:
    likely = (
        f", likely {signed(answer.low_pp)} to {signed(answer.high_pp)}"
        if answer.low_pp is not None and answer.high_pp is not None
        else ""
    )
    return f"{signed(verdict.mean_pp)} points{likely}"
