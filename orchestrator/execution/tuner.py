"""One Tuner that runs the tasks of a sweep."""

import atexit
import os
import signal
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import ray
from ray import tune

from orchestrator.execution.callbacks import ProgressCallback
from orchestrator.execution.connection import connect, take_first_workers
from orchestrator.execution.deaths import deaths_in
from orchestrator.execution.machines import MachineCheck, run_watched
from orchestrator.execution.scheduler import (
    Accelerators,
    Forgetful,
    NewestFirst,
    ReadySearcher,
    Work,
)
from orchestrator.execution.worker import need_of, run_task
from orchestrator.planning.capacity import cluster_file, slots_now, slots_when_grown
from orchestrator.planning.resources import Resources
from orchestrator.planning.tasks import Task
from trainables.errors import ABSENT, INTERRUPTED, TERMINATED, UsageError


@dataclass(frozen=True, kw_only=True)
class Ended:
    """How a sweep's work ended.

    Attributes:
        blocked: Tasks that could not run, by name, each with the failed task it waited for.
        stopped_by: Exit code of the signal that stopped it, or of what Ray lacks, or 0.
        lost: What Ray lacks to go on, or empty; it must not be called any more.
        limit: The flag whose limit was reached, or empty; more may have been left, or nothing.
        seconds: Of all workers together.
    """

    blocked: Mapping[str, Task]
    stopped_by: int
    lost: str
    limit: str
    seconds: float


def run_tasks(
    asked: Work,
    resources: Resources,
    progress: ProgressCallback,
    *,
    folder: Path,
) -> Ended:
    """Run what is not yet done; returns when nothing is left that can run, still connected to Ray.

    Args:
        asked: What to run.
        resources: What it runs on.
        progress: Records each finished task.
        folder: Where Tune keeps its own notes, which are never read back.

    Returns:
        How it ended.
    """
    tasks = {task.name: task for task in asked.all_tasks}
    deaths = progress.deaths = deaths_in(resources)
    progress.show_starting(resources)
    connect(resources, len(asked.left))
    if resources.is_local:
        take_first_workers()
    slots = _slots(resources)
    searcher = ReadySearcher(
        asked, resources.open_store(), resources.limits, deaths=deaths,
        accelerators=Accelerators(share=resources.gpus, slots=slots) if resources.gpus else None,
    )  # fmt: skip
    progress.show_started(slots, resources)
    work = partial(run_task, tasks=tasks, resources=resources)
    stop = _Stop()
    tuner = tune.Tuner(
        tune.with_resources(tune.with_parameters(work), partial(need_of, resources=resources)),
        tune_config=tune.TuneConfig(
            search_alg=searcher,
            scheduler=NewestFirst(deaths),
            num_samples=-1,
            max_concurrent_trials=_slots_in_all(resources, slots),
            reuse_actors=True,
            trial_dirname_creator=lambda trial: trial.trial_id,
        ),
        run_config=tune.RunConfig(
            name="ray",
            storage_path=str(folder.resolve()),
            verbose=0,
            callbacks=[progress, MachineCheck(resources), Forgetful()],
            stop=stop,
            failure_config=tune.FailureConfig(max_failures=0),  # the searcher tries again
        ),
    )
    with _stoppable(stop, progress.show_stopping):
        lost = run_watched(tuner.fit, ray.get_runtime_context().gcs_address)
    if lost:
        # Ray's own farewell would wait for who does not answer, and end by a code of its own.
        atexit.register(_end_at_once, ABSENT)
        progress.show_lost(lost)
    is_stopped = searcher.left and not searcher.reached
    return Ended(
        blocked=searcher.blocked,
        stopped_by=ABSENT if lost else stop.code if is_stopped else 0,
        lost=lost,
        limit=searcher.reached,
        seconds=searcher.seconds,
    )


def _end_at_once(code: int) -> None:
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


class _Stop(tune.Stopper):  # type: ignore[misc]
    """Ends all tasks once a signal has come; Tune then returns as after success.

    Attributes:
        code: Exit code of the signal that came, or 130.
        came: Whether one came.
    """

    code, came = INTERRUPTED, False

    def __call__(self, trial_id: str, result: dict[str, Any]) -> bool:
        """A task ends by itself."""
        return False

    def stop_all(self) -> bool:
        """Whether all are to end."""
        return self.came


@contextmanager
def _stoppable(stop: _Stop, stopping: Callable[[], None]) -> Iterator[None]:
    """Let Ctrl-C and SIGTERM end a sweep with a message; a second Ctrl-C does not wait for the workers."""
    codes = {signal.SIGINT: INTERRUPTED, signal.SIGTERM: TERMINATED}

    def end(number: int, _: object) -> None:
        stop.code = codes[signal.Signals(number)]
        signal.signal(signal.SIGINT, signal.default_int_handler)
        stopping()
        stop.came = True

    before = {number: signal.signal(number, end) for number in codes}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _slots_in_all(resources: Resources, slots: int) -> int:
    """Tasks that run at once: beside trials on GPUs as many that hold none, if there are CPUs for them."""
    if not resources.gpus:
        return slots
    on_cpus, on_gpus = (slots_now(ray.nodes(), resources.cpus, n) for n in (0.0, resources.gpus))
    return min(slots + min(on_cpus - on_gpus, slots), resources.at_once or 2 * slots)


def _slots(resources: Resources) -> int:
    """Trials that can run at once, on the cluster as it is or as it can grow.

    Raises:
        UsageError: If not one fits.
    """
    wanted = (resources.cpus, resources.gpus)
    slots = max(
        slots_now(ray.nodes(), *wanted),
        0 if resources.is_local else slots_when_grown(cluster_file(), *wanted),
    )
    if not slots:
        have = ray.cluster_resources()
        raise UsageError(
            f"a trial needs {resources.cpus} CPUs and {resources.gpus:g} GPUs, Ray has "
            f"{have.get('CPU', 0):g} and {have.get('GPU', 0):g}; "
            "lower --cpus-per-trial or --gpus-per-trial"
        )
    return min(slots, resources.at_once or slots)
