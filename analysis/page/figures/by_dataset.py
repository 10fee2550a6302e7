"""Each data set on its own: change of accuracy over rate, one line a warm-up."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from analysis.envelope import JudgedCell
from analysis.methods import Method
from analysis.metric_words import MetricWords
from analysis.page.figures.style import (
    MUTED,
    AxisPanel,
    PageTable,
    Spec,
    axis,
    escaped,
    heading,
    layout,
    panels,
    rounded,
    tolerance_band,
    warmup_lines,
)
from analysis.page.guard_words import hover_notes
from analysis.page.phrases import tolerance_of, words_of
from analysis.page.slope_words import slope_text
from analysis.slopes import Slope, slopes_of
from analysis.study import Study
from analysis.verdicts import Verdict
from analysis.wording import MARKS, percent, removed_text, seeds_text

_MOST_RINGS = 10
_COLUMNS = ("data set", "warm-up", "rate", "verdict")


@dataclass(frozen=True, kw_only=True)
class RatePoint:
    """One rate of a line.

    Attributes:
        rate: Share removed.
        verdict: Its verdict.
        delta: One difference a seed.
        seeds: Their seeds.
        n_planned: Seeds that were to be run.
        notes: What else must hold, and what leaves it open: a line each.
    """

    rate: float
    verdict: Verdict
    delta: tuple[float, ...]
    seeds: tuple[int, ...]
    n_planned: int
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class ByDatasetData:
    """One frame: a panel for each data set, in it a line for each warm-up.

    Attributes:
        key: Names the variant in a link.
        label: What the reader chooses.
        lines: By data set and warm-up the cells, by rate; empty where not run.
        warmups: All warm-ups, ascending.
        tolerances: The band drawn, by data set.
        words: How the metric is written.
        slopes: By data set what each further 10 % costs, of the longest warm-up.
    """

    key: str
    label: str
    lines: dict[str, dict[float, tuple[RatePoint, ...]]]
    warmups: tuple[float, ...]
    tolerances: dict[str, float]
    words: MetricWords
    slopes: dict[str, Slope]

    @property
    def caption(self) -> str:
        """What each further 10 % of the rows costs, data set by data set."""
        many = len(self.warmups) > 1
        told = [
            f" {name}{f', {percent(one.condition.warmup)} warm-up' if many else ''}: "
            f"{slope_text(one, self.words)}."
            for name, one in self.slopes.items()
        ]
        if told:
            told.append(" Slopes and bends are of one line alone, whatever the others say.")
        return "".join(told)

    @property
    def table(self) -> PageTable:
        """The cells as rows."""
        rows = [
            (
                name, percent(warmup), percent(point.rate), point.verdict.verdict,
                *(
                    rounded(value, self.words.digits + 1)
                    for value in (point.verdict.mean, point.verdict.low, point.verdict.high)
                ), point.verdict.n_seeds,
            )
            for name, by_warmup in self.lines.items()
            for warmup, points in by_warmup.items()
            for point in points
        ]  # fmt: skip
        return PageTable(columns=(*_COLUMNS, *self.words.heads, "seeds"), rows=tuple(rows))


def by_dataset_data(study: Study) -> list[ByDatasetData]:
    """One frame a method, over all data sets."""
    found = []
    slopes = {name: slopes_of(study, source) for source, name in study.sources.items()}
    for method, label in study.methods.items():
        lines = {name: _lines(study.of(source, method)) for source, name in study.sources.items()}
        if any(points for by_warmup in lines.values() for points in by_warmup.values()):
            found.append(
                ByDatasetData(
                    key=label,
                    label=label,
                    lines=lines,
                    warmups=tuple(study.warmups),
                    tolerances={
                        name: tolerance_of(study, source) for source, name in study.sources.items()
                    },
                    words=words_of(study),
                    slopes=_slopes(slopes, method),
                )
            )
    return found


def _slopes(slopes: Mapping[str, Sequence[Slope]], method: Method) -> dict[str, Slope]:
    """Of each data set a method's slope after the longest warm-up that has one."""
    found: dict[str, Slope] = {}
    for name, every in slopes.items():
        own = [one for one in every if one.condition.method == method]
        if own:
            found[name] = max(own, key=lambda one: one.condition.warmup)
    return found


def _lines(rows: Sequence[JudgedCell]) -> dict[float, tuple[RatePoint, ...]]:
    lines: dict[float, list[RatePoint]] = {}
    for row in sorted(rows, key=lambda row: row.cell.condition.rate):
        cell, verdict = row.cell, row.verdict
        if verdict is not None:
            lines.setdefault(cell.condition.warmup, []).append(
                RatePoint(
                    rate=cell.condition.rate,
                    verdict=verdict,
                    delta=cell.delta,
                    seeds=cell.seeds,
                    n_planned=cell.n_planned,
                    notes=hover_notes(row),
                )
            )
    return {warmup: tuple(lines[warmup]) for warmup in sorted(lines)}


