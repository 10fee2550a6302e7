"""Full-data runs that have learned nothing to lose, and what is then not said of the cells beside them."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from analysis.envelope import JudgedCell
from analysis.learned import Learned, learned
from analysis.methods import condition_of
from analysis.readings import Reading
from trainables.result import TrialResult


def learned_by_question(
    results: Iterable[TrialResult], judged: Iterable[JudgedCell], reading: Reading
) -> dict[tuple[Any, ...], Learned]:
    """What the full-data runs of each question are worth: those in pairs, so none that diverged."""
    runs: dict[tuple[Any, ...], dict[str, TrialResult]] = defaultdict(dict)
    for cell, _ in judged:
        for pair in cell.pairs:
            runs[cell.condition.question][pair.baseline.spec.result_key] = pair.baseline
    for row in results:
        question = condition_of(row.spec).question
        if row.spec.is_baseline and question not in runs:
            runs[question][row.spec.result_key] = row
    found = {question: learned(own.values(), reading) for question, own in runs.items()}
    return {question: one for question, one in found.items() if one is not None}


def without_unlearned(row: JudgedCell, worth: Mapping[tuple[Any, ...], Learned]) -> JudgedCell:
    """A cell without its "within", where the full-data runs have learned nothing to lose."""
    one, v = worth.get(row.cell.condition.question), row.verdict
    if v is None or one is None or one.is_shown or v.verdict != "within":
        return row
    open_ = replace(v, verdict="inconclusive", equivalent=False, improved=False)
    return JudgedCell(row.cell, open_, row.guards)
