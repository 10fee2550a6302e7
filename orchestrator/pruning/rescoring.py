"""Scores that a store no longer has, made again as the run's sweep made them."""

from dataclasses import replace

from rich.console import Console

from orchestrator.execution.run_trials import run_left
from orchestrator.planning.task_graph import plan as plan_tasks
from orchestrator.planning.tasks import Task, tasks_making
from orchestrator.pruning.opened import OpenedRun
from orchestrator.store.run_folder import Run
from trainables.errors import INCOMPLETE, UnavailableError
from trainables.spec import TrialSpec


def scores_lacking(opened: OpenedRun, spec: TrialSpec) -> list[Task]:
    """What must run before a list can be cut; nothing where it was."""
    store = opened.store
    if store.find("survivors", spec.survivors_key):
        return []
    tasks = plan_tasks([spec], {spec.data_sha: len(opened.dataset.train)})
    (trial,) = (task for task in tasks if task.is_trial and task.spec == spec)
    wanted = [need for need in trial.needs if need[0] != "prepared"]
    for need in wanted:
        store.find(*need)  # one that is damaged is put aside, and then is not there
    return tasks_making(wanted, tasks, store)


def rescore(opened: OpenedRun, left: list[Task], console: Console) -> int:
    """Make scores again; the exit code of a signal or of a limit that stopped it, or 0.

    Raises:
        UnavailableError: If some could not be made.
    """
    sweep, folder = opened.sweep, opened.folder / "rescored"
    plan = replace(sweep.plan, specs=(), candidates={}, adaptive=False)
    alone = replace(
        sweep, plan=plan, grid_specs=[], tasks=left, run=Run(folder), purchases=(), searches=(),
        curves=(),
    )  # fmt: skip
    with alone.run.locked():
        stopped, limit = run_left(alone, left, console)
    if stopped or limit:
        console.print(f"stopped{f' at {limit}' * bool(limit)}; the same command goes on from here")
        return stopped or INCOMPLETE
    if lost := [task for task in left if not all(sweep.store.has(*one) for one in task.makes)]:
        raise UnavailableError(
            f"{len(lost)} of {len(left)} pieces of work that scores rest on failed, see {folder / 'logs'}; "
            "without them there is no list of rows"
        )
    return 0
