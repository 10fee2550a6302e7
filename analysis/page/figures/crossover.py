"""Keeping the hardest against keeping the easiest over total size, one kept share a frame."""

from collections.abc import Sequence
from dataclasses import dataclass

from analysis.page.figures.frontier import Axes, error_axis
from analysis.page.figures.style import MUTED, TEXT, PageTable, Spec, axis, layout
from analysis.wording import percent

_ARMS = {
    "hard": ("the hardest kept", "#0067A3", "circle"),
    "easy": ("the easiest kept", "#C24E00", "square"),
}


@dataclass(frozen=True, kw_only=True)
class SideBySide:
    """Students of both arms at one total size.

    Attributes:
        alpha: Examples per dimension before pruning.
        hard: Mean error with the hardest kept.
        easy: With the easiest.
        ratio: Hard over easy, by the means.
        low: Lower bound of the ratio, over repetitions paired.
        high: Upper bound.
    """

    alpha: float
    hard: float
    easy: float
    ratio: float
    low: float
    high: float


@dataclass(frozen=True, kw_only=True)
class CrossoverData:
    """One kept share.

    Attributes:
        share: Kept.
        exact: The alpha at which the hardest become the better ones, in the limit of many dimensions.
        hard: The exact curve: alpha and error.
        easy: Likewise.
        whole: Without pruning.
        simulated: At totals below and above the crossover, and wherever both arms ran, ascending.
    """

    share: float
    exact: float
    hard: Sequence[tuple[float, float]]
    easy: Sequence[tuple[float, float]]
    whole: Sequence[tuple[float, float]]
    simulated: Sequence[SideBySide]

    @property
    def key(self) -> str:
        """Names the variant in a link."""
        return percent(self.share)

    @property
    def label(self) -> str:
        """What the reader chooses."""
        return f"{percent(self.share)} kept"

    @property
    def between(self) -> tuple[float, float] | None:
        """The nearest totals at which students show the easiest, and then the hardest, to be better."""
        easy = [one.alpha for one in self.simulated if one.low > 1]
        hard = [one.alpha for one in self.simulated if one.high < 1]
        if not (easy and hard) or max(easy) > min(hard):
            return None
        return max(easy), min(hard)

    @property
    def caption(self) -> str:
        """Where they cross, exact and in the students."""
        seen = "the students show no crossing"
        if self.between:
            seen = f"the students cross between {self.between[0]:.3g} and {self.between[1]:.3g}"
        return f" Exact crossover at {self.exact:.3g} examples a dimension; {seen}."

    @property
    def table(self) -> PageTable:
        """The students of both arms."""
        rows = tuple(
            (
                one.alpha,
                round(one.hard, 5),
                round(one.easy, 5),
                *(round(v, 3) for v in (one.ratio, one.low, one.high)),
            )
            for one in self.simulated
        )
        columns = (
            "examples a dimension",
            "error, hardest kept",
            "error, easiest kept",
            "ratio",
            "low",
            "high",
        )
        return PageTable(columns=columns, rows=rows, formats=("", ".4", ".4", ".3", ".3", ".3"))


def crossover_figure(data: CrossoverData) -> Spec:
    """Both exact curves with their students, no pruning, and a line where they cross."""
    traces: list[Spec] = [
        {
            "type": "scatter", "mode": "lines", "name": "no pruning", "x": [x for x, _ in data.whole],
            "y": [y for _, y in data.whole], "line": {"color": TEXT, "width": 2.5}, "hoverinfo": "skip",
        }
    ]  # fmt: skip
    for arm, (name, color, symbol) in _ARMS.items():
        curve = data.hard if arm == "hard" else data.easy
        errors = [one.hard if arm == "hard" else one.easy for one in data.simulated]
        traces.append(
            {
                "type": "scatter", "mode": "lines", "name": name, "legendgroup": arm, "hoverinfo": "skip",
                "x": [x for x, _ in curve], "y": [y for _, y in curve], "line": {"color": color, "width": 2},
            }
        )  # fmt: skip
        traces.append(
            {
                "type": "scatter", "mode": "markers", "name": name, "legendgroup": arm, "showlegend": False,
                "x": [one.alpha for one in data.simulated], "y": errors,
                "marker": {"color": color, "symbol": symbol, "size": 8},
                "hovertemplate": f"{name}: %{{x}} examples a dimension, error %{{y:.3%}}<extra></extra>",
            }
        )  # fmt: skip
    totals = sorted({2.0**i for i in range(-3, 12)} & {x for x, _ in data.whole})
    return {
        "data": traces,
        "layout": layout(
            440, (560, 860),
            xaxis=axis(
                "examples a dimension, before pruning", type="log", tickvals=totals,
                ticktext=[f"{total:g}" for total in totals],
            ),
            yaxis=error_axis(Axes()),
            shapes=[
                {
                    "type": "line", "xref": "x", "yref": "paper", "x0": data.exact, "x1": data.exact, "y0": 0, "y1": 1,
                    "line": {"color": MUTED, "width": 1.5, "dash": "dash"},
                }
            ],
        ),
    }  # fmt: skip
