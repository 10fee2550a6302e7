"""The nearest row that stays is the one that a look at all of them finds."""

import numpy as np
import pytest

from trainables.neighbours.exact import neighbours
from trainables.neighbours.survivors import cosines, nearest_survivors


@pytest.fixture(scope="module")
def clouds():
    """600 vectors in 12 clouds, and which of them stay: every third, and none of two clouds."""
    rng = np.random.default_rng(4)
    cloud = rng.integers(0, 12, 600)
    vectors = 3 * rng.standard_normal((12, 16))[cloud] + rng.standard_normal((600, 16))
    keep = (np.arange(600) % 3 == 0) & (cloud > 1)
    return vectors.astype(np.float32), keep


def cosine_table(vectors):
    units = vectors.astype(np.float64)
    units /= np.linalg.norm(units, axis=1, keepdims=True)
    return units @ units.T


def by_hand(vectors, gone, keep):
    """Held against every row that stays, one by one."""
    table = np.where(keep, cosine_table(vectors)[gone], -np.inf)
    return table.argmax(axis=1), table.max(axis=1)


@pytest.mark.parametrize("known", [False, True], ids=["searched", "neighbours known"])
@pytest.mark.parametrize("shard_rows", [2**17, 100])
def test_survivors_are_those_that_a_look_at_all_rows_finds(clouds, known, shard_rows, monkeypatch):
    monkeypatch.setattr("trainables.neighbours.vectors.SHARD_ROWS", shard_rows)
    vectors, keep = clouds
    gone = np.random.default_rng(0).permutation(np.flatnonzero(~keep))
    near = neighbours(vectors, k=3) if known else None
    found = nearest_survivors(vectors, gone, keep, known=near)
    rows, similarity = by_hand(vectors, gone, keep)
    assert found.is_exact
    assert np.array_equal(found.rows, rows)
    assert found.similarity == pytest.approx(similarity, abs=1e-5)


def test_neighbours_that_are_known_leave_few_rows_to_search_for(clouds, monkeypatch):
    vectors, keep = clouds
    searched = []
    exact = "trainables.neighbours.survivors._exact"
    monkeypatch.setattr(
        exact, lambda _, gone, stay: searched.extend(gone) or (gone * 0, np.zeros(len(gone)))
    )
    gone = np.flatnonzero(~keep)
    nearest_survivors(vectors, gone, keep, known=neighbours(vectors, k=10))
    near = neighbours(vectors, k=10).rows[gone]
    assert searched == gone[~keep[near].any(axis=1)].tolist()
    assert 0 < len(searched) < len(gone) / 3


def test_beyond_the_budget_nearly_all_are_found_and_none_that_goes(clouds):
    vectors, keep = clouds
    gone = np.flatnonzero(~keep)
    found = nearest_survivors(vectors, gone, keep, most_exact=0)
    assert not found.is_exact and keep[found.rows].all()
    assert (found.rows == by_hand(vectors, gone, keep)[0]).mean() > 0.95
    assert found.similarity == pytest.approx(cosine_table(vectors)[gone, found.rows], abs=1e-5)


def test_a_vector_without_direction_has_no_survivor_and_is_none(clouds):
    vectors, keep = clouds[0].copy(), clouds[1]
    gone, nearest = np.flatnonzero(~keep), by_hand(*clouds[:1], np.flatnonzero(~keep), keep)[0]
    vectors[gone[0]], vectors[nearest[1]] = 0, np.nan
    found = nearest_survivors(vectors, gone, keep)
    assert found.rows[0] == -1 and np.isnan(found.similarity[0])
    assert nearest[1] not in found.rows and (found.rows[1:] >= 0).all()


def test_cosines_are_of_each_row_and_its_other(clouds):
    vectors = clouds[0]
    rows, others = np.array([3, 5, 7]), np.array([4, -1, 7])
    found = cosines(vectors, rows, others)
    assert found[[0, 2]] == pytest.approx(cosine_table(vectors)[[3, 7], [4, 7]], abs=1e-6)
    assert np.isnan(found[1])


@pytest.mark.parametrize(("most", "is_exact"), [(100 * 200 * 128, True), (100 * 200 * 127, False)])
def test_a_pair_of_short_vectors_counts_as_one_of_128_numbers(most, is_exact):
    vectors = np.random.default_rng(0).normal(size=(300, 4)).astype(np.float32)
    keep = np.arange(300) >= 100
    found = nearest_survivors(vectors, np.arange(100), keep, most_exact=most)
    assert found.is_exact is is_exact
