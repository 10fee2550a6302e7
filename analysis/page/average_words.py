"""What several data sets come to on average, in sentences: rate by rate over the warm-ups."""

from collections.abc import Sequence

from analysis.matched import (
    IMBALANCED,
    AveragedCell,
    MethodBySource,
    shown_averages,
)
from analysis.page.phrases import margin_text, words_of
from analysis.study import Study
from analysis.verdicts import Verdict
from analysis.wording import percent

# More paragraphs than this are a table, which `prune-envelope table --what average` prints.
_MOST_TOLD = 3


def average_texts(study: Study) -> list[tuple[str, list[str]]]:
    """Of each average what it is of, and a sentence for each rate.

    Those by matched selectors, or where there is none by each method.
    """
    return [_told(study, one, cells) for one, cells in shown_averages(study)[:_MOST_TOLD]]


def average_note(study: Study, one: MethodBySource) -> str:
    """Which data sets are cut how, and what the interval of their mean is about."""
    about = "Each data set counts the same, and the interval is about these data sets alone."
    return f"{_by_whom(study, one)} {about}" if one.is_matched else about


def warmup_text(warmup: float | None) -> str:
    """15% warm-up, or that each data set has its own."""
    return "each data set's own warm-up" if warmup is None else f"{percent(warmup)} warm-up"


def _by_whom(study: Study, one: MethodBySource) -> str:
    parts = []
    for method in dict.fromkeys(one.methods.values()):
        names = [study.sources[source] for source, own in one.methods.items() if own == method]
        parts.append(f"{', '.join(names)} by {study.methods[method]}")
    return (
        f"Each data set has the selector that its training classes ask for, stratified where the largest "
        f"has more than {IMBALANCED:g} times the rows of the smallest: {'; '.join(parts)}."
    )


def _told(
    study: Study, one: MethodBySource, cells: Sequence[AveragedCell]
) -> tuple[str, list[str]]:
    by_rate: dict[float, list[AveragedCell]] = {}
    for cell in cells:
        if cell.verdict:
            by_rate.setdefault(cell.rate, []).append(cell)
    joint = "," if one.is_matched else " by"
    head = f"Average over {len(study.sources)} data sets{joint} {one.label}{words_of(study).told}."
    if any(len(own) > 1 for own in by_rate.values()):
        head += " The best warm-up is picked by its mean, which is then a little too high."
    return head, [_at(study, rate, by_rate[rate]) for rate in sorted(by_rate)]


def _at(study: Study, rate: float, cells: Sequence[AveragedCell]) -> str:
    """What goes at one rate: how many warm-ups are within, the best of them, and how far the means reach."""
    judged = [(cell.warmup, cell.verdict) for cell in cells if cell.verdict]
    warmup, best = max(judged, key=lambda one: one[1].mean)
    if len(judged) == 1 or warmup is None:
        return (
            f"At {percent(rate)} removed after {warmup_text(warmup)} the mean is "
            f"{_change(study, best)}: {best.verdict}."
        )
    by_mean = sum(v.mean >= -v.tolerance for _, v in judged)
    shown = sum(v.verdict == "within" for _, v in judged)
    means = [words_of(study).number(f(v.mean for _, v in judged)) for f in (min, max)]
    return (
        f"At {percent(rate)}, {by_mean} of {len(judged)} warm-ups are within {margin_text(study)} by the "
        f"mean and {shown} by the interval; best at {warmup_text(warmup)}, {_change(study, best)}; "
        f"means from {means[0]} to {means[1]}."
    )


def _change(study: Study, v: Verdict) -> str:
    words = words_of(study)
    return f"{words.short(v.mean)} {words.interval(v.low, v.high)}".rstrip()
