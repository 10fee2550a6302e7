"""The operating envelope: verdict and mean change over warm-up and rate."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from analysis.matched import MethodBySource, averaged, methods_by_source
from analysis.metric_words import MetricWords
from analysis.page.average_words import average_note, warmup_text
from analysis.page.figures.heatmap import bar_title, color_ticks, outline, stepped_colors
from analysis.page.figures.style import (
    INK,
    MUTED,
    PageTable,
    Spec,
    axis,
    escaped,
    layout,
    rounded,
)
from analysis.page.guard_words import hover_notes
from analysis.page.phrases import tolerance_of, words_of
from analysis.study import Study
from analysis.verdicts import Verdict
from analysis.wording import MARKS, percent, seeds_text

_SCALE_pp = 3.0
# Room around the squares, in squares: half the outline would be cut off at the frame.
_RIM = 0.012
_COLUMNS = ("warm-up", "rate", "verdict")
# A warm-up, or None where each data set of an average has one of its own, and a rate.
Place = tuple[float | None, float]


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
        group: Heading above it where the reader chooses; empty for verdicts by interval.
        note: What to know of what is shown.
    """

    key: str
    label: str
    warmups: tuple[float | None, ...]
    rates: tuple[float, ...]
    squares: Mapping[Place, Square]
    tolerance: float
    words: MetricWords
    group: str = ""
    note: str = ""

    @property
    def caption(self) -> str:
        """What to know of it and of its basis."""
        if not self.group:
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


def _table_row(at: Place, square: Square, digits: int) -> tuple[str | float | None, ...]:
    v = square.verdict
    where = (_mark(at[0]), percent(at[1]))
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
    return replace(data, key=key, label=label, squares=squares, group="By the mean alone")


def _by_interval(study: Study) -> list[EnvelopeData]:
    found = []
    for one in methods_by_source(study):
        if squares := _averaged(study, one):
            joint = "," if one.is_matched else " ·"
            named = f"Average over {len(study.sources)} data sets{joint} {one.label}"
            whole = _variant(study, ("average", one.label), named, squares, study.tolerance)
            found.append(replace(whole, note=f" {average_note(study, one)}"))
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
                at = tolerance_of(study, source)
                found.append(_variant(study, (name, label), named, squares, at))
    return found


def _averaged(study: Study, one: MethodBySource) -> dict[Place, Square]:
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
    squares: Mapping[Place, Square],
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
    )


def envelope_figure(data: EnvelopeData) -> Spec:
    """The heatmap with marks and intervals, outlined where within."""
    is_many = len(data.rates) > 6
    grid = [
        [data.squares.get((warmup, rate), Square(verdict=None)) for rate in data.rates]
        for warmup in data.warmups
    ]
    limit = _limit(data)
    trace = {
        "type": "heatmap",
        "z": [[square.verdict and square.verdict.mean for square in line] for line in grid],
        "text": [[_text(data.words, square, is_many) for square in line] for line in grid],
        "texttemplate": "%{text}",
        "textfont": {"color": INK, "size": 12 if is_many else 16},
        "hoverinfo": "text",
        "hovertext": [
            [_hover(data.words, square, warmup, rate) for rate, square in zip(data.rates, line, strict=True)]
            for warmup, line in zip(data.warmups, grid, strict=True)
        ],
        "xgap": 3,
        "ygap": 3,
        "zmin": -limit,
        "zmax": limit,
        "colorscale": stepped_colors(data.tolerance, limit),
        "colorbar": {
            "title": {"text": bar_title(data.words), "side": "right", "font": {"size": 13}},
            "tickfont": {"size": 12}, "thickness": 14, "outlinewidth": 0, "ticks": "",
            **color_ticks(data.words, data.tolerance, limit, is_low=len(data.warmups) == 1),
        },
    }  # fmt: skip
    return {"data": [trace], "layout": _frame(data, grid, is_many)}


def _limit(data: EnvelopeData) -> float:
    """Where the colours end: 3 pp, or what is as far in another unit."""
    if data.words.metric.unit == "pp":
        return max(_SCALE_pp, 2 * data.tolerance)
    means = [abs(one.verdict.mean) for one in data.squares.values() if one.verdict]
    return 3 * data.tolerance or max(means, default=0.0) or 1.0


def _frame(data: EnvelopeData, grid: Sequence[Sequence[Square]], is_many: bool) -> Spec:
    columns, lines = len(data.rates), len(data.warmups)
    missing = [
        {
            "x": j, "y": i, "text": "not measured" if square.note else "not in the grid",
            "showarrow": False, "font": {"size": 12, "color": MUTED},
        }
        for i, line in enumerate(grid)
        for j, square in enumerate(line)
        if square.verdict is None and not is_many
    ]  # fmt: skip
    return layout(
        96 + (44 if is_many else 68) * lines,
        (170 + (80 if is_many else 128) * columns, 230 + (96 if is_many else 200) * columns),
        xaxis=axis(
            "share of training data removed",
            tickvals=list(range(columns)), ticktext=[percent(rate) for rate in data.rates],
            showgrid=False, range=[-0.5 - _RIM, columns - 0.5 + _RIM],
        ),
        yaxis=axis(
            "warm-up on all data" if lines > 1 else "warm-up",
            tickvals=list(range(lines)), ticktext=[_mark(share) for share in data.warmups],
            showgrid=False, range=[lines - 0.5 + 3 * _RIM, -0.5 - 3 * _RIM],
        ),
        annotations=missing,
        shapes=outline([[square.is_within for square in line] for line in grid]),
    )  # fmt: skip


def _text(words: MetricWords, square: Square, is_many: bool) -> str:
    v = square.verdict
    if v is None:
        return ""
    if is_many:
        return f"{MARKS[square.word]} {words.number(v.mean)}"
    below = (
        seeds_text(v.n_seeds, square.n_planned) if square.by_mean else words.interval(v.low, v.high)
    )
    lines = [
        f'<span style="font-size:20px">{MARKS[square.word]}</span> '
        f'<b style="font-size:15px">{words.number(v.mean)}</b>',
        f'<span style="font-size:12px">{below or "one seed"}</span>',
    ]
    if not square.by_mean and v.n_seeds < square.n_planned and v.low is not None:
        lines[1] += f'<span style="font-size:12px"> · {v.n_seeds}/{square.n_planned}</span>'
    return "<br>".join(lines)


def _mark(warmup: float | None) -> str:
    return "own" if warmup is None else percent(warmup)


def _order(item: tuple[Place, Square]) -> Place:
    return (item[0][0] or 0.0, item[0][1])


def _hover(words: MetricWords, square: Square, warmup: float | None, rate: float) -> str:
    v = square.verdict
    where = f"{percent(rate)} removed after {warmup_text(warmup)}"
    if v is None:
        return where
    bounds = f" {words.interval(v.low, v.high)}" if v.low is not None else ""
    seeds = seeds_text(v.n_seeds, square.n_planned)
    more = "".join(f"<br>{escaped(line, 90)}" for line in square.lines)
    change = f"{words.short(v.mean)}{bounds}{words.told}"
    return f"<b>{square.word}</b><br>{change}<br>{seeds}<br>{where}{more}"
