"""Sweeps in this process, one task after another, without Ray: same scheduler, tasks, store and rows."""

import traceback
from collections.abc import Callable, Iterator
from contextlib import chdir, contextmanager
from itertools import count
from types import SimpleNamespace
from unittest.mock import patch

from ray.tune.search import Searcher
from typer.testing import CliRunner

from orchestrator.__main__ import app
from orchestrator.execution.here import explain_error
from orchestrator.execution.scheduler import ReadySearcher
from orchestrator.execution.tuner import Ended
from orchestrator.execution.worker import run_here


@contextmanager
def serially(before: Callable[[object], object] = lambda task: None) -> Iterator[None]:
    """Tasks run here in turn; `before` is called with each that is about to start."""

    def run_tasks(asked, resources, progress, *, folder):
        tasks = {task.name: task for task in asked.all_tasks}
        searcher = ReadySearcher(asked, resources.open_store(), resources.limits)
        for number in map(str, count()):
            found = searcher.suggest(number)
            if found == Searcher.FINISHED:
                break
            task = found["new"] or tasks[found["task"]]
            trial = SimpleNamespace(trial_id=number, config=found, last_result={"error": ""})
            progress.on_trial_start(0, [], trial)
            before(task)
            try:
                run_here(task, resources)
            except Exception as error:
                told = {"error": explain_error(error, task.spec), "trace": traceback.format_exc()}
                trial.last_result = told
            progress.on_trial_complete(0, [], trial)
            searcher.on_trial_complete(number, {"time_total_s": 1.0})
        return Ended(
            blocked=searcher.blocked,
            stopped_by=0,
            lost="",
            limit=searcher.reached,
            seconds=searcher.seconds,
        )

    with (
        patch("orchestrator.execution.run_trials.run_tasks", run_tasks),
        patch("orchestrator.execution.run_search.run_tasks", run_tasks),
    ):
        yield


def command(folder, *words, before=lambda task: None):
    """A command of ours in a folder, as a user gives it; its exit code, output and errors."""
    with chdir(folder), serially(before):
        return CliRunner().invoke(app, [str(word) for word in words])
