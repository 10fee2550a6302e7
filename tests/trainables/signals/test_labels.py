import tracemalloc

import numpy as np
import pytest

from trainables.neighbours.exact import Neighbours, neighbours
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


def of_class_clouds(n=200, c=3):
    rng = np.random.default_rng(0)
    labels = rng.integers(0, c, n)
    embeddings = rng.standard_normal((n, 8)) + 2 * np.eye(c, 8)[labels]
    return neighbours(embeddings.astype(np.float32)), labels


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


def test_knn_shapley_has_the_values_of_the_reference_code_before_it_halves_and_shifts_them():
    valuation = pytest.importorskip("cleanlab.data_valuation")
    sparse = pytest.importorskip("scipy.sparse")
    found, labels = of_class_clouds()
    n, k = found.rows.shape
    graph = sparse.csr_matrix(
        ((1 - found.similarity).ravel(), found.rows.ravel(), np.arange(0, n * k + 1, k))
    )
    theirs = valuation.data_shapley_knn(labels, knn_graph=graph, k=k)
    assert np.allclose(knn_shapley(found, labels), 2 * theirs - 1, atol=1e-6)


def test_knn_shapley_is_the_recursion_of_the_source_cut_off_at_k():
    found, labels = of_class_clouds()
    slow = np.zeros(len(labels))
    for target, near in enumerate(found.rows[:, :4]):
        value = 0.0
        for j in range(2, -1, -1):
            hit, next_hit = (labels[near[[j, j + 1]]] == labels[target]).astype(float)
            value += (hit - next_hit) / 4
            slow[near[j]] += value / len(labels)
    assert np.allclose(knn_shapley(found, labels, k=4), slow, atol=1e-7)


def test_a_mislabelled_sample_has_the_lowest_knn_shapley_values():
    found, labels = of_class_clouds()
    wrong = labels.copy()
    wrong[:10] = (wrong[:10] + 1) % 3
    scores = knn_shapley(found, wrong)
    assert np.median(scores[:10]) < np.quantile(scores[10:], 0.05)


def test_knn_shapley_gives_nothing_to_neighbours_that_are_not_there():
    rows = np.array([[1, -1], [0, -1], [0, 1]], dtype=np.int32)
    similarity = np.where(rows < 0, np.nan, 0.5).astype(np.float32)
    scores = knn_shapley(Neighbours(rows=rows, similarity=similarity), np.array([0, 0, 1]))
    assert scores.tolist() == pytest.approx([1 / 6, 1 / 6, 0])


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
