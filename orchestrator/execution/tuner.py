"""One Tuner that runs the tasks of a sweep."""

import logging
import os
import signal
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import ray
from ray import tune

from orchestrator.diagnostics.cluster import join_ray
from orchestrator.execution.capacity import cluster_file, slots_now, slots_when_grown
from orchestrator.execution.scheduler import NewestFirst, ReadySearcher, Work
from orchestrator.execution.worker import run_task
from orchestrator.planning.resources import Resources
from orchestrator.planning.tasks import Task
from trainables.errors import INTERRUPTED, TERMINATED, UsageError

# A worker that dies is started again this often; its trial goes on from its own saved state.
_MAX_DEATHS = 1


@dataclass(frozen=True, kw_only=True)
class Ended:
    """How a sweep's work ended.

    Attributes:
        blocked: Tasks that could not run, by name, each with the failed task it waited for.
        stopped_by: Exit code of the signal that stopped it, or 0.
        limit: The flag whose limit was reached, or empty; more may have been left, or nothing.
        seconds: Of all workers together.
    """

    blocked: Mapping[str, Task]
    stopped_by: int
    limit: str
    seconds: float


def run_tasks(
    asked: Work,
    resources: Resources,
    progress: tune.Callback,
    *,
    folder: Path,
    stopping: Callable[[], None],
) -> Ended:
    """Run what is not yet done; returns when nothing is left that can run, still connected to Ray.

    Args:
        asked: What to run.
        resources: What it runs on.
        progress: Records each finished task.
        folder: Where Tune keeps its own notes, which are never read back.
        stopping: Called when Ctrl-C or SIGTERM has come.

    Returns:
        How it ended.
    """
    tasks = {task.name: task for task in asked.all_tasks}
    searcher = ReadySearcher(asked, resources.open_store(), resources.limits)
    _connect(resources)
    slots = _slots(resources)
    work = partial(run_task, tasks=tasks, resources=resources)
    need = {"cpu": resources.cpus, "gpu": resources.gpus}
    tuner = tune.Tuner(
        tune.with_resources(tune.with_parameters(work), need),
        tune_config=tune.TuneConfig(
            search_alg=searcher,
            scheduler=NewestFirst(),
            num_samples=-1,
            max_concurrent_trials=slots,
            reuse_actors=True,
            trial_dirname_creator=lambda trial: trial.trial_id,
        ),
        run_config=tune.RunConfig(
            name="ray",
            storage_path=str(folder.resolve()),
            verbose=0,
            callbacks=[progress],
            failure_config=tune.FailureConfig(max_failures=_MAX_DEATHS),
        ),
    )
    with _stoppable(stopping) as stopped_by:
        tuner.fit()
    is_stopped = searcher.left and not searcher.reached
    return Ended(
        blocked=searcher.blocked,
        stopped_by=stopped_by[0] if is_stopped else 0,
        limit=searcher.reached,
        seconds=searcher.seconds,
    )


def disconnect() -> None:
    """Leave Ray, which ends where it was started here."""
    ray.shutdown()


@contextmanager
def _stoppable(stopping: Callable[[], None]) -> Iterator[list[int]]:
    """Let Ctrl-C and SIGTERM end a sweep with a message; Tune then returns as after success.

    Yields a list that holds the exit code of the signal that came, or 130. A second Ctrl-C does
    not wait for the workers.
    """
    came = [INTERRUPTED]
    codes = {signal.SIGINT: INTERRUPTED, signal.SIGTERM: TERMINATED}

    def stop(number: int, _: object) -> None:
        came[0] = codes[signal.Signals(number)]
        stopping()
        signal.raise_signal(signal.SIGUSR1)  # to Tune, which then gives SIGINT back to us
        signal.signal(signal.SIGINT, signal.default_int_handler)

    # Until Tune listens to SIGUSR1, it ends the command as Ctrl-C would.
    handlers = {**dict.fromkeys(codes, stop), signal.SIGUSR1: signal.default_int_handler}
    before = {number: signal.signal(number, handler) for number, handler in handlers.items()}
    try:
        yield came
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _connect(resources: Resources) -> None:
    """Start or join Ray, quietly."""
    os.environ |= {
        "RAY_AIR_NEW_OUTPUT": "0",
        "TUNE_DISABLE_AUTO_CALLBACK_LOGGERS": "1",
        "TUNE_DISABLE_SIGINT_HANDLER": "1",
        "TUNE_WARN_EXCESSIVE_EXPERIMENT_CHECKPOINT_SYNC_THRESHOLD_S": "0",
        "RAY_USAGE_STATS_ENABLED": "0",
    }
    for name in ("ray", "ray.tune", "ray.train", "ray.data"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    if not ray.is_initialized():
        join_ray(resources.address, include_dashboard=False if resources.is_local else None)


def _slots(resources: Resources) -> int:
    """Tasks that can run at once, on the cluster as it is or as it can grow.

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
