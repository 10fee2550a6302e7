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
    return _length(errors(probs, labels)).astype(np.float32)


def el2n_ensemble(
    member_probs: NDArray[np.float32], labels: NDArray[np.int64]
) -> NDArray[np.float32]:
    """EL2N averaged over warm learners of different seeds, as its source has it.

    Args:
        member_probs: Predicted class probabilities of m learners, shape (n, m, c).
        labels: Given classes, shape (n,).

    Returns:
        Scores in [0, sqrt(2)], shape (n,), float32; higher is harder.

    Raises:
        ValueError: If member_probs and labels disagree on the number of samples.

    References:
        Paul, Ganguli, Dziugaite, "Deep Learning on a Data Diet", 2021, arXiv:2107.07075,
        definition 2.2; the source averages ten learners.
    """
    members = np.moveaxis(member_probs, 1, 0)
    scores: NDArray[np.float32] = np.mean(
        [_length(errors(probs, labels)) for probs in members], axis=0
    ).astype(np.float32)
    return scores


def grand(
    probs: NDArray[np.float32], features: NDArray[np.float32], labels: NDArray[np.int64]
) -> NDArray[np.float32]:
    """Length of the loss gradient of the classifier's weights and bias, of one warm learner.

    Args:
        probs: Predicted class probabilities, shape (n, c).
        features: The classifier's input, shape (n, h).
        labels: Given classes, shape (n,).

    Returns:
        Scores of at least 0, shape (n,), float32; higher is harder.

    Raises:
        ValueError: If probs and labels disagree on the number of samples.

    References:
        Paul, Ganguli, Dziugaite, "Deep Learning on a Data Diet", 2021, arXiv:2107.07075,
        definition 2.1, of the last layer; never before training: Kirsch, "Does Deep Learning on
        a Data Diet reproduce?", 2023, arXiv:2303.14753.
    """
    return _gradient(probs, features, labels).astype(np.float32)


def grand_ensemble(
    member_probs: NDArray[np.float32],
    member_features: NDArray[np.float32],
    labels: NDArray[np.int64],
) -> NDArray[np.float32]:
    """GraNd of the classifier averaged over warm learners of different seeds.

    Args:
        member_probs: Predicted class probabilities of m learners, shape (n, m, c).
        member_features: Their classifiers' inputs, shape (n, m, h).
        labels: Given classes, shape (n,).

    Returns:
        Scores of at least 0, shape (n,), float32; higher is harder.

    Raises:
        ValueError: If member_probs and labels disagree on the number of samples.

    References:
        Paul, Ganguli, Dziugaite, "Deep Learning on a Data Diet", 2021, arXiv:2107.07075,
        definition 2.1, of the last layer; the source averages ten learners.
    """
    members = zip(np.moveaxis(member_probs, 1, 0), np.moveaxis(member_features, 1, 0), strict=True)
    scores: NDArray[np.float32] = np.mean(
        [_gradient(probs, features, labels) for probs, features in members], axis=0
    ).astype(np.float32)
    return scores


def grand_full(gradient_norms: NDArray[np.float32]) -> NDArray[np.float32]:
    """Length of the loss gradient of all weights, of one warm learner.

    Args:
        gradient_norms: That length for each sample, shape (n,).

    Returns:
        The same, shape (n,), float32; higher is harder.

    References:
        Paul, Ganguli, Dziugaite, "Deep Learning on a Data Diet", 2021, arXiv:2107.07075,
        definition 2.1, with one model instead of ten or more; never before training: Kirsch,
        "Does Deep Learning on a Data Diet reproduce?", 2023, arXiv:2303.14753.
    """
    return gradient_norms.astype(np.float32)


def errors(probs: NDArray[np.float32], labels: NDArray[np.int64]) -> NDArray[np.float64]:
    """Predicted probabilities minus the one-hot label: the loss gradient of the logits.

    Args:
        probs: Predicted class probabilities, shape (n, c).
        labels: Given classes, shape (n,), integers in [0, c).

    Returns:
        Shape (n, c).

    Raises:
        ValueError: If probs and labels disagree on the number of samples.
    """
    check_split(probs, labels)
    error = probs.astype(np.float64)
    error[np.arange(len(labels)), labels] -= 1
    return error


def check_split(probs: NDArray[np.float32], labels: NDArray[np.int64]) -> None:
    """Raise a ValueError if probs and labels disagree on the number of samples."""
    if len(probs) != len(labels):
        raise ValueError(
            f"probs holds {len(probs)} samples but labels holds {len(labels)}; "
            "score the same split, in the same order"
        )


def _gradient(
    probs: NDArray[np.float32], features: NDArray[np.float32], labels: NDArray[np.int64]
) -> NDArray[np.float64]:
    """The gradient is the outer product of the error and (features, 1): so is its length."""
    squares = np.einsum("nh,nh->n", features, features, dtype=np.float64)
    lengths: NDArray[np.float64] = _length(errors(probs, labels)) * np.sqrt(1 + squares)
    return lengths


def _length(vectors: NDArray[np.float64]) -> NDArray[np.float64]:
    lengths: NDArray[np.float64] = np.linalg.norm(vectors, axis=1)
    return lengths
