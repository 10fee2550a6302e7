"""What is said of a list of rows that fresh seeds train on: not yet, not confirmed, worth its price."""

from collections.abc import Sequence

from analysis.answers import Answer, candidate, is_outside
from analysis.confirmation import SEEDS
from analysis.envelope import JudgedCell
from analysis.page.guard_words import few_text, guards_broken, guards_hold, guards_open
from analysis.page.next_step import record_of
from analysis.page.phrases import (
    by_text,
    change_text,
    cut_text,
    gap_text,
    likely_text,
    line_size,
    line_text,
    words_of,
)
from analysis.study import Study
from analysis.verdicts import Verdict
from analysis.warrants import Warrant
from analysis.wording import percent

_AGAIN = "It needs a --run of its own, and errs in 1 of 20."


def credit_of_list(study: Study, answer: Answer) -> str:
    """What a fixed list has earned beyond random lists of its size, trained on by the same seeds."""
    one = study.confirmed[answer.source].against_random
    if one is None:
        return "Random lists were not run beside it, so nobody knows whether the method earns this."
    if one.finding == "better":
        return f"It beats random lists of its size by {gap_text(study, one.mean)}{likely_text(study, one)}."
    if one.finding == "worse":
        return f"Random lists of its size do better by {gap_text(study, -one.mean)}: draw by lot instead."
    return "Random lists of its size may do as well: no difference is shown."


def is_warranted(study: Study, answer: Answer) -> bool:
    """Whether exactly the confirmed rows were written, with a warrant that passed."""
    written = record_of(study, answer) if answer.state == "confirmed" else None
    told = written.warrant if written else None
    return told is not None and Warrant.from_dict(told).passes


def warranted(
    study: Study, answer: Answer, row: JudgedCell, verdict: Verdict
) -> tuple[str, Sequence[str]]:
    """The confirmed rows are in a file: what was measured of exactly it."""
    words, rate = words_of(study), percent(row.cell.condition.rate)
    less = words.harm(line_size(study, verdict.tolerance), "less than")
    is_random = row.cell.condition.is_control
    return f"Confirmed: {answer.name} without {rate} of its rows trains as well.", (
        f"Sure to 19 in 20: trained afresh on exactly the rows of this file by {verdict.n_seeds} new "
        f"seeds, a model on average {less}.",
        "Its rows were drawn by lot." if is_random else credit_of_list(study, answer),
        guards_hold(row),
    )


def confirming(answer: Answer) -> tuple[str, Sequence[str]]:
    """Some of the fresh seeds have run: how many, and no number that could be taken for an answer."""
    one, row = answer.confirmation, answer.row
    assert one is not None and row is not None, "a list is being confirmed"
    planned = max(row.cell.n_planned, SEEDS)
    failed = f", {one.n_failed} failed" if one.n_failed else ""
    return f"Not decided yet: {cut_text(answer, row)} {by_text(row)} is being confirmed.", (
        f"{one.n_ended} of {planned} new seeds have trained afresh on its one list of rows{failed}.",
        "They decide, all together; the same command goes on with them.",
    )


def refuted(
    study: Study, answer: Answer, row: JudgedCell, verdict: Verdict
) -> tuple[str, Sequence[str]]:
    """Fresh seeds were run and do not pass: what they say, and nothing of the search."""
    cut, by = cut_text(answer, row), by_text(row)
    tried = f"Trained afresh on exactly these rows, {verdict.n_seeds} new seeds"
    if is_outside(row):
        return f"Keep all of {answer.name}: {percent(row.cell.condition.rate)} {by} is not safe.", (
            f"{tried} {change_text(study, answer, verdict, many=True)}.",
            guards_broken(row),
            _next(study, answer, row),
            "It was the cut that the search chose; no other one was put to this test.",
        )
    fallen = ""
    if verdict.diverged:
        seeds = " and ".join(map(str, verdict.diverged))
        fallen = f" Seed {seeds} fell far below the others."
    return f"Not decided: {cut} {by} is not confirmed.", (
        f"{tried} {change_text(study, answer, verdict, many=True)}; the line is "
        f"{line_text(study, verdict.tolerance)}.{fallen}",
        few_text(verdict),
        guards_open(row),
        guards_broken(row),
        _next(study, answer, row),
    )


def _next(study: Study, answer: Answer, row: JudgedCell) -> str:
    """What to do after a list was not confirmed."""
    if any(other.cell.condition.protocol == "continue" for other in study.of(answer.source)):
        return (
            "The search was of another experiment, whose runs go on from their warm-up mark: a sweep by "
            f"--protocol restart searches the one that counts. {_AGAIN}"
        )
    smaller = f"such as --rate {row.cell.condition.rate / 2:g}"
    if is_outside(row):
        return f"Another sweep, of smaller rates, {smaller}, may find one. {_AGAIN}"
    v = row.verdict
    if v is not None and v.test_low is not None and v.test_low <= -v.tolerance < v.mean:
        return (
            "Its runs differ too much from seed to seed to tell: a training of more epochs may differ "
            f"less. {_AGAIN}"
        )
    return f"More test rows may narrow that; another sweep, of smaller rates, {smaller}, may pass. {_AGAIN}"


def pending(study: Study, answer: Answer, row: JudgedCell) -> str:
    """What a planned confirmation has still to do; empty where none is planned, or it has run."""
    if not study.confirms(answer.source) or answer.confirmation:
        return ""
    if row.cell.condition.kind == "dynamic":
        return "Rows chosen anew each epoch leave no list of rows, so no such cut can be confirmed."
    if candidate(study, answer.source) is None:
        return ""
    return (
        "Fresh seeds on one fixed list of rows decide what is safe; they have not run: the same command "
        "goes on with them."
    )
