"""What a sweep prints at its end: verdicts by condition, and what was truly found."""

from collections.abc import Mapping

import numpy as np
from rich.console import Console
from rich.table import Table

from analysis.envelope import JudgedCell
from analysis.methods import Condition, condition_of
from analysis.page.answer_cards import cards
from analysis.page.leak_words import leak_texts
from analysis.planted import PlantedCell, planted_tables
from analysis.study import Study

_WARNINGS = 5  # lines of them on a terminal
MARKS: Mapping[str, str] = {"within": "✓", "outside": "✗", "inconclusive": "?"}


def summarise(study: Study, console: Console) -> None:
    """Print one line a condition, one column a rate.

    Args:
        study: The run, judged.
        console: Where to.
    """
    if not study.rows:
        return
    for line in (*_baselines(study), *_nulls(study)):
        console.print(line, highlight=False)
    console.print(verdict_table(study))
    _print_found(study, console)
    for card in cards(study):
        console.print(f"{card.mark} {card.headline}", highlight=False)
        for sentence in card.sentences:
            console.print(f"  {sentence}", highlight=False)
        for warning in card.warnings:
            console.print(f"  {warning}", highlight=False, style="yellow")
        for fact in card.facts:
            console.print(f"  {fact.label}: {fact.value} ({fact.detail})", highlight=False)
    for text in leak_texts(study, short=True):
        console.print(text, highlight=False)
    for text in (one for one in study.judging_notes if one not in study.plan.notes):
        console.print(f"! {text}", highlight=False, markup=False)
    _print_warnings(study, console)


def verdict_table(study: Study) -> Table:
    """A line for each data set, method and warm-up, a column for each rate."""
    rates = sorted({row.cell.condition.rate for row in study.rows})
    table = Table(
        title=f"Δ accuracy in pp against the full-data run, {study.confidence} interval; ✓ within "
        f"{study.tolerance:g} pp, ✗ outside, ? inconclusive",
        title_justify="left",
    )
    for name in ("data set", "signal", "warm-up", *(f"{100 * rate:g} % pruned" for rate in rates)):
        table.add_column(name)
    lines: dict[tuple[str, str, str], dict[float, str]] = {}
    for row in study.rows:
        condition = row.cell.condition
        head = (
            study.sources[condition.source],
            study.methods[condition.method],
            f"{_two_digits(condition.warmup)} %",
        )
        lines.setdefault(head, {})[condition.rate] = _cell(row)
    for head, cells in lines.items():
        table.add_row(*head, *(cells.get(rate, "·") for rate in rates))
    return table


def _two_digits(share: float) -> str:
    return f"{round(100 * share, 2):g}"


def _from(condition: Condition) -> str:
    if condition.protocol == "restart":
        return ""
    return f" from {_two_digits(condition.warmup)} % on"


def _nulls(study: Study) -> list[str]:
    """What another data order and dropout alone change."""
    return [
        f"{study.sources[cell.condition.source]}: nothing pruned, only another order{_from(cell.condition)}: {_cell(row)}, {verdict.sd:.2f} pp between seeds"
        for row in study.nulls
        for cell, verdict in [row]
        if verdict is not None and verdict.sd is not None
    ]


def _cell(row: JudgedCell) -> str:
    verdict, cell = row.verdict, row.cell
    if verdict is None:
        return "no pair"
    short = f" n={verdict.n_seeds}/{cell.n_planned}" if verdict.n_seeds < cell.n_planned else ""
    if verdict.low is None or verdict.high is None:
        return f"{MARKS[verdict.verdict]} {verdict.mean:+.2f}{short}"
    interval = f"[{verdict.low:+.2f}, {verdict.high:+.2f}]"
    return f"{MARKS[verdict.verdict]} {verdict.mean:+.2f} {interval}{short}"


def _print_warnings(study: Study, console: Console) -> None:
    """What rows warn of beyond the notes printed before the first trial."""
    new = [(text, n) for text, n in study.warnings.items() if text not in study.plan.notes]
    for text, count in new[:_WARNINGS]:
        trials = f"{count} trial" + "s" * (count > 1)
        console.print(f"! {text} ({trials})", highlight=False, markup=False)
    if len(new) > _WARNINGS:
        console.print(f"! and {len(new) - _WARNINGS} more in the report", highlight=False)


def _baselines(study: Study) -> list[str]:
    """Accuracy of the full-data runs beside that of always naming the largest class."""
    lines = []
    full = [row for row in study.results if row.spec.is_baseline and row.accuracy is not None]
    for source in dict.fromkeys(condition_of(row.spec).source for row in full):
        own = [row for row in full if condition_of(row.spec).source == source]
        accuracy = [row.accuracy or 0.0 for row in own]
        largest = max(own[0].class_counts) / sum(own[0].class_counts)
        lines.append(
            f"{study.sources[source]}: {len(own)} full-data runs, accuracy {np.mean(accuracy):.4f} "
            f"({min(accuracy):.4f} to {max(accuracy):.4f}); largest class {largest:.2f} of the data"
        )
    return lines


def _print_found(study: Study, console: Console) -> None:
    """Precision against the planted truth, where the data have one."""
    known = planted_tables(study)
    if not known:
        return
    table = Table(
        title="share of the removed rows that truly are spare copies (another of their group stays) · wrong labels",
        title_justify="left",
    )
    rates = sorted({rate for one in known for rate in one.rates})
    for name in ("data set", "signal", *(f"{100 * rate:g} % pruned" for rate in rates)):
        table.add_column(name)
    for one in known:
        for row in one.rows:
            table.add_row(
                study.sources[one.source],
                row.label,
                *(_precision(row.cells.get(rate)) for rate in rates),
            )
    console.print(table)


def _precision(cell: PlantedCell | None) -> str:
    return f"{100 * cell.copies:.0f} % · {100 * cell.wrong:.0f} %" if cell else "·"
