"""The table of all trials, and what the page's script asks of them beside it."""

from typing import Any

from analysis.methods import condition_of
from analysis.page.figures.style import PageTable, rounded
from analysis.page.phrases import value_of, words_of
from analysis.page.provenance import environments
from analysis.page.tables import source_label
from analysis.study import Study
from analysis.table_rows import Row, trial_rows
from analysis.wording import MARKS
from trainables.result import TrialResult

_TRIALS = ("trial", "data set", "method", "warm-up", "removed", "seed")
_TRIALS_END = ("verdict", "kept", "train s", "status")
_TRIAL_FORMATS = ("", "", "", "%", "%", "")
_TRIAL_END_FORMATS = ("", ",", ".1", "")


def trial_table(study: Study) -> PageTable:
    """Every trial, baselines first."""
    words = words_of(study)
    # A share to four digits; accuracy beside the metric where there are classes to be right about.
    found: dict[str, str] = {words.metric.label: ".4" if words.metric.unit == "pp" else words.fixed}
    if not words.is_accuracy and any(row.accuracy is not None for row in study.results):
        found["accuracy"] = ".4"
    judged = (*study.rows, *study.nulls, *(one.row for one in study.confirmed.values()))
    verdicts = {
        row.cell.condition: f"{MARKS[row.verdict.verdict]} {row.verdict.verdict}"
        for row in judged
        if row.verdict
    }
    return PageTable(
        columns=(*_TRIALS, *found, words.delta, *_TRIALS_END),
        formats=(*_TRIAL_FORMATS, *found.values(), f"+{words.fixed}", *_TRIAL_END_FORMATS),
        rows=tuple(
            _trial_row(study, row, result, len(found), verdicts.get(condition_of(result.spec), ""))
            for row, result in zip(trial_rows(study), study.results, strict=True)
        ),
    )


def island_of_trials(study: Study) -> dict[str, Any]:
    """What the page's script asks of the trials beside their table: columns of their value, and versions."""
    told = ["; ".join(f"{k} {v}" for k, v in items.items()) for items in environments(study)]
    of = [dict(sorted(row.environment.items())) for row in study.results]
    known = environments(study)
    has_accuracy = words_of(study).is_accuracy or all(r.accuracy is None for r in study.results)
    return {
        "trials_metric": len(_TRIALS),
        "trials_change": len(_TRIALS) + (1 if has_accuracy else 2),
        "environments": told,
        "environment_of": [known.index(one) for one in of] if len(known) > 1 else [],
    }


def _trial_row(
    study: Study, row: Row, result: TrialResult, n_values: int, verdict: str
) -> tuple[str | float | None, ...]:
    words = words_of(study)
    values = [value_of(study, result), result.accuracy][:n_values] if result.is_ok else []
    digits = 5 if words.metric.unit == "pp" else words.digits + 1
    return (
        row["result_key"][:12], source_label(study, row), row["method"],
        None if row["kind"] == "full" else row["warmup"], row["rate"], row["seed"],
        *(rounded(value, places) for value, places in zip(values, (digits, 5), strict=False)),
        *[None] * (n_values - len(values)),
        rounded(row["delta"], words.digits + 1), verdict, row["n_kept"] or None,
        rounded(row["training_seconds"], 1), row["status"],
    )  # fmt: skip
