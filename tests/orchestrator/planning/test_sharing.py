from dataclasses import replace

import pytest

from orchestrator.planning import sharing
from orchestrator.planning.estimate import Pace
from orchestrator.planning.plan import plan_sweep
from orchestrator.planning.request import Request
from orchestrator.planning.resources import Resources
from orchestrator.planning.sharing import TrainingStep, trials_on_a_gpu
from orchestrator.planning.wall_clock import wall_clock

GIB = 2**30
MINILM = TrainingStep(parameters=22_700_000, rows=32, typical=53, longest=128, n_train=120_000)
DISTILBERT = replace(MINILM, parameters=67_000_000)
LARGE = replace(MINILM, parameters=335_000_000)


@pytest.mark.parametrize(
    ("step", "gib", "expected"),
    [
        (MINILM, 141, 8),
        (MINILM, 24, 2),
        (DISTILBERT, 141, 4),
        (DISTILBERT, 80, 4),
        (DISTILBERT, 16, 1),
        (replace(DISTILBERT, typical=272, longest=512), 141, 1),  # IMDB fills it
        (LARGE, 141, 1),
        (MINILM, 0, 1),
    ],
)
def test_as_many_trials_share_a_gpu_as_fit_and_none_of_which_fills_it(step, gib, expected):
    assert trials_on_a_gpu(step, gib * GIB) == expected


def test_no_more_trials_share_a_gpu_than_there_is_work_for():
    assert trials_on_a_gpu(MINILM, 141 * GIB, most=3) == 2
    assert trials_on_a_gpu(MINILM, 141 * GIB, most=0) == 1


def test_trials_that_share_a_gpu_leave_a_fifth_of_its_memory():
    count = trials_on_a_gpu(MINILM, 24 * GIB)
    assert count * MINILM.memory <= 0.8 * 24 * GIB < 2 * count * MINILM.memory


def test_logits_of_a_language_model_take_their_room():
    plain = replace(MINILM, vocabulary=0)
    assert replace(MINILM, vocabulary=50_000).memory - plain.memory == 12 * 32 * 128 * 50_000


@pytest.fixture
def on_gpus(monkeypatch):
    def there(count, gib=141.0, cores=16, machine_gib=128):
        monkeypatch.setattr(sharing, "accelerators_here", lambda: count)
        monkeypatch.setattr(
            sharing, "memory_bytes", lambda *, gpu: int((gib if gpu else machine_gib) * GIB)
        )
        monkeypatch.setattr(sharing.os, "sched_getaffinity", lambda _: range(cores))

    return there


@pytest.fixture
def planned(tmp_path):
    def make(**on):
        request = Request(
            datasets=("synthetic:300",), model="linear", seeds=(1, 2), rates=(0.1, 0.2), warmups=(0.05,),
            signals=("random",), limit_test=90, confirm=False, tune=False,
        )  # fmt: skip
        told = {"gpus": 1.0, "chooses_share": True} | on
        resources = Resources(cache=tmp_path / "cache", runs=tmp_path / "runs", **told)
        return plan_sweep(request, resources, run=None, command="", tolerance=1.0)

    return make


@pytest.mark.parametrize(
    ("there", "asked", "count"),
    [
        ({"count": 1}, {}, 4),  # of six trials
        ({"count": 2}, {}, 2),
        ({"count": 4}, {}, 1),
        ({"count": 1, "cores": 3}, {}, 2),
        ({"count": 1}, {"cpus": 8}, 2),
        ({"count": 1}, {"at_once": 1}, 1),
        ({"count": 1, "machine_gib": 16}, {}, 2),
        ({"count": 1}, {"chooses_share": False}, 1),
        ({"count": 0}, {"gpus": 0.0}, 0),
    ],
)
def test_a_plan_shares_gpus_as_far_as_cores_memory_and_trials_go(
    planned, on_gpus, there, asked, count
):
    on_gpus(**there)
    sweep = planned(**asked)
    assert sweep.resources.gpus == (1 / count if count else 0)
    told = [note for note in sweep.plan.notes if "share each GPU" in note]
    assert [note.startswith(f"{count} trials share each GPU") for note in told] == [True] * (
        count > 1
    )


def test_sharing_a_gpu_changes_no_key_and_no_environment(planned, on_gpus):
    on_gpus(1)
    shared, alone = planned(), planned(chooses_share=False)
    assert shared.resources.gpus < alone.resources.gpus
    assert shared.resources.environment == alone.resources.environment
    assert [task.makes for task in shared.tasks] == [task.makes for task in alone.tasks]


def test_a_shared_gpu_may_gain_nothing_by_the_clock(planned, on_gpus, monkeypatch):
    on_gpus(1)
    monkeypatch.setattr("orchestrator.planning.wall_clock.accelerators_here", lambda: 1)
    took = []
    for sweep in (planned(), planned(chooses_share=False)):
        pace = Pace(low=1.0, expected=1.0, high=1.0, basis="told")
        took.append(wall_clock(sweep, dict.fromkeys(sweep.wholes, pace), {}))
    shared, alone = took
    assert (shared.workers, alone.workers) == (4, 1)
    assert shared.low < alone.low and shared.high >= alone.high
