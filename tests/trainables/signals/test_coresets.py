"""k-centre and facility location against literal loops, and against the best that any rows could be."""

import math
from itertools import combinations

import numpy as np
import pytest

from trainables.errors import UsageError
from trainables.neighbours.exact import Neighbours, neighbours
from trainables.signals import coresets
from trainables.signals.coresets import facility_location, k_centre


def clouds(n=300, d=8, copies=40, seed=0):
    """Unit vectors around five centres, the last of them copies of the first, and draws."""
    rng = np.random.default_rng(seed)
    points = rng.standard_normal((n, d)) + 3 * rng.standard_normal((5, d))[rng.integers(0, 5, n)]
    points[n - copies :] = points[:copies]
    units = points / np.linalg.norm(points, axis=1, keepdims=True)
    return units.astype(np.float32), rng.random(n)


def cosines(units):
    return units.astype(float) @ units.T.astype(float)


def order_of(scores):
    return np.argsort(-scores, kind="stable").tolist()


def slow_k_centre(units, draws):
    """By the words of the algorithm: the row farthest from all picked so far, again and again."""
    distance = np.sqrt(np.maximum(2 - 2 * np.round(cosines(units), 5), 0))
    picked, left = [int(draws.argmax())], set(range(len(units))) - {int(draws.argmax())}
    while left:
        row = max(left, key=lambda i: (min(distance[i, j] for j in picked), draws[i]))
        picked.append(row)
        left.remove(row)
    return picked


def radius(similarity, picked):
    """The angle to the row that is worst served, and by whom rows are served: the nearest picked."""
    return math.sqrt(max(0.0, 2 - 2 * similarity[:, picked].max(axis=1).min()))


@pytest.mark.parametrize("pool", [1, 2, 17, 1024])
def test_k_centre_picks_as_the_slow_loop_does_whatever_the_size_of_a_pool(monkeypatch, pool):
    units, draws = clouds(n=120, copies=20)
    monkeypatch.setattr(coresets, "_POOL", pool)
    monkeypatch.setattr(coresets, "_CELLS", 500)
    assert order_of(k_centre(units, draws)) == slow_k_centre(units, draws)


def test_k_centre_stays_within_twice_the_least_radius_where_random_rows_do_not():
    worst = {"k_centre": 0.0, "random": 0.0}
    for seed in range(20):
        units, draws = clouds(n=10, d=3, copies=0, seed=seed)
        similarity, order = cosines(units), order_of(k_centre(units, draws))
        for count in (2, 3, 4):
            least = min(radius(similarity, list(some)) for some in combinations(range(10), count))
            kinds = {"k_centre": order[:count], "random": np.argsort(draws)[:count]}
            for kind, some in kinds.items():
                worst[kind] = max(worst[kind], radius(similarity, some) / least)
    assert worst["k_centre"] <= 2 + 1e-6 < worst["random"]


def test_k_centre_takes_one_of_each_pair_of_copies_first():
    units, draws = clouds(copies=40)
    gone = set(order_of(k_centre(units, draws))[-40:])
    assert all((i in gone) != (260 + i in gone) for i in range(40))


def test_k_centre_refuses_more_rows_than_it_can_take(monkeypatch):
    monkeypatch.setattr(coresets, "K_CENTRE_ROWS", 299)
    with pytest.raises(UsageError, match=r"at most 299 rows, and there are 300.*facility_location"):
        k_centre(*clouds())


def full(units):
    """Every other row as a neighbour: the problem of the source, nothing left out."""
    return neighbours(units, k=len(units) - 1)


def served(similarity, picked):
    """What facility location adds up: each row's likeness to the most similar of those picked."""
    return np.maximum(similarity[:, picked].max(axis=1), 0).sum()


def slow_facility_location(found, draws):
    """By its words: the row that adds most to the sum, every gain added up anew."""
    n = len(draws)
    similarity = np.eye(n)
    for row, (others, shares) in enumerate(zip(found.rows, found.similarity, strict=True)):
        similarity[row, others] = np.clip(shares.astype(float), 0, 1)
    picked, left, covered = [], list(range(n)), np.zeros(n)
    while left:
        gains = [np.maximum(similarity[:, j] - covered, 0).sum().round(9) for j in left]
        row = max(zip(gains, draws[left], left, strict=True))[2]
        picked.append(row)
        left.remove(row)
        covered = np.maximum(covered, similarity[:, row])
    return picked


@pytest.mark.parametrize("k", [1, 5, 149])
def test_facility_location_picks_as_the_slow_greedy_choice_does(k):
    units, draws = clouds(n=150, copies=0)
    found = neighbours(units, k=k)
    assert order_of(facility_location(found, draws, k=k)) == slow_facility_location(found, draws)


def test_facility_location_is_within_its_bound_of_the_best_rows_where_its_last_rows_are_not():
    """Of all subsets of ten rows; the negative control takes the rows that it would give up first."""
    least = {"first": 1.0, "last": 1.0}
    for seed in range(20):
        units, draws = clouds(n=10, d=4, copies=0, seed=seed)
        similarity, order = cosines(units), order_of(facility_location(full(units), draws, k=9))
        for count in (1, 2, 3, 5):
            best = max(served(similarity, list(some)) for some in combinations(range(10), count))
            for kind, some in (("first", order[:count]), ("last", order[-count:])):
                least[kind] = min(least[kind], served(similarity, some) / best)
    assert least["last"] < 1 - 1 / math.e <= least["first"]


def test_facility_location_of_ten_neighbours_serves_rows_nearly_as_well_as_of_all():
    units, draws = clouds(n=400, d=16, copies=0, seed=3)
    similarity = cosines(units)
    few = order_of(facility_location(neighbours(units, k=10), draws))
    every = order_of(facility_location(full(units), draws, k=399))
    for rate in (0.1, 0.3, 0.5):
        count = round((1 - rate) * 400)
        assert served(similarity, few[:count]) >= 0.995 * served(similarity, every[:count])


def test_facility_location_takes_one_of_each_pair_of_copies_first():
    units, draws = clouds(copies=40)
    gone = set(order_of(facility_location(neighbours(units), draws))[-40:])
    assert all((i in gone) != (260 + i in gone) for i in range(40))


def test_a_row_without_neighbours_represents_itself_alone():
    rows = np.array([[1], [0], [-1]], dtype=np.int32)
    similarity = np.array([[0.5], [0.5], [np.nan]], dtype=np.float32)
    found = Neighbours(rows=rows, similarity=similarity)
    # Gains: 1.5 and 1.5 (the second draw is higher), then 1 of the lonely row, then 0.5.
    assert order_of(facility_location(found, np.array([0.1, 0.2, 0.0]))) == [1, 2, 0]
