"""How many rows the cuts of different seeds have in common, beside what chance would give."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from analysis.condition_columns import OF_CONDITION, condition_values
from analysis.methods import Condition, condition_of
from analysis.study import Study

OVERLAP_COLUMNS = (
    *OF_CONDITION, "n_pairs", "shared_share", "chance_share", "jaccard", "jaccard_least",
    "jaccard_most", "chance_jaccard",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Overlap:
    """What the cuts of every two seeds of a condition have in common, means over the pairs.

    Attributes:
        n_pairs: Pairs of seeds.
        shared_share: Of the rows that one seed removes, the share that the other removes, too.
        chance_share: The same of rows drawn by lot: the rate.
        jaccard: Rows both remove, of the rows that either removes.
        jaccard_least: Of the two seeds that agree least.
        jaccard_most: Of the two that agree most.
        chance_jaccard: The same of rows drawn by lot: r / (2 - r) at rate r.
    """

    n_pairs: int
    shared_share: float
    chance_share: float
    jaccard: float
    jaccard_least: float
    jaccard_most: float
    chance_jaccard: float


def overlaps(study: Study) -> dict[Condition, Overlap]:
    """By condition what the cuts of its seeds have in common; those of which the sweep counted it."""
    shares: dict[Condition, list[float]] = defaultdict(list)
    jaccard: dict[Condition, list[float]] = defaultdict(list)
    for one in study.dropped.shared:
        condition = condition_of(one.spec)
        for a, b, both in one.common:
            sizes = one.removed[a], one.removed[b]
            shares[condition].append(2 * both / sum(sizes))
            jaccard[condition].append(both / (sum(sizes) - both))
    return {
        condition: Overlap(
            n_pairs=len(own),
            shared_share=float(np.mean(shares[condition])),
            chance_share=condition.rate,
            jaccard=float(np.mean(own)),
            jaccard_least=min(own),
            jaccard_most=max(own),
            chance_jaccard=condition.rate / (2 - condition.rate),
        )
        for condition, own in jaccard.items()
    }


def overlap_rows(study: Study) -> Iterator[dict[str, Any]]:
    """One row a condition that several seeds cut, each by its own scores."""
    found = overlaps(study)
    for cell, _ in study.rows:
        if one := found.get(cell.condition):
            yield {**condition_values(study, cell.condition), **vars(one)}
