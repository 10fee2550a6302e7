"""What a worker does with a task."""

import errno
import traceback
from collections.abc import Mapping
from typing import Any

from ray import tune

from orchestrator.execution.here import explain_error, settle_here
from orchestrator.planning.resources import Resources
from orchestrator.planning.tasks import TASKS, Task
from trainables.plain_text import redacted

# Worth another try elsewhere; any other error would only come again.
_PASSING = (errno.EIO, errno.ESTALE, errno.EAGAIN)


def run_task(config: dict[str, Any], *, tasks: Mapping[str, Task], resources: Resources) -> None:
    """Do one task in this worker and report how it ended."""
    task = config.get("new") or tasks[config["task"]]
    try:
        run_here(task, resources)
    except Exception as error:
        # After a CUDA error the process is of no more use; Tune starts another in its place.
        if (isinstance(error, OSError) and error.errno in _PASSING) or "CUDA error" in str(error):
            raise
        # Tune keeps what it is told in the run's folder.
        told = {"error": explain_error(error, task.spec), "trace": traceback.format_exc()}
        tune.report({name: redacted(text) for name, text in told.items()})
        return
    tune.report({"error": ""})


def run_here(task: Task, resources: Resources) -> None:
    """Do one task in this process.

    Raises:
        UnavailableError: If this machine is not like the one that planned the sweep.
    """
    settle_here(resources)
    TASKS[task.kind].run(task, resources.open_store(), resources.place)
