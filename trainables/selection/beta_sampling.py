"""The selector `beta`: lots weighed by score and by how probable the label was, easier rows at higher rates."""

import numpy as np
from numpy.typing import NDArray

from trainables.selection.cuts import n_keep
from trainables.signals.dynamics import first_visits

# Sum of the density's two parameters less one, and how many best-scored rows it starts from: the source's.
_SPREAD, _TOP = 15, 10
# Rows go in stages of one per cent, each by the density of its own rate: so the kept sets nest.
_STAGES = 100
# Chances of 0 and 1 have no density where a parameter is below 1.
_NEAREST = 1e-6


def keep_beta(
    scores: NDArray[np.float32],
    labels: NDArray[np.int64],
    rate: float,
    ties: NDArray[np.float64],
    losses: NDArray[np.float32],
    *,
    power: float = 4.0,
) -> NDArray[np.bool_]:
    """Draw the rows that stay, by score times a Beta density of the label's mean probability.

    The density peaks where the best-scored rows are, and moves to easy rows as the rate rises. The
    source draws anew at each rate, so a row that went at 30 % may be back at 90 %. Here rows go one
    per cent at a time, each time those of the shortest straws under the density of that rate, so
    that the kept sets nest. Up to 60 % it is the source's own draw, to a row in a thousand; beyond,
    easy rows that a high rate would bring back are gone: docs/signals.md has how many.

    Args:
        scores: As for `keep_global`, and so is the rate. Where some are below 0, they count from the
            lowest.
        labels: Not used.
        rate: See there.
        ties: Uniform in [0, 1), shape (n,): they are the lots.
        losses: Cross-entropy at each visit up to the warm-up mark, shape (n, t), nan where not
            visited; at least one visit each.
        power: Of the rate, above 0: the higher, the longer hard rows are preferred. The source takes 4
            for CIFAR-100.

    Raises:
        ValueError: If power is not above 0, or a row was never visited.

    References:
        Cho, Shin, Kang, Yun, "Lightweight Dataset Pruning without Full Training via Example
        Difficulty and Prediction Uncertainty", 2025, arXiv:2502.06905.
    """
    if not power > 0:
        raise ValueError(f"power is {power:g}; it must be above 0")
    n = len(scores)
    chances = np.exp(-first_visits(losses, "losses")).mean(axis=1).clip(_NEAREST, 1 - _NEAREST)
    worth = scores - np.minimum(scores.min(), 0).astype(np.float64)
    # Where all are worth nothing, all are worth the same.
    with np.errstate(divide="ignore"):
        straws = np.log(worth if worth.any() else worth + 1) - np.log(-np.log(ties))
    start = chances[np.lexsort((ties, scores))[-_TOP:]].mean()
    stays = np.arange(n)
    for stage in range(1, _STAGES):
        left = n_keep(n, min(rate, stage / _STAGES))
        easy = _density(chances[stays], start, stage / _STAGES, power)
        longest_first = np.lexsort((ties[stays], straws[stays] + easy))[::-1]
        stays = stays[longest_first[:left]]
        if stage >= rate * _STAGES:
            break
    keep = np.zeros(n, dtype=bool)
    keep[stays[: n_keep(n, rate)]] = True
    return keep


def _density(
    chances: NDArray[np.float64], start: float, rate: float, power: float
) -> NDArray[np.float64]:
    """Logarithm of the Beta density at a rate, but for a constant."""
    b = _SPREAD * (1 - start) * (1 - rate**power)
    a = _SPREAD + 1 - b
    density: NDArray[np.float64] = (a - 1) * np.log(chances) + (b - 1) * np.log1p(-chances)
    return density
