"""Each data set on its own, or all in one panel: change of accuracy over rate, drawn."""

from analysis.page.figures.rate_lines import ByDatasetData, RateLine, RatePoint
from analysis.page.figures.style import (
    AxisPanel,
    PanelGrid,
    Spec,
    axis,
    escaped,
    folded,
    heading,
    layout,
    not_run,
    tolerance_band,
)
from analysis.wording import MARKS, removed_text, seeds_text

_MOST_RINGS = 10


def by_dataset_figure(data: ByDatasetData) -> Spec:
    """Small multiples with a common vertical axis, intervals, and a ring for each seed."""
    grid = PanelGrid(n=len(data.panels), high=200)
    low, high = _span(data)
    rates = sorted({point.rate for point in _all(data)})
    step = min([b - a for a, b in zip([0.0, *rates], rates, strict=False)], default=0.1)
    figure: Spec = {"data": [], "layout": {}}
    notes, axes, shapes = [], {}, []
    for panel, (name, lines) in zip(grid.places, data.panels.items(), strict=True):
        notes.append(heading(panel, name))
        axes.update(_axes(data, panel, (low, high), max(rates)))
        shapes += tolerance_band(panel, "y", data.tolerances[name], high)
        for i, line in enumerate(lines):
            offset = 100 * step * 0.1 * (i - (len(lines) - 1) / 2)
            figure["data"] += _traces(data, panel, line, offset)
        if not lines:
            notes.append(not_run(panel))
    named = {line["legendgroup"]: line for line in figure["data"][::-1] if "name" in line}
    for line in named.values():
        line["showlegend"] = True
    wide = 1060 if grid.per_row > 1 else 640
    figure["layout"] = layout(
        114 + grid.height, (90 + 240 * grid.per_row, wide), narrow=grid.narrow(290),
        annotations=notes, shapes=shapes, margin={"l": 64, "r": 16, "t": 64, "b": 50},
        showlegend=True, **axes,
    )  # fmt: skip
    figure["layout"]["legend"].update(y=1 + 34 / grid.height, traceorder="normal")
    return figure


def _all(data: ByDatasetData) -> list[RatePoint]:
    return [point for lines in data.panels.values() for line in lines for point in line.points]


def _span(data: ByDatasetData) -> tuple[float, float]:
    widest = max(data.tolerances.values())
    values = [0.5 * (1.0 if data.words.metric.unit == "pp" else widest), -1.4 * widest]
    for point in _all(data):
        bounds = (point.verdict.low, point.verdict.high)
        values += [*point.delta, *(bound for bound in bounds if bound is not None)]
    # One wild interval (two seeds, unpooled) must not flatten all others: the axis follows
    # the seeds themselves and lets such an interval run out of the panel.
    seeds = [delta for point in _all(data) for delta in point.delta]
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


def _traces(data: ByDatasetData, panel: AxisPanel, line: RateLine, offset: float) -> list[Spec]:
    points, (color, dash, width) = line.points, line.style
    axes = {"xaxis": f"x{panel.suffix}", "yaxis": f"y{panel.suffix}", "type": "scatter"}
    group = {"legendgroup": line.name, "showlegend": False}
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
            "name": escaped(line.name, 60),
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
            "hovertext": [_hover(data, point) for point in points],
            "marker": {"size": 8, "color": color},
            "error_y": {
                "type": "data", "symmetric": False, "array": up, "arrayminus": down,
                "color": color, "thickness": 2, "width": 4,
            },
        },
    ]  # fmt: skip


def _length(high: float | None, low: float | None) -> float:
    return 0.0 if high is None or low is None else high - low


def _hover(data: ByDatasetData, point: RatePoint) -> str:
    v, words = point.verdict, data.words
    return (
        f"<b>{MARKS[v.verdict]} {v.verdict}</b><br>"
        f"{words.short(v.mean)} {words.interval(v.low, v.high)}{words.told}<br>"
        f"{seeds_text(v.n_seeds, point.n_planned)}<br>"
        f"{escaped(point.source)}: {removed_text(point.rate, point.warmup)}"
        f"{''.join(f'<br>{folded(note)}' for note in point.notes)}"
    )
