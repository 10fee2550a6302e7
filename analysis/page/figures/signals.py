"""Every signal beside random: change of accuracy with its interval, one row a method."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from analysis.envelope import JudgedCell
from analysis.methods import DatasetId, Method
from analysis.metric_words import MetricWords
from analysis.page.figures.marks import Marker, marker_spec, markers
from analysis.page.figures.style import (
    CONTROL,
    MUTED,
    AxisPanel,
    PageTable,
    PanelGrid,
    Spec,
    axis,
    escaped,
    folded,
    heading,
    layout,
    not_run,
    rounded,
    tolerance_band,
)
from analysis.page.figures.subjects import Subject
from analysis.page.guard_words import hover_notes
from analysis.page.phrases import tolerance_of, words_of
from analysis.random_control import Comparison
from analysis.study import Study
from analysis.verdicts import Verdict
from analysis.wording import p_text, percent, removed_text, seeds_text

_COLUMNS = ("data set", "method", "verdict")
_AGAINST = ("low", "high", "p, Holm", "against random", "note")
_SHORT = {"better": "better", "worse": "worse", "no difference shown": "no diff."}


@dataclass(frozen=True, kw_only=True)
class RankedMethod:
    """One method in one data set: its verdict, and how it stands against random."""

    method: Method
    name: str
    verdict: Verdict
    n_planned: int
    comparison: Comparison | None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class SignalsData:
    """One frame: a rate after a warm-up, a panel for each data set.

    Attributes:
        key: Names the variant in a link.
        label: What the reader chooses.
        entries: By data set, in the order of names; empty where not run.
        names: Of all methods drawn, the best mean over the data sets first, random last.
        tolerances: The band drawn, by data set.
        words: How the metric is written.
        marks: How each method is drawn.
        at: The rate and warm-up.
        group: Heading above it where the reader chooses.
    """

    key: str
    label: str
    entries: dict[str, tuple[RankedMethod, ...]]
    names: tuple[str, ...]
    tolerances: dict[str, float]
    words: MetricWords
    marks: Mapping[Method, Marker]
    at: Subject
    group: str = ""

    @property
    def table(self) -> PageTable:
        """The entries as rows."""
        words = self.words
        rows = [
            _table_row(words.digits + 1, name, entry)
            for name, entries in self.entries.items()
            for entry in entries
        ]
        heads = (*words.heads, "seeds", words.head("minus random"))
        return PageTable(columns=(*_COLUMNS, *heads, *_AGAINST), rows=tuple(rows))


def _table_row(digits: int, source: str, entry: RankedMethod) -> tuple[str | float | None, ...]:
    v, c = entry.verdict, entry.comparison
    own = (source, entry.name, v.verdict, rounded(v.mean, digits), rounded(v.low, digits))
    rest: tuple[str | float | None, ...] = (None, None, None, None, "", "")
    if c is not None:
        p = rounded(c.p_holm, 4)
        bounds = (rounded(c.mean, digits), rounded(c.low, digits), rounded(c.high, digits))
        rest = (*bounds, p, c.finding, c.note)
    return (*own, rounded(v.high, digits), v.n_seeds, *rest)


def signals_data(study: Study) -> list[SignalsData]:
    """One frame for each rate and warm-up: small rates first, of them the longest warm-up."""
    by_place: dict[tuple[float, float], dict[DatasetId, list[RankedMethod]]] = {}
    for row in study.rows:
        c = row.cell.condition
        if one := _ranked(study, row):
            here = by_place.setdefault(
                (c.rate, -c.warmup), {source: [] for source in study.sources}
            )
            here[c.source].append(one)
    marks, many = markers(study.methods), len(study.warmups) > 1
    return [
        SignalsData(
            key=f"{percent(rate)}|{percent(-negative)}",
            label=removed_text(rate, -negative),
            names=(names := _by_mean(one for own in entries.values() for one in own)),
            entries={
                study.sources[source]: tuple(sorted(own, key=lambda one: names.index(one.name)))
                for source, own in entries.items()
            },
            tolerances={
                name: tolerance_of(study, source) for source, name in study.sources.items()
            },
            words=words_of(study),
            marks=marks,
            at=Subject(rate=rate, warmup=-negative),
            group=f"{percent(rate)} removed" if many else "",
        )
        for (rate, negative), entries in sorted(by_place.items(), key=lambda item: item[0])
    ]


def _ranked(study: Study, row: JudgedCell) -> RankedMethod | None:
    method = row.cell.condition.method
    if row.verdict is None:
        return None
    return RankedMethod(
        method=method,
        name=study.methods[method],
        verdict=row.verdict,
        n_planned=row.cell.n_planned,
        comparison=study.comparisons.get(row.cell.condition),
        notes=hover_notes(row),
    )


def _by_mean(entries: Iterable[RankedMethod]) -> tuple[str, ...]:
    """Names, random's last and before it the best mean over the data sets first."""
    own: dict[tuple[bool, str], list[float]] = {}
    for one in entries:
        own.setdefault((one.method.is_control, one.name), []).append(one.verdict.mean)
    ranked = sorted(own, key=lambda which: (which[0], -sum(own[which]) / len(own[which])))
    return tuple(name for _, name in ranked)


