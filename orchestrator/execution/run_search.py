"""The search for a training, through Ray Tune: round by round until each data set's is chosen."""

from collections.abc import Mapping
from dataclasses import replace
from functools import partial

from rich.console import Console

from orchestrator.execution.callbacks import ProgressCallback
from orchestrator.execution.scheduler import Work
from orchestrator.execution.tuner import run_tasks
from orchestrator.planning.inspected import store_inspections
from orchestrator.planning.plan import Sweep, curve_in, planned
from orchestrator.planning.stored_inputs import store_inputs
from orchestrator.planning.task_graph import curve_tasks
from orchestrator.planning.tasks import Task


def run_search(sweep: Sweep, console: Console) -> tuple[Sweep, int, str]:
    """Run what the searches of a sweep lack.

    Args:
        sweep: As planned; its folder is locked, its searches are open.
        console: Where lines and bars go.

    Returns:
        The sweep planned anew, by the trainings chosen where all were; the exit code of a signal
        or 0; the limit that stopped it, or empty.
    """
    store_inputs(sweep)
    store_inspections(sweep.inspections, sweep.store)
    first = _next_tasks(sweep)
    progress = ProgressCallback(first, sweep.run, sweep.store, console)
    seen = {task.name: task for task in first}

    def next_tasks(blocked: Mapping[str, Task]) -> list[Task]:
        # What failed in this command is not tried again in it.
        more = [task for task in _next_tasks(sweep) if task.name not in seen]
        seen.update({task.name: task for task in more})
        progress.add_tasks(more)
        return more

    with progress.shown():
        ended = run_tasks(
            Work(
                left=first,
                all_tasks=first,
                next_tasks=next_tasks,
                restored=partial(store_inputs, sweep),
            ),
            sweep.resources,
            progress,
            folder=sweep.run.folder,
            stopping=progress.show_stopping,
        )
    limits = replace(sweep.resources.limits, used_s=ended.seconds)
    resources = replace(sweep.resources, limits=limits)
    return planned(replace(sweep.loaded, resources=resources)), ended.stopped_by, ended.limit


def _next_tasks(sweep: Sweep) -> list[Task]:
    """What the next round of every search lacks."""
    runs = [
        run
        for search in sweep.searches
        for run in search.lacking(lambda spec: curve_in(sweep.store, spec))
    ]
    tasks = [task for run in runs for task in curve_tasks(run, sweep.sizes[run.data_sha])]
    by_name = {task.name: task for task in tasks}
    return [t for t in by_name.values() if not all(sweep.store.has(*a) for a in t.makes)]
