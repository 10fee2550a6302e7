import numpy as np
import pytest

from analysis.learned import learned
from trainables.result import TrialResult
from trainables.spec import TrialSpec

FULL = TrialSpec(dataset="d", data_sha="d", model="tiny", model_sha="tiny", learner="tiny", seed=0)
COUNTS = (300, 700)


def full(right, seed=0):
    """A full run that is right where said, the first class's examples first."""
    return TrialResult(
        spec=TrialSpec(**{**vars(FULL), "seed": seed}), accuracy=float(np.mean(right)),
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


@pytest.mark.parametrize("rows", [[], [TrialResult(spec=FULL, status="failed", error="no")]])
def test_without_a_run_nothing_is_known(rows):
    assert learned(rows) is None
