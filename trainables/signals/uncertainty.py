"""Signals of how unsure of a sample the warmed-up learner is."""

import numpy as np
from numpy.typing import NDArray

from trainables.evidence.marked_losses import loss_at_mark
from trainables.signals.difficulty import check_split

# Stands in for a probability of 0, which float32 makes of anything smaller.
_TINY = float(np.finfo(np.float32).tiny)


def loss(probs: NDArray[np.float32], labels: NDArray[np.int64]) -> NDArray[np.float32]:
    """Cross-entropy of the label: what the learner has yet to fit stays.

    Args:
        probs: Predicted class probabilities, shape (n, c).
        labels: Given classes, shape (n,), integers in [0, c).

    Returns:
        Scores of at least 0, in nats, shape (n,), float32; higher is less expected.

    Raises:
        ValueError: If probs and labels disagree on the number of samples.

    References:
        Lewis, Gale, "A Sequential Algorithm for Training Text Classifiers", 1994,
        arXiv:cmp-lg/9407020, began sampling by uncertainty; here with the label known.
    """
    check_split(probs, labels)
    return loss_at_mark(probs, labels)


def entropy(probs: NDArray[np.float32]) -> NDArray[np.float32]:
    """Entropy of the predicted classes: samples the learner is undecided about stay.

    Args:
        probs: Predicted class probabilities, shape (n, c).

    Returns:
        Scores in [0, ln c], in nats, shape (n,), float32; higher is less certain.

    References:
        Settles, "Active Learning Literature Survey", 2009, section 3.1.
    """
    return nats(probs).astype(np.float32)


def margin(probs: NDArray[np.float32]) -> NDArray[np.float32]:
    """One minus the lead of the likeliest class over the second: close calls stay.

    Args:
        probs: Predicted class probabilities, shape (n, c), c at least 2.

    Returns:
        Scores in [0, 1], shape (n,), float32; higher is less certain.

    References:
        Scheffer, Decomain, Wrobel, "Active Hidden Markov Models for Information Extraction",
        2001; Settles, "Active Learning Literature Survey", 2009, section 3.1.
    """
    others = _all_but_the_likeliest(probs)
    scores: NDArray[np.float32] = (others.sum(axis=1) + others[:, -1]).astype(np.float32)
    return scores


def least_confidence(probs: NDArray[np.float32]) -> NDArray[np.float32]:
    """One minus the probability of the likeliest class: samples without a clear favourite stay.

    Args:
        probs: Predicted class probabilities, shape (n, c).

    Returns:
        Scores in [0, 1 - 1/c], shape (n,), float32; higher is less certain.

    References:
        Lewis, Gale, "A Sequential Algorithm for Training Text Classifiers", 1994,
        arXiv:cmp-lg/9407020.
    """
    scores: NDArray[np.float32] = _all_but_the_likeliest(probs).sum(axis=1).astype(np.float32)
    return scores


def nats(probs: NDArray[np.float32] | NDArray[np.float64]) -> NDArray[np.float64]:
    """Entropy over the last axis, whose length is c, in nats; a probability of 0 adds nothing."""
    exact = probs.astype(np.float64)
    return -np.asarray((exact * log(exact)).sum(axis=-1))


def log(probs: NDArray[np.float32] | NDArray[np.float64]) -> NDArray[np.float64]:
    """Natural logarithm, finite at 0."""
    logs: NDArray[np.float64] = np.log(np.maximum(probs.astype(np.float64), _TINY))
    return logs


def _all_but_the_likeliest(probs: NDArray[np.float32]) -> NDArray[np.float64]:
    """The smaller probabilities of each row, ascending, shape (n, c - 1).

    Sums of these keep apart rows whose largest probability float32 has rounded to 1.
    """
    return np.sort(probs, axis=1)[:, :-1].astype(np.float64)
