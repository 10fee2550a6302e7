"""The loss of a class that was given, from the probabilities of all."""

import numpy as np
from numpy.typing import NDArray

# Stands in for a probability of 0, which float32 makes of anything smaller.
_TINY = float(np.finfo(np.float32).tiny)


def losses_of_labels(probs: NDArray[np.float32], labels: NDArray[np.int64]) -> NDArray[np.float32]:
    """Cross-entropy of each row's label, in nats, at least 0.

    Args:
        probs: Predicted class probabilities, shape (n, c).
        labels: Given classes, shape (n,), integers in [0, c).

    Returns:
        Shape (n,).
    """
    others = probs.astype(np.float64)
    chance = others[np.arange(len(labels)), labels]
    others[np.arange(len(labels)), labels] = 0
    # By the other classes: float32 rounds p near 1 to 1, and -log p of many rows to 0.
    odds_against = others.sum(axis=1) / np.maximum(chance, _TINY)
    losses: NDArray[np.float32] = np.log1p(odds_against).astype(np.float32)
    return losses
