import numpy as np
import pytest

from trainables.neighbours.exact import Neighbours, neighbours
from trainables.neighbours.kmeans import Clusters, k_means, unit_rows
from trainables.signals.redundancy import (
    keep_one,
    order_scores,
    redundancy,
    redundancy_within_class,
    semdedup,
)

SIMILARITY = np.array([[0.9, 0.5, 0.1], [0.8, np.nan, np.nan], [np.nan] * 3], dtype=np.float32)
FOUND = Neighbours(
    rows=np.array([[1, 2, 3], [0, -1, -1], [-1] * 3], dtype=np.int32), similarity=SIMILARITY
)


def on_a_circle(angles):
    return np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)


def one_cluster(similarity):
    similarity = np.array(similarity, dtype=np.float32)
    return Clusters(assigned=np.zeros(len(similarity), dtype=np.int32), similarity=similarity)


def cloud(n=300, d=6):
    rng = np.random.default_rng(3)
    embeddings, draws = rng.standard_normal((n, d)).astype(np.float32), rng.random(n)
    return embeddings, k_means(embeddings, draws, count=5), draws


def test_the_kth_neighbour_alone_counts_if_asked_for():
    assert redundancy(FOUND, k=2, kth=True)[0] == pytest.approx(-0.5)


def test_in_a_class_of_fewer_than_k_the_last_neighbour_is_the_kth():
    scores = redundancy_within_class(FOUND, k=3, kth=True)
    assert scores.tolist() == pytest.approx([-0.1, -0.8, 1])


def test_in_a_class_of_fewer_than_k_the_mean_is_of_those_there_are():
    assert redundancy_within_class(FOUND, k=3).tolist() == pytest.approx([-0.5, -0.8, 1])


def test_keep_one_gives_the_same_in_small_blocks(monkeypatch):
    embeddings, _, draws = cloud()
    found = neighbours(embeddings, k=5)
    whole = keep_one(found, draws)
    monkeypatch.setitem(keep_one.__globals__, "_PAIRS", 7)
    assert (keep_one(found, draws) == whole).all()


def test_keep_one_passes_over_neighbours_that_are_not_there():
    rows = np.array([[1, -1], [0, -1], [-1, -1]], dtype=np.int32)
    similarity = np.array([[0.9, np.nan], [0.9, np.nan], [np.nan] * 2], dtype=np.float32)
    scores = keep_one(Neighbours(rows=rows, similarity=similarity), np.array([0.2, 0.1, 0.3]))
    assert scores.tolist() == pytest.approx([2 / 3, 0, 1 / 3])


def test_of_every_group_of_exact_copies_that_flagging_would_empty_keep_one_keeps_one():
    rng = np.random.default_rng(0)
    group = np.repeat(np.arange(100), rng.integers(2, 6, 100))
    embeddings = rng.standard_normal((100, 16)).astype(np.float32)[group]
    found = neighbours(embeddings, k=10)
    flagged = found.similarity[:, 0] > 1 - 1e-5
    first = np.argsort(keep_one(found, rng.random(len(group))))[: len(group) - 100]
    assert flagged.all()
    assert set(np.delete(group, first).tolist()) == set(range(100))


def test_an_order_of_removal_becomes_scores_that_rise_by_one_place():
    assert order_scores(np.array([2, 0, 3, 1])).tolist() == [0.25, 0.75, 0, 0.5]


def test_semdedup_is_minus_the_largest_similarity_to_a_row_farther_out():
    embeddings, found, draws = cloud()
    units = unit_rows(embeddings)
    expected = np.ones(len(units))
    for i in range(len(units)):
        farther = (found.assigned == found.assigned[i]) & (found.similarity < found.similarity[i])
        if farther.any():
            expected[i] = -(units[farther] @ units[i]).max()
    assert np.allclose(semdedup(embeddings, found, draws), expected, atol=1e-6)


@pytest.mark.parametrize(("bound", "small"), [("_CELLS", 100), ("SHARD_ROWS", 30)])
def test_semdedup_gives_the_same_in_small_blocks(monkeypatch, bound, small):
    embeddings, found, draws = cloud()
    whole = semdedup(embeddings, found, draws)
    monkeypatch.setitem(semdedup.__globals__, bound, small)
    assert np.allclose(semdedup(embeddings, found, draws), whole, atol=1e-6)


def test_semdedup_removes_a_chain_through_rows_already_removed_and_keep_one_its_middle_only():
    chain = on_a_circle(np.array([0.0, 0.1, 0.2]))
    draws = np.array([0.1, 0.2, 0.3])
    near = np.cos(0.12)
    gone = -semdedup(chain, one_cluster([0.7, 0.8, 0.9]), draws) > near
    assert gone.tolist() == [False, True, True]
    kept_one = keep_one(neighbours(chain, k=2), draws)
    left = np.sort(np.argsort(kept_one)[1:])
    assert left.tolist() == [0, 2]
    assert chain[left[0]] @ chain[left[1]] < near


def test_the_cut_of_semdedup_at_any_rate_is_the_cut_at_some_threshold():
    embeddings, found, draws = cloud()
    scores = semdedup(embeddings, found, draws)
    gone = np.argsort(scores)[:120]
    eps = 1 + scores[gone].max()
    assert set(np.flatnonzero(-scores >= 1 - eps).tolist()) == set(gone.tolist())


def test_of_copies_in_one_cluster_semdedup_keeps_the_one_whose_dice_are_lowest():
    copies = np.repeat(on_a_circle(np.array([0.3])), 4, axis=0)
    scores = semdedup(copies, one_cluster([1, 1, 1, 1]), np.array([0.4, 0.1, 0.3, 0.2]))
    assert scores.tolist() == pytest.approx([-1, 1, -1, -1])


def test_semdedup_scores_samples_and_not_their_place():
    embeddings, found, draws = cloud()
    order = np.random.default_rng(1).permutation(len(draws))
    moved = Clusters(assigned=found.assigned[order], similarity=found.similarity[order])
    shuffled = semdedup(embeddings[order], moved, draws[order])
    assert np.allclose(shuffled, semdedup(embeddings, found, draws)[order], atol=1e-6)
