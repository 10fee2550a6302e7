import numpy as np
import pytest

from trainables.neighbours.exact import Neighbours, neighbours
from trainables.signals.difficulty import el2n
from trainables.signals.graph import d2

LONELY = Neighbours(
    rows=np.full((4, 1), -1, dtype=np.int32), similarity=np.full((4, 1), np.nan, dtype=np.float32)
)


def graph(n=150, c=3):
    rng = np.random.default_rng(0)
    embeddings = rng.standard_normal((n, 6)).astype(np.float32)
    labels = rng.integers(0, c, n)
    probs = rng.dirichlet(np.ones(c), n).astype(np.float32)
    return neighbours(embeddings, k=5), probs, labels, rng.random(n)


def of_confidence(own):
    """Two-class probabilities of rows of class 0; the lower, the more difficult."""
    own = np.array(own, dtype=np.float32)
    return np.stack([own, 1 - own], axis=1)


def slow_d2(found, probs, labels, gamma_f, gamma_r):
    difficulty = el2n(probs, labels).astype(float)
    distance = np.sqrt(2 - 2 * found.similarity.astype(float))
    amount = difficulty + (np.exp(-gamma_f * distance) * difficulty[found.rows]).sum(axis=1)
    order, left = [], set(range(len(labels)))
    while left:
        row = max(left, key=lambda i: amount[i])
        left.remove(row)
        order.append(row)
        amount[found.rows[row]] -= np.exp(-gamma_r * distance[row]) * amount[row]
    return order


@pytest.mark.parametrize(("gamma_f", "gamma_r"), [(1.0, 1.0), (0.0, 3.0), (5.0, 0.1)])
def test_d2_picks_as_the_slow_greedy_choice_does(gamma_f, gamma_r):
    found, probs, labels, draws = graph()
    scores = d2(found, probs, labels, draws, gamma_f=gamma_f, gamma_r=gamma_r)
    assert np.argsort(-scores).tolist() == slow_d2(found, probs, labels, gamma_f, gamma_r)


def test_without_neighbours_d2_is_the_order_of_difficulty():
    scores = d2(LONELY, of_confidence([0.9, 0.2, 0.5, 0.7]), np.zeros(4, dtype=int), np.zeros(4))
    assert scores.tolist() == [0, 0.75, 0.5, 0.25]


def test_of_rows_equally_difficult_the_higher_dice_are_picked_first():
    draws = np.array([0.3, 0.1, 0.4, 0.2])
    scores = d2(LONELY, of_confidence([0.5] * 4), np.zeros(4, dtype=int), draws)
    assert scores.tolist() == [0.5, 0, 0.75, 0.25]


def test_the_twin_of_the_most_difficult_row_is_not_picked_second():
    rows = np.array([[1], [0], [3], [2]], dtype=np.int32)
    similarity = np.array([[1], [1], [0], [0]], dtype=np.float32)
    scores = d2(
        Neighbours(rows=rows, similarity=similarity),
        of_confidence([0.1, 0.1, 0.4, 0.4]),
        np.zeros(4, dtype=int),
        np.array([0.2, 0.1, 0.2, 0.1]),
    )
    assert np.argsort(-scores).tolist() == [0, 2, 3, 1]


def test_d2_scores_samples_and_not_their_place():
    found, probs, labels, draws = graph()
    order = np.random.default_rng(1).permutation(len(draws))
    moved = Neighbours(rows=np.argsort(order)[found.rows][order].astype(np.int32),
                       similarity=found.similarity[order])  # fmt: skip
    shuffled = d2(moved, probs[order], labels[order], draws[order])
    assert (shuffled == d2(found, probs, labels, draws)[order]).all()


def test_d2_refuses_difficulty_that_would_grow_with_distance():
    with pytest.raises(ValueError, match="gamma_r -1; they must be at least 0"):
        d2(*graph(), gamma_r=-1.0)
