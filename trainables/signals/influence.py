"""Signals of what a training step on a sample does to the loss on the validation split.

All look at the classifier, the last linear layer with its bias, whose gradient for a sample is the
outer product of the error (predicted probabilities minus one-hot label) and (features, 1). As
every score is linear in the validation gradients, their mean, one (c, h + 1) matrix, stands in for
them all; no matrix of training by validation rows is made.
"""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from trainables.evidence.ensembles import Checkpoint
from trainables.signals.difficulty import errors

Floats = NDArray[np.float64]

# Numbers held at once beside the evidence: 32 MiB of them.
_BLOCK = 2**22
# torch's AdamW: decay of the running mean and mean square, and what is added to the root.
_BETAS, _EPS = (0.9, 0.999), 1e-8
# Added to the diagonal of a Gram matrix, as a share of its mean. The source adds nothing, but
# gradients of a classifier never span all directions: those by the logits sum to 0.
_RIDGE = 1e-3


def tracin(
    checkpoints: Sequence[Checkpoint],
    labels: NDArray[np.int64],
    validation_labels: NDArray[np.int64],
) -> NDArray[np.float32]:
    """TracIn: how much steps on a sample lower the validation loss, along the warm-up.

    Args:
        checkpoints: Marks of the warm-up.
        labels: Given classes, shape (n,).
        validation_labels: Classes of the validation split, shape (v,), v at least 1.

    Returns:
        Learning rate times the product of the sample's gradient and the mean validation gradient,
        summed over checkpoints, shape (n,), float32; higher helps more, below 0 harms.

    Raises:
        ValueError: If there is no validation split, or probabilities and labels disagree.

    References:
        Pruthi, Liu, Sundararajan, Kale, "Estimating Training Data Influence by Tracing Gradient
        Descent", 2020, arXiv:2002.08484, TracInCP of the last layer.
    """
    scores = np.zeros(len(labels))
    for mark in checkpoints:
        goal = errors(mark.validation_probs, validation_labels)
        target = _mean_gradient(goal, mark.validation_features)
        scores += mark.lr * _along(errors(mark.probs, labels), mark.features, target)
    return scores.astype(np.float32)


def tracin_self(
    checkpoints: Sequence[Checkpoint], labels: NDArray[np.int64]
) -> NDArray[np.float32]:
    """Minus TracIn of a sample on itself, which is largest for mislabelled and rare samples.

    The source looks for mislabelled samples at the top of self-influence, so these go first.

    Args:
        checkpoints: Marks of the warm-up.
        labels: Given classes, shape (n,).

    Returns:
        Minus the learning rate times the squared length of the gradient, summed over checkpoints,
        shape (n,), float32; higher, that is nearer 0, is more ordinary.

    Raises:
        ValueError: If probabilities and labels disagree.

    References:
        Pruthi, Liu, Sundararajan, Kale, "Estimating Training Data Influence by Tracing Gradient
        Descent", 2020, arXiv:2002.08484, self-influence of the last layer.
    """
    scores = np.zeros(len(labels))
    for mark in checkpoints:
        scores -= mark.lr * _lengths(errors(mark.probs, labels), mark.features) ** 2
    return scores.astype(np.float32)


def less(
    checkpoints: Sequence[Checkpoint],
    labels: NDArray[np.int64],
    validation_labels: NDArray[np.int64],
) -> NDArray[np.float32]:
    """LESS: cosine of the Adam step a sample would cause and the validation gradients.

    The source projects gradients at random so that they can be stored. Here none is stored, and
    the cosine is the one that its projections estimate.

    Args:
        checkpoints: Marks of the warm-up, with the optimizer's moments.
        labels: Given classes, shape (n,).
        validation_labels: Classes of the validation split, shape (v,), v at least 1.

    Returns:
        Mean cosine over validation rows, averaged over checkpoints by learning rate, in [-1, 1],
        shape (n,), float32; higher helps more, below 0 harms.

    Raises:
        ValueError: If there is no validation split, or probabilities and labels disagree.

    References:
        Xia, Malladi, Gururangan, Arora, Chen, "LESS: Selecting Influential Data for Targeted
        Instruction Tuning", 2024, arXiv:2402.04333, of the last layer.
    """
    scores = np.zeros(len(labels))
    for mark in checkpoints:
        goal = errors(mark.validation_probs, validation_labels)
        lengths = _lengths(goal, mark.validation_features)
        # A gradient of length 0 points nowhere and counts as 0.
        units = goal / np.where(lengths > 0, lengths, 1)[:, None]
        target = _mean_gradient(units, mark.validation_features).ravel()
        error = errors(mark.probs, labels)
        for rows in _blocks(len(labels), target.size):
            steps = _adam(_gradients(error[rows], mark.features[rows]), mark.moments)
            sizes = np.linalg.norm(steps, axis=1)
            scores[rows] += mark.lr * (steps @ target) / np.where(sizes > 0, sizes, 1)
    return (scores / sum(mark.lr for mark in checkpoints)).astype(np.float32)


