"""Signals that pass difficulty along the graph of nearest neighbours."""

import heapq

import numpy as np
from numpy.typing import NDArray

from trainables.neighbours.exact import Neighbours
from trainables.signals.difficulty import el2n
from trainables.signals.redundancy import order_scores


def d2(
    neighbours: Neighbours,
    probs: NDArray[np.float32],
    labels: NDArray[np.int64],
    draws: NDArray[np.float64],
    *,
    gamma_f: float = 1.0,
    gamma_r: float = 1.0,
) -> NDArray[np.float32]:
    """The order in which difficult and yet diverse samples are picked on the neighbour graph.

    Forward, each row adds to its own EL2N that of its neighbours, weighted exp(-gamma_f dist).
    Then the row with the most is picked, again and again, and each time its neighbours lose
    exp(-gamma_r dist) times what the picked one had. dist is the Euclidean distance of the unit
    embeddings, sqrt(2 - 2 cosine). As in the source's code amounts go below 0, after a quarter of the
    rows and more, and a row picked then raises its neighbours. Its settings for a rate are not here:
    it tunes gamma_r, cuts off hard rows first and balances classes.

    Args:
        neighbours: The k nearest other rows.
        probs: Predicted class probabilities, shape (n, c).
        labels: Given classes, shape (n,), integers in [0, c).
        draws: Uniform in [0, 1), shape (n,); the higher of equals is picked first.
        gamma_f: How fast difficulty fades with distance on its way forward, at least 0.
        gamma_r: How fast the loss fades with distance, at least 0; large is little diversity.

    Returns:
        Scores in [0, 1), shape (n,), float32; higher is picked earlier.

    Raises:
        ValueError: If a gamma is below 0, or probs and labels disagree on the number of samples.

    References:
        Maharana, Yadav, Bansal, "D2 Pruning: Message Passing for Balancing Diversity and
        Difficulty in Data Pruning", 2023, arXiv:2310.07931.
    """
    if min(gamma_f, gamma_r) < 0:
        raise ValueError(f"gamma_f is {gamma_f:g} and gamma_r {gamma_r:g}; they must be at least 0")
    difficulty = el2n(probs, labels).astype(np.float64)
    found = neighbours.rows >= 0
    rows = np.where(found, neighbours.rows, 0)
    distance = np.sqrt(2 - 2 * np.where(found, neighbours.similarity, 1).astype(np.float64))
    heard = np.where(found, np.exp(-gamma_f * distance) * difficulty[rows], 0)
    taken = np.where(found, np.exp(-gamma_r * distance), 0)
    amount = difficulty + heard.sum(axis=1)
    return order_scores(np.array(_picked(amount, rows, taken, draws))[::-1])


def _picked(
    amount: NDArray[np.float64],
    rows: NDArray[np.int32],
    taken: NDArray[np.float64],
    draws: NDArray[np.float64],
) -> list[int]:
    """All rows in the order of the greedy choice."""
    left = amount.tolist()
    heap = [(-a, -d, i) for i, (a, d) in enumerate(zip(left, draws.tolist(), strict=True))]
    heapq.heapify(heap)
    picked, is_picked = [], [False] * len(left)
    while heap:
        # A row that rises gets another entry, so its highest is never too low: if out of date, it is on
        # the high side and comes up in time.
        known, tie, row = heapq.heappop(heap)
        if is_picked[row]:
            continue
        if -known > left[row]:
            heapq.heappush(heap, (-left[row], tie, row))
            continue
        is_picked[row] = True
        picked.append(row)
        had = left[row]
        for neighbour, share in zip(rows[row].tolist(), taken[row].tolist(), strict=True):
            left[neighbour] -= share * had
            if had < 0 and not is_picked[neighbour]:
                heapq.heappush(heap, (-left[neighbour], -draws[neighbour], neighbour))
    return picked
