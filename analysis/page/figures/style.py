"""What the figures share: colours, markers, layout, small multiples and the table beneath each."""

import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from analysis.methods import Method
from analysis.wording import shortened

Spec = dict[str, Any]

TEXT, MUTED, EDGE, INK = "#14171a", "#59616b", "#111827", "#101418"
SAFE, CONTROL = "#009E73", "#6B7280"
# More methods than this in one picture cannot be named apart.
MOST_NAMED = 8
GRID = "rgba(90,98,107,.18)"
WARMUPS = ("#4E96CC", "#1F6FB0", "#0B2F5E")
DASHES = ("dot", "dash", "solid")
# Darkened Okabe-Ito: the originals fall below a contrast of 3 to 1 on white.
_SIGNALS = {
    "redundancy": ("#0067A3", "circle"),
    "redundancy_within_class": ("#2E8FC9", "circle"),
    "keep_one": ("#7A5BC2", "triangle-down"),
    "el2n": ("#C24E00", "square"),
    "forgetting": ("#00825D", "diamond"),
    "memorization": ("#A8508A", "triangle-up"),
    "prototypes": ("#A86A00", "cross"),
    "random": (CONTROL, "x-thin"),
}
# Of lines that are data sets.
SET_COLORS = ("#0067A3", "#C24E00", "#00825D", "#A8508A", "#A86A00", "#7A5BC2")
_MORE = ("star", "hexagon", "bowtie", "pentagon", "hourglass", "triangle-left")
# Colours on the light page and what they become on the dark one; read by the page's script.
DARK = {
    TEXT: "#e6e8ea",
    MUTED: "#a7aeb8",
    EDGE: "#3D9BE3",
    SAFE: "#2cc79a",
    CONTROL: "#A7AEB8",
    "#0067A3": "#5BB3EA",
    "#2E8FC9": "#9AD1F5",
    "#7A5BC2": "#B9A2F2",
    "#C24E00": "#F08A4B",
    "#00825D": "#35C79B",
    "#A8508A": "#DE8CC0",
    "#A86A00": "#E8AE3C",
    "#4E96CC": "#4E86B4",
    "#1F6FB0": "#69ADE0",
    "#0B2F5E": "#CFE6FA",
    "#ffffff": "#14171a",
}


@dataclass(frozen=True, kw_only=True)
class PageTable:
    """Named columns; numbers stay numbers.

    Attributes:
        columns: Their names.
        rows: Values by row and column.
        formats: How the page shows each column's numbers: "%" a share, "," thousands, ".2" and
            "+.2" decimals without and with a sign, "" as they are; empty for all as they are.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[str | float | None, ...], ...]
    formats: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Marker:
    """How a method is drawn; open where it is not cut over the whole set."""

    color: str
    symbol: str


def markers(methods: Sequence[Method]) -> dict[Method, Marker]:
    """A colour and shape for each method: the signal gives both, the selector the filling."""
    signals = dict.fromkeys(method.signal for method in methods)
    new = [signal for signal in signals if signal not in _SIGNALS]
    colors = [color for color, _ in _SIGNALS.values() if color != CONTROL]
    known = dict(_SIGNALS) | {
        signal: (colors[i % len(colors)], _MORE[i % len(_MORE)]) for i, signal in enumerate(new)
    }
    return {method: _marker(*known[method.signal], method.selector) for method in methods}


def _marker(color: str, symbol: str, selector: str) -> Marker:
    is_open = selector != "global" and not symbol.endswith("-thin")
    return Marker(color=color, symbol=symbol + ("-open" if is_open else ""))


def marker_spec(marker: Marker, size: int = 11) -> Spec:
    """Plotly's marker of a method."""
    line = {"width": 2.5 if marker.symbol.endswith("-thin") else 2, "color": marker.color}
    return {"color": marker.color, "symbol": marker.symbol, "size": size, "line": line}


def escaped(name: str, longest: int = 30) -> str:
    """A name as Plotly's text shows it: shortened, its tags shown and not obeyed."""
    return html.escape(shortened(name, longest), quote=False)


