"""What planning takes grows as the number of trials, and no faster: counted in calls, not in seconds."""

import sys
from io import StringIO

import pytest
from rich.console import Console

from analysis.run_files import Plan
from orchestrator.planning.plan import plan_sweep
from orchestrator.planning.request import Request
from orchestrator.planning.resources import Resources
from orchestrator.terminal.estimate_text import print_estimate
from orchestrator.terminal.plan_text import print_plan


def of_many_seeds(many):
    return {"seeds": tuple(range(many)), "rates": (0.1, 0.2)}


def of_many_rates(many):
    """All trials of one full-data run."""
    return {"seeds": (1,), "rates": tuple((i + 1) / 1000 for i in range(10, 10 + 2 * many))}


@pytest.fixture
def planned(tmp_path):
    """Plans a sweep as a dry run does, and writes and reads its plan."""

    def plan(shape):
        request = Request(
            datasets=("synthetic:300",), model="linear", confirm=False, tune=False, limit_test=50,
            signals=("el2n", "random"), warmups=(0.5,), **shape,
        )  # fmt: skip
        resources = Resources(cache=tmp_path / "cache", runs=tmp_path / "runs")
        sweep = plan_sweep(request, resources, run=tmp_path / "run", command="")
        console = Console(file=StringIO())
        print_plan(sweep, console)
        print_estimate(sweep, {}, console)
        sweep.run.check_plan(Plan.from_json(sweep.plan.to_json()))
        return len(sweep.specs)

    plan(of_many_seeds(1))  # what is imported and remembered at the first plan
    return plan


def test_a_trial_is_planned_with_ten_keys_at_most(planned, monkeypatch):
    made = []
    canonical = sys.modules["trainables.keys"].canonical
    monkeypatch.setattr("trainables.keys.canonical", lambda one: made.append(1) or canonical(one))
    assert planned(of_many_rates(40)) == 161
    assert len(made) <= 10 * 161


@pytest.mark.parametrize("shape", [of_many_seeds, of_many_rates])
def test_twice_as_many_trials_are_planned_by_twice_as_many_calls(planned, shape):
    def calls(many):
        count = 0

        def note(_frame, event, _argument):
            nonlocal count
            count += event == "call"

        sys.setprofile(note)
        try:
            planned(shape(many))
        finally:
            sys.setprofile(None)
        return count

    few, more, most = (calls(many) for many in (6, 12, 24))
    assert most - more < 2.3 * (more - few)
