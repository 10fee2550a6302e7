"""The results of a run as one table, method by rate: what a sweep ends with, and what a paper has."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from analysis.chosen_rows import Only, asked_values, check_there
from analysis.condition_columns import method_label
from analysis.envelope import JudgedCell
from analysis.matched import shown_averages
from analysis.metric_words import MetricWords
from analysis.page.phrases import margin_told, words_of
from analysis.random_control import Finding
from analysis.study import Study
from analysis.verdicts import Verdict
from analysis.wording import MARKS, percent

NOT_RUN = "·"


@dataclass(frozen=True, kw_only=True)
class ResultCell:
    """One condition.

    Attributes:
        text: Mark, mean and interval, and what a reader must know besides.
        verdict: What it was judged; None without a pair.
        is_within: Whether it is within: of a confirmed list, whether fresh seeds confirm it.
        finding: How it stands against random, by the corrected p; None where that was not tested.
    """

    text: str
    verdict: Verdict | None
    is_within: bool = False
    finding: Finding | None = None


@dataclass(frozen=True, kw_only=True)
class ResultLine:
    """One method on one data set after one warm-up.

    Attributes:
        dataset: The data set's label; of an average, over how many.
        method: The method's label.
        warmup: The warm-up as a share; None of an average whose data sets have each their own.
        cells: By rate.
        kind: A "control", a "method", an "average" over data sets, or the "list" that fresh seeds confirm.
    """

    dataset: str
    method: str
    warmup: float | None
    kind: str
    cells: dict[float, ResultCell] = field(default_factory=dict)

    @property
    def warmup_text(self) -> str:
        """The warm-up as it is shown."""
        return "own" if self.warmup is None else percent(self.warmup)


def result_lines(study: Study) -> list[ResultLine]:
    """The lines of a run's results: averages, then each data set's methods, then confirmed lists."""
    words, lines = words_of(study), [*_average_lines(study)]
    found: dict[tuple[str, str, float], ResultLine] = {}
    for row in study.rows:
        condition = row.cell.condition
        head = (study.sources[condition.source], study.methods[condition.method], condition.warmup)
        kind = "control" if condition.is_control else "method"
        line = found.setdefault(
            head, ResultLine(dataset=head[0], method=head[1], warmup=head[2], kind=kind)
        )
        versus = study.comparisons.get(condition)
        line.cells[condition.rate] = ResultCell(
            text=result_text(words, row),
            verdict=row.verdict,
            is_within=row.verdict is not None and row.verdict.decided == "within",
            finding=versus.finding if versus else None,
        )
    return [*lines, *found.values(), *_list_lines(study)]


def chosen_lines(lines: Sequence[ResultLine], only: Only) -> list[ResultLine]:
    """The lines, and of these the rates, that are asked for; an average over data sets is none of them.

    Raises:
        UsageError: If there is no such data set, warm-up or rate.
    """
    names, warmups, rates = (only.get(one) or () for one in ("dataset", "warmup", "rate"))
    names = asked_values(names, {line.dataset for line in lines})
    for flag, values, known in (
        ("--dataset", names, {line.dataset for line in lines}),
        ("--warmup", warmups, {line.warmup for line in lines}),
        ("--rate", rates, {*rates_of(lines)}),
    ):
        for value in values:
            check_there(flag, value, sorted(one for one in known if one is not None))
    return [
        replace(line, cells={r: cell for r, cell in line.cells.items() if not rates or r in rates})
        for line in lines
        if (not names or line.dataset in names)
        and (not warmups or line.warmup in warmups)
        and (not rates or {*rates} & {*line.cells})
    ]


def _average_lines(study: Study) -> Iterator[ResultLine]:
    words = words_of(study)
    for one, cells in shown_averages(study):
        lines: dict[float | None, ResultLine] = {}
        for cell in cells:
            line = lines.setdefault(
                cell.warmup,
                ResultLine(
                    dataset=f"average over {len(cell.rows)}", method=one.label, warmup=cell.warmup,
                    kind="average",
                ),
            )  # fmt: skip
            v = cell.verdict
            line.cells[cell.rate] = ResultCell(
                text="not on all" if v is None else _judged(words, v),
                verdict=v,
                is_within=v is not None and v.decided == "within",
            )
        yield from lines.values()


def _list_lines(study: Study) -> Iterator[ResultLine]:
    """The list that fresh seeds train on, of data sets where they have run."""
    for source, one in study.confirmed.items():
        condition, versus = one.row.cell.condition, one.against_random
        if one.row.verdict is None:
            continue
        mark = ("confirmed" if one.passes else "not confirmed") if one.is_over else "not all run"
        cell = ResultCell(
            text=f"{_judged(words_of(study), one.row.verdict, '')} {mark}",
            verdict=one.row.verdict,
            is_within=one.is_over and one.passes,
            finding=versus.finding if versus else None,
        )
        yield ResultLine(
            dataset=study.sources[source], method=method_label(study, condition),
            warmup=condition.warmup, kind="list", cells={condition.rate: cell},
        )  # fmt: skip


def rates_of(lines: Collection[ResultLine]) -> list[float]:
    """Every rate, ascending."""
    return sorted({rate for line in lines for rate in line.cells})


def result_rows(
    lines: Collection[ResultLine], *, keyboard: bool = False
) -> list[Mapping[str, str]]:
    """The lines as rows: data set, method, warm-up, and a column for each rate.

    Args:
        lines: Of a run.
        keyboard: Write numbers with the signs of a keyboard, which a program reads: -0.20, not −0.20.
    """
    rates = rates_of(lines)
    minus = "-" if keyboard else "−"
    return [
        {
            "dataset": line.dataset,
            "method": line.method,
            "warmup": line.warmup_text,
            **{
                removed_head(rate): line.cells[rate].text.replace("−", minus)
                if rate in line.cells
                else NOT_RUN
                for rate in rates
            },
        }
        for line in lines
    ]


def removed_head(rate: float) -> str:
    """The head of a rate's column: 10% removed."""
    return f"{percent(rate)} removed"


