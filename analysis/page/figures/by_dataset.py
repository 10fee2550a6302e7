"""Each data set on its own: change of accuracy over rate, one line a warm-up."""

from collections.abc import Sequence
from dataclasses import dataclass

from analysis.envelope import JudgedCell
from analysis.page.figures.style import (
    GRID,
    MUTED,
    SAFE,
    AxisPanel,
    Spec,
    Table,
    axis,
    heading,
    layout,
    panels,
    rounded,
    warmup_lines,
)
from analysis.study import Study
from analysis.verdicts import Verdict
from analysis.wording import MARKS, interval, percent, seeds_text, signed

_MOST_RINGS = 10
_COLUMNS = ("data set", "warm-up", "rate", "verdict", "mean pp", "low pp", "high pp", "seeds")


@dataclass(frozen=True, kw_only=True)
class Dose:
    """One cell of a line.

    Attributes:
        rate: Share removed.
        verdict: Its verdict.
        delta_pp: One difference a seed.
        seeds: Their seeds.
        n_planned: Seeds that were to be run.
    """

    rate: float
    verdict: Verdict
    delta_pp: tuple[float, ...]
    seeds: tuple[int, ...]
    n_planned: int


@dataclass(frozen=True, kw_only=True)
class ByDatasetData:
    """One frame: a panel for each data set, in it a line for each warm-up.

    Attributes:
        key: Names the variant in a link.
        label: What the reader chooses.
        lines: By data set and warm-up the cells, by rate; empty where not run.
        warmups: All warm-ups, ascending.
        tolerance_pp: The band drawn.
    """

    key: str
    label: str
    lines: dict[str, dict[float, tuple[Dose, ...]]]
    warmups: tuple[float, ...]
    tolerance_pp: float

    @property
    def table(self) -> Table:
        """The cells as rows."""
        rows = [
            (
                name, percent(warmup), percent(dose.rate), dose.verdict.verdict,
                rounded(dose.verdict.mean_pp), rounded(dose.verdict.low_pp),
                rounded(dose.verdict.high_pp), dose.verdict.n_seeds,
            )
            for name, by_warmup in self.lines.items()
            for warmup, doses in by_warmup.items()
            for dose in doses
        ]  # fmt: skip
        return Table(columns=_COLUMNS, rows=tuple(rows))


def by_dataset_data(study: Study) -> list[ByDatasetData]:
    """One frame a method, over all data sets."""
    found = []
    for method, label in study.methods.items():
        lines = {name: _lines(study.of(source, method)) for source, name in study.sources.items()}
        if any(doses for by_warmup in lines.values() for doses in by_warmup.values()):
            found.append(
                ByDatasetData(
                    key=label,
                    label=label,
                    lines=lines,
                    warmups=tuple(study.warmups),
                    tolerance_pp=study.tolerance_pp,
                )
            )
    return found


def _lines(rows: Sequence[JudgedCell]) -> dict[float, tuple[Dose, ...]]:
    lines: dict[float, list[Dose]] = {}
    for cell, verdict in sorted(rows, key=lambda row: row.cell.condition.rate):
        if verdict is not None:
            lines.setdefault(cell.condition.warmup, []).append(
                Dose(
                    rate=cell.condition.rate,
                    verdict=verdict,
                    delta_pp=cell.delta_pp,
                    seeds=cell.seeds,
                    n_planned=cell.n_planned,
                )
            )
    return {warmup: tuple(lines[warmup]) for warmup in sorted(lines)}


def by_dataset_figure(data: ByDatasetData) -> Spec:
    """Small multiples with a common vertical axis, intervals, and a ring for each seed."""
    per_row = min(3, len(data.lines))
    places = panels(len(data.lines), per_row)
    low, high = _span(data)
    rates = sorted({d.rate for _, dose in _all(data) for d in dose})
    step = min([b - a for a, b in zip([0.0, *rates], rates, strict=False)], default=0.1)
    figure: Spec = {"data": [], "layout": {}}
    notes, axes, shapes = [], {}, []
    for place, (name, by_warmup) in zip(places, data.lines.items(), strict=True):
        notes.append(heading(place, name))
        axes.update(_axes(place, (low, high), max(rates)))
        shapes += _band(place, data.tolerance_pp, high)
        for i, (warmup, doses) in enumerate(by_warmup.items()):
            dodge = 100 * step * 0.1 * (i - (len(by_warmup) - 1) / 2)
            figure["data"] += _traces(data, place, (warmup, doses), dodge)
        if not by_warmup:
            notes.append(_not_run(place))
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


def _all(data: ByDatasetData) -> list[tuple[float, tuple[Dose, ...]]]:
    return [line for by_warmup in data.lines.values() for line in by_warmup.items()]


