"""Error over rows kept, one line a kept share, the frontier outlined; no pruning and random beside it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import inf
from typing import Any

import numpy as np

from analysis.frontier import Frontier, Frontiers, SizeFamily, Stretch
from analysis.frontier_words import frontier_sentences
from analysis.page.figures.style import (
    CONTROL,
    SAFE,
    TEXT,
    PageTable,
    Spec,
    axis,
    escaped,
    layout,
    rounded,
)
from analysis.page.figures.subjects import Subject
from analysis.scaling.lines import SizedPoint, common_seeds
from analysis.wording import percent

# One a kept share, the largest first; of more shares they start again with another dash.
_COLORS = ("#0067A3", "#C24E00", "#00825D", "#A8508A", "#A86A00", "#7A5BC2")
_SYMBOLS = ("circle", "square", "diamond", "triangle-up", "triangle-down", "pentagon")
_DASHES = ("solid", "dash", "dot")
_COLUMNS = (
    "method", "from", "to", "slope", "without pruning", "difference", "low", "high", "p (Holm)",
    "best kept share at its end", "{what} there over that without pruning", "reads",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Axes:
    """How sizes and errors are written.

    Attributes:
        size: What is counted along x, such as "training rows kept".
        unit: The same in a sentence.
        what: What is drawn along y, such as "error".
        is_share: Whether it is shown in per cent.
    """

    size: str = "training rows kept"
    unit: str = "rows kept"
    what: str = "error"
    is_share: bool = True


@dataclass(frozen=True, kw_only=True)
class SharedLine:
    """One kept share: its runs, and the exact curve where there is one.

    Attributes:
        share: Kept; 1 without pruning.
        sizes: Kept, ascending.
        errors: Means over seeds.
        spread: Their standard errors.
        exact: Sizes and errors of the curve; empty where there is none.
    """

    share: float
    sizes: tuple[float, ...]
    errors: tuple[float, ...]
    spread: tuple[float, ...]
    exact: tuple[tuple[float, float], ...] = ()


@dataclass(frozen=True, kw_only=True)
class FrontierData:
    """One method of a family.

    Attributes:
        key: Names the variant in a link.
        label: What the reader chooses.
        name: The method's.
        lines: No pruning first, then its kept shares, the largest first.
        frontier: Its frontier; None where there are no common seeds or too few sizes.
        random: The frontier of its control; None where that did not run.
        caption: What the family shows, in sentences.
        table: Of the whole family.
        axes: How sizes and errors are written.
        group: Heading above it where the reader chooses.
        at: What it is about.
    """

    key: str
    label: str
    name: str
    lines: tuple[SharedLine, ...]
    frontier: Frontier | None
    random: Frontier | None
    caption: str
    table: PageTable
    axes: Axes = Axes()
    group: str = ""
    at: Subject = Subject()  # noqa: RUF009 - frozen


Curves = Mapping[tuple[Any, float], Sequence[tuple[float, float]]]


def frontier_variants(
    name: str,
    family: SizeFamily,
    found: Frontiers,
    labels: Mapping[Any, str],
    *,
    axes: Axes = Axes(),
    curves: Curves | None = None,
) -> list[FrontierData]:
    """A frame for each method of a family but its controls: those that bend, then what comes nearest to it.

    Args:
        name: The family's, before each method's in what the reader chooses.
        family: Its points.
        found: Its frontiers.
        labels: The methods' names.
        axes: How sizes and errors are written.
        curves: Exact errors over kept size by method and share; no pruning's by (None, 1).
    """
    exact = curves or {}
    seeds = common_seeds([*family.unpruned, *(p for one in family.methods.values() for p in one)])
    whole = _lines(family.unpruned, seeds, lambda share: exact.get((None, share), ()))
    caption = " ".join(frontier_sentences(found, labels, unit=axes.unit))
    table = frontier_table(found, family, labels, axes)
    shown = [method for method in family.methods if method not in family.controls.values()]
    shown.sort(key=lambda method: _how_far(found.methods.get(method)))
    return [
        FrontierData(
            key=f"{name}|{labels[method]}",
            label=f"{name} · {labels[method]}" if name else labels[method],
            name=labels[method],
            lines=(
                *whole,
                *_lines(
                    family.methods[method], seeds, lambda share, m=method: exact.get((m, share), ())
                ),
            ),
            frontier=found.methods.get(method),
            random=found.methods.get(family.controls.get(method)),
            caption=f" {caption}",
            table=table,
            axes=axes,
        )
        for method in (shown if seeds else ())
    ]


def _how_far(one: Frontier | None) -> tuple[bool, float, float]:
    """How far a frontier is from being shown to bend, as the sentence above the figure picks the nearest."""
    asked = [
        (s.p, inf if s.high is None else s.high)
        for s in (one.stretches if one else ())
        if s.p is not None
    ]
    return (not (one and one.bends), *min(asked, default=(inf, inf)))


def _lines(points: Iterable[SizedPoint], seeds: Sequence[int], exact: Any) -> list[SharedLine]:
    by_share: dict[float, list[SizedPoint]] = {}
    for point in sorted(points, key=lambda one: (-one.share, one.kept)):
        by_share.setdefault(point.share, []).append(point)
    found = []
    for share, line in by_share.items():
        errors = np.array([[point.errors[seed] for seed in seeds] for point in line])
        spread = (
            errors.std(axis=1, ddof=1) / np.sqrt(len(seeds)) if len(seeds) > 1 else 0 * errors[:, 0]
        )
        found.append(
            SharedLine(
                share=share,
                sizes=tuple(point.kept for point in line),
                errors=tuple(errors.mean(axis=1).tolist()),
                spread=tuple(spread.tolist()),
                exact=tuple(exact(share)),
            )
        )
    return found


def frontier_table(
    found: Frontiers, family: SizeFamily, labels: Mapping[Any, str], axes: Axes
) -> PageTable:
    """Every stretch of every method, with what it reads."""
    rows = []
    for method, one in found.methods.items():
        is_control = method in family.controls.values()
        for i, stretch in enumerate(one.stretches):
            numbers = (
                stretch.slope, stretch.unpruned_slope, stretch.difference, stretch.low, stretch.high,
            )  # fmt: skip
            rows.append(
                (
                    labels[method], stretch.start, stretch.end, *(rounded(v, 2) for v in numbers),
                    rounded(stretch.p_holm, 4), one.shares[i + 1], rounded(one.ratios[i + 1], 3),
                    _reads(stretch, is_control=is_control, is_last=i == len(one.stretches) - 1),
                )
            )  # fmt: skip
    columns = tuple(name.format(what=axes.what) for name in _COLUMNS)
    formats = ("", ",", ",", *[".2"] * 5, ".4", "%", ".3", "")
    return PageTable(columns=columns, rows=tuple(rows), formats=formats)


def _reads(stretch: Stretch, *, is_control: bool, is_last: bool) -> str:
    if is_control:
        return "the control"
    if stretch.p is None:
        return "nothing is pruned at its end" if is_last else "cannot be told: too near its floor"
    if stretch.bends:
        return "bends"
    if stretch.high is not None and stretch.high < 0:
        return "falls faster, but random may as well"
    return "not shown to bend"


def frontier_figure(data: FrontierData) -> Spec:
    """The lines, the frontier as a broad band behind them, no pruning and random's frontier."""
    traces = [_outline(data)] if data.frontier else []
    if data.random:
        traces.append(
            {
                "type": "scatter", "mode": "lines+markers", "name": "random's frontier",
                "x": list(data.random.sizes), "y": list(data.random.errors),
                "line": {"color": CONTROL, "width": 2, "dash": "dot"},
                "marker": {"symbol": "x-thin", "size": 8, "color": CONTROL, "line": {"width": 2, "color": CONTROL}},
                "hovertemplate": f"random: {_hover(data.axes)}",
            }
        )  # fmt: skip
    for i, line in enumerate(data.lines):
        traces += _traces(line, data.axes, i - 1)
    sizes = sorted({size for line in data.lines for size in line.sizes})
    return {
        "data": traces,
        "layout": layout(
            480, (560, 860),
            xaxis=axis(
                escaped(data.axes.size, 60), type="log", tickvals=sizes,
                ticktext=[f"{size:,.0f}" if size >= 100 else f"{size:.3g}" for size in sizes], tickangle=-45,
            ),
            yaxis=error_axis(data.axes),
        ),
    }  # fmt: skip


