"""The frames of figures about classes: a data set, a rate and a warm-up, with as many methods as can be told apart."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import inf

import numpy as np

from analysis.class_retention import mean_bias_pp
from analysis.envelope import Cell, JudgedCell
from analysis.methods import Condition, DatasetId, Method
from analysis.page.figures.marks import Marker, markers, told_apart
from analysis.page.figures.style import MOST_NAMED
from analysis.page.figures.subjects import Subject, headlines
from analysis.study import Study
from analysis.wording import percent, removed_text

Cells = dict[Method, Cell]


@dataclass(frozen=True, kw_only=True)
class ClassFrame:
    """One frame.

    Attributes:
        key: Names the variant in a link.
        label: What the reader chooses.
        cells: By method, random last.
        labels: Their names.
        marks: How each is drawn.
        lead: The method that the frame speaks of: the answer's, or the best of the frame.
        group: The data set.
        at: What it is about.
    """

    key: str
    label: str
    cells: Cells
    labels: dict[Method, str]
    marks: dict[Method, Marker]
    lead: Method
    group: str
    at: Subject


def class_frames(study: Study) -> Iterator[ClassFrame]:
    """The frames of each data set, rate and warm-up whose rows say what was kept of each class."""
    if not any(row.class_names for row in study.results):
        return
    asked, marks = headlines(study), markers(study.methods)
    for source, name in study.sources.items():
        headline = asked.get(source)
        conditions = [row.cell.condition for row in study.of(source)]
        for rate, negative in sorted({(c.rate, -c.warmup) for c in conditions}):
            where = f"{name} · {removed_text(rate, -negative)}"
            key = f"{name}|{percent(rate)}|{percent(-negative)}"
            frames = _shared_out(_by_method(study, source, rate, -negative))
            for i, cells in enumerate(frames):
                names = (key, where)
                if len(frames) > 1:
                    first, *_, last = [study.methods[m] for m in cells if not m.is_control]
                    names = (f"{key}|{i + 1}", f"{where} · {first} … {last}")
                yield ClassFrame(
                    key=names[0],
                    label=names[1],
                    cells=cells,
                    labels={method: study.methods[method] for method in cells},
                    marks=told_apart(marks, cells),
                    lead=min(cells, key=lambda method: _rank(method, headline)),
                    group=name,
                    at=Subject(
                        source=source, methods=frozenset(cells), rate=rate, warmup=-negative
                    ),
                )


def _rank(method: Method, headline: Condition | None) -> tuple[bool, bool, bool]:
    """The answer's method, then one with something to show: cut by class, the bias is zero by construction."""
    is_asked = headline is not None and method == headline.method
    return not is_asked, method.is_control, method.selector != "global"


def _by_method(study: Study, source: DatasetId, rate: float, warmup: float) -> Cells:
    """The best mean first, as far as there is one, and random last."""
    found = [
        row
        for row in study.of(source)
        if (row.cell.condition.rate, row.cell.condition.warmup) == (rate, warmup)
        and mean_bias_pp(row.cell) is not None
    ]
    order = {method: i for i, method in enumerate(study.methods)}

    def rank(row: JudgedCell) -> tuple[bool, float, int]:
        method, v = row.cell.condition.method, row.verdict
        return method.is_control, -v.mean if v else inf, order[method]

    return {row.cell.condition.method: row.cell for row in sorted(found, key=rank)}


def _shared_out(cells: Cells) -> list[Cells]:
    """Frames of at most MOST_NAMED, in each of them random."""
    controls = {method: cell for method, cell in cells.items() if method.is_control}
    others = [method for method in cells if method not in controls]
    size = max(2, MOST_NAMED - len(controls))
    # Even frames: no last one with a single method.
    count = max(1, -(-len(others) // size)) if cells else 0
    parts = np.array_split(np.arange(len(others)), count) if count else []
    return [{**{others[k]: cells[others[k]] for k in part}, **controls} for part in parts]
