"""What a heatmap of verdicts is drawn with: colours that step at the line, and the outline of what is within."""

from collections.abc import Sequence
from textwrap import wrap

from analysis.metric_words import MetricWords, significant
from analysis.page.figures.style import EDGE, Spec, escaped


def stepped_colors(tolerance: float, limit: float) -> list[list[float | str]]:
    """The colour scale from minus to plus limit, with a step at the tolerance on both sides."""
    edge = tolerance / limit / 2
    return [
        [0.0, "#D9814F"], [0.5 - edge, "#F0C3A6"], [0.5 - edge, "#F7DDCD"], [0.5, "#F7F7F4"],
        [0.5 + edge, "#DCE9F4"], [0.5 + edge, "#B5D2E8"], [1.0, "#7DB2DA"],
    ]  # fmt: skip


def bar_title(words: MetricWords) -> str:
    """The axis of the changes in lines that fit beside few rows."""
    if words.is_accuracy:
        return words.axis
    return "<br>".join(wrap(escaped(words.axis, 60), 16))


def color_ticks(words: MetricWords, tolerance: float, limit: float, *, is_low: bool) -> Spec:
    """The bar's numbers; beside a single row there is room for three."""
    is_pp = words.metric.unit == "pp"
    end, line = (f"{x:g}" if is_pp else significant(x) for x in (limit, tolerance))
    if is_low or not tolerance:
        return {"tickvals": [-limit, 0, limit], "ticktext": [f"≤ −{end}", "0", f"≥ +{end}"]}
    inner = {-tolerance: f"−{line}", 0: "0", tolerance: f"+{line}"}
    named = {-limit: f"≤ −{end}", **inner, limit: f"≥ +{end}"}
    return {"tickvals": list(named), "ticktext": list(named.values())}


def outline(within: Sequence[Sequence[bool]]) -> list[Spec]:
    """Lines on those edges of the squares within whose neighbour is not."""

    def is_within(i: int, j: int) -> bool:
        return 0 <= i < len(within) and 0 <= j < len(within[i]) and within[i][j]

    lines = []
    for i, line in enumerate(within):
        for j, inside in enumerate(line):
            for down, right in ((-1, 0), (1, 0), (0, -1), (0, 1)):
                if inside and not is_within(i + down, j + right):
                    lines.append(_edge(i, j, down, right))
    return lines


def _edge(i: int, j: int, down: int, right: int) -> Spec:
    x, y = j + right / 2, i + down / 2
    along = (0.5, 0.0) if down else (0.0, 0.5)
    return {
        "type": "line", "x0": x - along[0], "x1": x + along[0], "y0": y - along[1],
        "y1": y + along[1], "line": {"color": EDGE, "width": 3.5},
    }  # fmt: skip