def _span(data: ByDatasetData) -> tuple[float, float]:
    values = [0.5, -1.4 * data.tolerance_pp]
    for _, doses in _all(data):
        for dose in doses:
            bounds = (dose.verdict.low_pp, dose.verdict.high_pp)
            values += [*dose.delta_pp, *(bound for bound in bounds if bound is not None)]
    # One wild interval (two seeds, unpooled) must not flatten all others: the axis follows
    # the seeds themselves and lets such an interval run out of the panel.
    seeds = [delta for _, doses in _all(data) for dose in doses for delta in dose.delta_pp]
    reach = max(3 * data.tolerance_pp, 1.6 * max(abs(delta) for delta in seeds))
    low, high = max(min(values), -reach), min(max(values), reach)
    return low - 0.06 * (high - low), high + 0.06 * (high - low)


def _axes(place: AxisPanel, span: tuple[float, float], rate: float) -> Spec:
    x = axis(
        "share removed (%)", domain=place.x, anchor=f"y{place.suffix}",
        range=[-100 * rate * 0.05, 100 * rate * 1.1], rangemode="tozero",
    )  # fmt: skip
    y = axis(
        "Δ accuracy (pp)" if place.is_left else "", domain=place.y, anchor=f"x{place.suffix}",
        range=list(span), matches="y" if place.suffix else None, showticklabels=place.is_left,
    )  # fmt: skip
    return {f"xaxis{place.suffix}": x, f"yaxis{place.suffix}": y}


def _band(place: AxisPanel, tolerance_pp: float, high: float) -> list[Spec]:
    refs = {"xref": f"x{place.suffix} domain", "yref": f"y{place.suffix}", "x0": 0, "x1": 1}
    line = {"type": "line", **refs}
    return [
        {
            "type": "rect", **refs, "y0": -tolerance_pp, "y1": high, "layer": "below",
            "fillcolor": "rgba(0,158,115,.09)", "line": {"width": 0},
        },
        line | {"y0": -tolerance_pp, "y1": -tolerance_pp,
                "line": {"color": SAFE, "width": 1.5, "dash": "dash"}},
        line | {"y0": 0, "y1": 0, "layer": "below", "line": {"color": GRID, "width": 2}},
    ]  # fmt: skip


def _traces(
    data: ByDatasetData, place: AxisPanel, line: tuple[float, tuple[Dose, ...]], dodge: float
) -> list[Spec]:
    warmup, doses = line
    color, dash, width = warmup_lines(data.warmups)[warmup]
    axes = {"xaxis": f"x{place.suffix}", "yaxis": f"y{place.suffix}", "type": "scatter"}
    group = {"legendgroup": f"{warmup}", "showlegend": False}
    at = [100 * dose.rate + dodge for dose in doses]
    means = [dose.verdict.mean_pp for dose in doses]
    up = [_reach(dose.verdict.high_pp, dose.verdict.mean_pp) for dose in doses]
    down = [_reach(dose.verdict.mean_pp, dose.verdict.low_pp) for dose in doses]
    rings = [(x, dose) for x, dose in zip(at, doses, strict=True) if len(dose.seeds) <= _MOST_RINGS]
    return [
        {
            **axes, **group, "mode": "lines", "hoverinfo": "skip", "x": [0, *at], "y": [0, *means],
            "line": {"color": color, "dash": dash, "width": width},
            "name": f"{percent(warmup)} warm-up",
        },
        {
            **axes, **group, "mode": "markers", "hoverinfo": "text",
            "x": [x for x, dose in rings for _ in dose.seeds],
            "y": [delta for _, dose in rings for delta in dose.delta_pp],
            "hovertext": [
                f"seed {seed}: {signed(delta)} pp"
                for _, dose in rings
                for seed, delta in zip(dose.seeds, dose.delta_pp, strict=True)
            ],
            "marker": {"symbol": "circle-open", "size": 6, "color": color, "opacity": 0.55},
        },
        {
            **axes, **group, "mode": "markers", "hoverinfo": "text", "x": at, "y": means,
            "hovertext": [_hover(dose, warmup) for dose in doses],
            "marker": {"size": 8, "color": color},
            "error_y": {
                "type": "data", "symmetric": False, "array": up, "arrayminus": down,
                "color": color, "thickness": 2, "width": 4,
            },
        },
    ]  # fmt: skip


def _reach(high: float | None, low: float | None) -> float:
    return 0.0 if high is None or low is None else high - low


def _hover(dose: Dose, warmup: float) -> str:
    v = dose.verdict
    return (
        f"<b>{MARKS[v.verdict]} {v.verdict}</b><br>"
        f"{signed(v.mean_pp)} pp {interval(v.low_pp, v.high_pp)}<br>"
        f"{seeds_text(v.n_seeds, dose.n_planned)}<br>"
        f"{percent(dose.rate)} removed after {percent(warmup)} warm-up"
    )


def _not_run(place: AxisPanel) -> Spec:
    return {
        "text": "not run", "showarrow": False, "font": {"size": 13, "color": MUTED},
        "xref": "paper", "yref": "paper", "x": sum(place.x) / 2, "y": sum(place.y) / 2,
    }  # fmt: skip
