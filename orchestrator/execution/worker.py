"""What a worker does with a task."""

import errno
import faulthandler
import traceback
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from ray import tune

from orchestrator.execution.deaths import stack_file
from orchestrator.execution.here import explain_error, settle_here
from orchestrator.execution.worker_reports import reported
from orchestrator.planning.resources import Resources
from orchestrator.planning.tasks import TASKS, Task
from trainables.environment import lend_device
from trainables.plain_text import redacted
from trainables.trainers.processes import GRACE_S

# Worth another try elsewhere; any other error would only come again.
_PASSING = (errno.EIO, errno.ESTALE, errno.EAGAIN)


def need_of(config: Mapping[str, Any], *, resources: Resources) -> tune.PlacementGroupFactory:
    """What a task is given; Tune reuses a worker among tasks of equal needs alone."""
    gpus = resources.gpus if config["computes"] else 0.0
    return tune.PlacementGroupFactory([{"CPU": resources.cpus, "GPU": gpus}])


def run_task(config: dict[str, Any], *, tasks: Mapping[str, Task], resources: Resources) -> None:
    """Do one task in this worker and report how it ended."""
    task = config.get("new") or tasks[config["task"]]
    try:
        with _limited(task, resources), reported(_trial_id()):
            run_here(task, resources, computes=config.get("computes", True))
    except Exception as error:
        # After a CUDA error the process is of no more use; another takes its place.
        if (isinstance(error, OSError) and error.errno in _PASSING) or "CUDA error" in str(error):
            raise
        # Tune keeps what it is told in the run's folder.
        told = {"error": explain_error(error, task.spec), "trace": traceback.format_exc()}
        tune.report({name: redacted(text) for name, text in told.items()})
        return
    tune.report({"error": ""})


def _trial_id() -> str:
    """Of the trial that Tune runs in this process; empty where it runs none, of which it would warn."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return tune.get_context().get_trial_id() or ""


def run_here(task: Task, resources: Resources, *, computes: bool = True) -> None:
    """Do one task in this process.

    Args:
        task: Which.
        resources: What trials run on.
        computes: Whether it was given an accelerator, where trials are.

    Raises:
        UnavailableError: If this machine is not like the one that planned the sweep.
    """
    settle_here(resources, computes=computes)
    # What is scored lay in the store when the task began; what has gone since is not made on the processor.
    lend_device(computes or task.kind == "prepare")
    TASKS[task.kind].run(task, resources.open_store(), resources.place)


@contextmanager
def _limited(task: Task, resources: Resources) -> Iterator[None]:
    """End this process where a task takes too long; what it saved last is what another try goes on from.

    No thread of Python does that: code that hangs may hold the interpreter's lock. A trainer of the
    user's own is ended by who calls it, gently, and this is for the case that it cannot.
    """
    if not resources.trial_timeout_s:
        yield
        return
    more_s = 3 * GRACE_S if task.spec.is_own else 0.0
    resources.stacks.mkdir(parents=True, exist_ok=True)
    path = stack_file(resources.stacks, task.name)
    limit_s = resources.trial_timeout_s + more_s
    with path.open("w", encoding="utf-8") as file:
        faulthandler.dump_traceback_later(limit_s, exit=True, file=file)
        try:
            yield
        finally:
            faulthandler.cancel_dump_traceback_later()
            path.unlink(missing_ok=True)
