"""The tables of the page: what trials cost, what was planted, failures, and what is missing."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from analysis.condition_columns import method_label
from analysis.confirmation import Confirmation
from analysis.cost import REUSES
from analysis.methods import DatasetId, condition_of
from analysis.page.figures.style import PageTable
from analysis.page.phrases import value_of, value_text, words_of
from analysis.page.prose import planted_sentences
from analysis.planted import PlantedCell, SmallestClass, planted_tables
from analysis.study import Study
from analysis.table_rows import Row, cost_rows
from analysis.wording import (
    MARKS,
    percent,
    seeds_text,
    shortened,
    signed,
    whole_percent,
)
from trainables.result import TrialResult

_COMPUTE = (
    "data set", "method", "warm-up", "removed", "trained examples", "trained tokens", "trained seconds",
    "scored examples", "scored seconds", "saved by 1 run", "saved by 5 runs", "saved by 20 runs",
    "pays from run",
)  # fmt: skip
# Columns of what is not counted of every learner.
_COUNTED = {"trained examples", "trained tokens", "scored examples"}


@dataclass(frozen=True, kw_only=True)
class PlantedPanel:
    """What was planted in one data set, and what each method found.

    Attributes:
        name: The data set.
        sentences: What was planted, and what a cut at random finds.
        wrong: What is wrong in some rows: "label" or "answer".
        columns: The rates.
        rows: A method's name and its cells, None where it was not run; a cell's texts by name.
    """

    name: str
    sentences: tuple[str, ...]
    wrong: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, tuple[dict[str, str] | None, ...]], ...]


def source_label(study: Study, row: Row) -> str:
    """What the page calls the data set of a row."""
    return _name_of(study, DatasetId(row["dataset"], row["data_sha"]))


def compute_table(study: Study) -> PageTable:
    """What each condition used of a full run, and what it saves once and when reused."""
    rows = [_compute_row(study, row) for row in cost_rows(study) if row["measure"]]
    # What was not counted of any condition, such as tokens where rows are images, has no column.
    shown = [
        k for k, name in enumerate(_COMPUTE) if name not in _COUNTED or any(row[k] for row in rows)
    ]
    return PageTable(
        columns=tuple(_COMPUTE[k] for k in shown),
        rows=tuple(tuple(row[k] for k in shown) for row in rows),
    )


def counted_by(study: Study) -> tuple[str, str]:
    """By what runs save, and how a scored piece of it is counted beside a trained one.

    Returns:
        tokens, examples or seconds, several joined; and a sentence, empty where seconds alone are measured.
    """
    found = {row["measure"] for row in cost_rows(study)}
    measures = [one for one in ("tokens", "examples", "seconds") if one in found]
    pieces = [one.removesuffix("s") for one in measures if one != "seconds"]
    third = f"A {' or '.join(pieces)} scored counts as a third of one trained." if pieces else ""
    return " or ".join(measures), third.replace("A example", "An example")


def _compute_row(study: Study, row: Row) -> tuple[str, ...]:
    used = ("examples", "tokens", "seconds", "scoring", "scoring_seconds")
    # Where a row is one token, tokens are rows again; where nothing was counted, scoring is in seconds.
    doubled = {"examples": "tokens_share", "seconds": "scoring_share"}
    if name := doubled.get(row["measure"]):
        row = {**row, name: None}
    return (
        source_label(study, row), row["method"], percent(row["warmup"]), percent(row["rate"]),
        *(_share(row[f"{name}_share"]) for name in used),
        *(_share(row[f"saved_net_{runs}"]) for runs in REUSES),
        _runs_text(row["pays_from_runs"]),
    )  # fmt: skip


def _share(value: float | None) -> str:
    """A share of a full run, to a tenth of a percent."""
    return "" if value is None else f"{100 * value:.1f}%".replace("-", "−")


def _runs_text(runs: float | None) -> str:
    """The run from which on pruning has paid for itself; empty where later runs were not tried."""
    if runs is None:
        return ""
    return "never" if runs > 1e6 else f"{max(1, math.ceil(runs)):,}"


def confirmation_table(study: Study) -> tuple[Sequence[str], list[Sequence[str]]]:
    """Fresh seeds on the list that was chosen, seed by seed and their mean, beside random lists."""
    rows: list[Sequence[str]] = []
    words = words_of(study)
    for source, one in study.confirmed.items():
        beside = {pair.seed: pair for pair in one.control.pairs} if one.control else {}
        name = study.sources[source]
        for pair in one.row.cell.pairs:
            of_random = beside.get(pair.seed)
            at_random = (
                (_value(study, of_random.pruned), words.number(of_random.delta))
                if of_random
                else ("", "")
            )
            values = (_value(study, pair.baseline), _value(study, pair.pruned))
            rows.append((name, str(pair.seed), *values, words.number(pair.delta), *at_random))
        v, versus = one.row.verdict, one.against_random
        if v is not None:
            judged = f"{words.number(v.mean)} {words.interval(v.low, v.high)} {MARKS[v.verdict]}"
            against = ""
            if versus is not None:
                between = words.interval(versus.low, versus.high)
                against = f"list − random: {words.number(versus.mean)} {between}"
            rows.append((name, "mean", "", "", judged, "", against))
    arms = ("all rows", "on the list", words.delta, "random list", words.delta)
    columns = ("data set", "seed", *arms)
    if not any(one.control for one in study.confirmed.values()):
        return columns[:5], [row[:5] for row in rows]
    return columns, rows


def confirmation_text(study: Study) -> list[str]:
    """What each data set's list is, and by which error its fresh seeds are judged."""
    told = []
    for source, one in study.confirmed.items():
        c = one.row.cell.condition
        first = next(iter(one.row.cell.pairs), None)
        sha = first.pruned.kept_sha if first else ""
        told.append(
            f"{study.sources[source]}: {percent(c.rate)} removed by {method_label(study, c)}; "
            f"{_made(study, one, sha)}{f': list {sha[:12]}' if sha else ''}. It was chosen of "
            f"{one.n_candidates} cuts on these test rows, which its interval counts."
        )
    return told


