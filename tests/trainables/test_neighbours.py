import numpy as np
import pytest

from trainables.neighbours import nearest, nearest_in_class


def brute(vectors, k):
    units = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    similarity = units.astype(np.float64) @ units.T.astype(np.float64)
    np.fill_diagonal(similarity, -2)
    rows = np.argsort(-similarity, axis=1, kind="stable")[:, :k]
    return rows, np.take_along_axis(similarity, rows, axis=1)


@pytest.fixture
def vectors():
    return np.random.default_rng(0).standard_normal((300, 16)).astype(np.float32)


@pytest.mark.parametrize("k", [1, 5, 299])
def test_neighbours_are_those_of_all_pairs_compared(vectors, k):
    rows, similarity = nearest(vectors, k)
    expected_rows, expected = brute(vectors, k)
    assert (rows == expected_rows).mean() > 0.999
    assert np.allclose(similarity, expected, atol=1e-5)


def test_no_row_is_its_own_neighbour_even_among_exact_twins(vectors):
    vectors[100:200] = vectors[0]
    rows, similarity = nearest(vectors, 5)
    assert not (rows == np.arange(300)[:, None]).any()
    assert np.allclose(similarity[100:200], 1, atol=1e-5)


def test_twins_are_each_others_nearest(vectors):
    vectors[7] = 3 * vectors[250]
    rows, similarity = nearest(vectors, 1)
    assert (rows[7, 0], rows[250, 0]) == (250, 7)
    assert similarity[7, 0] == pytest.approx(1, abs=1e-5)


def test_cosine_and_distance_of_unit_vectors_say_the_same(vectors):
    rows, similarity = nearest(vectors, 3)
    units = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    distance = ((units[:, None] - units[rows]) ** 2).sum(axis=2)
    assert np.allclose(distance, 2 - 2 * similarity, atol=1e-6)


@pytest.mark.parametrize("bad", [np.nan, np.inf, 0.0])
def test_an_embedding_without_direction_is_refused_by_its_row(vectors, bad):
    vectors[42] = bad
    with pytest.raises(ValueError, match=r"rows \[42\]"):
        nearest(vectors, 3)


@pytest.mark.parametrize("k", [0, 300, -1])
def test_more_neighbours_than_other_rows_are_refused(vectors, k):
    with pytest.raises(ValueError, match=r"\[1, 299\]"):
        nearest(vectors, k)


def test_within_a_class_neighbours_are_of_the_class(vectors):
    labels = np.arange(300) % 3
    rows, similarity = nearest_in_class(vectors, labels, 4)
    assert (labels[rows] == labels[:, None]).all()
    mine = np.flatnonzero(labels == 1)
    assert np.allclose(similarity[mine], nearest(vectors[mine], 4)[1])


def test_a_class_smaller_than_k_gives_what_it_has(vectors):
    labels = np.array([0] * 297 + [1, 1, 2])
    rows, similarity = nearest_in_class(vectors, labels, 4)
    assert rows[297].tolist() == [298, -1, -1, -1]
    assert rows[299].tolist() == [-1] * 4
    assert np.isnan(similarity[299]).all()
    assert np.isfinite(similarity[297, 0])
