"""The trials that a sweep still lacks, through Ray Tune, and what its rows ask for on the way."""

from collections.abc import Mapping
from dataclasses import replace
from functools import partial

from rich.console import Console

from orchestrator.execution.callbacks import ProgressCallback, Shown
from orchestrator.execution.connection import disconnect
from orchestrator.execution.scheduler import Work
from orchestrator.execution.tuner import run_tasks
from orchestrator.planning.inspected import store_inspections
from orchestrator.planning.plan import Sweep
from orchestrator.planning.stored_inputs import store_inputs
from orchestrator.planning.tasks import Task
from orchestrator.terminal.plan_text import print_growth

_GONE = (
    "what it needs goes from the store again and again; is another program removing files of it?"
)


def run_left(
    sweep: Sweep,
    left: list[Task],
    console: Console,
    shown: Shown = Shown(),  # noqa: B008 - frozen
) -> tuple[int, str]:
    """Run tasks through Ray Tune; the exit code of a signal or 0, and the limit that stopped it."""
    store_inputs(sweep)
    store_inspections(sweep.inspections, sweep.store)
    for spec in (one for one in sweep.specs if not sweep.is_done(one)):
        sweep.run.forget(spec)
    done = [sweep.run.copy_row(spec, sweep.store) for spec in filter(sweep.is_done, sweep.specs)]
    rows = [row for row in done if row is not None]
    judging = replace(sweep.judging, plan=sweep.plan)
    progress = ProgressCallback(
        left, sweep.run, sweep.store, console, judging=judging, rows=rows,
        shown=replace(shown, coming=_coming(sweep)),
    )  # fmt: skip
    by_name = {task.name: task for task in sweep.tasks}

    def record_blocked(blocked: Mapping[str, Task]) -> None:
        for name, cause in blocked.items():
            if by_name[name].is_trial:
                why = progress.errors.get(cause.name, _GONE)
                trace = progress.traces.get(cause.name, "")
                error = f"not run: {cause.kind} failed: {why}"
                sweep.run.write_failure(by_name[name].spec, error, trace)

    def next_tasks(blocked: Mapping[str, Task]) -> list[Task]:
        record_blocked(blocked)
        grown = sweep.grown(is_over=True)
        by_name.update({task.name: task for task in grown.tasks})
        sweep.run.write_plan(grown.plan)
        if grown.left:
            print_growth(grown, console)
        progress.add_tasks(grown.left, grown.plan)
        progress.tally.coming = ""
        return grown.left

    with progress.shown():
        ended = run_tasks(
            Work(
                left=left,
                all_tasks=sweep.tasks,
                next_tasks=next_tasks,
                restored=partial(store_inputs, sweep),
            ),
            sweep.resources,
            progress,
            folder=sweep.run.folder,
        )
    if not ended.lost:
        disconnect()
    record_blocked(ended.blocked)
    return ended.stopped_by, ended.limit


def _coming(sweep: Sweep) -> str:
    """What a sweep may add once what is planned has ended."""
    if sweep.plan.adaptive:
        return "perhaps more seeds"
    fixed = {spec.data_sha for spec in sweep.specs if spec.kind == "fixed"}
    return "fresh seeds" if sweep.plan.candidates.keys() - fixed else ""
