"""Who gets dropped: retention bias of each class, one mark a method."""

from dataclasses import dataclass

import numpy as np

from analysis.class_retention import Retention, retention
from analysis.methods import Condition, Method
from analysis.page.figures.class_frames import ClassFrame, class_frames
from analysis.page.figures.marks import Marker, marker_spec
from analysis.page.figures.style import (
    GRID,
    PageTable,
    Spec,
    axis,
    escaped,
    folded,
    layout,
    rounded,
)
from analysis.page.figures.subjects import Subject
from analysis.study import Study
from analysis.wording import class_label, cut_in_middle, interval, signed

_MOST_CLASSES = 30
_COLUMNS = (
    "class", "method", "bias pp", "z", "kept", "of", "recall change pp", "recall low pp",
    "recall high pp",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class RetentionData:
    """One frame: a data set, a rate and a warm-up.

    Attributes:
        key: Names the variant in a link.
        label: What the reader chooses.
        by_method: Retention of each method, random last.
        labels: Their names.
        order: Classes drawn, the one that loses most first, by the leading method.
        marks: How each method is drawn.
        lead: The method drawn as bars: the answer's, where it is among them.
        group: The data set.
        at: What it is about.
    """

    key: str
    label: str
    by_method: dict[Method, Retention]
    labels: dict[Method, str]
    order: tuple[int, ...]
    marks: dict[Method, Marker]
    lead: Method
    group: str
    at: Subject

    @property
    def caption(self) -> str:
        """The class that loses most and the smallest one, in words."""
        r = self.by_method[self.lead]
        worst, least = r.worst, int(np.argmin(r.counts))
        by_lot = ", no more than by lot" if r.z[worst] > -2 else ""
        left_out = len(r.class_names) - len(self.order)
        more = f" {left_out} classes of smaller bias are in the table alone." if left_out else ""
        smallest = (
            f" The smallest class, {_name(r, least)}, keeps {r.kept[least]:,.0f} of "
            f"{r.counts[least]:,} samples."
        )
        return (
            f"{self.labels[self.lead]}: {_name(r, worst)} loses most against its share, "
            f"{signed(float(r.bias_pp[worst]), 1)} pp (z {signed(float(r.z[worst]), 1)}){by_lot}."
            f"{smallest if r.counts.min() < r.counts.max() else ''}{_recall_text(r)}{more}"
        )

    @property
    def table(self) -> PageTable:
        """Every class of every method as rows."""
        rows = [
            (
                class_label(r.class_names[k]), self.labels[method], rounded(r.bias_pp[k]), rounded(r.z[k], 2),
                rounded(r.kept[k], 1), int(r.counts[k]), _known(r.recall_delta_pp[k]),
                _known(r.recall_low_pp[k]), _known(r.recall_high_pp[k]),
            )
            for method, r in self.by_method.items()
            for k in np.argsort(r.bias_pp, kind="stable")
        ]  # fmt: skip
        return PageTable(columns=_COLUMNS, rows=tuple(rows))


def _name(r: Retention, k: int) -> str:
    return cut_in_middle(class_label(r.class_names[k]), 60)


def _recall_text(r: Retention) -> str:
    k = r.worst_recall
    if k is None:
        return ""
    bounds = interval(_known(r.recall_low_pp[k]), _known(r.recall_high_pp[k]))
    return (
        f" Recall falls most for {_name(r, k)}: {signed(float(r.recall_delta_pp[k]))} pp"
        f"{f' {bounds}' if bounds else ''}."
        if r.recall_delta_pp[k] < 0
        else " No class loses recall."
    )


def _known(value: float) -> float | None:
    return rounded(value) if np.isfinite(value) else None


def retention_data(study: Study) -> list[RetentionData]:
    """One frame for each data set, rate and warm-up whose rows say what was kept."""
    # Random is in every frame of its data set.
    known: dict[Condition, Retention] = {}
    return [_frame_data(study, frame, known) for frame in class_frames(study)]


def _frame_data(
    study: Study, frame: ClassFrame, known: dict[Condition, Retention]
) -> RetentionData:
    by_method = {}
    for method, cell in frame.cells.items():
        r = known.get(cell.condition) or retention(cell, alpha=study.alpha)
        assert r is not None, "its rows say what was kept"
        by_method[method] = known[cell.condition] = r
    bias = by_method[frame.lead].bias_pp
    shown = np.argsort(-np.abs(bias), kind="stable")[:_MOST_CLASSES]
    return RetentionData(
        key=frame.key,
        label=frame.label,
        by_method=by_method,
        labels=frame.labels,
        order=tuple(int(k) for k in shown[np.argsort(bias[shown], kind="stable")]),
        marks=frame.marks,
        lead=frame.lead,
        group=frame.group,
        at=frame.at,
    )


def retention_figure(data: RetentionData) -> Spec:
    """Bars for the leading method, marks for the others; beside them what each class's recall does.

    Grey is where random pruning would stay. The right half is left out where no recall is known.
    """
    lead = data.by_method[data.lead]
    names = [escaped(class_label(lead.class_names[k])) for k in data.order]
    recall = _recall_traces(data)
    left = min(220, 30 + 8 * max(len(name) for name in names))
    wide = sum(52 + 7 * min(42, len(label)) for label in data.labels.values())
    most = 1060 if recall else 860
    head = 14 + 22 * -(-wide // (most - left))
    titles = ["retention bias (pp)", *(["recall change (pp)"] if recall else [])]
    narrow = {"minw": 340, "left": 14, "row": 16, "over": 0.5, "titles": titles}
    domains = ([0, 0.54], [0.58, 1]) if recall else ([0, 1], [])
    axes = {
        "xaxis": axis(
            "retention bias: kept share − that of all (pp)", domain=domains[0], range=_span(data),
            zeroline=True, zerolinecolor=GRID, zerolinewidth=2,
        ),
        "yaxis": axis(
            tickvals=list(range(len(names))), ticktext=names, range=[len(names) - 0.4, -0.6],
            showgrid=False,
        ),
    }  # fmt: skip
    if recall:
        axes["xaxis2"] = axis(
            "recall change (pp)", domain=domains[1], anchor="y", zeroline=True, zerolinecolor=GRID,
            zerolinewidth=2,
        )  # fmt: skip
    return {
        "data": [_bars(data, lead), *_bias_traces(data), *recall],
        "layout": layout(
            head + 56 + _row_px(data) * len(names), (700 if recall else 560, most), narrow=narrow,
            barmode="overlay", bargap=0.45, showlegend=True,
            margin={"l": left, "r": 16, "t": head, "b": 56}, **axes,
            shapes=[_null(position, lead.null_se_pp[k]) for position, k in enumerate(data.order)],
        ),
    }  # fmt: skip


def _row_px(data: RetentionData) -> int:
    """Height of a class's row: few classes get room for a mark of each method."""
    return max(34, min(14 * len(data.by_method) + 8, 420 // len(data.order)))


def _bias_traces(data: RetentionData) -> list[Spec]:
    """A mark for each method, at the end of the bar of that which has one."""
    offsets = _offsets(data)
    return [
        {
            "type": "scatter", "mode": "markers", "name": escaped(data.labels[method], 42),
            "x": [float(r.bias_pp[k]) for k in data.order],
            "y": [position + offsets[method] for position in range(len(data.order))],
            "marker": marker_spec(data.marks[method], 10), "hoverinfo": "text",
            "hovertext": [_hover(r, k, data.labels[method]) for k in data.order],
            "legendgroup": data.labels[method],
        }
        for method, r in data.by_method.items()
    ]  # fmt: skip


def _recall_traces(data: RetentionData) -> list[Spec]:
    """Each class's recall against the full run's, with its interval."""
    if not any(np.isfinite(r.recall_delta_pp).any() for r in data.by_method.values()):
        return []
    step = min(0.22, 0.7 / max(1, len(data.by_method)))
    traces = []
    for i, (method, r) in enumerate(data.by_method.items()):
        marker = marker_spec(data.marks[method], 8)
        trace = {
            "type": "scatter", "mode": "markers", "xaxis": "x2", "yaxis": "y",
            "showlegend": False, "legendgroup": data.labels[method],
            "x": [_known(r.recall_delta_pp[k]) for k in data.order],
            "y": [
                position + step * (i - (len(data.by_method) - 1) / 2)
                for position in range(len(data.order))
            ],
            "marker": marker, "hoverinfo": "text",
            "hovertext": [_recall_hover(r, k, data.labels[method]) for k in data.order],
        }  # fmt: skip
        above, below = r.recall_high_pp - r.recall_delta_pp, r.recall_delta_pp - r.recall_low_pp
        trace["error_x"] = {
            "type": "data", "array": [_known(above[k]) for k in data.order],
            "arrayminus": [_known(below[k]) for k in data.order],
            "color": marker["color"], "thickness": 1.5, "width": 3,
        }  # fmt: skip
        traces.append(trace)
    return traces


def _recall_hover(r: Retention, k: int, label: str) -> str:
    bounds = interval(_known(r.recall_low_pp[k]), _known(r.recall_high_pp[k])) or "no interval"
    change = r.recall_delta_pp[k]
    shown = f"{signed(float(change))} pp {bounds}" if np.isfinite(change) else "not known"
    return (
        f"<b>{folded(class_label(r.class_names[k]))}</b><br>{escaped(label, 60)}<br>recall {shown}"
    )


def _offsets(data: RetentionData) -> dict[Method, float]:
    """Where in its row each method's mark stands: without it those near zero hide each other."""
    others = [method for method in data.by_method if method != data.lead]
    step = min(0.22, 0.7 / max(1, len(others)))
    beside = {method: step * (i - (len(others) - 1) / 2) for i, method in enumerate(others)}
    return {data.lead: 0.0, **beside}


def _span(data: RetentionData) -> list[float]:
    values = [float(r.bias_pp[k]) for r in data.by_method.values() for k in data.order]
    reach = max(1.0, *(abs(value) for value in values)) * 1.12
    return [-reach, reach]


def _bars(data: RetentionData, lead: Retention) -> Spec:
    """The leading method in the colour of its mark, pale enough for those of others on it."""
    color = data.marks[data.lead].color
    return {
        "type": "bar", "orientation": "h", "showlegend": False,
        "x": [float(lead.bias_pp[k]) for k in data.order], "y": list(range(len(data.order))),
        "marker": {"color": color, "opacity": 0.6}, "hoverinfo": "text",
        "hovertext": [_hover(lead, k, data.labels[data.lead]) for k in data.order],
        "legendgroup": data.labels[data.lead],
    }  # fmt: skip


def _null(position: int, error_pp: float) -> Spec:
    """Where random pruning stays in nine of ten draws."""
    half = 1.645 * float(error_pp) if np.isfinite(error_pp) else 0.0
    return {
        "type": "rect", "layer": "below", "x0": -half, "x1": half, "y0": position - 0.42,
        "y1": position + 0.42, "fillcolor": "rgba(107,114,128,.22)", "line": {"width": 0},
    }  # fmt: skip


def _hover(r: Retention, k: int, label: str) -> str:
    return (
        f"<b>{folded(class_label(r.class_names[k]))}</b><br>{escaped(label, 60)}<br>"
        f"bias {signed(float(r.bias_pp[k]))} pp, z {signed(float(r.z[k]), 1)}<br>"
        f"kept {r.kept[k]:,.0f} of {r.counts[k]:,}"
    )
