"""The sentences of an answer: one to act on, and how sure it is, by the answer's state."""

from collections.abc import Sequence

from analysis.answers import Answer, candidate, is_outside
from analysis.envelope import JudgedCell
from analysis.random_control import Comparison
from analysis.seeds_needed import CLOSE_PP, seeds_to_settle
from analysis.study import Study
from analysis.verdicts import ALPHA, LEAST_SEEDS, Verdict
from analysis.wording import experiment, percent, points, seeds_text, signal_label, signed

_SURE = "Sure to 19 in 20"


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


def safe(
    study: Study, answer: Answer, row: JudgedCell, verdict: Verdict
) -> tuple[str, Sequence[str]]:
    """Found or confirmed: what can go, how sure that is, and whether the method has earned it."""
    cut, by = _cut(answer, row), _by(row)
    sure = f"{_SURE}{_how(answer, row, verdict)} loses less than {points(study.tolerance_pp)}."
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


def _how(answer: Answer, row: JudgedCell, verdict: Verdict) -> str:
    """What the error of the answer is counted over, and which experiment was run."""
    if answer.state == "confirmed":
        return f": training afresh on exactly these rows, with {verdict.n_seeds} seeds that chose nothing,"
    return f", {_counted(answer)}: {experiment(row.cell.condition)}"


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
    if row.cell.condition.kind == "fixed":
        return _credit_of_list(study, answer)
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


def _credit_of_list(study: Study, answer: Answer) -> str:
    """What a fixed list has earned beyond random lists of its size, trained on by the same seeds."""
    one = study.confirmed[answer.source].against_random
    if one is None:
        return "Random lists were not run beside it, so nobody knows whether the method earns this."
    if one.finding == "better":
        return f"It beats random lists of its size by {points(one.mean_pp)}."
    if one.finding == "worse":
        return f"Random lists of its size do better by {points(-one.mean_pp)}."
    return (
        f"Against random lists of its size it changes accuracy by {signed(one.mean_pp)} points, which "
        "is not shown to be a difference."
    )


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
    return f"Perhaps {_cut(answer, row)} {_by(row)}: promising, not confirmed.", (
        f"Alone it passes: {_changes(answer, verdict)}. But it is the best of {answer.n_tried} "
        f"methods, and the best of many often looks safe by luck. "
        f"{_pending(study, answer, row) or _price(study, answer, verdict)}",
    )


def refuted(
    study: Study, answer: Answer, row: JudgedCell, verdict: Verdict
) -> tuple[str, Sequence[str]]:
    """Fresh seeds were run and do not pass: what they say, and nothing of the search."""
    cut, by = _cut(answer, row), _by(row)
    tried = f"Trained afresh on exactly these rows, {verdict.n_seeds} seeds that chose nothing"
    if is_outside(row):
        return f"Keep all of {answer.name}: {percent(row.cell.condition.rate)} {by} is not safe.", (
            f"{tried} change accuracy by {_changes(answer, verdict)}. It was the cut that the search "
            "chose; no other one was put to this test. To look for one, sweep smaller rates.",
        )
    fallen = ""
    if verdict.diverged:
        seeds = " and ".join(map(str, verdict.diverged))
        fallen = f" Seed {seeds} fell far below the others."
    return f"Not decided: {cut} {by} is not confirmed.", (
        f"{tried} change accuracy by {_changes(answer, verdict)}; the line is "
        f"−{study.tolerance_pp:g}.{fallen} To look for a safer cut, sweep smaller rates.",
    )


def _pending(study: Study, answer: Answer, row: JudgedCell) -> str:
    """What a planned confirmation has still to do; empty where none is planned, or it has run."""
    if not study.confirms(answer.source) or answer.state in ("confirmed", "refuted"):
        return ""
    if row.cell.condition.kind == "dynamic":
        return "Rows chosen anew each epoch leave no list of rows, so no such cut can be confirmed."
    if candidate(study, answer.source) is None:
        return ""
    return (
        "What is safe, fresh seeds decide that train on one fixed list of rows; they have not all run: "
        "the same command goes on with them."
    )


def first_look(
    study: Study, answer: Answer, row: JudgedCell, verdict: Verdict
) -> tuple[str, Sequence[str]]:
    """It passes by two seeds."""
    more = _pending(study, answer, row) or "Run three or more: five is a good start."
    return f"First look: {_cut(answer, row)} {_by(row)} seems safe.", (
        f"Two seeds choose what to test; they decide nothing. {more}",
    )


def keep_all(
    study: Study, answer: Answer, row: JudgedCell, verdict: Verdict
) -> tuple[str, Sequence[str]]:
    """Every cut is outside."""
    hardly = f", and hardly less than {points(-(verdict.high_pp or 0.0))}"
    what = experiment(row.cell.condition)
    return (
        f"Keep all of {answer.name}: every cut tested costs more than {points(study.tolerance_pp)}."
    ), (
        f"The mildest, {percent(row.cell.condition.rate)} {_by(row)}, loses "
        f"{points(-verdict.mean_pp)}{hardly}. {what[:1].upper()}{what[1:]}, "
        f"{seeds_text(verdict.n_seeds, verdict.n_seeds)}.",
    )


def undecided(
    study: Study, answer: Answer, row: JudgedCell, verdict: Verdict
) -> tuple[str, Sequence[str]]:
    """Nothing passes and something may: the closest, and what would decide it."""
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
        f"{_pending(study, answer, row) or _price(study, answer, verdict)}",
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


def unlearned(
    study: Study, answer: Answer, row: JudgedCell, verdict: Verdict
) -> tuple[str, Sequence[str]]:
    """The full-data runs have nothing to lose."""
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
