"""Selectors turn scores into the rows that stay: SELECTORS, one function a row.

Every selector keeps exactly `n_keep(n, rate)` rows, keeps at a higher rate a subset of what it
keeps at a lower one, and breaks ties by `ties`, never by row order. It is called with scores,
labels, rate and ties, then the evidence it names, then its settings; what `keep_global` says of
its arguments and of what it returns holds for all.
"""

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from math import ceil, floor

import numpy as np
from numpy.typing import NDArray

from trainables.docstrings import about, source
from trainables.selection.beta_sampling import keep_beta
from trainables.selection.counts import n_keep

Scores = NDArray[np.float32]
Labels = NDArray[np.int64]
Draws = NDArray[np.float64]
Mask = NDArray[np.bool_]
Rows = NDArray[np.intp]

# A split of a few hundred rows of a class cannot tell an error below this from none.
_LEAST_ERROR = 0.01


@dataclass(frozen=True, kw_only=True)
class Selector:
    """A selector by name: a row of SELECTORS.

    Attributes:
        cut: The function.
        needs_epochs: Epochs of warm-up below which it has no data yet; refused.
        by_odds: Whether it draws each row by itself; refused of scores that rest on which others go.
    """

    cut: Callable[..., Mask]
    needs_epochs: float = 0.0
    by_odds: bool = False

    @property
    def about(self) -> str:
        """What it does, in one line."""
        return about(self.cut)

    @property
    def source(self) -> str:
        """Where the idea is from; empty where there is no source."""
        return source(self.cut)


def keep_global(scores: Scores, labels: Labels, rate: float, ties: Draws) -> Mask:
    """Keep the best-scored rows of the whole set, whatever their class.

    Args:
        scores: Worth of each row, shape (n,); higher is kept first.
        labels: Classes, shape (n,); not used.
        rate: Share of rows to remove, in [0, 1).
        ties: A number of its own for each row, shape (n,); the higher of two equal scores stays.

    Returns:
        Which rows stay, shape (n,).
    """
    return _mask(_best_first(scores, ties), n_keep(len(scores), rate))


def keep_stratified(scores: Scores, labels: Labels, rate: float, ties: Draws) -> Mask:
    """Keep the best-scored rows of each class, each class keeping its proportional share.

    A class of N rows gives its rank-j row (j = 0, 1, ...) the position (j + 1/2) / N, and the
    smallest positions stay. That is apportionment by Sainte-Laguë (Webster): whole shares come
    out exact and others are rounded to nearest, as by largest remainders, but a higher rate
    never takes a seat away from one class to give it to another, which largest remainders can
    (the Alabama paradox), so the kept sets nest. With c classes, n rows in all, a class is at
    most 1/2 + c/2 N/n rows from its exact share.

    References:
        Balinski, Young, "Fair Representation", 2001, house monotonicity of divisor methods.
    """
    weights = np.bincount(labels).astype(np.float64)
    return _mask(_apportioned(scores, labels, ties, weights), n_keep(len(scores), rate))


def keep_floor(
    scores: Scores, labels: Labels, rate: float, ties: Draws, *, share: float = 0.5
) -> Mask:
    """Keep the best-scored rows, but of each class at least a share of its proportional quota.

    The kept sets nest: with one row more in all, one class's proportional quota rises by one, so
    at most one floor does. If none does, the next best row stays as well. If one does, the next
    row of that class is certain to stay; where it stayed anyway, the next best row does.

    Args:
        scores: As for `keep_global`, and so are the next three.
        labels: See there.
        rate: See there.
        ties: See there.
        share: Of the quota that `keep_stratified` gives, rounded up, in [0, 1]; 0 is global, 1
            is stratified.

    Raises:
        ValueError: If share is not in [0, 1].

    References:
        After Sorscher et al., "Beyond neural scaling laws", 2022, arXiv:2206.14486, who found
        that subsets of ImageNet must be balanced by class.
    """
    _check_share("share", share)
    proportional = keep_stratified(scores, labels, rate, ties)
    quotas = np.bincount(labels[proportional], minlength=labels.max() + 1)
    least = np.array([ceil(Fraction(str(share)) * int(quota)) for quota in quotas])
    best_first = _best_first(scores, ties)
    certain = _ranks(best_first, labels) < least[labels]
    certain_first = best_first[np.argsort(~certain[best_first], kind="stable")]
    return _mask(certain_first, n_keep(len(scores), rate))


