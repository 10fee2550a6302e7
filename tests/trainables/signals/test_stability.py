import numpy as np
import pytest
from scipy.stats import spearmanr

from trainables.signals.dynamics import variability
from trainables.signals.stability import (
    stability_over_visits,
    stability_under_dropout,
    stability_under_token_dropout,
)


def losses(chances):
    return -np.log(np.array(chances)).astype(np.float32)


def predictions(shape, seed=0):
    return np.random.default_rng(seed).dirichlet(np.ones(4), shape).astype(np.float32)


def test_over_visits_it_is_the_mean_spread_of_all_runs_of_visits():
    chances = np.random.default_rng(0).uniform(0.05, 0.95, (20, 9))
    slow = [np.mean([np.std(row[i : i + 4]) for i in range(6)]) for row in chances]
    assert stability_over_visits(losses(chances), window=4) == pytest.approx(slow, rel=1e-5)


@pytest.mark.parametrize(("visits", "window"), [(2, 2), (5, 5), (5, 10)])
def test_no_more_visits_than_a_window_has_are_refused(visits, window):
    seen = losses(np.random.default_rng(1).uniform(0.05, 0.95, (20, visits)))
    with pytest.raises(ValueError, match=f"fewer than {window + 1} visits of 20 samples"):
        stability_over_visits(seen, window=window)


def test_over_visits_the_order_is_another_than_that_of_the_variability():
    seen = losses(np.random.default_rng(1).uniform(0.05, 0.95, (200, 4)))
    assert spearmanr(stability_over_visits(seen), variability(seen)).statistic < 0.95


def test_a_slow_rise_is_more_stable_than_a_flicker_of_the_same_range():
    rise, flicker = np.linspace(0.2, 0.8, 10), np.tile([0.2, 0.8], 5)
    scores = stability_over_visits(losses([rise, flicker]), window=2)
    assert scores[0] < scores[1]


def test_a_window_of_one_visit_is_refused():
    with pytest.raises(ValueError, match="window is 1"):
        stability_over_visits(losses([[0.5, 0.6]]), window=1)


def test_passes_that_agree_score_zero_however_undecided_they_are():
    same = np.repeat(predictions((10, 1)), 6, axis=1)
    assert stability_under_dropout(same) == pytest.approx(0, abs=1e-6)


def test_passes_that_are_sure_of_different_classes_score_highest():
    torn = np.array([[[1, 0], [0, 1]]], dtype=np.float32)
    assert stability_under_dropout(torn) == pytest.approx([np.log(2)])


def test_under_dropout_it_is_the_mean_divergence_of_passes_from_their_mean():
    passes = predictions((30, 7)).astype(float)
    mean = passes.mean(1, keepdims=True)
    slow = (passes * np.log(passes / mean)).sum(2).mean(1)
    assert stability_under_dropout(passes.astype(np.float32)) == pytest.approx(slow, abs=1e-5)


def test_one_pass_is_refused():
    with pytest.raises(ValueError, match="holds 1 pass"):
        stability_under_dropout(predictions((10, 1)))


def test_under_token_dropout_it_is_the_mean_divergence_of_views_from_the_whole():
    views, whole = predictions((30, 5)).astype(float), predictions((30,), 1).astype(float)
    slow = (whole[:, None] * np.log(whole[:, None] / views)).sum(2).mean(1)
    scores = stability_under_token_dropout(views.astype(np.float32), whole.astype(np.float32))
    assert scores == pytest.approx(slow, rel=1e-4, abs=1e-5)


def test_views_that_change_nothing_score_zero_and_impossible_ones_stay_finite():
    whole = np.array([[1, 0], [1, 0]], dtype=np.float32)
    views = np.array([[[1, 0]], [[0, 1]]], dtype=np.float32)
    scores = stability_under_token_dropout(views, whole)
    assert scores[0] == 0
    assert np.isfinite(scores[1])
    assert scores[1] > 10
