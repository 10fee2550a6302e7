"""The names of a trainer's parameters are its contract."""

import pytest

from trainables.errors import UsageError
from trainables.trainers.signature import GIVEN, settings_given, signature_of


def test_given_names_and_settings_are_told_apart():
    def fit(train, test, *, seed, validation=None, depth=6, loss="l2", report=None):
        return None

    found = signature_of(fit, "fit")
    assert found.takes == ("train", "test", "seed", "validation", "report")
    assert found.must == ("train", "test", "seed")
    assert found.settings == {"depth": 6, "loss": "l2"}


def test_every_given_name_can_be_taken():
    source = f"def fit({', '.join(GIVEN)}): return None"
    space = {}
    exec(source, space)
    assert signature_of(space["fit"], "fit").takes == GIVEN


def no_seed(train, test):
    return None


def no_test(train, seed):
    return None


def misspelled(train, test, seed, trian):
    return None


def swallows(train, test, seed, **rest):
    return None


def by_place(train, test, /, seed):
    return None


async def waits(train, test, seed):
    return None


def yields(train, test, seed):
    yield 1


class Model:
    def __init__(self, train, test, seed):
        pass


@pytest.mark.parametrize(
    ("function", "why"),
    [
        (no_seed, "does not take 'seed'; everything random"),
        (no_test, "does not take 'test'"),
        (misspelled, r"takes 'trian', which is not given .* Did you mean 'train'\?"),
        (swallows, r"takes \*\*rest; everything is given by its name"),
        (by_place, "takes train; everything is given by its name"),
        (waits, "async or yields"),
        (yields, "async or yields"),
        (Model, "is a class; a trainer is a function"),
        (3, "is of type int"),
    ],
)
def test_what_is_no_trainer_is_refused_in_one_line(function, why):
    with pytest.raises(UsageError, match=why) as caught:
        signature_of(function, "train.py:fit")
    assert "\n" not in str(caught.value)


DEFAULTS = {"depth": 6, "rate": 0.1, "loss": "l2", "deep": False, "most": None}


@pytest.mark.parametrize(
    ("written", "read"),
    [
        (("depth", "8"), 8),
        (("rate", "1"), 1.0),
        (("rate", "1e-3"), 0.001),
        (("loss", "08"), "08"),
        (("loss", "true"), "true"),
        (("deep", "True"), True),
        (("most", "3"), 3),
        (("most", "0.5"), 0.5),
        (("most", "sqrt"), "sqrt"),
    ],
)
def test_a_setting_is_of_its_defaults_kind(written, read):
    found = dict(settings_given("fit", DEFAULTS, [written]))
    assert found[written[0]] == read and type(found[written[0]]) is type(read)
    assert {*found} == {*DEFAULTS} - {"most"} | {written[0]}


@pytest.mark.parametrize(
    ("written", "why"),
    [
        ([("depht", "8")], r"no setting 'depht'; it has depth.*Did you mean 'depth'\?"),
        ([("seed", "3")], "seed is given by the sweep"),
        ([("depth", "8.5")], "depth is '8.5'; give a whole number, as its default 6"),
        ([("depth", "true")], "give a whole number"),
        ([("rate", "nan")], "give a number"),
        ([("rate", "fast")], "give a number"),
        ([("deep", "1")], "give true or false"),
        ([("depth", "8"), ("depth", "9")], "given twice"),
    ],
)
def test_a_setting_that_is_not_there_or_of_another_kind_is_refused(written, why):
    with pytest.raises(UsageError, match=why):
        settings_given("train.py:fit", DEFAULTS, written)
