"""What is said of test rows that occur in the training split."""

from collections.abc import Sequence

import numpy as np

from analysis.answers import Answer, answers
from analysis.leaks import Leak, leak_of
from analysis.page.phrases import by_text, cut_text, known_values, value_text, words_of
from analysis.study import Study
from analysis.verdicts import Verdict
from analysis.wording import MARKS, percent

_SAYS = {"within": "it holds", "outside": "it does not hold", "inconclusive": "it is not decided"}


def leak_columns(study: Study) -> tuple[str, ...]:
    """The heads of `leak_lines`."""
    words = words_of(study)
    value = f"full-data {words.metric.label}"
    return ("data set", "test rows", "how many", value, words.delta, "likely", "verdict")


def leak_on_card(study: Study, leak: Leak | None) -> str:
    """What a reader of the answer must know of its leak; empty where it changes no verdict."""
    if leak is None:
        return ""
    clean = leak.parts["clean"]
    if not clean.n:
        return (
            "Every test row occurs in the training split: no "
            f"{words_of(study).metric.label} here is of rows never seen."
        )
    if not leak.differs or clean.verdict is None:
        return ""
    return (
        f"On the {clean.n:,} clean test rows alone {_SAYS[clean.verdict.verdict]}: "
        f"{_change(study, clean.verdict)}; {leak.parts['leaked'].n:,} occur in training."
    )


def leak_text(study: Study, name: str, leak: Leak) -> str:
    """How many test rows of a data set leak, and what the full-data runs make of them."""
    clean, leaked = leak.parts["clean"], leak.parts["leaked"]
    told = (
        f"{name}: of {leak.n_test:,} test rows {leaked.n:,} ({percent(round(leaked.n / leak.n_test, 3))}) "
        "occur in the training split."
    )
    if leaked.value is None:
        return told
    words = words_of(study)
    told += f" Full-data {words.metric.label} on them is {words.value(leaked.value)}"
    if clean.value is None:
        return f"{told}."
    return f"{told}, on the {clean.n:,} clean ones {words.value(clean.value)}."


def leak_texts(study: Study, *, short: bool = False) -> list[str]:
    """`leak_text` of each data set that has such rows, and of which condition the differences are.

    Args:
        study: The run.
        short: Leave the condition out.
    """
    told = []
    for answer, leak in _leaks(study):
        text = leak_text(study, answer.name, leak)
        if leak.whole is not None and answer.row is not None and not short:
            cut = f"{cut_text(answer, answer.row)} {by_text(answer.row)}"
            text += f" The differences below are those of its answer, {cut}, at the answer's level."
        told.append(text)
    return told


def leak_lines(study: Study) -> list[Sequence[str]]:
    """Of each data set with such rows all, clean and leaked ones, as `leak_columns` has them."""
    rows: list[Sequence[str]] = []
    for answer, leak in _leaks(study):
        for side, part in leak.parts.items():
            value = "" if part.value is None else value_text(study, part.value)
            rows.append((answer.name, side, f"{part.n:,}", value, *_judged(study, part.verdict)))
        whole = (_of_all(study, answer, leak), *_judged(study, leak.whole))
        rows.append((answer.name, "all", f"{leak.n_test:,}", *whole))
    return rows


def _leaks(study: Study) -> list[tuple[Answer, Leak]]:
    found = [(answer, leak_of(study, answer)) for answer in answers(study)]
    return [(answer, leak) for answer, leak in found if leak is not None]


def _of_all(study: Study, answer: Answer, leak: Leak) -> str:
    if not words_of(study).is_accuracy:
        # No mean over its sides: macro-F1 of two halves is not that of the whole.
        full = known_values(study, answer.row, "baseline") if answer.row else []
        return value_text(study, float(np.mean(full))) if full else ""
    known = [(part.n, part.value) for part in leak.parts.values() if part.value is not None]
    return value_text(study, sum(n * one for n, one in known) / leak.n_test) if known else ""


def _change(study: Study, verdict: Verdict) -> str:
    return words_of(study).change(verdict.mean, verdict.low, verdict.high)


def _judged(study: Study, verdict: Verdict | None) -> tuple[str, str, str]:
    if verdict is None:
        return ("", "", "")
    words = words_of(study)
    return (
        words.number(verdict.mean),
        words.interval(verdict.low, verdict.high),
        f"{MARKS[verdict.verdict]} {verdict.verdict}",
    )
