"""The run from which scoring has paid for itself."""

import math
from dataclasses import dataclass

import numpy as np

from analysis.cost import REUSES, Cost, best_measured_costs
from analysis.methods import Method
from analysis.money import Retraining, retraining
from analysis.page.figures.style import (
    CONTROL,
    MOST_NAMED,
    MUTED,
    PageTable,
    Spec,
    axis,
    escaped,
    layout,
    marker_spec,
    markers,
    rounded,
)
from analysis.page.money_words import pays_text
from analysis.study import Study
from analysis.wording import percent, removed_text

_MOST_RUNS = 30
# Below this a saving is far from paying; a line that starts there would press the others flat.
_LOWEST = -60.0


@dataclass(frozen=True, kw_only=True)
class BreakEvenData:
    """One data set, rate and warm-up: what each method saves a run, by runs.

    Attributes:
        key: Names the variant in a link.
        label: What the reader chooses.
        costs: By method.
        labels: Their names.
        study: What training again takes by the clock, and when it has paid for the study, by method.
    """

    key: str
    label: str
    costs: dict[Method, Cost]
    labels: dict[Method, str]
    study: dict[Method, Retraining]

    @property
    def named(self) -> tuple[Method, ...]:
        """Methods with a line and a name of their own: from the cheapest to score to the dearest."""
        ranked = sorted(self.costs, key=lambda method: _even(self.costs[method]))
        ranks = np.linspace(0, len(ranked) - 1, min(MOST_NAMED, len(ranked)))
        return tuple(ranked[round(rank)] for rank in ranks)

    @property
    def caption(self) -> str:
        """What is left out of the picture, and when the study itself has paid."""
        pale = len(self.costs) - len(self.named)
        quickest = min(self.study, key=lambda method: self.study[method].pruned_s, default=None)
        told = ""
        if quickest is not None:
            told = (
                f" With the study counted, {self.labels[quickest]}, whose runs take least here, "
                f"{pays_text(self.study[quickest])}."
            )
        return f"{f' {pale} more methods are pale lines.' if pale else ''}{told}"

    @property
    def table(self) -> PageTable:
        """Net saving for a few numbers of runs, and where it begins."""
        some = (*REUSES, _MOST_RUNS)
        columns = (
            "method",
            *(f"{n} runs, %" if n > 1 else "1 run, %" for n in some),
            "pays from run",
            "pays from run, study counted",
        )
        rows = tuple(
            (
                self.labels[method],
                *(_saved(cost, n, 1) for n in some),
                _pays_from(cost),
                _with_study(self.study.get(method)),
            )
            for method, cost in self.costs.items()
        )
        return PageTable(columns=columns, rows=rows)


def _even(cost: Cost) -> float:
    runs = cost.break_even_runs
    assert runs is not None, "only runs that began afresh have a line"
    return runs


def _pays_from(cost: Cost) -> float | None:
    return max(1, math.ceil(_even(cost))) if _even(cost) < 1e6 else None


def _with_study(one: Retraining | None) -> int | None:
    """None also where a saving by the clock is not shown."""
    return one.pays_from if one and one.is_shown else None


def _saved(cost: Cost, runs: int, digits: int) -> float | None:
    share = cost.saved_net(runs)
    return None if share is None else rounded(100 * share, digits)


def break_even_data(study: Study) -> list[BreakEvenData]:
    """Each data set, rate and warm-up whose runs began afresh and measured what they took."""
    found = []
    for source, name in study.sources.items():
        costs = [(row, cost) for row, cost in best_measured_costs(study.of(source)) if cost.restart]
        conditions = [row.cell.condition for row, _ in costs]
        for rate, warmup in sorted({(c.rate, c.warmup) for c in conditions}):
            here = [
                (row, cost)
                for row, cost in costs
                if (row.cell.condition.rate, row.cell.condition.warmup) == (rate, warmup)
            ]
            own = {row.cell.condition.method: cost for row, cost in here}
            timed = {row.cell.condition.method: retraining(study, row) for row, _ in here}
            found.append(
                BreakEvenData(
                    key=f"{name}|{percent(rate)}|{percent(warmup)}",
                    label=f"{name} · {removed_text(rate, warmup)}",
                    costs=own,
                    labels={method: study.methods[method] for method in own},
                    study={method: one for method, one in timed.items() if one},
                )
            )
    return found


def break_even_figure(data: BreakEvenData) -> Spec:
    """A line a method over the runs that train on the same survivors."""
    drawn, named = markers(list(data.costs)), data.named
    traces = [_line(data, method) for method in data.costs if method not in named]
    for method in named:
        first = _pays_from(data.costs[method])
        when = f"pays from run {first}" if first else "never pays"
        traces.append(
            _line(data, method)
            | {
                "mode": "lines+markers", "showlegend": True, "opacity": 1,
                "name": f"{escaped(data.labels[method], 42)}, {when}",
                "line": {"color": drawn[method].color, "width": 2},
                "marker": marker_spec(drawn[method], 6),
            }
        )  # fmt: skip
    lowest = min((min(trace["y"]) for trace in traces), default=0.0)
    y = axis("saved a run, net of scoring (%)", zeroline=True, zerolinecolor=MUTED)
    if lowest < _LOWEST:
        y |= {"range": [_LOWEST, 5 + max(max(trace["y"]) for trace in traces)]}
    return {
        "data": traces,
        "layout": layout(
            400 + 18 * max(0, len(named) - 4),
            (560, 860),
            xaxis=axis("runs that train on the same survivors"),
            yaxis=y,
            legend={
                "orientation": "v", "x": 1, "y": 0, "xanchor": "right", "yanchor": "bottom",
                "font": {"size": 12},
            },
        ),
    }  # fmt: skip


def _line(data: BreakEvenData, method: Method) -> Spec:
    runs = np.arange(1, _MOST_RUNS + 1)
    return {
        "type": "scatter", "mode": "lines", "showlegend": False, "opacity": 0.5,
        "x": runs.tolist(),
        "y": [_saved(data.costs[method], int(n), 3) for n in runs],
        "line": {"color": CONTROL, "width": 1},
        "hovertemplate": f"{_safe(data.labels[method])}<br>%{{x}} runs: %{{y:.1f}}% a run"
        "<extra></extra>",
    }  # fmt: skip


def _safe(label: str) -> str:
    """A label inside a hover template: none of its own placeholders is filled."""
    return escaped(label, 60).replace("%{", "% {")
