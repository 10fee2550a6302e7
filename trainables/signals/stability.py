"""Signals of how much the prediction of a sample moves: what is settled goes first."""

import numpy as np
from numpy.typing import NDArray

from trainables.signals.dynamics import first_visits
from trainables.signals.uncertainty import log, nats


def stability_over_visits(losses: NDArray[np.float32], *, window: int = 2) -> NDArray[np.float32]:
    """How the label's probability varies within a few visits, averaged over training.

    Unlike `variability` it leaves out the slow rise that learning itself brings. The source takes windows
    of 10 visits in some 200 epochs; text models are trained for few, hence the smallest window.

    Args:
        losses: Cross-entropy at each visit, in nats, shape (n, t), nan where not visited; each
            row at more visits than a window has, as one window of all would be `variability`.
        window: Visits in a row whose standard deviation is taken, at least 2.

    Returns:
        Scores in [0, 1/2], shape (n,), float32; higher is less stable.

    Raises:
        ValueError: If window is below 2, or a sample was not visited more often than that.

    References:
        He, Yang, Huang, Zhao, "Large-scale Dataset Pruning with Dynamic Uncertainty", 2023,
        arXiv:2306.05175.
    """
    if window < 2:
        raise ValueError(f"window is {window}; it must be at least 2 for anything to vary")
    chances = np.exp(-first_visits(losses, "losses", least=window + 1))
    t = chances.shape[1]
    spreads = [chances[:, i : i + window].std(axis=1) for i in range(t - window + 1)]
    scores: NDArray[np.float32] = np.mean(spreads, axis=0).astype(np.float32)
    return scores


def stability_under_dropout(dropout_probs: NDArray[np.float32]) -> NDArray[np.float32]:
    """What passes with dropout disagree about: entropy of their mean minus their mean entropy.

    Args:
        dropout_probs: Class probabilities of p passes with dropout on, shape (n, p, c).

    Returns:
        Scores in [0, ln c], in nats, shape (n,), float32; higher is less stable.

    Raises:
        ValueError: If there is only one pass.

    References:
        Houlsby et al., "Bayesian Active Learning for Classification and Preference Learning",
        2011, arXiv:1112.5745 (BALD), by dropout as Gal, Islam, Ghahramani, 2017,
        arXiv:1703.02910.
    """
    passes = dropout_probs.shape[1]
    if passes < 2:
        raise ValueError(f"dropout_probs holds {passes} pass; at least 2 can disagree")
    mean = dropout_probs.mean(axis=1, dtype=np.float64)
    disagreement = nats(mean) - nats(dropout_probs).mean(axis=1)
    # At least 0 but for rounding.
    scores: NDArray[np.float32] = np.maximum(disagreement, 0).astype(np.float32)
    return scores


def stability_under_token_dropout(
    view_probs: NDArray[np.float32], probs: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Mean divergence of the prediction when word pieces are left out, or an image is moved, from the one when not.

    Args:
        view_probs: Class probabilities of u views, shape (n, u, c): of a text with word pieces left out, of
            an image moved and mirrored as in training.
        probs: Those of the text or image as it is, shape (n, c).

    Returns:
        Kullback-Leibler divergences of at least 0, in nats, shape (n,), float32; higher is less
        stable.

    References:
        The consistency loss of Xie, Dai, Hovy, Luong, Le, "Unsupervised Data Augmentation for
        Consistency Training", 2019, arXiv:1904.12848, as a score.
    """
    cross = -(probs[:, None].astype(np.float64) * log(view_probs)).sum(axis=2).mean(axis=1)
    # At least 0 but for rounding.
    scores: NDArray[np.float32] = np.maximum(cross - nats(probs), 0).astype(np.float32)
    return scores
