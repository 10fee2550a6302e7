"""The run from which scoring has paid for itself."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from analysis.cost import REUSES, Cost, best_measured_costs
from analysis.methods import Method
from analysis.money import Retraining, retraining, spent_on
from analysis.page.figures.marks import Marker, marker_spec, markers, told_apart
from analysis.page.figures.style import (
    CONTROL,
    MOST_NAMED,
    MUTED,
    PageTable,
    Spec,
    axis,
    escaped,
    layout,
    rounded,
)
from analysis.page.figures.subjects import Subject
from analysis.page.money_words import pays_text
from analysis.study import Study
from analysis.wording import percent, removed_text

_MOST_RUNS = 30
_RUNS = range(1, _MOST_RUNS + 1)
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
        marks: How each method is drawn.
        group: The data set.
        at: What it is about.
    """

    key: str
    label: str
    costs: dict[Method, Cost]
    labels: dict[Method, str]
    study: dict[Method, Retraining]
    marks: dict[Method, Marker]
    group: str
    at: Subject

    @property
    def lines(self) -> tuple[tuple[Method, ...], ...]:
        """Methods by the line they share, from the cheapest to score to the dearest."""
        shared: dict[tuple[float | None, ...], list[Method]] = {}
        for method, cost in sorted(self.costs.items(), key=lambda item: round(_even(item[1]), 6)):
            line = (_pays_from(cost), *(_saved(cost, n, 1) for n in _RUNS))
            shared.setdefault(line, []).append(method)
        return tuple(map(tuple, shared.values()))

    @property
    def named(self) -> tuple[tuple[Method, ...], ...]:
        """Lines with a name of their own, of the cheapest to score and of the dearest among them."""
        ranks = np.linspace(0, len(self.lines) - 1, min(MOST_NAMED, len(self.lines)))
        return tuple(self.lines[round(rank)] for rank in ranks)

    @property
    def caption(self) -> str:
        """What shares a line, what is left out of the picture, and when the study itself has paid."""
        told = [
            f"{', '.join(self.labels[method] for method in line)} share one line."
            for line in self.named
            if len(line) > 1
        ]
        if pale := len(self.lines) - len(self.named):
            told.append(f"{pale} more {'lines are' if pale > 1 else 'line is'} pale.")
        quickest = min(self.study, key=lambda method: self.study[method].pruned_s, default=None)
        if quickest is not None:
            told.append(
                f"With the study counted, {self.labels[quickest]}, whose runs take least here, "
                f"{pays_text(self.study[quickest])}."
            )
        return "".join(f" {one}" for one in told)

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
    found, marks = [], markers(study.methods)
    for source, name in study.sources.items():
        costs = [(row, cost) for row, cost in best_measured_costs(study.of(source)) if cost.restart]
        conditions, spent = [row.cell.condition for row, _ in costs], spent_on(study, source)
        for rate, warmup in sorted({(c.rate, c.warmup) for c in conditions}):
            here = [
                (row, cost)
                for row, cost in costs
                if (row.cell.condition.rate, row.cell.condition.warmup) == (rate, warmup)
            ]
            own = {row.cell.condition.method: cost for row, cost in here}
            timed = {row.cell.condition.method: retraining(row, spent) for row, _ in here}
            found.append(
                BreakEvenData(
                    key=f"{name}|{percent(rate)}|{percent(warmup)}",
                    label=f"{name} · {removed_text(rate, warmup)}",
                    costs=own,
                    labels={method: study.methods[method] for method in own},
                    study={method: one for method, one in timed.items() if one},
                    marks={method: marks[method] for method in own},
                    group=name,
                    at=Subject(source=source, methods=frozenset(own), rate=rate, warmup=warmup),
                )
            )
    return found


def break_even_figure(data: BreakEvenData) -> Spec:
    """A line a method over the runs that train on the same survivors; those that coincide are one."""
    named = data.named
    marks = told_apart(data.marks, [line[0] for line in named])
    traces = [_line(data, line) for line in data.lines if line not in named]
    for line in named:
        first, mark = _pays_from(data.costs[line[0]]), marks[line[0]]
        when = f"pays from run {first}" if first else "never pays"
        traces.append(
            _line(data, line)
            | {
                "mode": "lines+markers", "showlegend": True, "opacity": 1,
                "name": f"{_joined(data, line)}, {when}", "line": {"color": mark.color, "width": 2},
                "marker": marker_spec(mark, 6),
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
            narrow={"minw": 340, "legend": "above"},
            xaxis=axis("runs that train on the same survivors"),
            yaxis=y,
            legend={
                "orientation": "v", "x": 1, "y": 0, "xanchor": "right", "yanchor": "bottom",
                "font": {"size": 12},
            },
        ),
    }  # fmt: skip


def _joined(data: BreakEvenData, line: Sequence[Method]) -> str:
    """The names of a line: of many the first two and how many more."""
    if len(line) == 1:
        return escaped(data.labels[line[0]], 42)
    told = [escaped(data.labels[method], 30) for method in line[:2]]
    return f"{', '.join(told)}{f' and {len(line) - 2} more' if len(line) > 2 else ''}"


def _line(data: BreakEvenData, line: Sequence[Method]) -> Spec:
    names = "<br>".join(_safe(data.labels[method]) for method in line)
    return {
        "type": "scatter", "mode": "lines", "showlegend": False, "opacity": 0.5, "x": [*_RUNS],
        "y": [_saved(data.costs[line[0]], n, 3) for n in _RUNS],
        "line": {"color": CONTROL, "width": 1},
        "hovertemplate": f"{names}<br>%{{x}} runs: %{{y:.1f}}% a run<extra></extra>",
    }  # fmt: skip


def _safe(label: str) -> str:
    """A label inside a hover template: none of its own placeholders is filled."""
    return escaped(label, 60).replace("%{", "% {")
