"""What is said of test rows that occur in the training split."""

from collections.abc import Sequence

from analysis.answers import Answer, answers
from analysis.leaks import Leak, leak_of
from analysis.page.phrases import by_text, cut_text
from analysis.study import Study
from analysis.verdicts import Verdict
from analysis.wording import MARKS, interval, percent, signed

COLUMNS = ("data set", "test rows", "how many", "full-data accuracy", "Δ pp", "likely", "verdict")


def leak_on_card(leak: Leak | None) -> str:
    """What a reader of the answer must know of its leak; empty where it changes no verdict."""
    if leak is None:
        return ""
    clean = leak.parts["clean"]
    if not clean.n:
        return (
            "Every test row occurs in the training split: no accuracy here is of rows never seen."
        )
    if not leak.differs or clean.verdict is None:
        return ""
    return (
        f"On the {clean.n:,} clean test rows alone the verdict is {clean.verdict.verdict}: "
        f"{_change(clean.verdict)}; {leak.parts['leaked'].n:,} occur in training."
    )


def leak_text(name: str, leak: Leak) -> str:
    """How many test rows of a data set leak, and what the full-data runs make of them."""
    clean, leaked = leak.parts["clean"], leak.parts["leaked"]
    told = (
        f"{name}: of {leak.n_test:,} test rows {leaked.n:,} ({percent(round(leaked.n / leak.n_test, 3))}) "
        "occur in the training split."
    )
    if leaked.accuracy is None:
        return told
    told += f" Full-data accuracy on them is {100 * leaked.accuracy:.1f}%"
    if clean.accuracy is None:
        return f"{told}."
    return f"{told}, on the {clean.n:,} clean ones {100 * clean.accuracy:.1f}%."


def leak_texts(study: Study, *, short: bool = False) -> list[str]:
    """`leak_text` of each data set that has such rows, and of which condition the differences are.

    Args:
        study: The run.
        short: Leave the condition out.
    """
    told = []
    for answer, leak in _leaks(study):
        text = leak_text(answer.name, leak)
        if leak.whole is not None and answer.row is not None and not short:
            cut = f"{cut_text(answer, answer.row)} {by_text(answer.row)}"
            text += f" The differences below are those of its answer, {cut}, at the answer's level."
        told.append(text)
    return told


def leak_lines(study: Study) -> list[Sequence[str]]:
    """Of each data set with such rows all, clean and leaked ones, as COLUMNS has them."""
    rows: list[Sequence[str]] = []
    for answer, leak in _leaks(study):
        for side, part in leak.parts.items():
            accuracy = "" if part.accuracy is None else f"{100 * part.accuracy:.2f}%"
            rows.append((answer.name, side, f"{part.n:,}", accuracy, *_judged(part.verdict)))
        rows.append((answer.name, "all", f"{leak.n_test:,}", _of_all(leak), *_judged(leak.whole)))
    return rows


def _leaks(study: Study) -> list[tuple[Answer, Leak]]:
    found = [(answer, leak_of(study, answer)) for answer in answers(study)]
    return [(answer, leak) for answer, leak in found if leak is not None]


def _of_all(leak: Leak) -> str:
    known = [(part.n, part.accuracy) for part in leak.parts.values() if part.accuracy is not None]
    return f"{100 * sum(n * one for n, one in known) / leak.n_test:.2f}%" if known else ""


def _change(verdict: Verdict) -> str:
    if verdict.low is None or verdict.high is None:
        return f"{signed(verdict.mean)} points"
    return f"{signed(verdict.mean)} points, likely {signed(verdict.low)} to {signed(verdict.high)}"


def _judged(verdict: Verdict | None) -> tuple[str, str, str]:
    if verdict is None:
        return ("", "", "")
    return (
        signed(verdict.mean),
        interval(verdict.low, verdict.high),
        f"{MARKS[verdict.verdict]} {verdict.verdict}",
    )
