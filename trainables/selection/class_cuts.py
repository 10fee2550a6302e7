"""Selectors with quotas by class: proportional ones, a floor under them, quotas by error."""

from fractions import Fraction
from math import ceil

import numpy as np
from numpy.typing import NDArray

from trainables.selection.cuts import (
    Draws,
    Labels,
    Mask,
    Rows,
    Scores,
    check_share,
    mask_of,
    n_keep,
    places_within,
    rows_by_worth,
)

# A split of a few hundred rows of a class cannot tell an error below this from none.
_LEAST_ERROR = 0.01


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
    return mask_of(_apportioned(scores, labels, ties, weights), n_keep(len(scores), rate))


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
    check_share("share", share)
    proportional = keep_stratified(scores, labels, rate, ties)
    quotas = np.bincount(labels[proportional], minlength=labels.max() + 1)
    least = np.array([ceil(Fraction(str(share)) * int(quota)) for quota in quotas])
    best_first = rows_by_worth(scores, ties)
    certain = places_within(best_first, labels) < least[labels]
    certain_first = best_first[np.argsort(~certain[best_first], kind="stable")]
    return mask_of(certain_first, n_keep(len(scores), rate))


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
    return mask_of(_apportioned(scores, labels, ties, weights), n_keep(len(scores), rate))


def _apportioned(scores: Scores, labels: Labels, ties: Draws, weights: NDArray[np.float64]) -> Rows:
    """Rows in the order in which they stay when classes have these weights, shape (c,)."""
    weight = weights[labels]
    position = (places_within(rows_by_worth(scores, ties), labels) + 0.5) / weight
    # Classes whose positions coincide are told apart by weight, larger first, then by ties.
    return np.lexsort((ties, -weight, position))
