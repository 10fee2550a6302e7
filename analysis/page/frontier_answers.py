"""What a run at several total sizes answers before all else: whether a signal bends the frontier."""

from dataclasses import dataclass

from analysis.frontier_words import frontier_sentences
from analysis.study import Study
from analysis.total_sizes import StudyFamily, judged_families
from analysis.wording import percent


@dataclass(frozen=True, kw_only=True)
class FrontierAnswer:
    """What the frontiers of one data set show.

    Attributes:
        name: The data set, its sizes and its mark.
        sentences: Whether a signal bends the frontier, and what the total sizes are.
    """

    name: str
    sentences: tuple[str, ...]


def frontier_answers(study: Study) -> list[FrontierAnswer]:
    """The answer of each data set that was also trained on subsets of it."""
    return [
        FrontierAnswer(
            name=f"{study.sources[one.source]}, scored after {percent(one.warmup)} of the steps",
            sentences=(
                *frontier_sentences(found, one.labels),
                _sizes(one),
            ),
        )
        for one, found in judged_families(study)
    ]


def _sizes(one: StudyFamily) -> str:
    """What a total size is, and what the interval is about."""
    totals = sorted({point.total for point in one.family.unpruned})
    by_steps = {method.budget for method in one.family.methods if method} == {"steps"}
    how = (
        "every run takes as many optimizer steps, and all else of the training is the largest size's"
        if by_steps
        else "every kept row is passed over as often at every size, so fewer rows are fewer steps"
    )
    return (
        f"Total sizes: {', '.join(f'{total:,.0f}' for total in totals)} rows. The largest is the data set; each seed "
        "draws the smaller ones from it, each within the next, so that its interval counts which rows a smaller "
        f"total holds; {how}. The answer below is of the largest alone."
    )
