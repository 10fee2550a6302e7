from dataclasses import replace

import pytest

from orchestrator.planning.estimate import Pace
from orchestrator.planning.plan import plan_sweep
from orchestrator.planning.quick_paces import quick_paces
from orchestrator.planning.request import Request
from orchestrator.planning.resources import Resources
from orchestrator.planning.wall_clock import crowd, wall_clock, workers_at
from orchestrator.terminal.estimate_text import span_text

SMALL = Request(
    datasets=("synthetic:300",), model="linear", seeds=(1, 2), rates=(0.1,), signals=("random",),
    limit_test=90, confirm=False, tune=False,
)  # fmt: skip
# So slow that what surrounds the trials is nothing.
SLOW = Pace(low=1.0, expected=2.0, high=4.0, basis="")


@pytest.fixture
def planned(tmp_path):
    def make(**changed):
        resources = Resources(cache=tmp_path / "cache", runs=tmp_path / "runs")
        return plan_sweep(replace(SMALL, **changed), resources, run=None, command="")

    return make


def clock(sweep, *, at_once=1, **more):
    (sha,) = sweep.wholes
    apart = replace(sweep, resources=replace(sweep.resources, at_once=at_once))
    return wall_clock(apart, {sha: SLOW}, {}, **more)


def test_one_worker_does_all_the_work_itself(planned):
    sweep = planned()
    found = clock(sweep)
    trained = sum(task.cost for task in sweep.left) + 4 * 90 / 3
    assert found.low == pytest.approx(trained, rel=0.01)
    assert found.expected == pytest.approx(2 * trained, rel=0.01)
    assert found.high == pytest.approx(4 * trained, rel=0.01)


def test_a_pace_that_is_not_known_makes_the_whole_unknown(planned):
    assert wall_clock(planned(), {}, {}) is None


def test_a_confirmation_is_in_all_but_the_least(planned):
    plain, confirmed = clock(planned()), clock(planned(confirm=True))
    assert confirmed.low == pytest.approx(plain.low, rel=0.01)
    assert confirmed.expected > 2 * plain.expected


def test_seeds_that_may_be_bought_are_in_the_most_alone(planned):
    bought = clock(planned(adaptive=True, seeds=tuple(range(12)), confirm=False))
    assert bought.high / bought.low > 3 * 4


def test_a_crowded_machine_takes_longer_but_for_the_least(planned):
    sweep = planned()
    alone, crowded = clock(sweep), clock(sweep, crowd=9.0)
    assert crowded.low == alone.low and crowded.expected > alone.expected
    assert crowd() >= 1.0


def test_a_cluster_elsewhere_has_workers_nobody_knows_of(planned):
    resources = replace(planned().resources, address="10.0.0.1:6379")
    assert workers_at(resources) == 0


def test_a_small_model_is_tried_on_rows_of_the_data_and_leaves_nothing(planned):
    sweep = planned()
    (pace,) = quick_paces(sweep, sweep.wholes).values()
    assert 0 < pace.low < pace.expected and "of its rows just now" in pace.basis
    assert not sweep.store.keys("data")


@pytest.mark.parametrize(
    ("low", "high", "text"),
    [
        (241, 532, "4 to 9 min"), (20, 200, "20 s to 3.5 min"), (3700, 36_000, "61 min to 10 h"),
        (0, 0, "0 s"), (300_000, 900_000, "83 to 250 h"),
    ],
)  # fmt: skip
def test_a_span_is_told_as_a_person_says_it(low, high, text):
    assert span_text(low, high) == text
