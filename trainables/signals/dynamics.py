"""Signals of how a sample fared each time training came by it."""

import numpy as np
from numpy.typing import NDArray

from trainables.written_numbers import first_few


def forgetting(correct: NDArray[np.float32]) -> NDArray[np.float32]:
    """How often a sample was predicted right at one visit and wrong at the next.

    A sample never predicted right was never learnt, and is the hardest, not the easiest: it gets
    the number of visits plus 1, which no count reaches. See `never_learnt`.

    Args:
        correct: Whether each visit found it predicted right, 0 or 1, shape (n, t), nan where it
            was not visited; at least two visits each.

    Returns:
        Counts, shape (n,), float32; higher is harder.

    Raises:
        ValueError: If a sample was visited less than twice.

    References:
        Toneva et al., "An Empirical Study of Example Forgetting during Deep Neural Network
        Learning", 2019, arXiv:1812.05159.
    """
    visits = first_visits(correct, "correct", least=2)
    forgotten = ((visits[:, :-1] == 1) & (visits[:, 1:] == 0)).sum(axis=1)
    never = visits.shape[1] + 1
    scores: NDArray[np.float32] = np.where(visits.any(axis=1), forgotten, never).astype(np.float32)
    return scores


def never_learnt(correct: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Which samples no visit that `forgetting` counts found predicted right, shape (n,)."""
    never: NDArray[np.bool_] = (first_visits(correct, "correct") == 0).all(axis=1)
    return never


def aum(margins: NDArray[np.float32]) -> NDArray[np.float32]:
    """Area under the margin: mean lead of the label's logit over the best other one.

    Lowest for likely mislabelled samples, which so go first.

    Args:
        margins: Logit of the label minus the largest other, shape (n, t), nan where not visited.

    Returns:
        Scores, shape (n,), float32; higher is easier.

    Raises:
        ValueError: If a sample was never visited.

    References:
        Pleiss, Zhang, Elenberg, Weinberger, "Identifying Mislabeled Data using the Area Under
        the Margin Ranking", 2020, arXiv:2001.10528.
    """
    scores: NDArray[np.float32] = first_visits(margins, "margins").mean(axis=1).astype(np.float32)
    return scores


def confidence(losses: NDArray[np.float32]) -> NDArray[np.float32]:
    """Minus the mean probability of the label over the visits: hard-to-learn samples stay.

    Args:
        losses: Cross-entropy at each visit, in nats, shape (n, t), nan where not visited.

    Returns:
        Scores in [-1, 0], shape (n,), float32; higher is harder.

    Raises:
        ValueError: If a sample was never visited.

    References:
        Swayamdipta et al., "Dataset Cartography", 2020, arXiv:2009.10795.
    """
    mean = np.exp(-first_visits(losses, "losses")).mean(axis=1)
    scores: NDArray[np.float32] = np.negative(mean).astype(np.float32)
    return scores


def variability(losses: NDArray[np.float32]) -> NDArray[np.float32]:
    """Standard deviation of the label's probability over the visits: ambiguous samples stay.

    Args:
        losses: Cross-entropy at each visit, in nats, shape (n, t), nan where not visited; at
            least two visits each.

    Returns:
        Scores in [0, 1/2], shape (n,), float32; higher is more ambiguous.

    Raises:
        ValueError: If a sample was visited less than twice.

    References:
        Swayamdipta et al., "Dataset Cartography", 2020, arXiv:2009.10795.
    """
    chances = np.exp(-first_visits(losses, "losses", least=2))
    scores: NDArray[np.float32] = chances.std(axis=1).astype(np.float32)
    return scores


def correctness(correct: NDArray[np.float32]) -> NDArray[np.float32]:
    """Minus the share of visits that found the sample predicted right: the seldom right stay.

    Args:
        correct: 0 or 1 at each visit, shape (n, t), nan where not visited.

    Returns:
        Scores in [-1, 0], shape (n,), float32; higher is harder.

    Raises:
        ValueError: If a sample was never visited.

    References:
        Swayamdipta et al., "Dataset Cartography", 2020, arXiv:2009.10795.
    """
    share = first_visits(correct, "correct").mean(axis=1)
    scores: NDArray[np.float32] = np.negative(share).astype(np.float32)
    return scores


def first_visits(values: NDArray[np.float32], name: str, *, least: int = 1) -> NDArray[np.float64]:
    """The first visits of each sample, as many as every sample had.

    A mark in mid-epoch finds some samples visited once more than others. That visit is left out:
    it met a later learner, and a mean or a count with it would say who came early in the epoch.

    Args:
        values: One column an epoch begun, shape (n, t), nan where not visited.
        name: What they are called in an error.
        least: Visits that every sample must have.

    Returns:
        Shape (n, fewest visits of any sample), earliest first.

    Raises:
        ValueError: If a sample has fewer visits than least.
    """
    missed = np.isnan(values)
    visits = (~missed).sum(axis=1)
    short = np.flatnonzero(visits < least)
    if len(short):
        raise ValueError(
            f"{name} holds fewer than {least} visits of {len(short)} samples, rows "
            f"{first_few(short.tolist())}; use a warm-up of at least {least} epochs"
        )
    earliest = np.argsort(missed, axis=1, kind="stable")[:, : visits.min()]
    return np.take_along_axis(values, earliest, axis=1).astype(np.float64)
