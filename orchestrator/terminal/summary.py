"""What a sweep prints at its end: verdicts by condition, and what was truly found."""

from collections import Counter
from collections.abc import Iterable, Mapping

import numpy as np
from rich.console import Console

from analysis.envelope import JudgedCell
from analysis.matched import shown_averages
from analysis.methods import Condition, condition_of
from analysis.metric_words import MetricWords
from analysis.page.answer_cards import cards
from analysis.page.frontier_answers import frontier_answers
from analysis.page.leak_words import leak_texts
from analysis.page.phrases import margin_text, value_of, words_of
from analysis.planted import PlantedCell, planted_tables
from analysis.study import Study
from analysis.verdicts import Verdict
from orchestrator.terminal.whole_table import WholeTable
from trainables.written_numbers import many

_WARNINGS = 5  # lines of them on a terminal
MARKS: Mapping[str, str] = {"within": "✓", "outside": "✗", "inconclusive": "?"}


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
            told = f"  {card.next.label}: {card.next.command}"
            console.print(told, highlight=False, soft_wrap=True)
    for text in leak_texts(study, short=True):
        console.print(text, highlight=False)
    for text in (one for one in study.judging_notes if one not in study.plan.notes):
        console.print(f"! {text}", highlight=False, markup=False)
    _print_warnings(study, console)


def verdict_table(study: Study) -> WholeTable:
    """A line for each data set, method and warm-up, a column for each rate."""
    rates, words = sorted({row.cell.condition.rate for row in study.rows}), words_of(study)
    guards = [one.text for one in study.by.guards]
    table = WholeTable(
        title=f"{_changes(words)} against the full-data run, {study.confidence} interval; ✓ within "
        f"{margin_text(study)}, ✗ outside, ? inconclusive"
        f"{'; guard: ' * bool(guards)}{', '.join(guards)}",
        title_justify="left",
    )
    table.heads = 3
    for name in ("data set", "signal", "warm-up", *(f"{100 * rate:g} % pruned" for rate in rates)):
        table.add_column(name)
    lines = _averages(study)
    for row in study.rows:
        condition = row.cell.condition
        head = (
            study.sources[condition.source],
            study.methods[condition.method],
            f"{_two_digits(condition.warmup)} %",
        )
        lines.setdefault(head, {})[condition.rate] = _cell(words, row)
    for head, cells in lines.items():
        table.add_row(*head, *(cells.get(rate, "·") for rate in rates))
    return table


def _averages(study: Study) -> dict[tuple[str, str, str], dict[float, str]]:
    """The lines of the averages over data sets, as the others: by data set, signal and warm-up."""
    lines: dict[tuple[str, str, str], dict[float, str]] = {}
    for one, cells in shown_averages(study):
        for cell in cells:
            mark = "own" if cell.warmup is None else f"{_two_digits(cell.warmup)} %"
            head = (f"average over {len(cell.rows)}", one.label, mark)
            told = "not on all" if cell.verdict is None else _judged(words_of(study), cell.verdict)
            lines.setdefault(head, {})[cell.rate] = told
    return lines


def _judged(words: MetricWords, v: Verdict) -> str:
    """Mark, mean and interval."""
    told = f"{MARKS[v.verdict]} {words.plain(v.mean)}"
    if v.low is None or v.high is None:
        return told
    return f"{told} [{words.plain(v.low)}, {words.plain(v.high)}]"


def _changes(words: MetricWords) -> str:
    unit = f" in {words.metric.unit}" if words.metric.unit else ""
    return f"Δ {words.metric.label}{unit}{words.told}{',' * bool(words.told)}"


def _two_digits(share: float) -> str:
    return f"{round(100 * share, 2):g}"


def _from(condition: Condition) -> str:
    if condition.protocol == "restart":
        return ""
    return f" from {_two_digits(condition.warmup)} % on"


def _nulls(study: Study) -> list[str]:
    """What another data order and dropout alone change."""
    words = words_of(study)
    return [
        f"{study.sources[cell.condition.source]}: nothing pruned, only another order{_from(cell.condition)}: {_cell(words, row)}, {words.spread(verdict.sd)} between seeds"
        for row in study.nulls
        for cell, verdict in [row]
        if verdict is not None and verdict.sd is not None
    ]


def _cell(words: MetricWords, row: JudgedCell) -> str:
    verdict, cell = row.verdict, row.cell
    if verdict is None:
        return "no pair"
    short = f" n={verdict.n_seeds}/{cell.n_planned}" if verdict.n_seeds < cell.n_planned else ""
    reasons = "" if verdict.low is None else _reasons(row)
    return f"{_judged(words, verdict)}{short}{reasons}"


def _reasons(row: JudgedCell) -> str:
    """That too few test rows decide, and the mark of the worst guard where one is not within."""
    few = row.verdict.few if row.verdict else None
    decide = "1 row decides" if few == 1 else f"{few:,} rows decide" if few else "no row differs"
    told = "" if few is None else f" {decide}"
    words = {one.verdict.verdict for one in row.guards}
    worst = next((word for word in ("outside", "inconclusive") if word in words), None)
    return f"{told} guard {MARKS[worst]}" if worst else told


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
            lines.append(f"{told}{words.value(mean)} ({words.value(low)} to {words.value(high)})")
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
        title="share of the removed rows that truly are spare copies (another of their group stays) · wrong labels",
        title_justify="left",
    )
    rates = sorted({rate for one in known for rate in one.rates})
    table.heads = 2
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
