"""The frames of a run for the figure of the frontier."""

from dataclasses import replace

from analysis.page.figures.frontier import Axes, FrontierData, frontier_variants
from analysis.page.figures.subjects import Subject
from analysis.page.phrases import words_of
from analysis.study import Study
from analysis.total_sizes import judged_families
from analysis.wording import percent


def frontier_data(study: Study) -> list[FrontierData]:
    """A frame for each method of each data set that was also trained on subsets of it."""
    axes = _axes(study)
    return [
        replace(frame, group=study.sources[one.source], at=Subject(source=one.source))
        for one, found in judged_families(study)
        for frame in frontier_variants(
            f"{study.sources[one.source]} · scored after {percent(one.warmup)} of the steps",
            one.family,
            found,
            one.labels,
            axes=axes,
        )
    ]


def _axes(study: Study) -> Axes:
    """The error, what is missing of another share, or a loss by its name."""
    words = words_of(study)
    if words.is_accuracy:
        return Axes()
    metric = words.metric
    is_share = metric.unit == "pp"
    what = f"1 − {metric.label}" if is_share and metric.higher else metric.label
    return Axes(what=what, is_share=is_share)
