"""Why classes are dropped unevenly: retention bias over how alike a class's rows are, and over its size."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.bias_causes import Association, BiasCauses, bias_causes
from analysis.cut_overlap import Overlap, overlaps
from analysis.methods import Condition, Method
from analysis.page.cause_words import cause_text, overlap_text
from analysis.page.figures.class_frames import ClassFrame, class_frames
from analysis.page.figures.marks import Marker, marker_spec
from analysis.page.figures.style import (
    GRID,
    INK,
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
from analysis.wording import class_label, signed

# Of more classes than this those that lose most and the one that gains most are named in the picture:
# names of all would lie on one another.
_ALL_NAMED, _LOSERS_NAMED = 6, 4
_ONE = ("rank", "p", "linear", "low", "high")
_COLUMNS = (
    "method", "classes", *(f"likeness: {name}" for name in _ONE), *(f"size: {name}" for name in _ONE),
    "rows in common", "by lot", "pairs of seeds",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class CausesData:
    """One frame: a data set, a rate and a warm-up, the methods of a retention figure's frame.

    Attributes:
        key: Names the variant in a link.
        label: What the reader chooses.
        by_method: What goes with the bias of each method, random last.
        overlaps: What the cuts of several seeds have in common, by method, where it was counted.
        labels: Their names.
        marks: How each is drawn.
        lead: The method whose classes are named.
        group: The data set.
        at: What it is about.
    """

    key: str
    label: str
    by_method: dict[Method, BiasCauses]
    overlaps: dict[Method, Overlap]
    labels: dict[Method, str]
    marks: dict[Method, Marker]
    lead: Method
    group: str
    at: Subject

    @property
    def caption(self) -> str:
        """What goes with the bias of the leading method, and how far its seeds agree."""
        told = cause_text(self.lead, self.by_method[self.lead])
        one = self.overlaps.get(self.lead)
        return f"{self.labels[self.lead]}: {told}{f' {overlap_text(one)}' if one else ''}"

    @property
    def table(self) -> PageTable:
        """Every method's correlations, and what its seeds have in common."""
        rows = tuple(
            (
                self.labels[method], len(found.names), *_numbers(found.with_likeness),
                *_numbers(found.with_size), *_shared(self.overlaps.get(method)),
            )
            for method, found in self.by_method.items()
        )  # fmt: skip
        return PageTable(columns=_COLUMNS, rows=rows)


def _numbers(one: Association | None) -> tuple[float | None, ...]:
    names = ("rank", "rank_p", "linear", "linear_low", "linear_high")
    return tuple(None if one is None else rounded(getattr(one, name)) for name in names)


def _shared(one: Overlap | None) -> tuple[float | None, ...]:
    if one is None:
        return (None, None, None)
    return (rounded(one.jaccard), rounded(one.chance_jaccard), one.n_pairs)


def causes_data(study: Study) -> list[CausesData]:
    """The frames of the retention figure, with what goes with the bias of each class."""
    shared = overlaps(study)
    return [_frame_data(study, frame, shared) for frame in class_frames(study)]


def _frame_data(study: Study, frame: ClassFrame, shared: dict[Condition, Overlap]) -> CausesData:
    causes = {
        method: bias_causes(cell, study.dropped, alpha=study.alpha)
        for method, cell in frame.cells.items()
    }
    return CausesData(
        key=frame.key,
        label=frame.label,
        by_method={method: one for method, one in causes.items() if one},
        overlaps={
            method: shared[cell.condition]
            for method, cell in frame.cells.items()
            if cell.condition in shared
        },
        labels=frame.labels,
        marks=frame.marks,
        lead=frame.lead,
        group=frame.group,
        at=frame.at,
    )


def causes_figure(data: CausesData) -> Spec:
    """Two scatter plots beside each other; the left one is left out where likeness is not known."""
    known = any(np.isfinite(one.likeness).all() for one in data.by_method.values())
    traces = [
        trace
        for method in data.by_method
        for trace in _traces(data, method, is_known=known)
    ]  # fmt: skip
    axes = {
        "yaxis": axis("retention bias (pp)", zeroline=True, zerolinecolor=GRID),
        "xaxis": axis("training rows of the class", type="log", tickvals=_ticks(data),
            domain=[0.54, 1] if known else [0, 1]),
    }  # fmt: skip
    if known:
        axes["xaxis2"] = axis("mean cosine to the nearest rows", domain=[0, 0.46], anchor="y")
        axes["yaxis"]["anchor"] = "x2"
    return {
        "data": traces,
        "layout": layout(460, (560, 1060), margin={"l": 64, "r": 16, "t": 70, "b": 56}, **axes),
    }


def _ticks(data: CausesData) -> list[float]:
    """1, 2 and 5 of every power of ten between the sizes of classes; their ends where that is one or none."""
    sizes = np.concatenate([one.sizes for one in data.by_method.values()])
    least, most = float(sizes.min()), float(sizes.max())
    steps = [k * 10.0**e for e in range(12) for k in (1, 2, 5)]
    between = [one for one in steps if least <= one <= most]
    return between if len(between) > 1 else sorted({least, most})


def _traces(data: CausesData, method: Method, *, is_known: bool) -> list[Spec]:
    """The dots of one method: over the size, and over the likeness where that is known."""
    found, marker = data.by_method[method], data.marks[method]
    over: list[tuple[str, NDArray[np.float64]]] = [("x", found.sizes)]
    if is_known and np.isfinite(found.likeness).all():
        over.append(("x2", found.likeness))
    named = method == data.lead
    return [
        {
            "type": "scatter", "mode": "markers+text" if named else "markers", "xaxis": at, "yaxis": "y",
            "x": x.tolist(), "y": found.bias_pp.tolist(),
            "text": _names(found) if named else None, "cliponaxis": False,
            "textposition": "top center", "textfont": {"size": 11, "color": INK},
            "name": escaped(data.labels[method], 42), "legendgroup": data.labels[method],
            "showlegend": at == "x", "marker": marker_spec(marker, 11 if named else 8),
            "hoverinfo": "text", "hovertext": _hovers(data, method),
        }
        for at, x in over
    ]  # fmt: skip


def _names(found: BiasCauses) -> list[str]:
    """The names that stand in the picture, empty for a class that is named under the pointer alone."""
    order = np.argsort(found.bias_pp, kind="stable")
    told = order if len(order) <= _ALL_NAMED else [*order[:_LOSERS_NAMED], order[-1]]
    chosen = {int(k) for k in told}
    return [
        escaped(class_label(name), 24) if k in chosen else "" for k, name in enumerate(found.names)
    ]


def _hovers(data: CausesData, method: Method) -> list[str]:
    found = data.by_method[method]
    return [
        f"<b>{folded(class_label(name))}</b><br>{escaped(data.labels[method], 60)}<br>bias {signed(float(bias))} pp<br>"
        f"{size:,.0f} rows{f', mean cosine {like:.3f}' if np.isfinite(like) else ''}"
        for name, bias, size, like in zip(
            found.names, found.bias_pp, found.sizes, found.likeness, strict=True
        )
    ]
