"""Do signals agree: rank correlation of every two, and how many of the lowest both choose."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from analysis.methods import DatasetId
from analysis.page.figures.style import INK, PageTable, Spec, axis, escaped, layout, rounded
from analysis.page.figures.subjects import Subject
from analysis.study import Study
from analysis.wording import percent, signal_label

# Above this many signals the squares are too small for their numbers.
_MOST_NUMBERED = 14
_KINDS = {"spearman": "rank correlation", "overlap": "overlap of the lowest 10%"}


@dataclass(frozen=True, kw_only=True)
class AgreeData:
    """One data set at one mark, by one measure.

    Attributes:
        key: Names the variant in a link.
        label: What the reader chooses.
        kind: "spearman" or "overlap".
        names: Signals.
        values: By (row, column) of names, row below column.
        rows: What the file holds of every two.
        group: The data set.
        at: What it is about.
    """

    key: str
    label: str
    kind: str
    names: tuple[str, ...]
    values: Mapping[tuple[int, int], float | None]
    rows: tuple[tuple[str | float | None, ...], ...]
    group: str
    at: Subject

    @property
    def table(self) -> PageTable:
        """Every two signals as rows."""
        columns = ("signal", "other", "samples", "rank correlation", "overlap of the lowest 10%")
        return PageTable(columns=columns, rows=self.rows, formats=("", "", ",", "+.2", ".2"))


def agree_data(study: Study) -> list[AgreeData]:
    """Each data set and mark with two signals or more, by both measures."""
    marks: dict[tuple[str, float], list[Mapping[str, Any]]] = {}
    for one in study.dropped.agreement:
        marks.setdefault((one["dataset"], one["warmup"]), []).append(one)
    return [
        _variant(where, pairs, kind) for where, pairs in sorted(marks.items()) for kind in _KINDS
    ]


def _variant(where: tuple[str, float], pairs: Sequence[Mapping[str, Any]], kind: str) -> AgreeData:
    named = [(_name(pair["one"], pairs), _name(pair["other"], pairs)) for pair in pairs]
    names = tuple(dict.fromkeys(name for both in named for name in both))
    position = {name: i for i, name in enumerate(names)}
    return AgreeData(
        key=f"{where[0]}|{percent(where[1])}|{kind}",
        label=f"{where[0]} · {percent(where[1])} warm-up · {_KINDS[kind]}",
        kind=kind,
        names=names,
        values={
            (max(position[a], position[b]), min(position[a], position[b])): pair[kind]
            for (a, b), pair in zip(named, pairs, strict=True)
        },
        rows=tuple(
            (a, b, pair["n"], rounded(pair["spearman"]), rounded(pair["overlap"]))
            for (a, b), pair in zip(named, pairs, strict=True)
        ),
        group=where[0],
        at=Subject(source=DatasetId(where[0], str(pairs[0].get("data_sha", ""))), warmup=where[1]),
    )


def _name(signal: Mapping[str, Any], pairs: Sequence[Mapping[str, Any]]) -> str:
    """The signal, and its settings where it is there with others."""
    same = {
        str(one["settings"])
        for pair in pairs
        for one in (pair["one"], pair["other"])
        if one["signal"] == signal["signal"]
    }
    settings = ", ".join(f"{k} {v}" for k, v in sorted(signal["settings"].items()))
    name = signal_label(signal["signal"])
    return f"{name} ({settings})" if len(same) > 1 else name


def agree_figure(data: AgreeData) -> Spec:
    """The lower triangle as a heatmap; numbers in it while there is room."""
    n = len(data.names)
    z = [[data.values.get((row, column)) for column in range(n - 1)] for row in range(1, n)]
    shown = [
        ["" if value is None else f"{round(value, 2) + 0.0:.2f}".replace("-", "−") for value in row]
        for row in z
    ]
    size = 54 if n <= _MOST_NUMBERED else 22
    trace = {
        "type": "heatmap",
        "z": z,
        "x": [escaped(name) for name in data.names[:-1]],
        "y": [escaped(name) for name in data.names[1:]],
        "text": shown,
        "texttemplate": "%{text}" if n <= _MOST_NUMBERED else "",
        "textfont": {"size": 12, "color": INK},
        "hovertemplate": "%{y}, %{x}: %{text}<extra></extra>",
        "zmin": -1 if data.kind == "spearman" else 0,
        "zmax": 1,
        "colorscale": [[0, "#E8A878"], [0.5, "#F7F7F4"], [1, "#7DB2DA"]]
        if data.kind == "spearman"
        else [[0, "#F7F7F4"], [1, "#7DB2DA"]],
        "xgap": 2,
        "ygap": 2,
        "showscale": False,
    }
    width = 210 + size * n
    margin = {"l": 190, "r": 16, "t": 16, "b": 150}
    return {
        "data": [trace],
        "layout": layout(
            180 + size * n,
            (min(width, 560), max(width, 420)),
            margin=margin,
            xaxis=axis(tickangle=-45, showgrid=False),
            yaxis=axis(autorange="reversed", showgrid=False),
        ),
    }
