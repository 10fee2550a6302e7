"""The metric against compute: what no other condition beats at both."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from analysis.cost import REUSES, best_measured_costs
from analysis.envelope import JudgedCell
from analysis.methods import Method
from analysis.metric_words import MetricWords
from analysis.page.figures.marks import Marker, marker_spec, markers, told_apart
from analysis.page.figures.style import (
    CONTROL,
    GRID,
    MOST_NAMED,
    MUTED,
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
from analysis.page.phrases import tolerance_of, words_of
from analysis.study import Study
from analysis.wording import percent, removed_text

# Dearer than this a condition is in the table alone: it would squeeze the others. Where all are
# dearer, so far above the cheapest of them.
_DEAREST, _ABOVE_CHEAPEST = 112.0, 1.3


@dataclass(frozen=True, kw_only=True)
class Point:
    """A condition: compute per run in per cent of the full run, mean change and its bounds."""

    method: Method
    label: str
    warmup: float
    rate: float
    compute: float
    mean: float
    low: float | None
    high: float | None


@dataclass(frozen=True, kw_only=True)
class ParetoData:
    """One data set, when so many runs train on the same survivors.

    Attributes:
        key: Names the variant in a link.
        label: What the reader chooses.
        points: The cheapest first.
        tolerance: Where the line is.
        words: How the metric is written.
        marks: How each method is drawn.
        group: The data set.
        at: What it is about.
    """

    key: str
    label: str
    points: tuple[Point, ...]
    tolerance: float
    words: MetricWords
    marks: Mapping[Method, Marker]
    group: str
    at: Subject

    @property
    def dearest(self) -> float:
        """What the dearest condition drawn may cost, in per cent of the full run."""
        cheapest = min((point.compute for point in self.points), default=0.0)
        return _DEAREST if cheapest <= _DEAREST else _ABOVE_CHEAPEST * cheapest

    @property
    def shown(self) -> tuple[Point, ...]:
        """Those drawn."""
        return tuple(point for point in self.points if point.compute <= self.dearest)

    @property
    def front(self) -> tuple[tuple[float, float], ...]:
        """Compute and mean of conditions no other beats at both, and of the full data."""
        best: list[tuple[float, float]] = []
        dots = [(p.compute, p.mean) for p in self.points] + [(100.0, 0.0)]
        for compute, mean in sorted(dots, key=lambda dot: (dot[0], -dot[1])):
            if not best or mean > best[-1][1]:
                best.append((compute, mean))
        return tuple(best)

    @property
    def named(self) -> tuple[Method, ...]:
        """Methods with a mark and a name of their own: the front's, random, and the best."""
        best = {(round(x, 6), round(y, 6)) for x, y in self.front}

        def rank(point: Point) -> tuple[bool, bool, float]:
            is_best = (round(point.compute, 6), round(point.mean, 6)) in best
            return not is_best, not point.method.is_control, -point.mean

        ranked = dict.fromkeys(point.method for point in sorted(self.shown, key=rank))
        return tuple(ranked)[:MOST_NAMED]

    @property
    def caption(self) -> str:
        """What is left out of the picture."""
        count = len(self.points) - len(self.shown)
        all_dear = self.dearest > _DEAREST
        dear = " Every condition costs more than the full run." if all_dear else ""
        dear += f" {count} dearer than {self.dearest:.0f}% are in the table alone." if count else ""
        pale = len({point.method for point in self.shown}) - len(self.named)
        return f"{f' {pale} more methods are pale dots.' if pale else ''}{dear}"

    @property
    def table(self) -> PageTable:
        """The points as rows."""
        columns = ("method", "warm-up", "removed", "compute %", *self.words.heads)
        rows = tuple(
            (
                p.label, percent(p.warmup), percent(p.rate), rounded(p.compute, 1),
                *(rounded(value, self.words.digits + 1) for value in (p.mean, p.low, p.high)),
            )
            for p in self.points
        )  # fmt: skip
        return PageTable(columns=columns, rows=rows)


