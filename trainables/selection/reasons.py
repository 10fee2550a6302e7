"""Why each removed row went: its place among the scores, in words that its columns bear out."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import ceil
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from trainables.data.dataset import Dataset, uniform_draws
from trainables.selection.cutoff import cutoff_of, hard_end_of, hardness
from trainables.selection.cuts import n_keep
from trainables.signals.ends import BY_LOT, ends_of
from trainables.spec import TrialSpec

# What a selector holds a row against: all rows, those of its class, all of them from both ends, or the
# rows of like score, among which it draws. What is no selector of ours is said by name.
Against = Literal["all", "class", "both ends", "like scores"]
AGAINST: Mapping[str, Against] = {
    "global": "all",
    "stratified": "class",
    "floor": "all",
    "class_error": "class",
    "coverage": "like scores",
    "window": "both ends",
}


@dataclass(frozen=True, kw_only=True)
class Places:
    """Where removed rows lie among the scores, shape (r,) each, in the order of removal.

    Attributes:
        rows: Their numbers among the training rows.
        share: Share of the rows a row is held against that go no later by their score, itself and its
            equals counted, in (0, 1].
        is_high: Whether that is counted from the high end of the scores.
        has_equals: Whether a row of the very same score stays.
        is_drawn: Whether the selector drew it among rows of like score.
        is_cut_off: Whether the selector cut it off first, as one of the hardest.
    """

    rows: NDArray[np.int64]
    share: NDArray[np.float64]
    is_high: NDArray[np.bool_]
    has_equals: NDArray[np.bool_]
    is_drawn: NDArray[np.bool_]
    is_cut_off: NDArray[np.bool_]

    def take(self, chosen: NDArray[np.int64]) -> "Places":
        """Those at some positions, shape (k,)."""
        return Places(**{name: values[chosen] for name, values in vars(self).items()})


def places_of(
    spec: TrialSpec,
    dataset: Dataset,
    keep: NDArray[np.bool_],
    scores: NDArray[np.float32],
    margins: NDArray[np.float32] | None = None,
) -> Places:
    """Where the removed rows lie among the scores.

    Args:
        spec: The trial whose scores were cut, of kind "pruned".
        dataset: Its own.
        keep: Which training rows stay, shape (n,).
        scores: Higher is more worth keeping, shape (n,).
        margins: At each visit, shape (n, t), where rows were cut off by them. Without them nobody can say
            which of the removed were cut off, and all count as drawn.
    """
    against = AGAINST.get(spec.selector, "all")
    ties = uniform_draws(dataset.train.ids, spec.seed, "ties")
    labels = dataset.train.labels if against == "class" else np.zeros(len(keep), dtype=np.int64)
    first_goes = scores if spec.prune == "low" else -scores
    gone = np.flatnonzero(~keep)
    cut_off = drawn = turned = np.zeros(len(gone), dtype=bool)
    if against == "both ends":
        place = np.argsort(np.lexsort((ties, first_goes)))
        turned = place[gone] > np.median(place[keep])
    hard = hardness(spec, scores, margins) if against == "like scores" else None
    if hard is not None:
        cut_off = _beyond_cutoff(spec, hard, ties, int(keep.sum()))[gone]
        drawn = ~cut_off
    equals = _has_equals(first_goes, labels, keep, gone)
    share, order = np.empty(len(gone)), np.empty(len(gone))
    for is_turned in np.unique(turned):
        own = turned == is_turned
        value = -first_goes if is_turned else first_goes
        lots = -ties if is_turned else ties
        share[own], order[own] = _shares(value, lots, labels, gone[own])
    is_high = turned ^ (spec.prune == "high")
    if hard is not None and cut_off.any():
        share[cut_off], order[cut_off] = _shares(-hard, ties, labels, gone[cut_off])
        equals[cut_off] = _has_equals(hard, labels, keep, gone[cut_off])
        is_high[cut_off] = cutoff_of(spec)[1] == "score" and hard_end_of(spec) == "high"
    sizes = np.bincount(labels)[labels[gone]]
    by = np.lexsort((-ties[gone], sizes, order))
    return Places(
        rows=gone[by],
        share=share[by],
        is_high=is_high[by],
        has_equals=equals[by],
        is_drawn=drawn[by],
        is_cut_off=cut_off[by],
    )


def reasons(spec: TrialSpec, places: Places) -> Iterator[str]:
    """Why each row went, in the order of `places`.

    Args:
        spec: The trial whose scores were cut, of kind "pruned".
        places: Where the removed rows lie.
    """
    ends, against = ends_of(spec.signal), AGAINST.get(spec.selector, "all")
    whose = "the rows of its class" if against == "class" else "all rows"
    cut = f", cut by {spec.selector}" if spec.selector not in AGAINST else ""
    within = " within its class" if against == "class" else ""
    by_aum = cutoff_of(spec)[1] == "aum"
    for share, is_high, has_equals, is_drawn, is_cut_off in zip(
        places.share,
        places.is_high,
        places.has_equals,
        places.is_drawn,
        places.is_cut_off,
        strict=True,
    ):
        told = ends_of("aum") if is_cut_off and by_aum else ends
        if against == "like scores" and not (is_drawn or is_cut_off):
            yield f"one of the hardest, or {BY_LOT} among rows of like score"
        elif told.low == BY_LOT:
            yield BY_LOT + within + cut
        elif is_drawn:
            yield f"{BY_LOT} among rows of like score"
        else:
            words = told.high if is_high else told.low
            equals = "; others of the same score stay" if has_equals else ""
            yield f"among the {ceil_percent(share)} of {whose} {words}{cut}{equals}"


def ceil_percent(share: float) -> str:
    """A share as a percentage that is not below it, to a tenth."""
    return f"{ceil(round(1000 * share, 6)) / 10:g}%"


def _shares(
    value: NDArray[np.float32],
    lots: NDArray[np.float64],
    labels: NDArray[np.int64],
    gone: NDArray[np.int64],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Of each removed row the share of its group's rows that are not above it, and its place in order."""
    share, order = np.empty(len(gone)), np.empty(len(gone))
    for label in np.unique(labels[gone]):
        members, own = np.flatnonzero(labels == label), labels[gone] == label
        ordered = np.sort(value[members])
        share[own] = np.searchsorted(ordered, value[gone[own]], side="right") / len(members)
        place = np.empty(len(value))
        place[members[np.lexsort((lots[members], value[members]))]] = np.arange(len(members))
        order[own] = (place[gone[own]] + 0.5) / len(members)
    return share, order


def _has_equals(
    value: NDArray[np.float32],
    labels: NDArray[np.int64],
    keep: NDArray[np.bool_],
    gone: NDArray[np.int64],
) -> NDArray[np.bool_]:
    found = np.zeros(len(gone), dtype=bool)
    for label in np.unique(labels[gone]):
        own = labels[gone] == label
        found[own] = np.isin(value[gone[own]], value[keep & (labels == label)])
    return found


def _beyond_cutoff(
    spec: TrialSpec, hard: NDArray[np.float32], ties: NDArray[np.float64], kept: int
) -> NDArray[np.bool_]:
    """Which rows `keep_coverage` cuts off first, as the hardest."""
    cutoff, _ = cutoff_of(spec)
    beyond = np.ones(len(hard), dtype=bool)
    beyond[np.lexsort((-ties, hard))[: max(kept, n_keep(len(hard), cutoff))]] = False
    return beyond
