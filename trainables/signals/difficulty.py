"""Signals of how hard a sample is for the warmed-up learner."""

import numpy as np
from numpy.typing import NDArray


def el2n(probs: NDArray[np.float32], labels: NDArray[np.int64]) -> NDArray[np.float32]:
    """L2 norm of the predicted probabilities minus the one-hot label, of one warm learner.

    Small for samples the learner already predicts with confidence; largest for mislabelled ones.

    Args:
        probs: Predicted class probabilities, shape (n, c).
        labels: Given classes, shape (n,), integers in [0, c).

    Returns:
        Scores in [0, sqrt(2)], shape (n,), float32; higher is harder.

    Raises:
        ValueError: If probs and labels disagree on the number of samples.

    References:
        Paul, Ganguli, Dziugaite, "Deep Learning on a Data Diet", 2021, arXiv:2107.07075,
        definition 2.2, with one model instead of ten or more.
    """
    if len(probs) != len(labels):
        raise ValueError(
            f"probs holds {len(probs)} samples but labels holds {len(labels)}; "
            "score the same split, in the same order"
        )
    error = probs.astype(np.float64)
    error[np.arange(len(labels)), labels] -= 1
    scores: NDArray[np.float32] = np.linalg.norm(error, axis=1).astype(np.float32)
    return scores
