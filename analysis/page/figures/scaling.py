"""Does pruning bend the scaling curve: test error over kept size, both axes logarithmic."""

from dataclasses import dataclass

import numpy as np

from analysis.methods import Method
from analysis.metric_words import MetricWords
from analysis.page.figures.style import (
    MOST_NAMED,
    PageTable,
    Spec,
    axis,
    escaped,
    layout,
    marker_spec,
    markers,
    rounded,
)
from analysis.page.phrases import words_of
from analysis.scaling_laws import Curve, Ratio, against, curve
from analysis.study import Study
from analysis.wording import percent

_COLUMNS = (
    "method", "sizes", "seeds", "exponent", "low", "high", "error over random's", "low of it",
    "high of it", "AIC, power − exponential", "reads",
)  # fmt: skip


_DECADES = [
    lead * 10**power for power in range(-4, 1) for lead in (1, 2, 5) if lead * 10**power <= 1
]


@dataclass(frozen=True, kw_only=True)
class ScalingData:
    """One data set, whose trials started afresh on the survivors of one warm-up.

    Attributes:
        key: Names the variant in a link.
        label: What the reader chooses.
        curves: By method, random last.
        ratios: Errors over random's, where that ran at the same sizes and seeds.
        labels: Names of the methods.
        words: How the metric is written.
    """

    key: str
    label: str
    curves: dict[Method, Curve]
    ratios: dict[Method, Ratio]
    labels: dict[Method, str]
    words: MetricWords

    @property
    def what(self) -> str:
        """What is drawn: the error, what is missing of another share, or a loss by its name."""
        if self.words.is_accuracy:
            return "error"
        label = self.words.metric.label
        return f"1 − {label}" if self.words.metric.unit == "pp" else label

    @property
    def named(self) -> list[Method]:
        """Methods drawn: random, and those with the fewest errors beside it."""

        def rank(method: Method) -> tuple[bool, float]:
            ratio = self.ratios.get(method)
            return not method.is_control, ratio.mean if ratio else 1.0

        return sorted(self.curves, key=rank)[:MOST_NAMED]

    @property
    def caption(self) -> str:
        """Random's law, how the others stand to it, and what is left out."""
        parts = []
        for method in self.named:
            one, ratio = self.curves[method], self.ratios.get(method)
            if method.is_control:
                parts.append(
                    f" {self.labels[method]}: {self.what} falls as n to the −{one.exponent:.2f}; "
                    f"{one.finding}."
                )
            elif ratio and ratio.low is not None:
                parts.append(
                    f" {self.labels[method]}: {ratio.mean:.2f} [{ratio.low:.2f}, {ratio.high:.2f}] "
                    f"times random's {self.what}{'s' * self.words.is_accuracy} at the same size."
                )
        left = len(self.curves) - len(self.named)
        return "".join(parts) + (f" {left} more methods are in the table alone." if left else "")

    @property
    def table(self) -> PageTable:
        """The fits as rows."""
        rows = []
        for method, one in self.curves.items():
            r = self.ratios.get(method)
            beside = (r.mean, r.low, r.high) if r else (None, None, None)
            rows.append(
                (
                    self.labels[method], len(one.sizes), len(one.errors),
                    *(rounded(v) for v in (one.exponent, one.low, one.high, *beside)),
                    rounded(one.delta_aic, 1), one.finding,
                )
            )  # fmt: skip
        columns = [name.replace("error over", f"{self.what} over") for name in _COLUMNS]
        return PageTable(columns=tuple(columns), rows=tuple(rows))


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
    ratios = {}
    for method, one in curves.items():
        ratio = against(one, control, alpha=study.alpha) if control else None
        if ratio is not None and not method.is_control:
            ratios[method] = ratio
    labels = {method: study.methods[method] for method in curves}
    # What all of them share is said once.
    shared = {label.partition(", ")[2] for label in labels.values()}
    said = f" · {shared.pop()}" if len(shared) == 1 and "" not in shared else ""
    return ScalingData(
        key=key,
        label=f"{name} · scored after {warmup} of the steps{said}",
        words=words_of(study),
        curves=curves,
        ratios=ratios,
        labels={m: label.partition(", ")[0] if said else label for m, label in labels.items()},
    )


def scaling_figure(data: ScalingData) -> Spec:
    """Means with the range over seeds, and each method's power law; random's with its band."""
    drawn = markers(list(data.curves))
    kept = sorted({size for one in data.curves.values() for size in one.sizes})
    traces = []
    for method in data.named:
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
                "hovertemplate": f"%{{x:,}} kept: {_safe_text(data.what)} {_hover_value(data.words)}<extra></extra>",
            }
        )  # fmt: skip
    return {
        "data": traces,
        "layout": layout(
            460, (560, 860),
            xaxis=axis(
                "training samples kept", type="log", tickvals=kept,
                ticktext=[f"{size:,}" for size in kept], tickangle=-45,
            ),
            yaxis=_error_axis(data),
        ),
    }  # fmt: skip


def _error_axis(data: ScalingData) -> Spec:
    """Shares by decades of per cent; a loss by ticks of the drawing's own."""
    metric = data.words.metric
    if metric.unit != "pp":
        unit = f" ({metric.unit})" if metric.unit else ""
        return axis(escaped(f"{metric.label}{unit}", 60), type="log", tickformat=",.3~r")
    return axis(
        escaped(f"test {data.what}" if data.words.is_accuracy else data.what, 60),
        type="log",
        tickvals=_DECADES,
        ticktext=[f"{value:g}%" for value in (100 * np.array(_DECADES)).round(6)],
    )


def _hover_value(words: MetricWords) -> str:
    if words.metric.unit == "pp":
        return "%{y:.2%}"
    unit = f" {words.metric.unit}" if words.metric.unit else ""
    return f"%{{y:,.{words.digits}f}}{unit}"


def _safe_text(text: str) -> str:
    """A name inside a hover template: none of its own placeholders is filled."""
    return escaped(text, 60).replace("%{", "% {")
