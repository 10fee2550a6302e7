"""What a sweep prints at its end: verdicts by condition, and what was truly found."""

import shlex
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from rich.console import Console

from analysis.methods import Condition, condition_of
from analysis.page.answer_cards import cards
from analysis.page.frontier_answers import frontier_answers
from analysis.page.leak_words import leak_texts
from analysis.page.phrases import value_of, words_of
from analysis.planted import PlantedCell, planted_tables
from analysis.results_table import (
    NOT_RUN,
    rates_of,
    removed_head,
    result_lines,
    result_text,
    results_key,
)
from analysis.short_paths import pasted_path, short_path
from analysis.study import Study
from analysis.wording import percent
from orchestrator.terminal.whole_table import WholeTable
from trainables.written_numbers import many

_WARNINGS = 5  # lines of them on a terminal


def print_failures(errors: Iterable[str], console: Console) -> None:
    """Print why trials have no result, each reason once."""
    for error, count in Counter(errors).items():
        console.print(f"  {count} failed: {error}", highlight=False)


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
    for answer in frontier_answers(study):
        console.print(f"frontier of {answer.name}", highlight=False)
        for sentence in answer.sentences:
            console.print(f"  {sentence}", highlight=False)
    for card in cards(study):
        console.print(f"{card.mark} {card.headline}", highlight=False)
        for sentence in card.sentences:
            console.print(f"  {sentence}", highlight=False)
        for warning in card.warnings:
            console.print(f"  {warning}", highlight=False, style="yellow")
        for fact in card.facts:
            more = f" ({fact.detail})" if fact.detail else ""
            console.print(f"  {fact.label}: {fact.value}{more}", highlight=False)
        if card.next:
            # Not broken over lines: it is there to be copied.
            told = f"  {card.next.label}: {_as_typed(card.next.command, study.folder)}"
            console.print(told, highlight=False, soft_wrap=True)
    for text in leak_texts(study, short=True):
        console.print(text, highlight=False)
    for text in (one for one in study.judging_notes if one not in study.plan.notes):
        console.print(f"! {text}", highlight=False, markup=False)
    _print_warnings(study, console)


def _as_typed(command: str, folder: Path | None) -> str:
    """A command of the page as it works here: a page tells of a path far from it the end alone."""
    if folder is None or Path(short_path(folder)).expanduser().absolute() == folder.absolute():
        return command
    return f"{command} ".replace(f" {pasted_path(folder)} ", f" {shlex.quote(str(folder))} ")[:-1]


def verdict_table(study: Study) -> WholeTable:
    """A line for each data set, method and warm-up, a column for each rate; also `table --what results`."""
    lines = result_lines(study)
    rates = rates_of(lines)
    table = WholeTable(title=results_key(study), title_justify="left")
    table.heads = 3
    for name in ("data set", "signal", "warm-up", *map(removed_head, rates)):
        table.add_column(name)
    for line in lines:
        cells = (line.cells[rate].text if rate in line.cells else NOT_RUN for rate in rates)
        table.add_row(line.dataset, line.method, line.warmup_text, *cells)
    return table


def _from(condition: Condition) -> str:
    if condition.protocol == "restart":
        return ""
    return f" from {percent(condition.warmup)} on"


def _nulls(study: Study) -> list[str]:
    """What another data order and dropout alone change."""
    words = words_of(study)
    return [
        f"{study.sources[cell.condition.source]}: nothing pruned, only another order{_from(cell.condition)}: {result_text(words, row)}, {words.spread(verdict.sd)} between seeds"
        for row in study.nulls
        for cell, verdict in [row]
        if verdict is not None and verdict.sd is not None
    ]


def _print_warnings(study: Study, console: Console) -> None:
    """What rows warn of beyond the notes printed before the first trial."""
    new = [(text, n) for text, n in study.warnings.items() if text not in study.plan.notes]
    for text, count in new[:_WARNINGS]:
        console.print(f"! {text} ({many(count, 'trial')})", highlight=False, markup=False)
    if len(new) > _WARNINGS:
        console.print(f"! and {len(new) - _WARNINGS} more in the report", highlight=False)


def _baselines(study: Study) -> list[str]:
    """The metric of the full-data runs, and what beside accuracy always naming the largest class gives."""
    lines, words = [], words_of(study)
    full = [row for row in study.whole_results if row.spec.is_baseline]
    for source in dict.fromkeys(condition_of(row.spec).source for row in full):
        own = [row for row in full if condition_of(row.spec).source == source]
        known = [x for row in own if (x := value_of(study, row)) is not None]
        if not known:
            continue
        low, mean, high = min(known), float(np.mean(known)), max(known)
        told = (
            f"{study.sources[source]}: {many(len(known), 'full-data run')}, {words.metric.label} "
        )
        if not words.is_accuracy:
            perplexity = f", perplexity {words.perplexity(mean)}" * bool(words.perplexity(mean))
            lines.append(f"{told}{words.value(mean)} ({words.span(low, high)}){perplexity}")
            continue
        counts = next(row.class_counts for row in own if row.is_ok)
        lines.append(
            f"{told}{mean:.4f} ({low:.4f} to {high:.4f}); largest class "
            f"{max(counts) / sum(counts):.2f} of the data"
        )
    return lines


def _print_found(study: Study, console: Console) -> None:
    """Precision against the planted truth, where the data have one."""
    known = planted_tables(study)
    if not known:
        return
    table = WholeTable(
        title="share of the removed rows that truly are spare copies (another of their group stays) · wrong "
        + " or ".join(sorted({f"{one.wrong}s" for one in known}, reverse=True)),
        title_justify="left",
    )
    rates = sorted({rate for one in known for rate in one.rates})
    table.heads = 2
    for name in ("data set", "signal", *map(removed_head, rates)):
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
    return f"{100 * cell.copies:.0f}% · {100 * cell.wrong:.0f}%" if cell else "·"
