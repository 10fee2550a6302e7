from dataclasses import replace

import pytest

from orchestrator.planning.tasks import Task
from orchestrator.terminal.tally import Tally
from trainables.progress import Headway
from trainables.spec import TrialSpec

FULL = TrialSpec(
    dataset="imdb", data_sha="d", model="tiny", model_sha="tiny", learner="tiny", seed=1
)
PRUNED = replace(FULL, warmup=0.15, signal="random", selector="global", rate=0.1)


def task(spec, kind="baseline"):
    return Task(kind=kind, spec=spec, makes=(("result", spec.result_key),), cost=100.0)


FULLS = [task(replace(FULL, seed=seed)) for seed in range(10)]


@pytest.fixture
def clock():
    return [1000.0]


@pytest.fixture
def tally(clock):
    made = Tally(clock=lambda: clock[0])
    made.set_tasks(FULLS)
    return made


def ran(tally, clock, tasks, seconds=60.0):
    for one in tasks:
        tally.begin(one.name, one)
        clock[0] += seconds
        tally.end(one.name, one)


def test_time_left_is_known_from_three_tasks_on_and_holds_the_pace_so_far(tally, clock):
    ran(tally, clock, FULLS[:2])
    assert tally.left_s() is None
    ran(tally, clock, FULLS[2:3])
    low, high = tally.left_s()
    assert low < 7 * 60 < high


def test_time_left_narrows_as_tasks_end(tally, clock):
    ran(tally, clock, FULLS[:3])
    low, high = tally.left_s()
    first = high / low
    ran(tally, clock, FULLS[3:8])
    low, high = tally.left_s()
    assert low <= 120 <= high and high / low < first


def test_two_workers_halve_what_is_left(tally, clock):
    tally.begin("a", FULLS[0])
    tally.begin("b", FULLS[1])
    clock[0] += 60.0
    tally.end("a", FULLS[0])
    tally.end("b", FULLS[1])
    ran(tally, clock, FULLS[2:4])
    low, high = tally.left_s()
    assert low <= 3 * 60 <= high < 6 * 60


def test_the_clock_of_a_kind_starts_with_its_first_task_and_ends_with_its_last(tally, clock):
    tally.set_tasks([FULLS[0], task(PRUNED, "trial")])
    clock[0] += 500
    ran(tally, clock, FULLS[:1], seconds=20.0)
    clock[0] += 500
    assert [(bar.noun, bar.seconds) for bar in tally.now().bars] == [
        ("full runs", 20.0), ("pruned runs", None),
    ]  # fmt: skip


def test_a_lane_is_named_by_data_set_method_rate_and_seed(tally):
    tally.begin("a", task(PRUNED, "trial"))
    tally.hear({"a": Headway("training", 1, 3, "epoch", 0.2), "gone": Headway("x", 1, 1, "", 1)})
    (lane,) = tally.now().lanes
    assert (lane.what, lane.which) == ("imdb random global", "10% removed, seed 1")
    assert (lane.stage, lane.share) == ("training", 0.2)


def test_a_task_whose_worker_died_runs_no_more_and_is_not_counted(tally):
    tally.begin("a", FULLS[0])
    tally.lose("a")
    now = tally.now()
    assert now.lanes == () and now.bars[0].done == 0
