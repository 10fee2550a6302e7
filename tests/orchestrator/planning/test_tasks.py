"""TASKS, by contract: every kind is planned, ranked, named and carried out."""

from dataclasses import replace

import pytest

from orchestrator.planning.task_graph import plan
from orchestrator.planning.tasks import TASKS, Task
from trainables.spec import TrialSpec

FULL = TrialSpec(dataset="d", data_sha="d", model="tiny", model_sha="tiny", learner="tiny", seed=1)
N = 1000


@pytest.fixture
def tasks(monkeypatch):
    """The tasks of trials that together need every kind of them."""
    monkeypatch.setattr("trainables.neighbours.vectors.SHARD_ROWS", 400)
    cut = replace(FULL, warmup=0.15, selector="global", rate=0.1, signal="redundancy")
    ensemble, subsets = replace(cut, signal="el2n_ensemble"), replace(cut, signal="memorization")
    return plan([FULL, cut, ensemble, subsets], {"d": N}, curves=[FULL])


@pytest.mark.parametrize("kind", TASKS)
def test_every_kind_is_planned_by_some_trial(kind, tasks):
    assert kind in {task.kind for task in tasks}


@pytest.mark.parametrize("kind", TASKS)
def test_a_task_needs_nothing_of_a_higher_rank(kind, tasks):
    maker = {artifact: task for task in tasks for artifact in task.makes}
    own = [task for task in tasks if task.kind == kind]
    ranks = [TASKS[maker[need].kind].rank for task in own for need in task.needs if need in maker]
    assert max(ranks, default=0) <= TASKS[kind].rank


@pytest.mark.parametrize("kind", TASKS)
def test_a_task_says_what_it_is_about(kind, tasks):
    about = [TASKS[kind].subject(task) for task in tasks if task.kind == kind]
    assert all(text.startswith("d ") for text in about)


@pytest.mark.parametrize("kind", TASKS)
def test_a_task_that_is_a_trial_makes_a_row(kind, tasks):
    makes = {name for task in tasks if task.kind == kind for name, _ in task.makes}
    assert ("result" in makes) == TASKS[kind].is_trial


def test_a_kind_that_is_not_in_the_table_is_refused_where_it_is_run():
    task = Task(kind="none", spec=FULL, makes=(("result", "r"),))
    with pytest.raises(KeyError, match="none"):
        _ = task.is_trial
