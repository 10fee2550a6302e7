"""ZCore against a literal loop over points and rows, and by hand."""

import numpy as np
import pytest
from scipy.stats import triang

from trainables.data.dataset import uniform_draws
from trainables.signals.zcore import nearest_in_planes, points_in_planes, zcore


def made(n=120, d=6, seed=0, *, coarse=False):
    rng = np.random.default_rng(seed)
    vectors = rng.standard_normal((n, d)).astype(np.float32)
    if coarse:  # few values: rows lie on each other in many planes
        vectors = np.round(vectors * 2) / 2
    return vectors, uniform_draws(np.arange(n), seed, "dice")


def zcore_by_loops(vectors, draws, count):
    """The source's two steps, one point after another, with every row looked at each time."""
    by_draw = sorted(range(len(draws)), key=lambda row: draws[row])
    columns = vectors[by_draw].T
    planes, points = points_in_planes(columns, draws[by_draw], count)
    scores = {row: float(draws[row]) for row in by_draw}
    for (a, b), (x, y) in zip(planes.tolist(), points.tolist(), strict=True):

        def ranked(x, y, a=a, b=b):
            far = [
                (abs(float(vectors[r, a]) - x) + abs(float(vectors[r, b]) - y), draws[r], r)
                for r in by_draw
            ]
            return sorted(far)

        covering = ranked(x, y)[0][2]
        scores[covering] += 1
        there = (float(vectors[covering, a]), float(vectors[covering, b]))
        others = [(far, row) for far, _, row in ranked(*there) if row != covering]
        if others[0][0] == 0:
            scores[others[0][1]] -= 1
        else:
            total = sum(1 / far**2 for far, _ in others[:5])
            for far, row in others[:5]:
                scores[row] -= 1 / far**2 / total
    found = np.array([scores[row] for row in range(len(draws))])
    return (found - found.min()) / (found.max() - found.min())


@pytest.mark.parametrize("coarse", [False, True])
def test_zcore_is_the_papers_loop_over_points(coarse):
    vectors, draws = made(coarse=coarse)
    expected = zcore_by_loops(vectors, draws, 150)
    assert np.abs(zcore(vectors, draws, points=150) - expected).max() < 1e-5


@pytest.mark.parametrize("coarse", [False, True])
@pytest.mark.parametrize("k", [1, 6])
def test_the_nearest_in_a_window_are_the_nearest_of_all(k, coarse):
    """On so many rows that windows are doubled, and points far outside of the cloud."""
    vectors, _ = made(3000, 4, coarse=coarse)
    rng = np.random.default_rng(1)
    planes = np.array([rng.permutation(4)[:2] for _ in range(100)])
    points = rng.standard_normal((100, 2)) * 3
    rows, distances = nearest_in_planes(np.ascontiguousarray(vectors.T), planes, points, k)
    far = np.abs(vectors.astype(float)[:, planes] - points).sum(axis=2)
    for i in range(100):
        expected = np.lexsort((np.arange(3000), far[:, i]))[:k]
        assert rows[i].tolist() == expected.tolist()
        assert np.allclose(distances[i], far[expected, i])


def test_of_a_copy_and_its_original_one_goes_first_and_the_other_stays():
    vectors, draws = made(200, 8)
    vectors[100:] = vectors[:100]
    scores = zcore(vectors, draws)
    apart = np.abs(scores[:100] - scores[100:])
    assert np.median(apart) > 0.3
    kept = np.argsort(scores)[100:]
    assert len({row % 100 for row in kept}) > 95


def test_three_rows_in_one_plane_by_hand():
    """Two copies and a lone row: a point is nearest to one or the other; a copy always loses by its copy."""
    vectors = np.array([[0, 0], [0, 0], [1, 1]], dtype=np.float32)
    draws = np.array([0.1, 0.2, 0.3])
    _, points = points_in_planes(vectors.T, draws, 40)
    alone = int((np.abs(points - 1).sum(axis=1) < np.abs(points).sum(axis=1)).sum())
    # Of the lone row's points each copy loses half: both are as near.
    raw = np.array([0.1 + (40 - alone) - alone / 2, 0.2 - (40 - alone) - alone / 2, 0.3 + alone])
    expected = (raw - raw.min()) / (raw.max() - raw.min())
    assert zcore(vectors, draws, points=40) == pytest.approx(expected, abs=1e-6)


def test_points_are_triangular_between_the_least_and_the_largest_value():
    column = np.sort(np.random.default_rng(0).exponential(size=501)).astype(np.float32)
    _, points = points_in_planes(np.stack([column, column]), np.linspace(0, 0.9, 501), 4000)
    low, peak, high = column[0], np.median(column), column[-1]
    levels = triang((peak - low) / (high - low), low, high - low).cdf(points.ravel())
    assert np.abs(np.sort(levels) - (np.arange(8000) + 0.5) / 8000).max() < 0.02


def test_a_dimension_that_never_varies_and_a_set_of_one_row_give_scores():
    vectors, draws = made(50, 3)
    vectors[:, 1] = 7
    assert np.isfinite(zcore(vectors, draws)).all()
    assert zcore(vectors[:, :1], draws).max() == 1
    assert zcore(vectors[:1], draws[:1]).tolist() == [0]


def test_another_seed_draws_other_points_and_the_same_seed_the_same():
    vectors, draws = made()
    other = uniform_draws(np.arange(120), 9, "dice")
    assert (zcore(vectors, draws) == zcore(vectors, draws)).all()
    assert (zcore(vectors, draws) != zcore(vectors, other)).any()


def test_fewer_than_no_points_are_refused():
    with pytest.raises(ValueError, match="points is -1; give 1 or more, or 0 for 50 a row"):
        zcore(*made(), points=-1)
