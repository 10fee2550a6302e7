from dataclasses import replace

import numpy as np
import pytest

from analysis.learned import learned
from analysis.metrics import METRICS
from analysis.outcomes import outcomes_of
from analysis.readings import Reading
from tests.analysis.runs_with_outcomes import spec_of, truth_of, write_run
from trainables.result import TrialResult
from trainables.spec import TrialSpec

FULL = TrialSpec(dataset="d", data_sha="d", model="tiny", model_sha="tiny", learner="tiny", seed=0)
COUNTS = (300, 700)
BY_TRAINING_SHARES = METRICS["accuracy_by_training_shares"]


def full(right, seed=0):
    """A full run that is right where said, the first class's examples first."""
    return TrialResult(
        spec=replace(FULL, seed=seed), accuracy=float(np.mean(right)),
        correct=np.packbits(right).tobytes(), n_test=len(right), test_counts=COUNTS,
        class_names=("ham", "spam"),
    )  # fmt: skip


def naming_the_largest():
    return np.repeat([False, True], COUNTS)


def test_a_model_that_names_the_largest_class_has_learned_nothing():
    found = learned([full(naming_the_largest(), seed) for seed in range(5)])
    assert not found.is_shown
    assert (found.accuracy, found.largest, found.share) == (0.7, "spam", 0.7)


def test_a_model_that_is_right_more_often_has_learned_something():
    right = naming_the_largest()
    right[:200] = True
    assert learned([full(right, seed) for seed in range(3)]).is_shown


def test_a_gain_that_another_test_set_may_not_show_is_not_shown():
    right = naming_the_largest()
    right[:2] = True
    assert not learned([full(right)]).is_shown


def test_a_model_worse_than_naming_one_class_has_learned_nothing_that_counts():
    rng = np.random.default_rng(0)
    assert not learned([full(rng.random(1000) < 0.6, seed) for seed in range(3)]).is_shown


def test_by_training_shares_naming_the_largest_class_of_training_has_learned_nothing(tmp_path):
    """It is tested on as many rows of each class: naming the first would be easy to beat."""
    labels = np.repeat([0, 1, 2], 200)
    truth = replace(truth_of(labels), prior=np.array([0.1, 0.2, 0.7]))
    named, better = np.full(600, 2), np.where(np.arange(600) % 2, 2, labels)
    for said, is_shown in ((named, False), (better, True)):
        folder = tmp_path / str(is_shown)
        rows = write_run(folder, truth, {spec_of(seed): {"predicted": said} for seed in (1, 2)})
        found = learned(rows, Reading(BY_TRAINING_SHARES, outcomes_of([folder])))
        assert (found.is_shown, found.reference) == (is_shown, pytest.approx(0.7))


@pytest.mark.parametrize("rows", [[], [TrialResult(spec=FULL, status="failed", error="no")]])
def test_without_a_run_nothing_is_known(rows):
    assert learned(rows) is None
