import pytest

from analysis.guards import Criterion
from orchestrator.planning.request import Request
from orchestrator.planning.resolved import resolved_settings
from trainables.learners.pretrained import named_model


def resolved(origins=None, **asked):
    request = Request(**asked)
    model = named_model(request.model_name())
    grid = request.resolved(model, gpu=False)
    found = resolved_settings(request, grid, model, Criterion(), origins or {})
    return {one.name: (one.value, one.origin) for one in found}


def test_a_preset_sets_its_training_and_what_is_compared():
    found = resolved(grid="demo")
    assert found["lr"] == ("0.003", "--grid demo")
    assert found["rate"] == ("5%, 20%, 40%, 60%", "--grid demo")
    assert found["tune"] == ("no", "--grid demo")


def test_a_setting_that_was_set_names_its_flag_or_line():
    found = resolved(
        {"epochs": "sweep.yaml:3", "rate": "--rate"},
        datasets=("synthetic:60",), model="linear", training=(("epochs", 2),), rates=(0.1,),
    )  # fmt: skip
    assert found["epochs"] == ("2", "sweep.yaml:3") and found["rate"] == ("10%", "--rate")


def test_another_model_of_a_preset_trains_as_its_learner_does():
    assert resolved(grid="demo", model="tiny")["epochs"] == ("8", "usual of model tiny")


def test_what_a_search_tries_is_listed():
    value, origin = resolved(datasets=("synthetic:60",), model="linear")["tune"]
    assert "lr 0.001, 0.00333, 0.01, 0.03; weight_decay 0.1, 1, 3" in value
    assert "epochs 5, 10, 20, 40; at most 8 full runs" in value
    assert origin == "for data of your own"


@pytest.mark.parametrize("grid", ["demo", "paper", "full", "signals", "scaling"])
def test_no_setting_is_empty(grid):
    assert all(value and origin for value, origin in resolved(grid=grid).values())
