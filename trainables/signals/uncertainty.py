"""Signals of how unsure of a sample the warmed-up learner is."""

import numpy as np
from numpy.typing import NDArray

# Stands in for a probability of 0, which float32 makes of anything smaller.
_TINY = float(np.finfo(np.float32).tiny)
# Nats whose exponential float32 still holds.
_MOST = 88.0


def loss(row_losses: NDArray[np.float32]) -> NDArray[np.float32]:
    """Loss of the row, summed over all that is predicted of it: what the learner has yet to fit stays.

    Of classes the cross-entropy of the label; of a language model that of all scored word pieces together, so
    that long rows have more of it: `perplexity` is that of a piece.

    Args:
        row_losses: Losses of the rows at the mark, in nats, shape (n,).

    Returns:
        Scores of at least 0, in nats, shape (n,), float32; higher is less expected.

    References:
        Lewis, Gale, "A Sequential Algorithm for Training Text Classifiers", 1994,
        arXiv:cmp-lg/9407020, began sampling by uncertainty; here with the label known.
    """
    return row_losses.astype(np.float32)


def perplexity(
    row_losses: NDArray[np.float32], scored_pieces: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Perplexity of the row to a language model: the exponential of its mean loss a scored piece.

    A row of which no piece is scored has 1, the least there is.

    Args:
        row_losses: Losses of the rows at the mark, summed over their scored pieces, in nats, shape (n,).
        scored_pieces: How many those are, shape (n,).

    Returns:
        Scores of at least 1, shape (n,), float32; higher is less expected.

    References:
        Marion et al., "When Less is More: Investigating Data Pruning for Pretraining LLMs at Scale", 2023,
        arXiv:2309.04564; Ankner et al., "Perplexed by Perplexity", 2024, arXiv:2405.20541. Both take another
        model than the one that is trained.
    """
    return np.exp(np.minimum(loss_of_a_piece(row_losses, scored_pieces), _MOST)).astype(np.float32)


def loss_of_a_piece(
    row_losses: NDArray[np.float32], scored_pieces: NDArray[np.float32]
) -> NDArray[np.float64]:
    """Mean loss of a row's scored pieces, in nats, shape (n,); 0 where there is none."""
    means: NDArray[np.float64] = row_losses / np.maximum(scored_pieces.astype(np.float64), 1)
    return means


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
