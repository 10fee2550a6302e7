"""The squares of the operating envelope: verdict and mean change by warm-up and rate, variant by variant."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

from analysis.matched import MethodBySource, averaged, methods_by_source
from analysis.methods import Method
from analysis.metric_words import MetricWords
from analysis.page.average_words import average_note
from analysis.page.figures.style import PageTable, rounded
from analysis.page.figures.subjects import Subject, model_group
from analysis.page.guard_words import hover_notes
from analysis.page.phrases import tolerance_of, words_of
from analysis.study import Study
from analysis.verdicts import Verdict
from analysis.wording import percent

_COLUMNS = ("warm-up", "rate", "verdict")
# A warm-up, or None where each data set of an average has one of its own, and a rate.
Spot = tuple[float | None, float]


@dataclass(frozen=True, kw_only=True)
class Square:
    """One cell of the heatmap: its verdict, or None, and what to say of it."""

    verdict: Verdict | None
    n_planned: int = 0
    note: str = ""
    by_mean: bool = False
    lines: tuple[str, ...] = ()

    @property
    def word(self) -> str:
        """The verdict; by the mean alone nothing is inconclusive."""
        v = self.verdict
        if v is None or not self.by_mean:
            return "" if v is None else v.verdict
        return "within" if v.mean >= -v.tolerance else "outside"

    @property
    def is_within(self) -> bool:
        """Whether it belongs to the envelope."""
        return self.word == "within"


@dataclass(frozen=True, kw_only=True)
class EnvelopeData:
    """One heatmap: squares by (warmup, rate).

    Attributes:
        key: Names the variant in a link.
        label: What the reader chooses.
        warmups: Rows, the shortest first; None where each data set has one of its own.
        rates: Columns, the smallest first.
        squares: Those measured or planned.
        tolerance: Where the colours step.
        words: How the metric is written.
        group: Heading above it where the reader chooses.
        at: What it is about.
        by_mean: Whether the mean alone judges.
        note: What to know of what is shown.
    """

    key: str
    label: str
    warmups: tuple[float | None, ...]
    rates: tuple[float, ...]
    squares: Mapping[Spot, Square]
    tolerance: float
    words: MetricWords
    group: str
    at: Subject
    by_mean: bool = False
    note: str = ""

    @property
    def caption(self) -> str:
        """What to know of it and of its basis."""
        if not self.by_mean:
            return self.note
        return (
            f"{self.note} Here the mean alone judges, as in the study this tool grew from: luck of the seeds "
            "counts as much as effect."
        )

    @property
    def table(self) -> PageTable:
        """The squares as rows."""
        squares, digits = sorted(self.squares.items(), key=_order), self.words.digits + 1
        rows = [_table_row(at, square, digits) for at, square in squares]
        own = (f"{self.words.head(bound)}, this test set" for bound in ("low", "high"))
        return PageTable(columns=(*_COLUMNS, *self.words.heads, "seeds", *own), rows=tuple(rows))


def _table_row(at: Spot, square: Square, digits: int) -> tuple[str | float | None, ...]:
    v = square.verdict
    where = (mark_text(at[0]), percent(at[1]))
    if v is None:
        return (*where, square.note, None, None, None, None, None, None)
    bounds = (v.mean, v.low, v.high)
    own = (v.test_low, v.test_high)
    numbers = [rounded(value, digits) for value in bounds]
    return (*where, square.word, *numbers, v.n_seeds, *(rounded(value, digits) for value in own))


def envelope_data(study: Study) -> list[EnvelopeData]:
    """The heatmaps: averages over data sets, matched selectors first, then each data set by method.

    First all of them by interval, then by the mean alone.
    """
    found = _by_interval(study)
    return found + [_by_mean(data) for data in found]


def _by_mean(data: EnvelopeData) -> EnvelopeData:
    squares = {at: replace(square, by_mean=True) for at, square in data.squares.items()}
    key, label = f"{data.key}|mean", f"{data.label} · by the mean"
    group = f"{data.group}, by the mean alone"
    return replace(data, key=key, label=label, squares=squares, group=group, by_mean=True)


def _by_interval(study: Study) -> list[EnvelopeData]:
    found = []
    for one in methods_by_source(study):
        if squares := _averaged(study, one):
            joint = "," if one.is_matched else " ·"
            named = f"Average over {len(study.sources)} data sets{joint} {one.label}"
            whole = _variant(study, ("average", one.label), named, squares, study.tolerance)
            found.append(
                replace(
                    whole,
                    note=f" {average_note(study, one)}",
                    group=_group(
                        study, f"Average over {len(study.sources)} data sets", one.methods.values()
                    ),
                    at=Subject(methods=frozenset(one.methods.values()), is_of_study=one.is_matched),
                )
            )
    for source, name in study.sources.items():
        for method, label in study.methods.items():
            squares = {
                (row.cell.condition.warmup, row.cell.condition.rate): Square(
                    verdict=row.verdict,
                    n_planned=row.cell.n_planned,
                    note="; ".join(row.cell.unpaired) or "not run",
                    lines=hover_notes(row),
                )
                for row in study.of(source, method)
            }
            if squares:
                named = f"{name} · {label}"
                own = _variant(study, (name, label), named, squares, tolerance_of(study, source))
                at = Subject(source=source, methods=frozenset({method}))
                found.append(replace(own, group=_group(study, name, [method]), at=at))
    return found


def _group(study: Study, name: str, methods: Collection[Method]) -> str:
    return " · ".join(filter(None, [name, model_group(study, methods)]))


def _averaged(study: Study, one: MethodBySource) -> dict[Spot, Square]:
    return {
        (cell.warmup, cell.rate): Square(
            verdict=cell.verdict,
            n_planned=cell.n_planned,
            note="not measured on " + ", ".join(study.sources[source] for source in cell.missing)
            if cell.missing
            else "",
        )
        for cell in averaged(study, one)
    }


def _variant(
    study: Study,
    names: tuple[str, str],
    label: str,
    squares: Mapping[Spot, Square],
    tolerance: float,
) -> EnvelopeData:
    return EnvelopeData(
        key="|".join(names),
        label=label,
        warmups=tuple(
            dict.fromkeys(warmup for (warmup, _), _ in sorted(squares.items(), key=_order))
        ),
        rates=tuple(sorted({rate for _, rate in squares})),
        squares=squares,
        tolerance=tolerance,
        words=words_of(study),
        group="",
        at=Subject(),
    )


def mark_text(warmup: float | None) -> str:
    """A warm-up as the axis has it."""
    return "own" if warmup is None else percent(warmup)


def _order(item: tuple[Spot, Square]) -> Spot:
    return (item[0][0] or 0.0, item[0][1])