def keep_class_error(
    scores: Scores, labels: Labels, rate: float, ties: Draws, class_recall: NDArray[np.float64]
) -> Mask:
    """Keep more of the classes the warm learner gets wrong: quotas by validation error.

    A class's quota is proportional to its size times one minus its recall, and is at most its
    size; what it cannot take goes to the others in the same proportion. As for
    `keep_stratified`, by divisors, so that the kept sets nest. Within a class the best-scored
    stay; the source draws them, which the signal `random` does.

    Args:
        scores: As for `keep_global`, and so are the next three.
        labels: See there.
        rate: See there.
        ties: See there.
        class_recall: Recall of each class on the validation split at the warm-up mark, in
            [0, 1], shape (c,). Above 0.99 it counts as 0.99, so that no class is worth nothing;
            nan, of a class that the split has no row of, as the mean of the others.

    Raises:
        ValueError: If class_recall is not in [0, 1], or lacks a class.

    References:
        Vysogorets, Ahuja, Kempe, "DRoP: Distributionally Robust Data Pruning", 2024,
        arXiv:2404.05579.
    """
    sizes = np.bincount(labels)
    if len(class_recall) < len(sizes):
        raise ValueError(
            f"class_recall holds {len(class_recall)} classes but labels go up to "
            f"{len(sizes) - 1}; give the recall of every class, nan where it is not known"
        )
    known = ~np.isnan(class_recall)
    if not ((class_recall[known] >= 0) & (class_recall[known] <= 1)).all():
        raise ValueError(f"class_recall is {class_recall.tolist()}; it must lie in [0, 1]")
    error = 1 - np.where(known, class_recall, class_recall[known].mean() if known.any() else 0)
    weights = sizes * np.maximum(error, _LEAST_ERROR)[: len(sizes)]
    return _mask(_apportioned(scores, labels, ties, weights), n_keep(len(scores), rate))


def keep_coverage(
    scores: Scores, labels: Labels, rate: float, ties: Draws, *, bins: int = 50, cutoff: float = 0.0
) -> Mask:
    """Drop the highest-scored share first, then keep as evenly as can be over the scores' range.

    What is left after the cutoff is cut into bins of equal width, bins keep equal numbers of rows
    or all they have, and within a bin the draw of `ties` decides. At a rate below the cutoff only
    the highest scores go. The source makes its cutoff by margins whatever the scores are, here it
    is by the scores themselves, whose top must be the hardest end.

    Args:
        scores: As for `keep_global`, and so are the next three.
        labels: See there.
        rate: See there.
        ties: See there.
        bins: Of equal width over the scores' range, at least 1.
        cutoff: Share of all rows that goes first, in [0, 1): the hardest, often mislabelled.

    Raises:
        ValueError: If bins or cutoff is out of its range.

    References:
        Zheng, Liu, Lai, Prakash, "Coverage-centric Coreset Selection for High Pruning Rates",
        2023, arXiv:2210.15809.
    """
    if bins < 1:
        raise ValueError(f"bins is {bins}; it must be at least 1")
    if not 0 <= cutoff < 1:
        raise ValueError(f"cutoff is {cutoff:g}; it must lie in [0, 1)")
    kept = n_keep(len(scores), rate)
    easiest_first = np.lexsort((-ties, scores))
    left = easiest_first[: max(kept, n_keep(len(scores), cutoff))]
    bin_of = _equal_width(scores[left], bins)
    quotas = fill(np.bincount(bin_of, minlength=bins), kept)
    stays = _ranks(np.argsort(-ties[left]), bin_of) < quotas[bin_of]
    return _mask(left[stays], kept, len(scores))