def _made(study: Study, one: Confirmation, sha: str) -> str:
    """How a list came about: of scores that rest on each other it is the list of one seed."""
    c = one.row.cell.condition
    if c.is_control:
        return "its rows were drawn by lot"
    seeds = ", ".join(map(str, c.scored_by))
    same = [r.spec.seed for r in study.results if r.spec.kind == "pruned" and r.kept_sha == sha]
    if sha and same and len(c.scored_by) > 1:
        return (
            f"of seeds {seeds} the list of seed {same[0]}, whose scores lie nearest to their mean"
        )
    return f"the scores of seeds {seeds} joined into one list"


def _value(study: Study, row: TrialResult) -> str:
    value = value_of(study, row)
    return "" if value is None else value_text(study, value)


def failure_rows(study: Study) -> list[Sequence[str]]:
    """Trials that failed: id, condition and why."""
    return [
        (
            result.spec.result_key[:12],
            f"{_name_of(study, condition_of(result.spec).source)}, {method_label(study, condition_of(result.spec))}, "
            f"{percent(result.spec.rate)} removed, seed {result.spec.seed}",
            result.error,
        )
        for result in study.results
        if not result.is_ok
    ]


def _name_of(study: Study, source: DatasetId) -> str:
    """The label of a data set; a smaller total size of one is named by its trials."""
    subset = study.plan.subsets.get(source.data_sha)
    altered = " (altered)" if subset and subset.whole in study.plan.altered else ""
    return study.sources.get(source, f"{source.dataset}{altered}")


def null_rows(study: Study) -> list[Sequence[str]]:
    """What chance alone does: data set, warm-up, mean and interval, spread between seeds, verdict."""
    return [
        (
            study.sources[cell.condition.source],
            percent(cell.condition.warmup),
            f"{words_of(study).number(v.mean)} {words_of(study).interval(v.low, v.high)}",
            "" if v.sd is None else f"{v.sd:,.{words_of(study).digits}f}",
            seeds_text(v.n_seeds, cell.n_planned),
            f"{MARKS[v.verdict]} {v.verdict}",
        )
        for cell, v in study.nulls
        if v is not None
    ]


def unpaired_rows(study: Study) -> list[Sequence[str]]:
    """Cells that miss seeds: the condition, how many it has, and the reasons."""
    return [
        (
            f"{study.sources[cell.condition.source]}, "
            f"{study.methods[cell.condition.method]}, "
            f"{percent(cell.condition.warmup)} warm-up, {percent(cell.condition.rate)} removed",
            seeds_text(len(cell.seeds), cell.n_planned),
            "; ".join(cell.unpaired) or "not run yet",
        )
        for cell, _ in study.rows
        if len(cell.seeds) < cell.n_planned
    ]


def planted_panels(study: Study) -> list[PlantedPanel]:
    """What was planted and found, a panel a data set whose truth is known."""
    return [
        PlantedPanel(
            name=study.sources[table.source],
            sentences=planted_sentences(study, table),
            wrong=table.wrong,
            columns=tuple(f"{percent(rate)} removed" for rate in table.rates),
            rows=tuple(
                (row.label, tuple(_planted_cell(row.cells.get(rate)) for rate in table.rates))
                for row in table.rows
            ),
        )
        for table in planted_tables(study)
    ]


def _planted_cell(cell: PlantedCell | None) -> dict[str, str] | None:
    if cell is None:
        return None
    return {
        "copies": whole_percent(cell.copies),
        "wrong": whole_percent(cell.wrong),
        "copies_recall": whole_percent(cell.copies_recall),
        "wrong_recall": whole_percent(cell.wrong_recall),
        "smallest": _smallest_text(cell.smallest) if cell.smallest else "",
    }


def _smallest_text(one: SmallestClass) -> str:
    """Fraud: 19 of 122 stay, recall −87 points."""
    text = f"{shortened(one.name, 40)}: {one.kept:,.0f} of {one.count:,} stay"
    if one.recall_delta_pp is None:
        return text
    change = signed(one.recall_delta_pp, 0)
    space = "\N{NO-BREAK SPACE}"
    return f"{text}, recall{space}{'unchanged' if change == '0' else f'{change}{space}points'}"
