"""Signals of how a sample's loss, or its label's probability, went during training."""

import numpy as np
from numpy.typing import NDArray

from trainables.errors import UsageError
from trainables.evidence.marked_losses import MarkedLosses
from trainables.signals.dynamics import first_visits
from trainables.signals.uncertainty import loss_of_a_piece

Floats = NDArray[np.float64]


def cld(
    marked_losses: MarkedLosses,
    labels: NDArray[np.int64],
    validation_labels: NDArray[np.int64],
) -> NDArray[np.float32]:
    """Correlation of a row's loss changes with those of its class on the validation split.

    Losses are looked at between steps, of all rows at the same weights: before the first step and at
    evenly spaced marks of the warm-up. The source then keeps the best of each class. A row of a class that the validation
    split has no row of is held against the mean of all validation rows; the source drops it.

    Args:
        marked_losses: Losses of training rows (n, t) and validation rows (v, t) at t marks.
        labels: Given classes, shape (n,).
        validation_labels: Classes of the validation rows, shape (v,), v at least 1.

    Returns:
        Pearson correlations in [-1, 1], shape (n,), float32; higher is learnt as the class is, 0
        where a loss never changes.

    Raises:
        UsageError: If the validation loss is the same at all marks.

    References:
        Nagaraj, Ravikumar, Roy, "Coresets from Trajectories: Selecting Data via Correlation of
        Loss Differences", 2025, arXiv:2508.20230.
    """
    validation = marked_losses.validation.astype(np.float64)
    overall = np.diff(validation.mean(axis=0))
    if not overall.any():
        raise UsageError(
            f"the validation loss is the same at all {validation.shape[1]} marks of the warm-up; use "
            "a longer warm-up, or fewer checkpoints"
        )
    changes = np.diff(marked_losses.training.astype(np.float64), axis=1)
    scores = np.empty(len(labels), dtype=np.float32)
    for label in np.unique(labels):
        aims = validation_labels == label
        aim = np.diff(validation[aims].mean(axis=0)) if aims.any() else overall
        scores[labels == label] = _correlations(changes[labels == label], aim)
    return scores


def delta_loss(
    start_losses: NDArray[np.float32],
    row_losses: NDArray[np.float32],
    scored_pieces: NDArray[np.float32],
) -> NDArray[np.float32]:
    """How much training up to the mark has lowered the loss of a piece of the row.

    Of a row that training does not move, as it was known before or cannot be learned, it is near 0; of one
    of which no piece is scored it is 0.

    Args:
        start_losses: Losses of the rows before the first step, summed over their scored pieces, in nats, shape (n,).
        row_losses: The same at the mark.
        scored_pieces: How many those are, shape (n,).

    Returns:
        Scores in nats a piece, shape (n,), float32; higher has gained more, below 0 lost.

    References:
        Mindermann et al., "Prioritized Training on Points that are Learnable, Worth Learning, and Not Yet Learnt",
        ICML 2022, arXiv:2206.07137, takes the difference of two models' losses; here it is that of one
        model's at two marks.
    """
    return loss_of_a_piece(start_losses - row_losses, scored_pieces).astype(np.float32)


def dual(losses: NDArray[np.float32], *, window: int = 0) -> NDArray[np.float32]:
    """DUAL: how unsteady and how low the label's probability was, window by window.

    In each window of visits the standard deviation of the label's probability, times one minus its
    mean; averaged over windows. What is settled goes first, whether learnt at once or never.

    Args:
        losses: Cross-entropy at each visit, in nats, shape (n, t), nan where not visited; at least
            three visits each.
        window: Visits in a row, at least 2 and fewer than there are; 0 is a third of them, as the
            source's 10 of 30, and 2 at least.

    Returns:
        Scores of at least 0, shape (n,), float32; higher is more unsteady and harder.

    Raises:
        ValueError: If window is out of its range, or a sample was visited less than three times.

    References:
        Cho, Shin, Kang, Yun, "Lightweight Dataset Pruning without Full Training via Example
        Difficulty and Prediction Uncertainty", 2025, arXiv:2502.06905.
    """
    chances = np.exp(-first_visits(losses, "losses", least=3))
    t = chances.shape[1]
    width = window or max(2, t // 3)
    if width < 2:
        raise ValueError(f"window is {window}; give 2 or more, or 0 for a third of the visits")
    if width >= t:
        raise ValueError(
            f"window is {window}, and there are {t} visits of each sample; give fewer, 0 for a third of "
            "them, or a longer warm-up"
        )
    total = np.zeros(len(chances))
    for start in range(t - width + 1):
        inside = chances[:, start : start + width]
        total += inside.std(axis=1, ddof=1) * (1 - inside.mean(axis=1))
    scores: NDArray[np.float32] = (total / (t - width + 1)).astype(np.float32)
    return scores


def _correlations(rows: Floats, aim: Floats) -> Floats:
    """Pearson correlation of each row (n, s) with one aim (s,); 0 where either never varies."""
    rows = rows - rows.mean(axis=1, keepdims=True)
    aim = aim - aim.mean()
    lengths = np.linalg.norm(rows, axis=1) * np.linalg.norm(aim)
    found: Floats = np.clip(rows @ aim / np.where(lengths > 0, lengths, 1), -1, 1)
    return found
