"""What a person sees while a sweep runs: bars on a terminal, one line a trial in a log."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from ray import tune
from rich.console import Console

from analysis.metrics import ACCURACY, Metric
from analysis.pairing import Pair
from analysis.readings import Reading
from orchestrator.execution.deaths import Deaths
from orchestrator.execution.tracking import Tracker
from orchestrator.planning.judging import Judging
from orchestrator.planning.tasks import TASKS, Task
from orchestrator.store.replicated import Store
from orchestrator.store.run_folder import Run
from orchestrator.terminal.panel import Panel
from orchestrator.trial_names import title
from trainables.plain_text import redacted
from trainables.result import TrialResult


class ProgressCallback(tune.Callback):  # type: ignore[misc]
    """Records each finished task: its row in the run's folder, a line or a bar on the terminal.

    Args:
        tasks: All tasks of the sweep that are not yet done.
        run: Where rows go.
        store: Where rows come from.
        console: Where lines and bars go.
        judging: What trials are judged by.
        rows: Of trials done before.
        track: Rows of TRACKERS that every trial is sent to.

    Attributes:
        deaths: Of workers; `run_tasks` gives its own.
        errors: Why tasks failed, by the task's name.
        traces: Where in the code they did, likewise, as far as that is known.
    """

    def __init__(
        self,
        tasks: list[Task],
        run: Run,
        store: Store,
        console: Console,
        *,
        judging: Judging | None = None,
        rows: Sequence[TrialResult] = (),
        track: Sequence[str] = (),
    ) -> None:
        self.errors: dict[str, str] = {}
        self.traces: dict[str, str] = {}
        self._tasks = {task.name: task for task in tasks}
        self._run, self._store, self._console = run, store, console
        self._judging, self._rows = judging or Judging(), rows
        self._track, self._tracker = tuple(track), Tracker((), run.folder)
        self._full: dict[str, TrialResult] = {}
        self._ended = 0
        self.deaths = Deaths()
        self._began: dict[str, float] = {}
        self._panel: Panel | None = None

    def __getstate__(self) -> dict[str, Any]:
        """Nothing: Tune pickles its callbacks beside the experiment, and that is never read back."""
        return {}

    @contextmanager
    def shown(self) -> Iterator[None]:
        """A panel while the sweep runs, on a terminal."""
        if not self._console.is_terminal:
            yield
            return
        self._panel = Panel(self._console, self._judging, self._rows)
        self.add_tasks([])
        with self._panel.shown():
            yield

    def add_tasks(self, tasks: list[Task]) -> None:
        """Count further tasks."""
        self._tasks |= {task.name: task for task in tasks}
        if self._panel:
            self._panel.set_tasks(list(self._tasks.values()))

    def show_stopping(self) -> None:
        """Print that the sweep was asked to stop: its workers take some seconds to end."""
        self._print("stopping: what runs now goes on from its last saved state another time")

    def show_lost(self, lost: str) -> None:
        """Print what Ray lacks to go on."""
        self._print(f"stopping: {lost}")

    def setup(self, **info: Any) -> None:
        """Open the trackers: they need Ray, which is there now."""
        self._tracker = Tracker(self._track, self._run.folder)

    def on_experiment_end(self, trials: list[Any], **info: Any) -> None:
        """Close the trackers while Ray is still there."""
        self._tracker.close()

    def on_trial_start(self, iteration: int, trials: list[Any], trial: Any, **info: Any) -> None:
        """Note when a task starts."""
        if self._panel:
            self._panel.begin_task(trial.trial_id, self._tasks[trial.config["task"]])
        self._began[trial.trial_id] = time.monotonic()
        self.deaths.begin(trial.trial_id)

    def on_trial_complete(self, iteration: int, trials: list[Any], trial: Any, **info: Any) -> None:
        """Record a task that ended by itself, well or not."""
        result = trial.last_result or {}
        self._record(trial, result.get("error", ""), result.get("trace", ""))

    def on_trial_error(self, iteration: int, trials: list[Any], trial: Any, **info: Any) -> None:
        """Record a task whose worker died and that is not tried again."""
        name = trial.config["task"]
        if final := self.deaths.final.get(name):
            self._record(trial, final.error, final.trace)
        else:
            self._print(f"lost the worker of {title(self._tasks[name].spec)}; it is tried again")

    def _record(self, trial: Any, error: str, trace: str) -> None:
        task = self._tasks[trial.config["task"]]
        error, trace = redacted(error), redacted(trace)
        seconds = time.monotonic() - self._began.pop(trial.trial_id, time.monotonic())
        self._ended += 1
        if self._panel:
            self._panel.end_task(trial.trial_id, task)
        if error:
            self.errors[task.name], self.traces[task.name] = error, trace
            if task.is_trial:
                self._run.write_failure(task.spec, error, trace)
                failed = TrialResult(spec=task.spec, status="failed", error=error)
                self._tracker.log(failed, None)
            self._print(f"failed {task.kind} {title(task.spec)}: {error}")
            return
        if task.is_trial:
            row = self._run.copy_row(task.spec, self._store)
            if row is not None:
                self._record_result(row, seconds)
        elif not self._panel:
            self._print(f"ok {task.kind} {TASKS[task.kind].subject(task)} {seconds:.1f}s")

    def _record_result(self, row: TrialResult, seconds: float) -> None:
        spec, reading = row.spec, self._judging.reading
        text = f"ok trial {spec.result_key[:10]} {title(spec)} {_value_text(row, reading)}"
        delta = None
        if spec.is_baseline:
            self._full[spec.run_key] = row
        elif (full := self._baseline_of(row)) is not None:
            metric = reading.metric
            delta = Pair(pruned=row, baseline=full, reading=reading).delta
            text += f" delta={_signed(delta, metric)}{metric.unit}"
        self._tracker.log(row, delta, reading)
        if self._panel:
            self._panel.add_row(row)
        self._print(f"{text} {seconds:.1f}s")

    def _baseline_of(self, row: TrialResult) -> TrialResult | None:
        """The full-data run of a trial, if it has a value to compare with."""
        if row.spec.run_key not in self._full:
            full = self._run.copy_row(row.spec.baseline, self._store)
            if full is None or self._judging.reading.why_none(full):
                return None
            self._full[row.spec.run_key] = full
        return self._full[row.spec.run_key]

    def _print(self, text: str) -> None:
        now = datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
        count = f"{self._ended}/{len(self._tasks)}"
        self._console.print(f"{now} {count} {text}", highlight=False, soft_wrap=True)


def _value_text(row: TrialResult, reading: Reading) -> str:
    """A trial's accuracy, where there is one, and what else it is judged by."""
    known = [] if row.accuracy is None else [f"acc={row.accuracy:.4f}"]
    if reading.metric is not ACCURACY:
        known.append(f"{reading.metric.name}={reading.value(row):.4g}")
    return " ".join(known)


def _signed(delta: float, metric: Metric) -> str:
    """A difference with its sign: of shares to two decimals, else to three digits."""
    return f"{delta:+.2f}" if metric.unit == "pp" else f"{delta:+.3g}"
