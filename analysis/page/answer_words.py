"""The sentences of an answer: one to act on, and how sure it is, by the answer's state."""

from collections.abc import Sequence

from analysis.answers import Answer
from analysis.envelope import JudgedCell
from analysis.page.confirmation_words import credit_of_list, is_warranted, pending, warranted
from analysis.page.guard_words import few_text, guards_broken, guards_hold, guards_open
from analysis.page.phrases import (
    by_text,
    change_text,
    cut_text,
    gap_text,
    line_size,
    line_text,
    words_of,
)
from analysis.page.price_words import is_close, is_decided, seeds_price, settling_text
from analysis.page.training_words import rise_text
from analysis.random_control import Comparison
from analysis.study import Study
from analysis.verdicts import Verdict
from analysis.wording import experiment, percent, seeds_text

_SURE = "Sure to 19 in 20"


def _tried(study: Study, answer: Answer) -> str:
    """15 methods and warm-ups: each method is tried anew after each warm-up."""
    several = len({row.cell.condition.warmup for row in study.of(answer.source)} - {0.0}) > 1
    return f"{answer.n_tried} methods{' and warm-ups' * several}"


def _counted(study: Study, answer: Answer) -> str:
    if answer.n_tried == 1:
        return "the one method tried"
    return f"all {_tried(study, answer)} counted"


def safe(
    study: Study, answer: Answer, row: JudgedCell, verdict: Verdict
) -> tuple[str, Sequence[str]]:
    """Found or confirmed: what can go, how sure that is, and whether the method has earned it."""
    if is_warranted(study, answer):
        return warranted(study, answer, row, verdict)
    cut, by, words = cut_text(answer, row), by_text(row), words_of(study)
    less = words.harm(line_size(study, verdict.tolerance), "less than")
    sure = f"{_SURE}{_how(study, answer, row, verdict)} {less}."
    held = [guards_hold(row)]
    if answer.low is not None and answer.low <= -verdict.tolerance:
        held.append("The interval below is wider: it holds whichever method one picks.")
    rises = answer.low is not None and answer.low > 0
    # Rows chosen anew each epoch leave no smaller file behind.
    drop = "Skip" if row.cell.condition.kind == "dynamic" else "Drop"
    if answer.standing == "random":
        beside = _beside(study, row)
        worse = sum(one.finding == "worse" for one in beside)
        told = f"{worse} of {len(beside)} methods {'loses' if worse == 1 else 'lose'} more than "
        told += "random does at this rate."
        if worse > 1 and worse == len(beside):
            return f"{drop} {cut} {by}, and not by a method: they do worse.", (sure, told, *held)
        return f"{drop} {cut} {by}: {words.noun} holds.", (
            sure, _free(study, row), *held, told if worse else "",
        )  # fmt: skip
    if rises:
        return f"{drop} {cut} {by}: {words.noun} improved.", (
            sure,
            _credit(study, answer, row),
            rise_text(study, row),
            *held,
        )
    return f"{drop} {cut} {by}: {words.noun} holds.", (sure, _credit(study, answer, row), *held)


def _how(study: Study, answer: Answer, row: JudgedCell, verdict: Verdict) -> str:
    """What the error of the answer is counted over, and which experiment was run."""
    if answer.state == "confirmed":
        return f": trained afresh on exactly these rows by {verdict.n_seeds} new seeds, a model on average"
    return f", {_counted(study, answer)}: {experiment(row.cell.condition)}"


def _free(study: Study, row: JudgedCell) -> str:
    """Why random is named before the methods held against it at this rate."""
    beside = _beside(study, row)
    if not beside:
        return "At this rate no method was compared with it."
    if any(one.finding == "better" for one in beside):
        return "A method does better at this rate, but its smaller rates are not shown to be safe."
    return "At this rate no method is shown to do better than rows drawn by lot."


def _credit(study: Study, answer: Answer, row: JudgedCell) -> str:
    """What the method has earned beyond random pruning."""
    if row.cell.condition.kind == "fixed":
        return credit_of_list(study, answer)
    comparison = study.comparisons.get(row.cell.condition)
    if comparison is None:
        if not any(method.is_control for method in study.methods):
            return "Random was not run, so nobody knows whether the method earns this."
        return "Random was not run beside it here, so nobody knows whether the method earns this."
    if answer.standing == "better":
        return f"At this rate it beats random by {gap_text(study, comparison.mean)}."
    if answer.standing == "worse":
        return f"At this rate random does better by {gap_text(study, -comparison.mean)}."
    return "At this rate random is not shown to be safe, and not shown to be worse."


def _beside(study: Study, row: JudgedCell) -> list[Comparison]:
    """The comparisons of methods with random at a condition's rate, of a list those of the search."""
    own = row.cell.condition
    if own.kind == "fixed":
        at = (own.question, own.warmup, own.rate)
        return [
            one
            for one in study.comparisons.values()
            if (one.condition.question, one.condition.warmup, one.condition.rate) == at
        ]
    return [
        one for one in study.comparisons.values() if one.condition.control_key == own.control_key
    ]


def promising(
    study: Study, answer: Answer, row: JudgedCell, verdict: Verdict
) -> tuple[str, Sequence[str]]:
    """It passes alone; what would settle it."""
    head = f"Perhaps {cut_text(answer, row)} {by_text(row)}: promising, not confirmed."
    change = f"{experiment(row.cell.condition)} {change_text(study, answer, verdict)}."
    if waiting := pending(study, answer, row):
        return head, (f"By its search it passes: {change}", waiting)
    price = settling_text(study, answer, row)
    if answer.n_tried == 1:
        return head, (f"By its search it passes: {change}", price)
    return head, (
        f"Alone it passes: {change}",
        f"But it is the best of {_tried(study, answer)}, and the best of many often looks safe by luck.",
        price,
    )


