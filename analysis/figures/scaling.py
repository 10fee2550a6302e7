"""Does pruning bend the scaling curve: test error over kept size, both axes logarithmic."""

from dataclasses import dataclass

import numpy as np

from analysis.figures.look import (
    MOST_TOLD,
    Spec,
    Table,
    axis,
    escaped,
    layout,
    marker_spec,
    markers,
    rounded,
)
from analysis.labels import Method, percent
from analysis.scaling import Bend, Curve, bend, curve
from analysis.study import Study

_COLUMNS = (
    "method", "sizes", "seeds", "exponent", "low", "high", "minus random", "low of it",
    "high of it", "AIC, power − exponential", "reads",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class ScalingData:
    """One data set, whose trials started afresh on the survivors of one warm-up.

    Attributes:
        key: Names the variant in a link.
        label: What the reader chooses.
        curves: By method, random last.
        bends: Against random, where that ran at the same sizes and seeds.
        labels: Names of the methods.
    """

    key: str
    label: str
    curves: dict[Method, Curve]
    bends: dict[Method, Bend]
    labels: dict[Method, str]

    @property
    def told(self) -> list[Method]:
        """Methods drawn: random, and the steepest."""
        ranked = sorted(self.curves, key=lambda m: (not m.is_control, -self.curves[m].exponent))
        return ranked[:MOST_TOLD]

    @property
    def caption(self) -> str:
        """Each law that was found, and what is left out."""
        parts = [
            f" {self.labels[m]}: error falls as n to the −{self.curves[m].exponent:.2f}; "
            f"{self.curves[m].finding}."
            for m in self.told
            if m.is_control or len(self.told) < 4
        ]
        left = len(self.curves) - len(self.told)
        return "".join(parts) + (f" {left} more methods are in the table alone." if left else "")

    @property
    def table(self) -> Table:
        """The fits as rows."""
        rows = []
        for method, one in self.curves.items():
            b = self.bends.get(method)
            against = (b.mean, b.low, b.high) if b else (None, None, None)
            rows.append(
                (
                    self.labels[method], len(one.sizes), len(one.errors),
                    *(rounded(v) for v in (one.exponent, one.low, one.high, *against)),
                    rounded(one.delta_aic, 1), one.finding,
                )
            )  # fmt: skip
        return Table(columns=_COLUMNS, rows=tuple(rows))


def scaling_data(study: Study) -> list[ScalingData]:
    """A frame for each data set and warm-up whose methods started afresh at three sizes or more."""
    found = []
    for source, name in study.sources.items():
        for warmup in study.warmups:
            curves = {}
            for method in study.methods:
                rows = [
                    row
                    for row in study.of(source, method)
                    if row.cell.condition.warmup == warmup
                    and row.cell.condition.protocol == "restart"
                ]
                one = curve(rows, alpha=study.alpha)
                if one is not None:
                    curves[method] = one
            if curves:
                found.append(_frame(study, f"{name}|{percent(warmup)}", curves))
    return found


def _frame(study: Study, key: str, curves: dict[Method, Curve]) -> ScalingData:
    name, warmup = key.rsplit("|", 1)
    control = next((one for method, one in curves.items() if method.is_control), None)
    bends = {}
    for method, one in curves.items():
        against = bend(one, control, alpha=study.alpha) if control else None
        if against is not None and not method.is_control:
            bends[method] = against
    return ScalingData(
        key=key,
        label=f"{name} · scored after {warmup} of the steps",
        curves=curves,
        bends=bends,
        labels={method: study.methods[method] for method in curves},
    )


def scaling_figure(data: ScalingData) -> Spec:
    """Means with the range over seeds, and each method's power law; random's with its band."""
    drawn = markers(list(data.curves))
    traces = []
    for method in data.told:
        one, marker = data.curves[method], drawn[method]
        fits = one.fitted()
        line = {"color": marker.color, "width": 2, "dash": "dot" if method.is_control else "solid"}
        sizes, means = list(one.sizes), np.exp(np.log(one.errors).mean(axis=0))
        shared = {"type": "scatter", "x": sizes, "legendgroup": data.labels[method]}
        hidden = {"mode": "lines", "showlegend": False, "hoverinfo": "skip"}
        if method.is_control and len(fits) > 1:
            edges = [fits.min(axis=0).tolist(), fits.max(axis=0)[::-1].tolist()]
            traces.append(
                shared | hidden | {
                    "x": sizes + sizes[::-1], "y": edges[0] + edges[1], "fill": "toself",
                    "fillcolor": "rgba(107,114,128,.22)", "line": {"width": 0},
                }
            )  # fmt: skip
        middle = np.exp(np.log(fits).mean(axis=0)).tolist()
        traces.append(shared | hidden | {"y": middle, "line": line})
        traces.append(
            shared | {
                "mode": "markers", "name": escaped(data.labels[method], 42), "y": means.tolist(),
                "marker": marker_spec(marker, 9),
                "error_y": {
                    "type": "data", "symmetric": False, "color": marker.color, "thickness": 1,
                    "array": (one.errors.max(axis=0) - means).tolist(),
                    "arrayminus": (means - one.errors.min(axis=0)).tolist(),
                },
                "hovertemplate": "%{x:,} kept: error %{y:.2%}<extra></extra>",
            }
        )  # fmt: skip
    return {
        "data": traces,
        "layout": layout(
            460, (560, 860),
            xaxis=axis("training samples kept", type="log", dtick="D2"),
            yaxis=axis("test error", type="log", tickformat=".1%", dtick="D2"),
        ),
    }  # fmt: skip
