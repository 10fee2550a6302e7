"""What the figures share: colours, layout, small multiples and the table beneath each."""

import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from textwrap import wrap
from typing import Any, Literal

from analysis.wording import cut_in_middle

Spec = dict[str, Any]

TEXT, MUTED, EDGE, INK = "#14171a", "#59616b", "#111827", "#101418"
SAFE, CONTROL = "#009E73", "#6B7280"
# More methods than this in one picture cannot be named apart.
MOST_NAMED = 8
# The page's own: a figure saved as a file has no style sheet around it.
FONT = "system-ui, -apple-system, Segoe UI, Roboto, DejaVu Sans, sans-serif"
GRID = "rgba(90,98,107,.18)"
WARMUPS = ("#4E96CC", "#1F6FB0", "#0B2F5E")
DASHES = ("dot", "dash", "solid")
# Of lines that are data sets.
SET_COLORS = ("#0067A3", "#C24E00", "#00825D", "#A8508A", "#A86A00", "#7A5BC2")
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


def escaped(name: str, longest: int = 30) -> str:
    """A name as Plotly's text shows it: its middle cut, its tags shown and not obeyed."""
    return html.escape(cut_in_middle(name, longest), quote=False)


def folded(text: str, width: int = 90) -> str:
    """A sentence under the pointer: in lines, nothing of it cut."""
    return "<br>".join(html.escape(line, quote=False) for line in wrap(text, width))


def layout(
    height: int, widths: tuple[int, int], *, narrow: Spec | None = None, **more: Any
) -> Spec:
    """The layout all figures start from.

    Args:
        height: In px.
        widths: The least and the largest width that read well, in px.
        narrow: What the page's script changes where there is less room: `minw`, the least width then;
            `left`, the margin; `row`, by how many px each named row grows as its name moves above its
            marks, `size` of the name, and `over`, how far above in rows; `titles` of the axes below; `bare`, without its bar of
            colours; and what `PanelGrid.narrow` says of panels.
        more: Entries to add or replace.
    """
    return {
        "height": height,
        "meta": {"minw": widths[0], "maxw": widths[1], **({"narrow": narrow} if narrow else {})},
        "font": {"size": 13, "color": TEXT, "family": FONT},
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


@dataclass(frozen=True, kw_only=True)
class PanelGrid:
    """Panels of one size row by row from the top, whatever their number.

    Attributes:
        n: How many.
        high: Height of one in px.
        gap: Between two rows in px: the lower one's heading, the upper one's axis.
        beside: Between two columns, as a share of the width.
        most: In a row.
    """

    n: int
    high: int
    gap: int = 100
    beside: float = 0.05
    most: int = 3

    @property
    def per_row(self) -> int:
        """How many stand in a row."""
        return min(self.n, self.most)

    @property
    def height(self) -> int:
        """Of all of them in px."""
        rows = -(-self.n // self.per_row)
        return self.high * rows + self.gap * (rows - 1)

    @property
    def places(self) -> list[AxisPanel]:
        """Where each stands."""
        wide = (1 - self.beside * (self.per_row - 1)) / self.per_row
        high, gap = self.high / self.height, self.gap / self.height
        found = []
        for i in range(self.n):
            left = (i % self.per_row) * (wide + self.beside)
            top = 1 - (i // self.per_row) * (high + gap)
            found.append(
                AxisPanel(
                    suffix="" if i == 0 else str(i + 1),
                    x=(left, min(1.0, left + wide)),
                    y=(max(0.0, top - high), top),
                )
            )
        return found

    def narrow(self, least: int, **more: Any) -> Spec:
        """What the page's script needs to set them below one another.

        Args:
            least: Width of a panel that can still be read, in px.
            more: What else changes there.
        """
        own = {"least": least, "high": self.high, "gap": self.gap, "beside": self.beside}
        return {"minw": least, **own, **more}


def heading(panel: AxisPanel, text: str) -> Spec:
    """A panel's title."""
    return {
        "text": f"<b>{escaped(text)}</b>", "showarrow": False, "font": {"size": 15},
        **_in_panel(panel, 0.5, 1), "xanchor": "center", "yanchor": "bottom", "yshift": 4,
    }  # fmt: skip


def not_run(panel: AxisPanel) -> Spec:
    """What an empty panel says."""
    font = {"size": 13, "color": MUTED}
    return {"text": "not run", "showarrow": False, "font": font, **_in_panel(panel, 0.5, 0.5)}


def _in_panel(panel: AxisPanel, x: float, y: float) -> Spec:
    """A place by the panel's own axes: it goes along where the panel is set elsewhere."""
    at = {"xref": f"x{panel.suffix} domain", "yref": f"y{panel.suffix} domain"}
    return {**at, "x": x, "y": y}


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