def first_look(
    study: Study, answer: Answer, row: JudgedCell, verdict: Verdict
) -> tuple[str, Sequence[str]]:
    """It passes by two seeds."""
    more = pending(study, answer, row)
    more = more or f"Run five: {seeds_price(study, answer, row, 5 - verdict.n_seeds)}."
    return f"First look: {cut_text(answer, row)} {by_text(row)} seems safe.", (
        f"Two seeds of {experiment(row.cell.condition)} choose what to test; they decide nothing.",
        more,
    )


def keep_all(
    study: Study, answer: Answer, row: JudgedCell, verdict: Verdict
) -> tuple[str, Sequence[str]]:
    """Every cut is outside."""
    words, what = words_of(study), experiment(row.cell.condition)
    if any(_only_guarded(one) for one in study.of(answer.source)):
        return f"Keep all of {answer.name}: every cut tested does more harm than is allowed.", (
            f"The mildest, {percent(row.cell.condition.rate)} {by_text(row)}, "
            f"{change_text(study, answer, verdict)}; the line is {line_text(study, verdict.tolerance)}.",
            guards_broken(row),
            f"{what[:1].upper()}{what[1:]}, {seeds_text(verdict.n_seeds, verdict.n_seeds)}.",
        )
    by = "" if words.metric.higher else "by "
    hardly = f", and hardly {by}less than {words.amount(-(verdict.high or 0.0))}"
    costs = words.harm(line_size(study, verdict.tolerance), "more than", verb="costs")
    return (f"Keep all of {answer.name}: every cut tested {costs}."), (
        f"The mildest, {percent(row.cell.condition.rate)} {by_text(row)}, "
        f"{words.harm(words.size(-verdict.mean))}{hardly}. {what[:1].upper()}{what[1:]}, "
        f"{seeds_text(verdict.n_seeds, verdict.n_seeds)}.",
    )


def undecided(
    study: Study, answer: Answer, row: JudgedCell, verdict: Verdict
) -> tuple[str, Sequence[str]]:
    """Nothing passes and something may: the closest, and what would decide it."""
    line, cut, words = line_text(study, verdict.tolerance), cut_text(answer, row), words_of(study)
    what, change = experiment(row.cell.condition), change_text(study, answer, verdict)
    closest = f"With the closest cut, {by_text(row)}, {what}"
    open_ = f"Not decided: {cut} may or may not be safe."
    if verdict.diverged:
        seeds = " and ".join(map(str, verdict.diverged))
        return f"Not decided: a run of {cut} diverged.", (
            f"{closest} {change}.",
            f"Seed {seeds} fell far below the others: while that happens, no such cut is called safe.",
        )
    if verdict.low is None:
        one = "One test example gives no interval."
        if verdict.n_seeds == 1:
            one = "One seed gives no interval: run three or more."
        return open_, (f"{closest} {words.does(verdict.mean)}.", one)
    if verdict.few is not None or guards_open(row) or guards_broken(row):
        few = f"{few_text(verdict)} More test rows would tell, not more seeds." * (
            verdict.few is not None
        )
        price = "" if few or is_decided(verdict) else settling_text(study, answer, row)
        return open_, (
            f"{closest} {change}; the line is {line}.",
            few, guards_open(row), guards_broken(row), price,
        )  # fmt: skip
    if is_close(verdict):
        return f"Not decided: {cut} lies on the line.", (
            f"{what[:1].upper()}{what[1:]} {change}, and the line is {line}: a "
            "mean so close to it that it would take many seeds. Try a smaller cut.",
        )
    return open_, (
        f"{closest} {change}; the line is {line}.",
        pending(study, answer, row) or settling_text(study, answer, row),
    )


def _only_guarded(row: JudgedCell) -> bool:
    """Whether a condition is outside by a guard alone."""
    v = row.verdict
    return v is not None and v.verdict == "outside" and (v.high or 0.0) >= -v.tolerance


def unlearned(
    study: Study, answer: Answer, row: JudgedCell, verdict: Verdict
) -> tuple[str, Sequence[str]]:
    """The full-data runs have nothing to lose."""
    worth = answer.learned
    assert worth is not None, "a model is called unlearned by what its runs are worth"
    words = words_of(study)
    beside = (
        f"With all rows it is right in {100 * worth.accuracy:.1f}% of cases; always saying "
        f"“{worth.largest}” gives {100 * worth.share:.1f}%"
    )
    if not words.is_accuracy:
        beside = (
            f"With all rows {words.noun} is {words.value(worth.value)}; "
            f"{words.metric.without_training} gives {words.value(worth.reference)}"
        )
    if words.metric.sign * (worth.value - worth.reference) <= 0:
        return "No answer: the model has learned nothing that could be lost.", (
            f"{beside}. A cut cannot hurt such a model, so what follows says nothing about your data.",
        )
    return "No answer: the model is not shown to have learned anything that could be lost.", (
        f"{beside}, and {worth.n_runs} run{'s' * (worth.n_runs > 1)} on {worth.n_test:,} test rows "
        f"do{'es' * (worth.n_runs == 1)} not tell the two apart.",
        "Improve the model, or test on more rows: until then what follows says nothing about your data.",
    )