def _outline(data: FrontierData) -> Spec:
    one = data.frontier
    assert one is not None
    return {
        "type": "scatter", "mode": "lines", "name": "frontier",
        "x": list(one.sizes), "y": list(one.errors), "opacity": 0.35,
        "line": {"color": SAFE, "width": 14}, "hoverinfo": "skip",
    }  # fmt: skip


def _traces(line: SharedLine, axes: Axes, rank: int) -> list[Spec]:
    """A line's runs, with its exact curve or straight lines between them."""
    is_whole = rank < 0
    color = TEXT if is_whole else _COLORS[rank % len(_COLORS)]
    name = "no pruning" if is_whole else f"{percent(line.share)} kept"
    drawn = {
        "color": color, "width": 2.5 if is_whole else 1.8,
        "dash": "solid" if is_whole else _DASHES[rank // len(_COLORS) % len(_DASHES)],
    }  # fmt: skip
    symbol = "star" if is_whole else _SYMBOLS[rank % len(_SYMBOLS)]
    runs = {
        "type": "scatter", "mode": "markers" if line.exact else "lines+markers", "name": name,
        "x": list(line.sizes), "y": list(line.errors), "line": drawn, "legendgroup": name,
        "marker": {"symbol": symbol, "size": 8, "color": color},
        "error_y": {"type": "data", "array": list(line.spread), "color": color, "thickness": 1},
        "hovertemplate": f"{name}: {_hover(axes)}",
    }  # fmt: skip
    if not line.exact:
        return [runs]
    x, y = zip(*line.exact, strict=True)
    curve = {
        "type": "scatter", "mode": "lines", "x": list(x), "y": list(y), "line": drawn,
        "legendgroup": name, "showlegend": False, "hoverinfo": "skip",
    }  # fmt: skip
    return [curve, runs]


def _hover(axes: Axes) -> str:
    size = escaped(axes.unit, 60).replace("%{", "% {")
    what = escaped(axes.what, 60).replace("%{", "% {")
    return f"%{{x:,}} {size}, {what} %{{y:{'.3%' if axes.is_share else ',.4~g'}}}<extra></extra>"


def error_axis(axes: Axes) -> Spec:
    """A logarithmic axis whose ticks are the drawing's own, in full: errors may span decades or a few per cent."""
    title = escaped(f"test {axes.what}" if axes.what == "error" else axes.what, 60)
    return axis(title, type="log", tickformat=".3~%" if axes.is_share else ",.3~r")
