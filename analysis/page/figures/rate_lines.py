"""Change of the metric over rate: a panel a data set with a line a warm-up, or all sets in one panel."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from analysis.matched import MethodBySource, has_average, methods_by_source, shares_marks
from analysis.methods import DatasetId
from analysis.metric_words import MetricWords
from analysis.page.average_words import average_note, warmup_text
from analysis.page.figures.style import DASHES, SET_COLORS, PageTable, rounded, warmup_lines
from analysis.page.figures.subjects import Subject, model_group
from analysis.page.guard_words import hover_notes
from analysis.page.phrases import tolerance_of, words_of
from analysis.page.slope_words import slope_text
from analysis.slopes import Slope, slopes_of
from analysis.study import Study
from analysis.verdicts import Verdict
from analysis.wording import cut_in_middle, percent

# Of more data sets than this the caption tells the steepest.
_MOST_TOLD, _STEEPEST = 6, 3
_COLUMNS = ("data set", "warm-up", "rate", "verdict")


@dataclass(frozen=True, kw_only=True)
class RatePoint:
    """One rate of a line.

    Attributes:
        source: The data set.
        warmup: Share of the full run's steps.
        rate: Share removed.
        verdict: Its verdict.
        delta: One difference a seed.
        seeds: Their seeds.
        n_planned: Seeds that were to be run.
        notes: What else must hold, and what leaves it open: a line each.
    """

    source: str
    warmup: float
    rate: float
    verdict: Verdict
    delta: tuple[float, ...]
    seeds: tuple[int, ...]
    n_planned: int
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class RateLine:
    """One line of a panel.

    Attributes:
        name: What the legend calls it.
        points: Its cells, by rate.
        style: Colour, dash and width.
    """

    name: str
    points: tuple[RatePoint, ...]
    style: tuple[str, str, float]


@dataclass(frozen=True, kw_only=True)
class ByDatasetData:
    """One frame: panels, in each a line for each warm-up or for each data set.

    Attributes:
        key: Names the variant in a link.
        label: What the reader chooses.
        panels: By its heading the lines of each; none where nothing was run.
        tolerances: The band drawn, by panel.
        words: How the metric is written.
        group: Heading above it where the reader chooses.
        at: What it is about.
        caption: What to know of it.
    """

    key: str
    label: str
    panels: dict[str, tuple[RateLine, ...]]
    tolerances: dict[str, float]
    words: MetricWords
    group: str
    at: Subject
    caption: str = ""

    @property
    def table(self) -> PageTable:
        """The cells as rows."""
        rows = [
            (
                point.source, percent(point.warmup), percent(point.rate), point.verdict.verdict,
                *(
                    rounded(value, self.words.digits + 1)
                    for value in (point.verdict.mean, point.verdict.low, point.verdict.high)
                ), point.verdict.n_seeds,
            )
            for lines in self.panels.values()
            for line in lines
            for point in line.points
        ]  # fmt: skip
        return PageTable(columns=(*_COLUMNS, *self.words.heads, "seeds"), rows=tuple(rows))


def by_dataset_data(study: Study) -> list[ByDatasetData]:
    """For each method all data sets in one panel, then a frame with a panel for each data set.

    Those of matched selectors come first, and among the others the panels.
    """
    found = methods_by_source(study)
    slopes = {source: slopes_of(study, source) for source in study.sources}
    both = [(one, _in_one_panel(study, one), _in_panels(study, one, slopes)) for one in found]
    first = [frame for one, *own in both if one.is_matched for frame in own]
    rest = [(panel, frame) for one, panel, frame in both if not one.is_matched]
    ordered = [*first, *(frame for _, frame in rest), *(panel for panel, _ in rest)]
    return [frame for frame in ordered if frame and any(frame.panels.values())]


def _in_panels(
    study: Study, one: MethodBySource, slopes: Mapping[DatasetId, Sequence[Slope]]
) -> ByDatasetData:
    styles = warmup_lines(study.warmups)
    return ByDatasetData(
        key=one.label,
        label=f"A panel a data set, {one.label}" if one.is_matched else one.label,
        panels={
            name: tuple(
                RateLine(name=f"{percent(warmup)} warm-up", points=points, style=styles[warmup])
                for warmup, points in _lines(study, one, source).items()
            )
            for source, name in study.sources.items()
        },
        tolerances={name: tolerance_of(study, source) for source, name in study.sources.items()},
        words=words_of(study),
        group=_group(study, one, "A panel a data set"),
        at=Subject(methods=frozenset(one.methods.values())),
        caption=f" {average_note(study, one)}"
        if one.is_matched
        else _slopes_text(study, one, slopes),
    )


def _group(study: Study, one: MethodBySource, how: str) -> str:
    return " · ".join(filter(None, [how, model_group(study, one.methods.values())]))


def _slopes_text(
    study: Study, one: MethodBySource, slopes: Mapping[DatasetId, Sequence[Slope]]
) -> str:
    """What each further 10 % of the rows costs, data set by data set, after its longest warm-up with a slope.

    Of many data sets those where they cost most.
    """
    many = len(study.warmups) > 1
    told: list[tuple[float, str]] = []
    for source, name in study.sources.items():
        own = [
            slope for slope in slopes[source] if slope.condition.method == one.methods.get(source)
        ]
        if own:
            last = max(own, key=lambda slope: slope.condition.warmup)
            after = f", {percent(last.condition.warmup)} warm-up" if many else ""
            text = f" {cut_in_middle(name, 60)}{after}: {slope_text(last, words_of(study))}."
            told.append((last.mean, text))
    if not told:
        return ""
    end = " Slopes and bends are of one line alone, whatever the others say."
    if len(told) > _MOST_TOLD:
        end = f" The steepest {_STEEPEST} of {len(told)}; table --what slopes has all.{end}"
        told = sorted(told)[:_STEEPEST]
    return "".join(text for _, text in told) + end


def _in_one_panel(study: Study, one: MethodBySource) -> ByDatasetData | None:
    """All data sets at the longest warm-up that they share, or at their only one; None where they have none."""
    by_source = {source: _lines(study, one, source) for source in study.sources}
    warmup = None
    if shares_marks(study, one):
        shared = [w for w in study.warmups if all(w in lines for lines in by_source.values())]
        warmup = max(shared, default=None)
        by_source = {
            source: {w: lines[w] for w in lines if w == warmup}
            for source, lines in by_source.items()
        }
    if not all(by_source.values()) or not has_average(study):
        return None
    styles = zip(SET_COLORS * len(by_source), by_source.items(), strict=False)
    heading_ = warmup_text(warmup)
    return ByDatasetData(
        key=f"{one.label}|one",
        label=f"All data sets after {heading_}{',' if one.is_matched else ' ·'} {one.label}",
        panels={
            heading_: tuple(
                RateLine(
                    name=_cut_name(study, one, source),
                    points=next(iter(lines.values())),
                    style=(color, DASHES[-1 - i // len(SET_COLORS) % len(DASHES)], 2.5),
                )
                for i, (color, (source, lines)) in enumerate(styles)
            )
        },
        tolerances={heading_: study.tolerance},
        words=words_of(study),
        group=_group(study, one, "All data sets in one panel"),
        at=Subject(methods=frozenset(one.methods.values())),
        caption=f" {average_note(study, one)}" if one.is_matched else "",
    )


def _cut_name(study: Study, one: MethodBySource, source: DatasetId) -> str:
    """A data set, and where the selector differs between them its own."""
    name, selector = study.sources[source], one.methods[source].selector.replace("_", " ")
    return f"{name} ({selector})" if one.is_matched else name


def _lines(
    study: Study, one: MethodBySource, source: DatasetId
) -> dict[float, tuple[RatePoint, ...]]:
    """Of a data set the judged cells by warm-up, at rising rates."""
    lines: dict[float, list[RatePoint]] = {}
    for row in sorted(one.rows(study, source), key=lambda row: row.cell.condition.rate):
        cell, verdict = row.cell, row.verdict
        if verdict is not None:
            lines.setdefault(cell.condition.warmup, []).append(
                RatePoint(
                    source=study.sources[source],
                    warmup=cell.condition.warmup,
                    rate=cell.condition.rate,
                    verdict=verdict,
                    delta=cell.delta,
                    seeds=cell.seeds,
                    n_planned=cell.n_planned,
                    notes=hover_notes(row),
                )
            )
    return {warmup: tuple(lines[warmup]) for warmup in sorted(lines)}