def layout(height: int, widths: tuple[int, int], **more: Any) -> Spec:
    """The layout all figures start from.

    Args:
        height: In px.
        widths: The least and the largest width that read well, in px.
        more: Entries to add or replace.
    """
    return {
        "height": height,
        "meta": {"minw": widths[0], "maxw": widths[1]},
        "font": {"size": 13, "color": TEXT},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "margin": {"l": 64, "r": 16, "t": 16, "b": 50},
        "hoverlabel": {"align": "left", "font": {"size": 13}},
        "legend": {
            "orientation": "h", "x": 0, "y": 1.0, "xanchor": "left", "yanchor": "bottom",
            "font": {"size": 12},
        },
        **more,
    }  # fmt: skip


def axis(title: str = "", **more: Any) -> Spec:
    """An axis with our sizes and grid."""
    return {
        "title": {"text": title, "font": {"size": 13}, "standoff": 8},
        "tickfont": {"size": 12},
        "gridcolor": GRID,
        "zeroline": False,
        "fixedrange": True,
        **more,
    }


@dataclass(frozen=True, kw_only=True)
class AxisPanel:
    """One of several small figures in a frame.

    Attributes:
        suffix: What its axes' names end with: "", "2", "3" ...
        x: Its share of the frame's width, from 0 at the left.
        y: Its share of the frame's height, from 0 at the bottom.
    """

    suffix: str
    x: tuple[float, float]
    y: tuple[float, float]

    @property
    def is_left(self) -> bool:
        """Whether it stands at the left edge."""
        return self.x[0] == 0


def panels(n: int, per_row: int = 3, gaps: tuple[float, float] = (0.05, 0.24)) -> list[AxisPanel]:
    """Where n panels stand, row by row from the top."""
    columns = min(n, per_row)
    lines = -(-n // per_row)
    wide = (1 - gaps[0] * (columns - 1)) / columns
    high = (1 - gaps[1] * (lines - 1)) / lines
    found = []
    for i in range(n):
        left, top = (i % per_row) * (wide + gaps[0]), 1 - (i // per_row) * (high + gaps[1])
        found.append(
            AxisPanel(
                suffix="" if i == 0 else str(i + 1),
                x=(left, min(1.0, left + wide)),
                y=(max(0.0, top - high), top),
            )
        )
    return found


def heading(panel: AxisPanel, text: str) -> Spec:
    """A panel's title."""
    return {
        "text": f"<b>{escaped(text)}</b>", "showarrow": False, "font": {"size": 15},
        "xref": "paper", "yref": "paper", "xanchor": "center", "yanchor": "bottom",
        "x": sum(panel.x) / 2, "y": panel.y[1], "yshift": 4,
    }  # fmt: skip


def tolerance_band(
    panel: AxisPanel, changes: Literal["x", "y"], tolerance: float, end_pp: float
) -> list[Spec]:
    """The area within the tolerance, its edge, and the line where nothing changes.

    Args:
        panel: Where.
        changes: The axis of the changes.
        tolerance: Where the area begins, below zero.
        end_pp: Where it ends.
    """
    across = "y" if changes == "x" else "x"
    refs = {
        f"{changes}ref": f"{changes}{panel.suffix}", f"{across}ref": f"{across}{panel.suffix} domain",
        f"{across}0": 0, f"{across}1": 1,
    }  # fmt: skip

    def line(at_pp: float, style: Spec) -> Spec:
        return {"type": "line", **refs, f"{changes}0": at_pp, f"{changes}1": at_pp, "line": style}

    area = {
        "type": "rect", **refs, f"{changes}0": -tolerance, f"{changes}1": end_pp,
        "layer": "below", "fillcolor": "rgba(0,158,115,.09)", "line": {"width": 0},
    }  # fmt: skip
    edge = line(-tolerance, {"color": SAFE, "width": 1.5, "dash": "dash"})
    return [area, edge, line(0, {"color": GRID, "width": 2}) | {"layer": "below"}]


def warmup_lines(warmups: Sequence[float]) -> Mapping[float, tuple[str, str, float]]:
    """Colour, dash and width of each warm-up's line: the longest is the boldest."""
    last = len(WARMUPS) - 1
    steps = {
        warmup: last - min(last, len(warmups) - 1 - i) for i, warmup in enumerate(sorted(warmups))
    }
    return {
        warmup: (WARMUPS[step], DASHES[step], 3 if step == last else 2)
        for warmup, step in steps.items()
    }


def rounded(value: float | None, digits: int = 3) -> float | None:
    """A number short enough for a table."""
    return None if value is None else round(float(value), digits)
