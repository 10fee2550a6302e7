import numpy as np
import pytest

from trainables.evidence.label_losses import losses_of_labels
from trainables.signals.uncertainty import entropy, least_confidence, margin, perplexity

unsure = pytest.mark.parametrize("signal", [entropy, margin, least_confidence])
# From a sure to an undecided prediction.
SURE_TO_UNSURE = np.array(
    [[1, 0, 0], [0.98, 0.01, 0.01], [0.8, 0.15, 0.05], [0.5, 0.3, 0.2], [1 / 3, 1 / 3, 1 / 3]],
    dtype=np.float32,
)


@unsure
def test_every_measure_rises_from_a_sure_prediction_to_an_undecided_one(signal):
    assert (np.diff(signal(SURE_TO_UNSURE)) > 0).all()


@unsure
def test_no_measure_looks_at_which_class_it_is(signal):
    assert signal(SURE_TO_UNSURE[:, [2, 0, 1]]) == pytest.approx(signal(SURE_TO_UNSURE))


@unsure
def test_a_certain_prediction_has_no_uncertainty(signal):
    assert signal(np.array([[0, 1, 0]], dtype=np.float32)) == [0]


@unsure
def test_predictions_whose_largest_probability_rounds_to_one_are_still_told_apart(signal):
    probs = np.array([[1, 1e-12], [1, 1e-10]], dtype=np.float32)
    assert signal(probs)[0] < signal(probs)[1]


def test_each_measure_is_its_textbook_formula():
    probs = np.random.default_rng(0).dirichlet(np.ones(5), 100).astype(np.float32)
    exact, ascending = probs.astype(float), np.sort(probs.astype(float), axis=1)
    assert entropy(probs) == pytest.approx(-(exact * np.log(exact)).sum(1), rel=1e-5)
    assert margin(probs) == pytest.approx(1 - (ascending[:, -1] - ascending[:, -2]), abs=1e-6)
    assert least_confidence(probs) == pytest.approx(1 - ascending[:, -1], abs=1e-6)
    assert losses_of_labels(probs, np.full(100, 2)) == pytest.approx(
        -np.log(exact[:, 2]), rel=1e-5, abs=1e-6
    )


def test_the_loss_is_highest_where_the_label_is_least_expected():
    scores = losses_of_labels(SURE_TO_UNSURE, np.zeros(5, dtype=np.int64))
    assert (np.diff(scores) > 0).all()


def test_a_label_of_probability_zero_has_a_finite_loss_above_all_others():
    scores = losses_of_labels(np.array([[1, 0], [1, 1e-30]], dtype=np.float32), np.array([1, 1]))
    assert np.isfinite(scores).all()
    assert scores[0] > scores[1]


def test_the_loss_tells_apart_labels_whose_probability_rounds_to_one():
    scores = losses_of_labels(
        np.array([[1, 1e-12], [1, 1e-10]], dtype=np.float32), np.array([0, 0])
    )
    assert 0 < scores[0] < scores[1]


def test_perplexity_is_the_exponential_of_the_mean_loss_of_scored_pieces():
    found = perplexity(np.array([6, 0, 1e6], "f4"), np.array([3, 0, 1], "f4"))
    assert found[:2].tolist() == [pytest.approx(np.exp(2)), 1]
    assert np.isfinite(found).all()