def signals_figure(data: SignalsData) -> Spec:
    """A forest: one panel a data set, one row a method; random's mean is the dotted line."""
    lines = len(data.names)
    grid = PanelGrid(n=len(data.entries), high=60 + 34 * lines, beside=0.045)
    span = _span(data)
    figure: Spec = {"data": [], "layout": {}}
    notes, shapes, axes = [], [], {}
    for panel, (name, entries) in zip(grid.places, data.entries.items(), strict=True):
        notes += [heading(panel, name), *_findings(data, panel, entries)]
        shapes += _lines(panel, entries, data.tolerances[name])
        axes.update(_axes(data, panel, span))
        figure["data"] += [_trace(data, panel, entry) for entry in entries]
    left = min(290, 24 + 7 * max((len(name) for name in data.names), default=10))
    figure["layout"] = layout(
        90 + grid.height, (left + 250 * grid.per_row, 1060 if grid.per_row > 1 else 640),
        narrow=grid.narrow(300, left=10, row=12), annotations=notes, shapes=shapes, showlegend=False,
        margin={"l": left, "r": 8, "t": 40, "b": 50}, **axes,
    )  # fmt: skip
    return figure


def _span(data: SignalsData) -> tuple[float, float]:
    widest = max(data.tolerances.values())
    values = [-1.35 * widest, 0.7 * widest]
    for entries in data.entries.values():
        for entry in entries:
            v = entry.verdict
            values += [v.mean, *(b for b in (v.low, v.high) if b is not None)]
    low, high = min(values), max(values)
    # Room at the right for the words of the comparison.
    room = {1: 0.5, 2: 0.6}.get(len(data.entries), 0.75)
    return low - 0.05 * (high - low), high + room * (high - low)


def _axes(data: SignalsData, panel: AxisPanel, span: tuple[float, float]) -> Spec:
    names = [escaped(name, 42) for name in data.names]
    x = axis(
        escaped(data.words.axis, 60), domain=panel.x, anchor=f"y{panel.suffix}", range=list(span),
        nticks=6,
    )  # fmt: skip
    y = axis(
        domain=panel.y, anchor=f"x{panel.suffix}", range=[len(names) - 0.4, -0.6],
        tickvals=list(range(len(names))), ticktext=names, showticklabels=panel.is_left,
    )  # fmt: skip
    return {f"xaxis{panel.suffix}": x, f"yaxis{panel.suffix}": y}


def _lines(panel: AxisPanel, entries: Sequence[RankedMethod], tolerance: float) -> list[Spec]:
    shapes = tolerance_band(panel, "x", tolerance, 100)
    control = [entry.verdict.mean for entry in entries if entry.method.is_control]
    if control:
        dots = {"color": CONTROL, "width": 1.5, "dash": "dot"}
        shapes.append(shapes[1] | {"x0": control[0], "x1": control[0], "line": dots})
    return shapes


def _findings(data: SignalsData, panel: AxisPanel, entries: Sequence[RankedMethod]) -> list[Spec]:
    """At the right of each row: the difference to random and whether it is one, or that it was not run."""
    if not entries:
        return [not_run(panel)]
    shown = {entry.name for entry in entries}
    notes = [_at_right(panel, i, "not run") for i, one in enumerate(data.names) if one not in shown]
    for entry in entries:
        c = entry.comparison
        if c is None:
            text = "control" if entry.method.is_control else "no control"
        else:
            word = _SHORT[c.finding] if c.p is not None else "one seed"
            text = f"{data.words.number(c.mean)} {word}"
        if c is not None and c.finding != "no difference shown":
            text = f"<b>{text}</b>"
        notes.append(_at_right(panel, data.names.index(entry.name), text))
    return notes


def _at_right(panel: AxisPanel, row: int, text: str) -> Spec:
    return {
        "text": text, "showarrow": False, "font": {"size": 12, "color": MUTED},
        "xref": f"x{panel.suffix} domain", "x": 1, "xanchor": "right", "xshift": -4,
        "yref": f"y{panel.suffix}", "y": row,
    }  # fmt: skip


def _trace(data: SignalsData, panel: AxisPanel, entry: RankedMethod) -> Spec:
    v = entry.verdict
    marker = data.marks[entry.method]
    up = v.high - v.mean if v.high is not None else 0.0
    return {
        "type": "scatter", "mode": "markers", "hoverinfo": "text", "hovertext": _hover(data.words, entry),
        "x": [v.mean], "y": [data.names.index(entry.name)],
        "xaxis": f"x{panel.suffix}", "yaxis": f"y{panel.suffix}",
        "marker": marker_spec(marker),
        "error_x": {
            "type": "data", "array": [up], "color": marker.color, "thickness": 2, "width": 5,
        },
    }  # fmt: skip


def _hover(words: MetricWords, entry: RankedMethod) -> str:
    v, c = entry.verdict, entry.comparison
    bounds = words.interval(v.low, v.high) or "no interval"
    lines = [
        f"<b>{escaped(entry.name, 60)}</b>",
        f"{words.short(v.mean)} {bounds}{words.told}, {v.verdict}, {seeds_text(v.n_seeds, entry.n_planned)}",
        *map(folded, entry.notes),
    ]
    if c is not None:
        p = f", p {p_text(c.p_holm)} (Holm)" if c.p_holm is not None else ""
        lines.append(f"minus random: {words.short(c.mean)} {words.interval(c.low, c.high)}{p}")
        found = c.finding if c.p is not None else "one seed gives no comparison"
        lines.append(found + (f"; {folded(c.note)}" if c.note else ""))
    return "<br>".join(lines)
