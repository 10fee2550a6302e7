"""Where a figure opens: on the condition that the answer names."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from analysis.answers import Answer, answers
from analysis.methods import Condition, DatasetId, Method
from analysis.study import Study
from analysis.wording import trained_label


@dataclass(frozen=True, kw_only=True)
class Subject:
    """What a variant of a figure is about; None where it is about all of them.

    Attributes:
        source: The data set.
        methods: The methods shown.
        rate: Share removed.
        warmup: Share of the full run's steps before scoring.
        is_of_study: Whether it is the study's own chart, which stands before any one condition.
    """

    source: DatasetId | None = None
    methods: frozenset[Method] | None = None
    rate: float | None = None
    warmup: float | None = None
    is_of_study: bool = False

    def apart(self, condition: Condition) -> tuple[int, ...]:
        """How far it is from a condition, least first: 0 where it is about just that, 1 about all, 2 about another."""
        if self.is_of_study:
            return (0, 0, 0, 0)
        wanted = (
            (self.source, self.source == condition.source),
            (self.methods, condition.method in (self.methods or ())),
            (self.rate, self.rate == condition.rate),
            (self.warmup, self.warmup == condition.warmup),
        )
        return tuple(1 if own is None else 0 if is_it else 2 for own, is_it in wanted)


class Variant(Protocol):
    """A variant of a figure that says what it is about."""

    @property
    def at(self) -> Subject:
        """What it is about."""


def headlines(study: Study) -> dict[DatasetId, Condition]:
    """By data set the condition that its answer names, in the order of the answers.

    Where fresh seeds confirmed a list of rows it is what they were chosen by in the search.
    """
    found = ((answer.source, _searched(study, answer)) for answer in answers(study))
    return {source: condition for source, condition in found if condition}


def _searched(study: Study, answer: Answer) -> Condition | None:
    if answer.row is None:
        return None
    asked = answer.row.cell.condition

    def unlike(one: Condition) -> tuple[bool, ...]:
        # A list of rows that is confirmed is of another kind, and trained afresh.
        listed = one.method._replace(kind=asked.kind)
        afresh = listed._replace(protocol=asked.protocol)
        return (
            afresh != asked.method,
            listed != asked.method,
            one.rate != asked.rate,
            one.warmup != asked.warmup,
        )

    own = [row.cell.condition for row in study.of(answer.source)]
    return min(own, key=unlike, default=None)


def opens_on(variants: Sequence[Variant], headline: Condition | None) -> int:
    """The variant that a figure opens on: the nearest to the headline's condition, of equals the first."""
    if headline is None:
        return 0
    return min(range(len(variants)), key=lambda i: variants[i].at.apart(headline), default=0)


def model_group(study: Study, methods: Iterable[Method]) -> str:
    """The model, where a run has several and the methods one."""
    models = {trained_label(method) for method in methods}
    several = len({trained_label(method) for method in study.methods}) > 1
    return models.pop() if several and len(models) == 1 else ""
