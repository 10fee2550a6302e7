import numpy as np
import pytest

from trainables.neighbours.kmeans import Clusters, k_means, unit_rows
from trainables.signals.prototypes import d4, moderate, ssl_prototypes, supervised_prototypes
from trainables.signals.redundancy import semdedup


def cloud(n=200, d=6):
    rng = np.random.default_rng(3)
    embeddings, draws = rng.standard_normal((n, d)).astype(np.float32), rng.random(n)
    return embeddings, rng.integers(0, 3, n), draws


def test_ssl_prototypes_keep_what_is_far_from_its_centroid():
    found = Clusters(
        assigned=np.zeros(3, dtype=np.int32), similarity=np.array([1, 0, -1], dtype=np.float32)
    )
    assert ssl_prototypes(found).tolist() == [0, 1, 2]


def test_supervised_prototypes_are_cosine_distances_to_the_mean_direction_of_the_class():
    embeddings = np.array([[3, 0], [0, 1], [0, 5], [1, 1]], dtype=np.float32)
    scores = supervised_prototypes(embeddings, np.array([0, 0, 1, 1]))
    beside = 1 - np.cos(np.pi / 8)
    assert scores.tolist() == pytest.approx([1 - 0.5**0.5] * 2 + [beside] * 2, abs=1e-6)


def test_a_class_whose_directions_cancel_out_is_at_distance_one_of_its_prototype():
    embeddings = np.array([[1, 0], [-1, 0]], dtype=np.float32)
    assert supervised_prototypes(embeddings, np.array([0, 0])).tolist() == [1, 1]


def test_moderate_prefers_the_middle_of_distances_from_the_median_of_the_class():
    # Medians 0 and 100, distances 0, 1, 2, 3, 10 and 0, so ranks 1.5, 3, 4, 5, 6 and 1.5.
    embeddings = np.array([[0], [-1], [2], [-3], [10], [100]], dtype=np.float32)
    scores = moderate(embeddings, np.array([0, 0, 0, 0, 0, 1]))
    assert scores.tolist() == pytest.approx([0.2, 0.8, 0.8, 0.4, 0, 0.2])


def test_a_cut_by_moderate_takes_as_many_near_as_far_rows():
    embeddings, labels, _ = cloud()
    labels[:] = 0
    distance = np.linalg.norm(embeddings - np.median(embeddings, axis=0), axis=1)
    gone = np.argsort(moderate(embeddings, labels))[:100]
    ranks = np.argsort(np.argsort(distance))[gone]
    assert sorted(ranks.tolist()) == [*range(50), *range(150, 200)]


def test_moderate_by_class_has_its_best_row_in_the_middle_of_each_class():
    embeddings, labels, _ = cloud()
    embeddings[labels == 1] *= 100
    scores = moderate(embeddings, labels, by_class=True)
    assert all(scores[labels == label].max() > 0.98 for label in range(3))
    assert all(scores[labels == label].min() == 0 for label in range(3))


def test_rows_equally_far_have_equal_moderate_scores():
    embeddings = np.array([[1], [-1], [2], [-2], [0]] * 2, dtype=np.float32)
    scores = moderate(embeddings, np.zeros(10, dtype=np.int64))
    assert len(set(scores.tolist())) == 3


def test_d4_first_removes_what_semdedup_removes_first():
    embeddings, _, draws = cloud()
    found = k_means(embeddings, draws)
    scores = d4(embeddings, found, draws, keep=0.6)
    assert (np.argsort(scores)[:80] == np.argsort(semdedup(embeddings, found, draws))[:80]).all()


def test_d4_then_removes_what_lies_nearest_to_the_new_centroids():
    embeddings, _, draws = cloud()
    scores = d4(embeddings, k_means(embeddings, draws, count=7), draws, keep=0.6)
    left = np.sort(np.argsort(scores)[80:])
    distance = ssl_prototypes(k_means(embeddings[left], draws[left], count=7))
    assert (np.argsort(scores[left]) == np.argsort(distance)).all()


def test_d4_scores_are_one_order_of_all_rows():
    embeddings, _, draws = cloud()
    scores = d4(embeddings, k_means(embeddings, draws), draws)
    assert np.allclose(np.sort(scores), np.arange(200) / 200)


def test_d4_scores_samples_and_not_their_place():
    embeddings, _, draws = cloud()
    order = np.random.default_rng(1).permutation(200)
    plain = d4(embeddings, k_means(embeddings, draws), draws)
    moved, drawn = embeddings[order], draws[order]
    assert (d4(moved, k_means(moved, drawn), drawn) == plain[order]).all()


def test_d4_without_a_first_step_is_the_distance_to_the_prototypes():
    embeddings, _, draws = cloud()
    found = k_means(embeddings, draws)
    scores = d4(embeddings, found, draws, keep=1)
    assert (np.argsort(scores) == np.argsort(ssl_prototypes(found))).all()


@pytest.mark.parametrize("keep", [0, 1.1, -0.5])
def test_d4_refuses_to_keep_what_is_no_share(keep):
    embeddings, _, draws = cloud()
    with pytest.raises(ValueError, match="the share left by the first step"):
        d4(embeddings, k_means(embeddings, draws), draws, keep=keep)


def test_supervised_prototypes_agree_with_the_slow_way():
    embeddings, labels, _ = cloud()
    units = unit_rows(embeddings)
    slow = [
        1 - u @ (m := units[labels == y].mean(axis=0)) / np.linalg.norm(m)
        for u, y in zip(units, labels, strict=True)
    ]
    assert np.allclose(supervised_prototypes(embeddings, labels), slow, atol=1e-5)