def results_key(study: Study) -> str:
    """What the numbers are, and the marks."""
    guards = [one.text for one in study.by.guards]
    return (
        f"{_changes(words_of(study))} against the full-data run, {study.confidence} interval; "
        f"{MARKS['within']} within {margin_told(study)}, {MARKS['outside']} outside, "
        f"{MARKS['inconclusive']} inconclusive{'; guard: ' * bool(guards)}{', '.join(guards)}"
    )


def _changes(words: MetricWords) -> str:
    unit = f" in {words.metric.unit}" if words.metric.unit else ""
    return f"Δ {words.metric.label}{unit}{words.told}{',' * bool(words.told)}"


def result_text(words: MetricWords, row: JudgedCell) -> str:
    """Mark, mean and interval of a condition, seeds that are missing, and why it is not decided."""
    verdict, cell = row.verdict, row.cell
    if verdict is None:
        return "no pair" if cell.unpaired else "not run"
    short = f" n={verdict.n_seeds}/{cell.n_planned}" if verdict.n_seeds < cell.n_planned else ""
    reasons = "" if verdict.low is None else _reasons(row)
    return f"{_judged(words, verdict)}{short}{reasons}"


def _judged(words: MetricWords, v: Verdict, mark: str | None = None) -> str:
    """Mark, mean and interval."""
    shown = MARKS[v.decided] if mark is None else mark
    told = f"{shown} {words.number(v.mean)}".lstrip()
    if v.low is None or v.high is None:
        return told
    return f"{told} {words.interval(v.low, v.high)}"


def _reasons(row: JudgedCell) -> str:
    """That too few test rows decide, and the mark of the worst guard where one is not within."""
    few = row.verdict.few if row.verdict else None
    decide = "1 row decides" if few == 1 else f"{few:,} rows decide" if few else "no row differs"
    told = "" if few is None else f" {decide}"
    words = {one.verdict.verdict for one in row.guards}
    worst = next((word for word in ("outside", "inconclusive") if word in words), None)
    return f"{told} guard {MARKS[worst]}" if worst else told
