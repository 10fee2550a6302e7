"""What differs in one thing alone: the arms that may be the best, and contrast by contrast by its size."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from analysis.contrast_rows import (
    behind_text,
    contrasts_of,
    leaders_of,
    place_text,
    shared_text,
    side_text,
)
from analysis.contrasts import CONTRASTS, Contrast
from analysis.leading_arms import Leaders
from analysis.methods import DatasetId, Method
from analysis.metric_words import MetricWords
from analysis.page.contrast_words import contrasts_sentence, leaders_sentence
from analysis.page.figures.style import (
    CONTROL,
    EDGE,
    GRID,
    MUTED,
    PageTable,
    Spec,
    axis,
    escaped,
    folded,
    layout,
    rounded,
)
from analysis.page.figures.subjects import Subject
from analysis.page.phrases import words_of
from analysis.study import Study
from analysis.wording import p_text, trained_label
from trainables.written_numbers import many

# Of more contrasts the largest are drawn; the table has all.
MOST_DRAWN = 40
_COLUMNS = ("left", "right", "both")
_TESTED = ("seeds", "p", "p, corrected", "finding", "notes")


@dataclass(frozen=True, kw_only=True)
class ContrastLine:
    """One line of the forest.

    Attributes:
        name: What is compared, or the arm.
        place: Where, if not all lines stand at one place.
        mean: The difference.
        low: Its lower bound; None where there is none.
        high: Its upper bound.
        is_told: Whether a difference is found; of an arm, whether it is shown to be behind.
        word: At the right of the line.
        hover: More of it, a line each.
    """

    name: str
    place: str
    mean: float
    low: float | None
    high: float | None
    is_told: bool
    word: str
    hover: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class ContrastsData:
    """One frame: the arms at one place, or the contrasts of one kind.

    Attributes:
        key: Names the variant in a link.
        label: What the reader chooses.
        group: The data set.
        caption: What is shown, in a sentence or two.
        lines: The largest difference first.
        axis: What the horizontal axis is.
        table: All of them as rows.
        words: How the metric is written.
        at: What it is about.
    """

    key: str
    label: str
    group: str
    caption: str
    lines: tuple[ContrastLine, ...]
    axis: str
    table: PageTable
    words: MetricWords
    at: Subject


def contrasts_data(study: Study) -> list[ContrastsData]:
    """By data set: the arms at every place, small rates and long warm-ups first, then kind by kind."""
    found = []
    for source, name in study.sources.items():
        found += [
            _arms_frame(study, name, one) for one in leaders_of(study) if one.source == source
        ]
        contrasts = [one for one in contrasts_of(study) if one.left.source == source]
        for kind in CONTRASTS:
            found += _kind_frames(study, name, [one for one in contrasts if one.kind == kind])
    if len(study.sources) == 1:
        return found
    # The head of the list does not show while it is closed.
    return [replace(one, label=f"{one.group} · {one.label}") for one in found]


def _arms_frame(study: Study, name: str, one: Leaders) -> ContrastsData:
    words, lead = words_of(study), one.arms[0].condition
    place = place_text(one.rates, one.warmup)
    trained = {(method.trained, method.protocol) for method in study.methods}
    which = f", {trained_label(lead.method)}, {lead.protocol}" if len(trained) > 1 else ""
    lines, rows = [], []
    for arm in one.arms:
        label = study.methods[arm.condition.method]
        behind = "; ".join(behind_text(study, arm, other) for other in arm.shown_behind)
        word = "may be best" if arm.may_lead else "worse"
        between = f"{words.short(arm.mean)} {words.interval(arm.low, arm.high)}{words.told}"
        hover = (between, many(arm.n_seeds, "seed"), f"worse than {behind}" if behind else word)
        lines.append(
            ContrastLine(
                name=label, place="", mean=arm.mean, low=arm.low, high=arm.high,
                is_told=not arm.may_lead, word=word, hover=hover,
            )
        )  # fmt: skip
        numbers = (rounded(value, words.digits + 1) for value in (arm.mean, arm.low, arm.high))
        rows.append((label, word, *numbers, arm.n_seeds, behind))
    return ContrastsData(
        key=f"{name}|arms|{place}{which}", label=f"Which may be the best · {place}{which}", group=name,
        caption=leaders_sentence(study, one), lines=tuple(lines), words=words, axis=words.axis,
        at=_place(one.source, one.rates, one.warmup, frozenset(a.condition.method for a in one.arms)),
        table=PageTable(
            columns=("method", "may be best", *words.heads, "seeds", "worse than"), rows=tuple(rows)
        ),
    )  # fmt: skip


def _kind_frames(study: Study, name: str, own: Sequence[Contrast]) -> Iterator[ContrastsData]:
    """Signals place by place, as they are many; of any other kind all in one frame."""
    by_place: dict[str, list[Contrast]] = {}
    for one in own:
        place = f" · {place_text(one.rates, one.left.warmup)}" if one.kind == "method" else ""
        by_place.setdefault(place, []).append(one)
    for place, shown in by_place.items():
        words, kind = words_of(study), CONTRASTS[shown[0].kind].words
        in_order = sorted(shown, key=lambda one: -one.mean)
        yield ContrastsData(
            key=f"{name}|{shown[0].kind}{place}", label=f"{kind}{place}", group=name,
            caption=contrasts_sentence(study, shown, sum(o.p_corrected is not None for o in own)),
            lines=tuple(_line(study, one, is_placed=not place) for one in _largest(in_order)),
            axis=f"{words.axis}, left minus right", words=words,
            at=_place(shown[0].left.source, shown[0].rates, shown[0].left.warmup) if place
            else Subject(source=shown[0].left.source),
            table=PageTable(
                columns=(*_COLUMNS, words.head("left minus right"), "low", "high", *_TESTED),
                rows=tuple(_row(study, one) for one in in_order),
            ),
        )  # fmt: skip


def _place(
    source: DatasetId,
    rates: tuple[float, ...],
    warmup: float,
    methods: frozenset[Method] | None = None,
) -> Subject:
    rate = rates[0] if len(rates) == 1 else None
    return Subject(source=source, rate=rate, warmup=warmup, methods=methods)


def _largest(in_order: Sequence[Contrast]) -> list[Contrast]:
    """Those that are drawn: what is found, then the largest, in their order."""
    first = sorted(in_order, key=lambda one: (not one.is_found, -abs(one.mean)))[:MOST_DRAWN]
    chosen = {id(one) for one in first}
    return [one for one in in_order if id(one) in chosen]


def _line(study: Study, one: Contrast, *, is_placed: bool) -> ContrastLine:
    words = words_of(study)
    left, right = (side_text(study, one, side) for side in (one.left, one.right))
    shared = shared_text(study, one)
    between = f"{words.short(one.mean)} {words.interval(one.low, one.high)}{words.told}"
    p = f"p {p_text(one.p_corrected)} corrected" if one.p_corrected is not None else "not tested"
    return ContrastLine(
        name=f"{left} − {right}", place=shared if is_placed else "", mean=one.mean, low=one.low,
        high=one.high, is_told=one.is_found, word=one.finding if one.is_found else "no diff.",
        hover=(shared, between, p, many(len(one.seeds), "seed"), one.finding, *one.notes),
    )  # fmt: skip


def _row(study: Study, one: Contrast) -> tuple[str | float | None, ...]:
    digits = words_of(study).digits + 1
    sides = (side_text(study, one, side) for side in (one.left, one.right))
    numbers = (rounded(value, digits) for value in (one.mean, one.low, one.high))
    return (
        *sides, shared_text(study, one), *numbers, len(one.seeds), rounded(one.p, 6),
        rounded(one.p_corrected, 4), one.finding, "; ".join(one.notes),
    )  # fmt: skip


def contrasts_figure(data: ContrastsData) -> Spec:
    """A forest: what is told apart filled, the rest open; the line is no difference."""
    lines = data.lines
    is_placed = any(line.place for line in lines)
    step = 42 if is_placed else 30
    left = min(
        430,
        24
        + 7
        * max(
            (min(60, len(text)) for line in lines for text in (line.name, line.place)), default=10
        ),
    )
    values = [v for line in lines for v in (line.mean, line.low, line.high) if v is not None]
    low, high = min([*values, 0.0]), max([*values, 0.0])
    wide = (high - low) or 1.0
    figure: Spec = {"data": [_trace(lines, is_told=told) for told in (True, False)]}
    figure["layout"] = layout(
        110 + step * len(lines), (left + 330, 1060), showlegend=False,
        narrow={"minw": 300, "left": 10, "row": 26 if is_placed else 14, "size": 11},
        margin={"l": left, "r": 100, "t": 16, "b": 50},
        annotations=[_word(line, i) for i, line in enumerate(lines)],
        shapes=[{
            "type": "line", "x0": 0, "x1": 0, "yref": "y domain", "y0": 0, "y1": 1, "layer": "below",
            "line": {"color": GRID, "width": 2},
        }],
        xaxis=axis(escaped(data.axis, 90), range=[low - 0.05 * wide, high + 0.05 * wide], nticks=7),
        yaxis=axis(
            range=[len(lines) - 0.4, -0.6], tickvals=list(range(len(lines))),
            ticktext=[_tick(line) for line in lines],
        ),
    )  # fmt: skip
    return figure


def _tick(line: ContrastLine) -> str:
    name = escaped(line.name, 60)
    return f"{name}<br>{escaped(line.place, 60)}" if line.place else name


def _word(line: ContrastLine, at: int) -> Spec:
    text = f"<b>{line.word}</b>" if line.is_told else line.word
    return {
        "text": text, "showarrow": False, "font": {"size": 12, "color": MUTED}, "xref": "paper", "x": 1,
        "xanchor": "left", "xshift": 8, "yref": "y", "y": at,
    }  # fmt: skip


def _trace(lines: Sequence[ContrastLine], *, is_told: bool) -> Spec:
    own = [(i, line) for i, line in enumerate(lines) if line.is_told is is_told]
    color = EDGE if is_told else CONTROL
    return {
        "type": "scatter", "mode": "markers", "hoverinfo": "text",
        "x": [line.mean for _, line in own], "y": [i for i, _ in own],
        "hovertext": [
            "<br>".join([f"<b>{folded(line.name)}</b>", *map(folded, line.hover)])
            for _, line in own
        ],
        "marker": {
            "symbol": "circle" if is_told else "circle-open", "size": 10, "color": color,
            "line": {"width": 2, "color": color},
        },
        "error_x": {
            "type": "data", "symmetric": False, "color": color, "thickness": 2, "width": 4,
            "array": [(line.high - line.mean) if line.high is not None else 0.0 for _, line in own],
            "arrayminus": [(line.mean - line.low) if line.low is not None else 0.0 for _, line in own],
        },
    }  # fmt: skip
