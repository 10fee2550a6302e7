import pytest

from trainables.selection.contracts import recall_warnings
from trainables.spec import TrialSpec

SPEC = TrialSpec(
    dataset="d", data_sha="d", model="tiny", model_sha="tiny", learner="tiny", seed=1, warmup=0.15,
    signal="keep_one", settings=(("probes", 4),), selector="global", rate=0.1,
)  # fmt: skip


@pytest.mark.parametrize("recall", [None, 1.0, 0.99])
def test_neighbours_that_are_nearly_all_the_true_ones_need_no_warning(recall):
    assert recall_warnings(SPEC, recall) == ()


def test_neighbours_that_miss_true_ones_are_warned_of_with_what_to_do():
    (warning,) = recall_warnings(SPEC, 0.9899)
    assert "keep_one" in warning
    assert "the 4 nearest clusters alone and found 98.9 % of the true ones; raise probes" in warning
