"""How long a sweep takes by the clock, on the workers at hand."""

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from orchestrator.planning.capacity import slots_of_machine
from orchestrator.planning.estimate import (
    Pace,
    hours,
    is_of,
    scoring_runs,
    search_s,
    searches,
    searching,
    unchosen,
)
from orchestrator.planning.plan import Sweep
from orchestrator.planning.resources import Resources, accelerators_here
from orchestrator.planning.tasks import Task, tasks_left

# Of a sweep of 140 trials on two cores that nothing else used: until the first task runs, after the last,
# and of each task what is not its training. Seconds of a processor: others that use it come on top.
_START_S, _END_S, _TASK_S = 12.0, 5.0, 0.12
_SPIN_S = 0.4
# Full runs wait for data, pruned ones for full runs, and a confirmation for both.
_STAGES, _CONFIRMED_STAGES = 2, 4
# From one hour to the next the same work takes more or less: a machine is hot, or others use its disk.
_STRAYS = 1.25


@dataclass(frozen=True, kw_only=True)
class WallClock:
    """Seconds from the command to its report.

    Attributes:
        low: If all goes well: nothing is confirmed, nothing else runs.
        expected: As this machine is now.
        high: If as much is run as can be.
        workers: At a time.
        crowd: How many times longer than alone a process takes here now.
        worker_s: Of all workers together, low, expected and high; of such as share a GPU, as it may be then.
    """

    low: float
    expected: float
    high: float
    workers: int
    crowd: float
    worker_s: tuple[float, float, float]


def workers_at(resources: Resources) -> int:
    """Trials that run at a time on this machine; 0 where they run on others."""
    if not resources.is_local:
        return 0
    here = {"CPU": len(os.sched_getaffinity(0)), "GPU": accelerators_here()}
    slots = slots_of_machine(here, resources.cpus, resources.gpus)
    return min(slots, resources.at_once) if resources.at_once else slots


def crowd() -> float:
    """How many times longer a process takes by the clock than on its processor: 1 on an idle machine."""
    started, used = time.perf_counter(), time.process_time()
    while time.perf_counter() - started < _SPIN_S:
        pass
    took = max(time.process_time() - used, 1e-3)
    return max(1.0, (time.perf_counter() - started) / took)


def wall_clock(
    sweep: Sweep, paces: Mapping[str, Pace], scoring: Mapping[str, Pace], *, crowd: float = 1.0
) -> WallClock | None:
    """The time of what is left of a sweep; None where it is not known of all of it, or runs elsewhere.

    Args:
        sweep: As planned.
        paces: Of what is trained, by content hash of the data set.
        scoring: Of what scores the rows, where that is another model.
        crowd: As `crowd` gives it.
    """
    workers, left = workers_at(sweep.resources), sweep.left
    work, longest = np.zeros(3), np.zeros(3)
    for sha in sweep.wholes:
        took = work_of(sweep, sha, paces, scoring)
        if took is None:
            return None
        work += took
        own = [task.cost for task in left if sweep.plan.whole_of(task.spec) == sha]
        if own and sha in paces:
            longest = np.maximum(longest, max(own) * _three(paces[sha]))
    if not workers or not (left or sweep.searches):
        return None
    most = max(len(left), len(_most_left(sweep)))
    confirming = sum(unchosen(sweep, sha).trials for sha in sweep.wholes)
    searched = sum(search.count() for search in sweep.searches)
    tasks = searched + np.array([len(left), len(left) + confirming, most + confirming])
    crowds = np.array([1.0, crowd**0.5, crowd**0.75 * _STRAYS])  # as `quick_paces` has it
    work += _TASK_S * tasks * crowds
    work += sum(search_s(many, sweep.sizes[sha]) for sha, many in searches(left).items())
    stages = _CONFIRMED_STAGES if confirming else _STAGES
    waits = longest * (1 - 1 / workers) * np.array([0, stages / 2, stages])
    if 0 < (share := sweep.resources.gpus) < 1:
        # Steps of trials that share a GPU wait for each other: at worst they gain nothing by sharing, and a
        # pace that was measured beside others says too much.
        work *= np.array([1.0, int(1 / share) ** 0.5, int(1 / share)])
    fixed = (_START_S + _END_S) * crowds * np.array([0.6, 1, 1])
    low, expected, high = (fixed + work / workers + waits).tolist()
    return WallClock(
        low=low, expected=expected, high=high, workers=workers, crowd=crowd,
        worker_s=(float(work[0]), float(work[1]), float(work[2])),
    )  # fmt: skip


def work_of(
    sweep: Sweep, sha: str, paces: Mapping[str, Pace], scoring: Mapping[str, Pace]
) -> NDArray[np.float64] | None:
    """Seconds of one worker that a data set takes, low, expected and high, shape (3,); None where unknown.

    At least, nothing is confirmed; at most, all seeds are bought.
    """
    scorer = scoring_runs(sweep).get(sha)
    found = np.zeros(3)
    every = [task for task in sweep.left if sweep.plan.whole_of(task.spec) == sha]
    most = [task for task in _most_left(sweep) if sweep.plan.whole_of(task.spec) == sha]
    if scorer:
        scored = [task for task in every if is_of(task, scorer)]
        if any(task.kind == "warm_up" for task in scored) and sha not in scoring:
            return None
        if sha in scoring:
            found += 3600 * np.array(hours(scored, scoring[sha], 0)) + scoring[sha].first_s
        every, most = ([t for t in own if not is_of(t, scorer)] for own in (every, most))
    more = unchosen(sweep, sha)
    searched = searching(sweep, sha)
    if not (every or more.trials or searched):
        return found
    if sha not in paces:
        return None
    pace, n_test = paces[sha], len(sweep.datasets[sha].test)
    least = hours(every, pace, n_test, searched=searched)[0]
    usual = hours(every, pace, n_test, more=more, searched=searched)[1]
    all_of_it = hours(most, pace, n_test, more=more, searched=searched)[2]
    found += 3600 * np.array([least, usual, all_of_it]) + pace.first_s
    return found


def _most_left(sweep: Sweep) -> list[Task]:
    """The tasks that are left if every seed is bought."""
    specs = [*sweep.grid_specs, *(one for one in sweep.specs if one.kind == "fixed")]
    return tasks_left(sweep.tasks, specs, sweep.store, curves=sweep.curves, kept=sweep.kept)


def _three(pace: Pace) -> NDArray[np.float64]:
    return np.array([pace.low, pace.expected, pace.high])
