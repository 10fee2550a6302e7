"""Every signal beside random: change of accuracy with its interval, one row a method."""

from collections.abc import Sequence
from dataclasses import dataclass

from analysis.methods import Method
from analysis.page.figures.style import (
    CONTROL,
    GRID,
    MUTED,
    SAFE,
    AxisPanel,
    Spec,
    Table,
    axis,
    escaped,
    heading,
    layout,
    marker_spec,
    markers,
    panels,
    rounded,
)
from analysis.random_control import Comparison
from analysis.study import Study
from analysis.verdicts import Verdict
from analysis.wording import interval, p_text, percent, seeds_text, signed

_COLUMNS = (
    "data set", "method", "verdict", "mean pp", "low pp", "high pp", "seeds",
    "minus random pp", "low", "high", "p, Holm", "against random", "note",
)  # fmt: skip
_SHORT = {"better": "better", "worse": "worse", "no difference shown": "no diff."}


@dataclass(frozen=True, kw_only=True)
class RankedMethod:
    """One method in one data set: its verdict, and how it stands against random."""

    method: Method
    name: str
    verdict: Verdict
    n_planned: int
    comparison: Comparison | None


@dataclass(frozen=True, kw_only=True)
class SignalsData:
    """One frame: a rate after a warm-up, a panel for each data set.

    Attributes:
        key: Names the variant in a link.
        label: What the reader chooses.
        entries: By data set, random last; empty where not run.
        methods: All methods drawn, random last, and their labels.
        tolerance_pp: The band drawn.
    """

    key: str
    label: str
    entries: dict[str, tuple[RankedMethod, ...]]
    methods: dict[Method, str]
    tolerance_pp: float

    @property
    def table(self) -> Table:
        """The entries as rows."""
        rows = [_table_row(name, e) for name, entries in self.entries.items() for e in entries]
        return Table(columns=_COLUMNS, rows=tuple(rows))


def _table_row(source: str, entry: RankedMethod) -> tuple[str | float | None, ...]:
    v, c = entry.verdict, entry.comparison
    own = (source, entry.name, v.verdict, rounded(v.mean_pp), rounded(v.low_pp))
    rest: tuple[str | float | None, ...] = (None, None, None, None, "", "")
    if c is not None:
        p = rounded(c.p_holm, 4)
        rest = (rounded(c.mean_pp), rounded(c.low_pp), rounded(c.high_pp), p, c.finding, c.note)
    return (*own, rounded(v.high_pp), v.n_seeds, *rest)


def signals_data(study: Study) -> list[SignalsData]:
    """One frame for each rate and warm-up: small rates first, of them the longest warm-up."""
    conditions = [row.cell.condition for row in study.rows if row.verdict]
    places = sorted({(c.rate, -c.warmup) for c in conditions})
    found = []
    for rate, negative in places:
        entries = {
            name: tuple(_entries(study, name, (rate, -negative))) for name in study.sources.values()
        }
        used = {entry.method for listed in entries.values() for entry in listed}
        where = f"{percent(rate)} removed after {percent(-negative)} warm-up"
        found.append(
            SignalsData(
                key=f"{percent(rate)}|{percent(-negative)}",
                label=where,
                entries=entries,
                methods={m: label for m, label in study.methods.items() if m in used},
                tolerance_pp=study.tolerance_pp,
            )
        )
    return found


def _entries(study: Study, name: str, place: tuple[float, float]) -> list[RankedMethod]:
    source = next(source for source, label in study.sources.items() if label == name)
    entries = []
    for method, label in study.methods.items():
        for cell, verdict in study.of(source, method):
            if verdict and (cell.condition.rate, cell.condition.warmup) == place:
                entries.append(
                    RankedMethod(
                        method=method,
                        name=label,
                        verdict=verdict,
                        n_planned=cell.n_planned,
                        comparison=study.comparisons.get(cell.condition),
                    )
                )
    return entries


