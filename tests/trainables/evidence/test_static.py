import numpy as np
import pytest

from trainables.data.catalog import load
from trainables.data.subsampling import with_validation
from trainables.evidence.static import validation_classes
from trainables.spec import TrialSpec

SPEC = TrialSpec(dataset="d", data_sha="d", model="tiny", model_sha="tiny", learner="tiny", seed=1)


@pytest.fixture(scope="module")
def whole():
    return load("synthetic:200")


@pytest.fixture(scope="module")
def held_out(whole):
    return with_validation(whole, 0.2, np.random.default_rng(0))


def test_signals_are_told_the_classes_of_the_validation_rows_and_of_no_test_row(held_out):
    told = validation_classes(held_out, SPEC)
    assert told.tolist() == held_out.validation.labels.tolist()
    assert told.tolist() != held_out.test.labels[: len(told)].tolist()


def test_a_validation_row_is_a_training_row_no_more(whole, held_out):
    train, validation = held_out.train.ids.tolist(), held_out.validation.ids.tolist()
    assert not {*train} & {*validation}
    assert sorted([*train, *validation]) == sorted(whole.train.ids.tolist())
    assert len(validation) == 40