def keep_window(
    scores: Scores, labels: Labels, rate: float, ties: Draws, *, top: float = 0.5
) -> Mask:
    """Keep the middle: of the rows that go, some have the highest scores and the rest the lowest.

    Args:
        scores: As for `keep_global`, and so are the next three.
        labels: See there.
        rate: See there.
        ties: See there.
        top: Share of the removed rows taken from the highest scores, in [0, 1]; 0 is global.

    Raises:
        ValueError: If top is not in [0, 1].

    References:
        Xia et al., "Moderate Coreset", 2023, ICLR, which keeps the middle, and Paul, Ganguli,
        Dziugaite, "Deep Learning on a Data Diet", 2021, arXiv:2107.07075, whose windows leave
        out the highest scores.
    """
    _check_share("top", top)
    kept = n_keep(len(scores), rate)
    off_the_top = floor(Fraction(str(top)) * (len(scores) - kept))
    return _mask(_best_first(scores, ties)[off_the_top:], kept, len(scores))


def fill(sizes: Rows, budget: int) -> Rows:
    """Equal quotas, or all a bin has: bins in order of size, each a fair part of what is left.

    Args:
        sizes: Rows of each bin, shape (b,).
        budget: Rows wanted in all, at most the sum of sizes.

    Returns:
        Rows to keep of each bin, shape (b,), their sum budget. None falls as budget rises, as a
        part of what is left rises by at most one when what is left does.
    """
    quotas = np.zeros_like(sizes)
    for done, bin_number in enumerate(np.argsort(sizes, kind="stable")):
        quotas[bin_number] = min(sizes[bin_number], (budget - quotas.sum()) // (len(sizes) - done))
    return quotas


def _equal_width(scores: Scores, bins: int) -> Rows:
    exact = scores.astype(np.float64)
    lowest, width = exact.min(), np.ptp(exact) or 1.0
    bin_of: Rows = np.minimum((exact - lowest) / width * bins, bins - 1).astype(np.intp)
    return bin_of


def _apportioned(scores: Scores, labels: Labels, ties: Draws, weights: NDArray[np.float64]) -> Rows:
    """Rows in the order in which they stay when classes have these weights, shape (c,)."""
    weight = weights[labels]
    position = (_ranks(_best_first(scores, ties), labels) + 0.5) / weight
    # Classes whose positions coincide are told apart by weight, larger first, then by ties.
    return np.lexsort((ties, -weight, position))


def _best_first(scores: Scores, ties: Draws) -> Rows:
    return np.lexsort((ties, scores))[::-1]


def _ranks(order: Rows, groups: Labels) -> Rows:
    """Each row's rank within its group, from 0, when rows are taken in this order."""
    by_group = order[np.argsort(groups[order], kind="stable")]
    sizes = np.bincount(groups)
    ranks = np.empty(len(order), dtype=np.intp)
    ranks[by_group] = np.arange(len(order)) - (np.cumsum(sizes) - sizes)[groups[by_group]]
    return ranks


def _mask(first: Rows, count: int, n: int | None = None) -> Mask:
    keep = np.zeros(len(first) if n is None else n, dtype=bool)
    keep[first[:count]] = True
    return keep


def _check_share(name: str, share: float) -> None:
    if not 0 <= share <= 1:
        raise ValueError(f"{name} is {share:g}; it must lie in [0, 1]")


SELECTORS: dict[str, Selector] = {
    "global": Selector(cut=keep_global),
    "stratified": Selector(cut=keep_stratified),
    "floor": Selector(cut=keep_floor),
    "class_error": Selector(cut=keep_class_error),
    "coverage": Selector(cut=keep_coverage),
    "window": Selector(cut=keep_window),
    "beta": Selector(cut=keep_beta, needs_epochs=1, by_odds=True),
}