def pareto_data(study: Study) -> list[ParetoData]:
    """Each data set for one run and for several on the same survivors."""
    found, marks = [], markers(study.methods)
    for source, name in study.sources.items():
        costs = best_measured_costs(study.of(source))
        for runs in REUSES if costs else ():
            saved = [(row, cost.saved_net(runs)) for row, cost in costs]
            points = [_point(study, row, net) for row, net in saved if net is not None]
            if not points:
                continue  # later runs were not measured
            found.append(
                ParetoData(
                    key=f"{name}|{runs}",
                    label=f"{name} · {_runs_text(runs)}",
                    points=tuple(sorted(points, key=lambda point: point.compute)),
                    tolerance=tolerance_of(study, source),
                    words=words_of(study),
                    marks=marks,
                    group=name,
                    at=Subject(source=source),
                )
            )
    return found


def _runs_text(runs: int) -> str:
    return "one run" if runs == 1 else f"{runs} runs on the same survivors"


def _point(study: Study, row: JudgedCell, saved: float) -> Point:
    condition, v = row.cell.condition, row.verdict
    assert v is not None, "only judged conditions have a point"
    return Point(
        method=condition.method,
        label=study.methods[condition.method],
        warmup=condition.warmup,
        rate=condition.rate,
        compute=100 * (1 - saved),
        mean=v.mean,
        low=v.low,
        high=v.high,
    )


def pareto_figure(data: ParetoData) -> Spec:
    """Dots by method, a step line along the best, a star for the full data; right is cheaper."""
    named = data.named
    marks = told_apart(data.marks, named)
    front = [dot for dot in data.front if dot[0] <= data.dearest]
    traces: list[Spec] = [
        {
            "type": "scatter", "mode": "lines", "x": [x for x, _ in front],
            "y": [y for _, y in front], "line": {"shape": "hv", "color": MUTED, "width": 1.5},
            "hoverinfo": "skip", "showlegend": False,
        }
    ]  # fmt: skip
    pale = [point for point in data.shown if point.method not in named]
    traces += [_pale(data.words, pale)] if pale else []
    for method in named:
        own = [point for point in data.shown if point.method == method]
        traces.append(_dots(data.words, own, marks[method]))
    traces.append(
        {
            "type": "scatter", "mode": "markers", "x": [100], "y": [0], "name": "full data",
            "marker": {"symbol": "star", "size": 16, "color": TEXT},
            "hovertemplate": "full data<extra></extra>",
        }
    )  # fmt: skip
    line = {"type": "line", "xref": "paper", "x0": 0, "x1": 1, "y0": -data.tolerance}
    return {
        "data": traces,
        "layout": layout(
            440,
            (560, 860),
            narrow={"minw": 340, "titles": ["compute, % of the full run"]},
            xaxis=axis(
                "compute of a run, % of the full run, scoring included", autorange="reversed"
            ),
            yaxis=axis(escaped(data.words.axis, 60), zeroline=True, zerolinecolor=GRID),
            shapes=[
                line
                | {"y1": -data.tolerance, "line": {"color": SAFE, "width": 1.5, "dash": "dash"}}
            ],
        ),
    }


def _pale(words: MetricWords, points: Sequence[Point]) -> Spec:
    """Where there are too many methods to tell apart: their names show under the pointer."""
    return {
        "type": "scatter", "mode": "markers", "showlegend": False,
        "x": [p.compute for p in points], "y": [p.mean for p in points],
        "marker": {"size": 6, "color": CONTROL, "opacity": 0.35},
        "customdata": [f"{escaped(p.label, 60)}<br>{removed_text(p.rate, p.warmup)}" for p in points],
        "hovertemplate": f"%{{customdata}}<br>%{{x:.1f}}% compute, %{{y{words.hover}<extra></extra>",
    }  # fmt: skip


def _dots(words: MetricWords, points: Sequence[Point], marker: Marker) -> Spec:
    lows = [p.mean - p.low if p.low is not None else 0 for p in points]
    highs = [p.high - p.mean if p.high is not None else 0 for p in points]
    return {
        "type": "scatter",
        "mode": "markers",
        "name": escaped(points[0].label, 42),
        "x": [p.compute for p in points],
        "y": [p.mean for p in points],
        "error_y": {
            "type": "data", "symmetric": False, "array": highs, "arrayminus": lows,
            "color": marker.color, "thickness": 1,
        },
        "marker": marker_spec(marker, 10),
        "customdata": [removed_text(p.rate, p.warmup) for p in points],
        "hovertemplate": f"%{{customdata}}<br>%{{x:.1f}}% compute, %{{y{words.hover}<extra></extra>",
    }  # fmt: skip
