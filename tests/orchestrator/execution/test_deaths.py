"""A worker that died: which tasks are tried again, and what is said of the others."""

import os
import time
from types import SimpleNamespace

import pytest

from orchestrator.execution.deaths import RETRIES, Deaths, stack_file
from orchestrator.execution.worker import run_task
from orchestrator.planning.resources import Resources
from orchestrator.planning.tasks import TASKS, Task, TaskKind
from tests.faults import fork
from trainables.spec import TrialSpec

SPEC = TrialSpec(dataset="d", data_sha="d", model="tiny", model_sha="m", learner="text", seed=1)
TASK = Task(kind="hangs", spec=SPEC, makes=(("result", "abc"),))


def trial(number, told):
    return SimpleNamespace(
        trial_id=f"t{number}", config={"task": TASK.name}, get_error=lambda: told
    )


def die(deaths, *told):
    """Whether the task is given up after each death."""
    given_up = []
    for number, text in enumerate(told):
        deaths.begin(f"t{number}")
        deaths.hear(trial(number, text))
        given_up.append(deaths.is_final(f"t{number}", TASK.name))
    return given_up


def test_a_worker_that_is_killed_is_replaced_twice():
    deaths = Deaths()
    assert die(deaths, *["ActorDiedError: SIGKILL"] * (1 + RETRIES)) == [False, False, True]
    final = deaths.final[TASK.name]
    assert final.error.startswith("its worker died in each of 3 tries")
    assert final.trace == "ActorDiedError: SIGKILL"


def test_a_lack_of_memory_is_not_tried_again_as_it_would_only_come_again():
    deaths = Deaths()
    told = "ray.exceptions.OutOfMemoryError: ... killed due to the node running low on memory"
    assert die(deaths, told) == [True]
    assert "--max-trials-at-once" in deaths.final[TASK.name].error


def test_a_worker_within_its_time_is_not_said_to_have_timed_out():
    assert die(Deaths(limit_s=60), "ActorDiedError") == [False]


@pytest.fixture
def hanging(monkeypatch):
    """A kind of task that never ends."""

    def hangs(*_):
        time.sleep(600)

    kind = TaskKind(noun="hanging", rank=0, run=hangs, subject=str)
    monkeypatch.setattr("orchestrator.execution.worker.TASKS", {**TASKS, "hangs": kind})
    monkeypatch.setattr("orchestrator.execution.worker.settle_here", lambda *_, **__: None)


def test_a_task_that_hangs_ends_with_its_worker_and_leaves_where_it_hung(hanging, tmp_path):
    resources = Resources(cache=tmp_path, trial_timeout_s=0.2)
    deaths = Deaths(limit_s=0.2, stacks=resources.stacks)
    deaths.begin("t0")
    child = fork(
        lambda: run_task({"task": TASK.name}, tasks={TASK.name: TASK}, resources=resources)
    )
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 1
    deaths.hear(trial(0, "ActorDiedError"))
    assert deaths.is_final("t0", TASK.name)
    error = deaths.final[TASK.name].error
    assert error.startswith("timed out after 0.2 s (--trial-timeout) in test_deaths.py:")
    assert error.endswith(", hangs")
    assert "run_here" in deaths.final[TASK.name].trace
    assert not stack_file(resources.stacks, TASK.name).exists()