def signals_figure(data: SignalsData) -> Spec:
    """A forest: one panel a data set, one row a method; random's mean is the dotted line."""
    per_row = min(3, len(data.entries))
    lines, rows = len(data.methods), -(-len(data.entries) // per_row)
    high = 60 + 34 * lines
    # A gap between rows of panels holds the lower one's heading and the upper one's axis.
    gap = 100 / (high * rows + 100 * (rows - 1)) if rows > 1 else 0.0
    places = panels(len(data.entries), per_row, (0.045, gap))
    span = _span(data)
    figure: Spec = {"data": [], "layout": {}}
    notes, shapes, axes = [], [], {}
    for place, (name, entries) in zip(places, data.entries.items(), strict=True):
        notes += [heading(place, name), *_findings(place, entries, list(data.methods))]
        shapes += _lines(place, entries, data.tolerance_pp)
        axes.update(_axes(place, data.methods, span))
        figure["data"] += [_trace(data, place, entry) for entry in entries]
    left = min(290, 24 + 7 * max((len(label) for label in data.methods.values()), default=10))
    figure["layout"] = layout(
        90 + high * rows + 100 * (rows - 1),
        (left + 250 * per_row, 1060 if per_row > 1 else 640),
        annotations=notes, shapes=shapes, showlegend=False,
        margin={"l": left, "r": 8, "t": 40, "b": 50}, **axes,
    )  # fmt: skip
    return figure


def _span(data: SignalsData) -> tuple[float, float]:
    values = [-1.35 * data.tolerance_pp, 0.7 * data.tolerance_pp]
    for entries in data.entries.values():
        for entry in entries:
            v = entry.verdict
            values += [v.mean_pp, *(b for b in (v.low_pp, v.high_pp) if b is not None)]
    low, high = min(values), max(values)
    # Room at the right for the words of the comparison.
    room = {1: 0.5, 2: 0.6}.get(len(data.entries), 0.75)
    return low - 0.05 * (high - low), high + room * (high - low)


def _axes(place: AxisPanel, methods: dict[Method, str], span: tuple[float, float]) -> Spec:
    names = [escaped(label, 42) for label in methods.values()]
    x = axis(
        "Δ accuracy (pp)", domain=place.x, anchor=f"y{place.suffix}", range=list(span),
        nticks=6,
    )  # fmt: skip
    y = axis(
        domain=place.y, anchor=f"x{place.suffix}", range=[len(names) - 0.4, -0.6],
        tickvals=list(range(len(names))), ticktext=names, showticklabels=place.is_left,
    )  # fmt: skip
    return {f"xaxis{place.suffix}": x, f"yaxis{place.suffix}": y}


def _lines(place: AxisPanel, entries: Sequence[RankedMethod], tolerance_pp: float) -> list[Spec]:
    refs = {"xref": f"x{place.suffix}", "yref": f"y{place.suffix} domain", "y0": 0, "y1": 1}
    line = {"type": "line", **refs}
    shapes = [
        {
            "type": "rect", **refs, "x0": -tolerance_pp, "x1": 100, "layer": "below",
            "fillcolor": "rgba(0,158,115,.09)", "line": {"width": 0},
        },
        line | {"x0": -tolerance_pp, "x1": -tolerance_pp,
                "line": {"color": SAFE, "width": 1.5, "dash": "dash"}},
        line | {"x0": 0, "x1": 0, "layer": "below", "line": {"color": GRID, "width": 2}},
    ]  # fmt: skip
    control = [entry.verdict.mean_pp for entry in entries if entry.method.is_control]
    if control:
        dots = {"color": CONTROL, "width": 1.5, "dash": "dot"}
        shapes.append(line | {"x0": control[0], "x1": control[0], "line": dots})
    return shapes


def _findings(
    place: AxisPanel, entries: Sequence[RankedMethod], methods: Sequence[Method]
) -> list[Spec]:
    """At the right of each row: the difference to random and whether it is one."""
    notes = []
    for entry in entries:
        c = entry.comparison
        if c is None:
            text = "control" if entry.method.is_control else "no control"
        else:
            word = _SHORT[c.finding] if c.p is not None else "one seed"
            text = f"{signed(c.mean_pp)} {word}"
        if c is not None and c.finding != "no difference shown":
            text = f"<b>{text}</b>"
        notes.append(
            {
                "text": text, "showarrow": False, "font": {"size": 12, "color": MUTED},
                "xref": f"x{place.suffix} domain", "x": 1, "xanchor": "right", "xshift": -4,
                "yref": f"y{place.suffix}", "y": methods.index(entry.method), "yshift": 0,
            }
        )  # fmt: skip
    return notes


def _trace(data: SignalsData, place: AxisPanel, entry: RankedMethod) -> Spec:
    v = entry.verdict
    marker = markers(list(data.methods))[entry.method]
    up = v.high_pp - v.mean_pp if v.high_pp is not None else 0.0
    return {
        "type": "scatter", "mode": "markers", "hoverinfo": "text", "hovertext": _hover(entry),
        "x": [v.mean_pp], "y": [list(data.methods).index(entry.method)],
        "xaxis": f"x{place.suffix}", "yaxis": f"y{place.suffix}",
        "marker": marker_spec(marker),
        "error_x": {
            "type": "data", "array": [up], "color": marker.color, "thickness": 2, "width": 5,
        },
    }  # fmt: skip


def _hover(entry: RankedMethod) -> str:
    v, c = entry.verdict, entry.comparison
    bounds = interval(v.low_pp, v.high_pp) or "no interval"
    lines = [
        f"<b>{escaped(entry.name, 60)}</b>",
        f"{signed(v.mean_pp)} pp {bounds}, {v.verdict}, {seeds_text(v.n_seeds, entry.n_planned)}",
    ]
    if c is not None:
        p = f", p {p_text(c.p_holm)} (Holm)" if c.p_holm is not None else ""
        lines.append(f"minus random: {signed(c.mean_pp)} pp {interval(c.low_pp, c.high_pp)}{p}")
        found = c.finding if c.p is not None else "one seed gives no comparison"
        lines.append(found + (f"; {escaped(c.note, 80)}" if c.note else ""))
    return "<br>".join(lines)