def by_dataset_figure(data: ByDatasetData) -> Spec:
    """Small multiples with a common vertical axis, intervals, and a ring for each seed."""
    per_row = min(3, len(data.lines))
    low, high = _span(data)
    rates = sorted({point.rate for _, points in _all(data) for point in points})
    step = min([b - a for a, b in zip([0.0, *rates], rates, strict=False)], default=0.1)
    figure: Spec = {"data": [], "layout": {}}
    notes, axes, shapes = [], {}, []
    for panel, (name, by_warmup) in zip(
        panels(len(data.lines), per_row), data.lines.items(), strict=True
    ):
        notes.append(heading(panel, name))
        axes.update(_axes(data, panel, (low, high), max(rates)))
        shapes += tolerance_band(panel, "y", data.tolerances[name], high)
        for i, (warmup, points) in enumerate(by_warmup.items()):
            offset = 100 * step * 0.1 * (i - (len(by_warmup) - 1) / 2)
            figure["data"] += _traces(data, panel, (warmup, points), offset)
        if not by_warmup:
            notes.append(_not_run(panel))
    named = {line["legendgroup"]: line for line in figure["data"][::-1] if "name" in line}
    for line in named.values():
        line["showlegend"] = True
    rows = -(-len(data.lines) // per_row)
    figure["layout"] = layout(
        90 + 270 * rows,
        (90 + 240 * per_row, 1060 if per_row > 1 else 640),
        annotations=notes, shapes=shapes, margin={"l": 64, "r": 16, "t": 64, "b": 50},
        showlegend=True, **axes,
    )  # fmt: skip
    figure["layout"]["legend"].update(y=1 + 34 / (270 * rows), traceorder="normal")
    return figure


def _all(data: ByDatasetData) -> list[tuple[float, tuple[RatePoint, ...]]]:
    return [line for by_warmup in data.lines.values() for line in by_warmup.items()]


def _span(data: ByDatasetData) -> tuple[float, float]:
    widest = max(data.tolerances.values())
    values = [0.5 * (1.0 if data.words.metric.unit == "pp" else widest), -1.4 * widest]
    for _, points in _all(data):
        for point in points:
            bounds = (point.verdict.low, point.verdict.high)
            values += [*point.delta, *(bound for bound in bounds if bound is not None)]
    # One wild interval (two seeds, unpooled) must not flatten all others: the axis follows
    # the seeds themselves and lets such an interval run out of the panel.
    seeds = [delta for _, points in _all(data) for point in points for delta in point.delta]
    reach = max(3 * widest, 1.6 * max(abs(delta) for delta in seeds))
    low, high = max(min(values), -reach), min(max(values), reach)
    return low - 0.06 * (high - low), high + 0.06 * (high - low)


def _axes(data: ByDatasetData, panel: AxisPanel, span: tuple[float, float], rate: float) -> Spec:
    x = axis(
        "share removed (%)", domain=panel.x, anchor=f"y{panel.suffix}",
        range=[-100 * rate * 0.05, 100 * rate * 1.1], rangemode="tozero",
    )  # fmt: skip
    y = axis(
        escaped(data.words.axis, 60) if panel.is_left else "", domain=panel.y, anchor=f"x{panel.suffix}",
        range=list(span), matches="y" if panel.suffix else None, showticklabels=panel.is_left,
    )  # fmt: skip
    return {f"xaxis{panel.suffix}": x, f"yaxis{panel.suffix}": y}


def _traces(
    data: ByDatasetData, panel: AxisPanel, line: tuple[float, tuple[RatePoint, ...]], offset: float
) -> list[Spec]:
    warmup, points = line
    color, dash, width = warmup_lines(data.warmups)[warmup]
    axes = {"xaxis": f"x{panel.suffix}", "yaxis": f"y{panel.suffix}", "type": "scatter"}
    group = {"legendgroup": f"{warmup}", "showlegend": False}
    at = [100 * point.rate + offset for point in points]
    means = [point.verdict.mean for point in points]
    up = [_length(point.verdict.high, point.verdict.mean) for point in points]
    down = [_length(point.verdict.mean, point.verdict.low) for point in points]
    rings = [
        (x, point) for x, point in zip(at, points, strict=True) if len(point.seeds) <= _MOST_RINGS
    ]
    return [
        {
            **axes, **group, "mode": "lines", "hoverinfo": "skip", "x": [0, *at], "y": [0, *means],
            "line": {"color": color, "dash": dash, "width": width},
            "name": f"{percent(warmup)} warm-up",
        },
        {
            **axes, **group, "mode": "markers", "hoverinfo": "text",
            "x": [x for x, point in rings for _ in point.seeds],
            "y": [delta for _, point in rings for delta in point.delta],
            "hovertext": [
                f"seed {seed}: {data.words.short(delta)}"
                for _, point in rings
                for seed, delta in zip(point.seeds, point.delta, strict=True)
            ],
            "marker": {"symbol": "circle-open", "size": 6, "color": color, "opacity": 0.55},
        },
        {
            **axes, **group, "mode": "markers", "hoverinfo": "text", "x": at, "y": means,
            "hovertext": [_hover(data, point, warmup) for point in points],
            "marker": {"size": 8, "color": color},
            "error_y": {
                "type": "data", "symmetric": False, "array": up, "arrayminus": down,
                "color": color, "thickness": 2, "width": 4,
            },
        },
    ]  # fmt: skip


def _length(high: float | None, low: float | None) -> float:
    return 0.0 if high is None or low is None else high - low


def _hover(data: ByDatasetData, point: RatePoint, warmup: float) -> str:
    v, words = point.verdict, data.words
    return (
        f"<b>{MARKS[v.verdict]} {v.verdict}</b><br>"
        f"{words.short(v.mean)} {words.interval(v.low, v.high)}{words.told}<br>"
        f"{seeds_text(v.n_seeds, point.n_planned)}<br>"
        f"{removed_text(point.rate, warmup)}"
        f"{''.join(f'<br>{escaped(note, 90)}' for note in point.notes)}"
    )


def _not_run(panel: AxisPanel) -> Spec:
    return {
        "text": "not run", "showarrow": False, "font": {"size": 13, "color": MUTED},
        "xref": "paper", "yref": "paper", "x": sum(panel.x) / 2, "y": sum(panel.y) / 2,
    }  # fmt: skip
