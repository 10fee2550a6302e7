import tracemalloc
from itertools import permutations

import numpy as np
import pytest
from scipy.stats import spearmanr

from trainables.neighbours.exact import Neighbours, far_neighbours, neighbours
from trainables.signals.labels import knn_shapley, label_quality

METHODS = ["self_confidence", "normalized_margin", "confidence_weighted_entropy"]


def predictions(n=300, c=4):
    rng = np.random.default_rng(0)
    labels = rng.choice(c, n, p=[0.6, 0.2, 0.15, 0.05])
    logits = rng.standard_normal((n, c)) + 2 * np.eye(c)[labels]
    probs = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    # Some rows are certain, and some of those wrong.
    probs[:10] = np.eye(c)[rng.integers(0, c, 10)]
    return probs.astype(np.float32), labels


def class_clouds(n=200, c=3, d=8):
    rng = np.random.default_rng(0)
    labels = rng.integers(0, c, n)
    embeddings = rng.standard_normal((n, d)) + 2 * np.eye(c, d)[labels]
    return embeddings.astype(np.float32), labels


@pytest.mark.parametrize(
    ("by", "adjust"), [*((by, False) for by in METHODS), *((by, True) for by in METHODS[:2])]
)
def test_label_quality_has_the_values_of_the_reference_code(by, adjust):
    rank = pytest.importorskip("cleanlab.rank")
    probs, labels = predictions()
    theirs = rank.get_label_quality_scores(
        labels, probs.astype(np.float64), method=by, adjust_pred_probs=adjust
    )
    assert np.allclose(label_quality(probs, labels, by=by, adjust=adjust), theirs, atol=1e-6)


@pytest.mark.parametrize("by", METHODS)
def test_a_wrong_label_has_a_lower_quality_than_a_right_one(by):
    probs = np.array([[0.9, 0.1], [0.9, 0.1]], dtype=np.float32)
    right, wrong = label_quality(probs, np.array([0, 1]), by=by)
    assert right > wrong


def test_adjusting_lifts_the_class_that_the_head_finds_hard():
    probs = np.array([[0.9, 0.1], [0.9, 0.1], [0.6, 0.4], [0.6, 0.4]], dtype=np.float32)
    labels = np.array([0, 0, 1, 1])
    plain, adjusted = (label_quality(probs, labels, adjust=adjust) for adjust in (False, True))
    assert plain[2] < plain[0]
    assert adjusted[2] == pytest.approx(adjusted[0])


def test_adjusting_bears_a_class_that_no_row_carries():
    probs = np.full((2, 3), 1 / 3, dtype=np.float32)
    assert np.isfinite(label_quality(probs, np.array([0, 1]), adjust=True)).all()


def test_an_unknown_measure_of_label_quality_is_refused():
    with pytest.raises(ValueError, match="by is 'entropy'; it must be self_confidence"):
        label_quality(*predictions(), by="entropy")


def test_the_entropy_is_not_adjusted():
    with pytest.raises(ValueError, match="set it to false"):
        label_quality(*predictions(), by="confidence_weighted_entropy", adjust=True)


def by_definition(near, labels, k):
    """Each player's mean marginal vote over all orders in which the players of a target may come."""
    total = np.zeros(len(labels))
    orders = np.array(list(permutations(range(near.shape[1]))))
    places = np.argsort(orders, axis=1)
    for target, players in enumerate(near):
        hit = labels[players] == labels[target]
        for j, player in enumerate(players):
            # Who came before the j-th player, and who of them is nearer to the target.
            before = places < places[:, [j]]
            nearer = before[:, :j].sum(axis=1)
            votes = nearer < k
            farther = before[:, j + 1 :]
            kth = (farther.cumsum(axis=1) == (k - nearer)[:, None]) & farther
            # Of those that voted without it, the farthest gives its vote up to it.
            given_up = (kth & hit[j + 1 :]).any(axis=1)
            total[player] += (votes * (float(hit[j]) - given_up)).mean() / k
    return total / len(labels)


@pytest.mark.parametrize("k", [1, 3, 10])
def test_knn_shapley_is_the_shapley_value_over_all_orders_of_eight_players(k):
    rng = np.random.default_rng(k)
    found = far_neighbours(rng.standard_normal((9, 4)).astype(np.float32), k=k)
    labels = rng.integers(0, 2, 9)
    assert found.rows.shape == (9, 8)
    expected = by_definition(found.rows, labels, k)
    assert np.ptp(expected) > 0.01
    assert np.allclose(knn_shapley(found, labels, k=k), expected, atol=1e-7)


def test_knn_shapley_orders_rows_as_the_values_of_all_neighbours_do():
    embeddings, labels = class_clouds(1200, d=32)
    wrong = np.arange(1200) < 120
    labels = np.where(wrong, (labels + 1) % 3, labels)
    exact = knn_shapley(neighbours(embeddings, k=1199), labels)
    found = knn_shapley(far_neighbours(embeddings), labels)
    cut_at_k = knn_shapley(neighbours(embeddings), labels)
    assert spearmanr(found, exact).statistic > 0.97
    assert spearmanr(cut_at_k, exact).statistic < 0.8
    assert np.abs(found - exact).max() < 0.01


def test_knn_shapley_of_the_neighbours_looked_at_is_the_recursion_from_the_last_of_them():
    embeddings, labels = class_clouds()
    found, k = neighbours(embeddings, k=30), 4
    slow = np.zeros(len(labels))
    for target, near in enumerate(found.rows):
        value = 0.0
        for j in range(28, -1, -1):
            hit, next_hit = (labels[near[[j, j + 1]]] == labels[target]).astype(float)
            value += (hit - next_hit) / k * min(k, j + 1) / (j + 1)
            slow[near[j]] += value / len(labels)
    assert np.allclose(knn_shapley(found, labels, k=k), slow, atol=1e-7)


def test_knn_shapley_without_votes_is_refused():
    with pytest.raises(ValueError, match="k is 0; each target takes at least 1 vote"):
        knn_shapley(far_neighbours(class_clouds(20)[0]), np.zeros(20, int), k=0)


def test_a_mislabelled_sample_has_the_lowest_knn_shapley_values():
    embeddings, labels = class_clouds()
    wrong = labels.copy()
    wrong[:10] = (wrong[:10] + 1) % 3
    scores = knn_shapley(far_neighbours(embeddings), wrong)
    assert np.median(scores[:10]) < np.quantile(scores[10:], 0.05)


def test_knn_shapley_gives_nothing_to_neighbours_that_are_not_there():
    rows = np.array([[1, -1], [0, -1], [0, 1], [2, 1]], dtype=np.int32)
    similarity = np.where(rows < 0, np.nan, 0.5).astype(np.float32)
    scores = knn_shapley(Neighbours(rows=rows, similarity=similarity), np.array([0, 0, 1, 1]), k=1)
    assert scores.tolist() == pytest.approx([0, 0, 1 / 4, 0])


def test_knn_shapley_needs_memory_for_n_times_k_and_not_for_n_times_n():
    n, k = 20_000, 10
    rng = np.random.default_rng(0)
    found = Neighbours(
        rows=rng.integers(0, n, (n, k), dtype=np.int32),
        similarity=np.ones((n, k), dtype=np.float32),
    )
    labels = rng.integers(0, 4, n)
    tracemalloc.start()
    knn_shapley(found, labels)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 64 * n * k