def trak(
    probs: NDArray[np.float32],
    features: NDArray[np.float32],
    labels: NDArray[np.int64],
    validation_probs: NDArray[np.float32],
    validation_features: NDArray[np.float32],
    validation_labels: NDArray[np.int64],
    *,
    dim: int = 1024,
) -> NDArray[np.float32]:
    """TRAK: what a sample adds to the validation margins in a linearised model, of one learner.

    Args:
        probs: Predicted class probabilities, shape (n, c).
        features: The classifier's input, shape (n, h).
        labels: Given classes, shape (n,).
        validation_probs: The same of the validation split, shape (v, c), v at least 1.
        validation_features: Shape (v, h).
        validation_labels: Shape (v,).
        dim: Random directions that gradients are projected on where they have more entries.

    Returns:
        Scores of arbitrary scale, shape (n,), float32; higher helps more, below 0 harms.

    Raises:
        ValueError: If there is no validation split, or probabilities and labels disagree.

    References:
        Park, Georgiev, Ilyas, Leclerc, Madry, "TRAK: Attributing Model Behavior at Scale", 2023,
        arXiv:2303.14186, of the last layer.
    """
    outputs, doubt = _margin_errors(probs, labels)
    goal, _ = _margin_errors(validation_probs, validation_labels)
    target = _mean_gradient(goal, validation_features)
    directions = _directions(target.size, dim)
    gram = np.zeros((directions.shape[1], directions.shape[1]))
    for rows in _blocks(len(labels), target.size):
        projected = _gradients(outputs[rows], features[rows]) @ directions
        gram += projected.T @ projected
    gram[np.diag_indices_from(gram)] += _RIDGE * np.trace(gram) / len(gram)
    solved = directions @ np.linalg.solve(gram, directions.T @ target.ravel())
    return (doubt * _along(outputs, features, solved.reshape(target.shape))).astype(np.float32)


def _margin_errors(probs: NDArray[np.float32], labels: NDArray[np.int64]) -> tuple[Floats, Floats]:
    """Gradient of log(p / (1 - p)), p of the label, by the logits (n, c); and 1 - p (n,).

    It is 1 for the label and minus a class's share of 1 - p for the others. 1 - p is their sum:
    taken from 1, it would be 0 for the many rows whose p float32 rounds to 1.
    """
    others = np.maximum(errors(probs, labels), 0)
    label = np.arange(len(labels)), labels
    others[label] = 0
    doubt = others.sum(axis=1)
    # Where even the others are rounded to 0, they share alike.
    sure = doubt == 0
    others[sure] = 1
    others[label] = 0
    gradient = -others / others.sum(axis=1)[:, None]
    gradient[label] = 1
    return gradient, doubt


def _adam(gradients: Floats, moments: NDArray[np.float32]) -> Floats:
    """AdamW's step for each gradient (b, c (h + 1)), were it the next, less bias correction.

    The small number is outside the root, as in torch. The source's code has it inside, where for
    weights that have hardly moved it acts as 1e-4.
    """
    mean, square = (moments[:, i].astype(np.float64).ravel() for i in (0, 1))
    first = _BETAS[0] * mean + (1 - _BETAS[0]) * gradients
    second = _BETAS[1] * square + (1 - _BETAS[1]) * gradients**2
    step: Floats = first / (np.sqrt(second) + _EPS)
    return step


def _directions(size: int, dim: int) -> Floats:
    """Random signs over sqrt(dim), (size, dim); no projection where it would not shorten."""
    if size <= dim:
        return np.eye(size)
    # The same directions in every run, as in the source: a draw of the sample ids' or the seed's
    # would be a difference between runs that is not in the data.
    signs = np.random.default_rng(0).integers(0, 2, (size, dim), dtype=np.int8)
    directions: Floats = (2.0 * signs - 1) / np.sqrt(dim)
    return directions


def _gradients(error: Floats, features: NDArray[np.float32]) -> Floats:
    """Gradients of the classifier, weights and then bias for each class, (n, c (h + 1))."""
    outer = np.einsum("nc,nh->nch", error, _with_one(features))
    gradients: Floats = outer.reshape(len(error), -1)
    return gradients


def _mean_gradient(error: Floats, features: NDArray[np.float32]) -> Floats:
    """The mean of `_gradients`, (c, h + 1)."""
    if not len(error):
        raise ValueError("the validation split is empty; this signal needs rows to aim at")
    mean: Floats = error.T @ _with_one(features) / len(error)
    return mean


def _along(error: Floats, features: NDArray[np.float32], target: Floats) -> Floats:
    """Products of each gradient with one matrix (c, h + 1), shape (n,)."""
    products = np.empty(len(error))
    for rows in _blocks(len(error), target.shape[1]):
        products[rows] = (error[rows] * (_with_one(features[rows]) @ target.T)).sum(axis=1)
    return products


def _lengths(error: Floats, features: NDArray[np.float32]) -> Floats:
    """Lengths of the gradients, shape (n,)."""
    squares = 1 + np.einsum("nh,nh->n", features, features, dtype=np.float64)
    lengths: Floats = np.linalg.norm(error, axis=1) * np.sqrt(squares)
    return lengths


def _with_one(features: NDArray[np.float32]) -> Floats:
    extended: Floats = np.concatenate([features, np.ones((len(features), 1))], axis=1)
    return extended


def _blocks(n: int, width: int) -> Iterator[slice]:
    """Rows in runs that hold about `_BLOCK` numbers at this width."""
    size = max(1, _BLOCK // width)
    return (slice(start, start + size) for start in range(0, n, size))
