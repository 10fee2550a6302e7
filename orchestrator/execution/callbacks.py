"""What becomes of each task of a sweep: its row in the run's folder, a line on terminal or log."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from ray import tune
from rich.console import Console

from analysis.metric_words import significant
from analysis.metrics import ACCURACY, Metric
from analysis.pairing import Pair
from analysis.readings import Reading
from analysis.run_files import Plan
from analysis.wording import signed
from orchestrator.execution.deaths import Deaths
from orchestrator.execution.refreshed_page import RefreshedPage
from orchestrator.execution.tracking import Tracker
from orchestrator.execution.watch import Watch
from orchestrator.execution.worker_reports import forget_report
from orchestrator.planning.judging import Judging
from orchestrator.planning.resources import Resources
from orchestrator.planning.tasks import TASKS, Task
from orchestrator.store.replicated import Store
from orchestrator.store.run_folder import Run
from orchestrator.terminal.panel import LEAST_WIDTH, Panel, cut_line
from orchestrator.terminal.so_far import so_far
from orchestrator.terminal.tally import Tally, trial_texts
from orchestrator.trial_names import title
from trainables.plain_text import redacted
from trainables.result import TrialResult

# From so many columns on a line of a trial has room for the count of all.
_WIDE = 80


@dataclass(frozen=True, kw_only=True)
class Shown:
    """What a person is shown of a sweep beside its lines.

    Attributes:
        track: Rows of TRACKERS that every trial is sent to.
        refresh_s: Seconds after which its page is written anew while it runs; 0 for not before its end.
        examples: With training texts in the page.
        coming: What may follow beyond what is planned at its begin, or empty.
    """

    track: tuple[str, ...] = ()
    refresh_s: float = 0.0
    examples: bool = True
    coming: str = ""


class ProgressCallback(tune.Callback):  # type: ignore[misc]
    """Records each finished task: its row in the run's folder, a line on the terminal.

    Args:
        tasks: All tasks of the sweep that are not yet done.
        run: Where rows go.
        store: Where rows come from.
        console: Where lines and panel go.
        judging: What trials are judged by.
        rows: Of trials done before.
        shown: What else a person is shown.

    Attributes:
        deaths: Of workers; `run_tasks` gives its own.
        errors: Why tasks failed, by the task's name.
        traces: Where in the code they did, likewise, as far as that is known.
        tally: What the tasks are at.
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
        shown: Shown = Shown(),
    ) -> None:
        self.errors: dict[str, str] = {}
        self.traces: dict[str, str] = {}
        self._tasks = {task.name: task for task in tasks}
        self._run, self._store, self._console = run, store, console
        self._judging, self._rows = judging or Judging(), list(rows)
        self._track, self._tracker = shown.track, Tracker((), run.folder)
        self._full: dict[str, TrialResult] = {}
        self._ended = 0
        self.deaths = Deaths()
        self.tally = Tally(coming=shown.coming)
        self.tally.set_tasks(tasks)
        self._has_panel = console.is_terminal and console.width >= LEAST_WIDTH
        page = None
        if shown.refresh_s:
            page = RefreshedPage(
                run.folder, shown.refresh_s, examples=shown.examples, say=self._print
            )
        self._watch = Watch(
            tally=self.tally, folder=run.folder, say=self._print, judge=self._so_far,
            is_log=not self._has_panel, page=page,
        )  # fmt: skip

    def __getstate__(self) -> dict[str, Any]:
        """Nothing: Tune pickles its callbacks beside the experiment, and that is never read back."""
        return {}

    @contextmanager
    def shown(self) -> Iterator[None]:
        """A panel while the sweep runs, on a terminal; in a log a line when nothing else is said."""
        with self._watch.looking():
            if not self._has_panel:
                yield
                return
            with Panel(self.tally.now).shown(self._console):
                yield

    def add_tasks(self, tasks: list[Task], plan: Plan | None = None) -> None:
        """Count further tasks, and judge by the plan that has them."""
        self._tasks |= {task.name: task for task in tasks}
        self.tally.set_tasks(list(self._tasks.values()))
        if plan is not None:
            self._judging = replace(self._judging, plan=plan)

    def show_starting(self, resources: Resources) -> None:
        """Say that Ray is started or joined, which takes a while."""
        what = f"joining the Ray cluster at {resources.address}"
        if resources.is_local:
            cores = len(os.sched_getaffinity(0))
            what = f"starting Ray on {cores} core{'s' * (cores > 1)}: up to 20 seconds"
        self._wait_for(what)

    def show_started(self, slots: int, resources: Resources) -> None:
        """Say how many tasks can run at once, and what is waited for until one does."""
        at_once = f"{slots:,} task{'s' * (slots > 1)} at a time"
        whom = "workers start" if resources.is_local else "waiting for machines that a task fits on"
        self._wait_for(f"Ray is there, {at_once}; {whom}")

    def _wait_for(self, what: str) -> None:
        self.tally.waits_for = what
        if not self._has_panel:
            self._print(what)

    def show_stopping(self) -> None:
        """Print that the sweep was asked to stop: its workers take some seconds to end."""
        self.tally.stops = True
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
        """Note when a task starts; in a log, of what all trials wait for, print it."""
        task = self._tasks[trial.config["task"]]
        self.tally.begin(trial.trial_id, task)
        self.deaths.begin(trial.trial_id)
        if task.kind == "prepare" and not self._has_panel:
            self._print(f"begins {task.kind} {TASKS[task.kind].subject(task)}")

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
            self.tally.lose(trial.trial_id)
            forget_report(trial.trial_id)
            self._print(f"lost the worker of {title(self._tasks[name].spec)}; it is tried again")

    def _record(self, trial: Any, error: str, trace: str) -> None:
        task = self._tasks[trial.config["task"]]
        error, trace = redacted(error), redacted(trace)
        seconds = self.tally.end(trial.trial_id, task, failed=bool(error))
        forget_report(trial.trial_id)
        self._ended += 1
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
        elif not self._has_panel:
            self._print(f"ok {task.kind} {TASKS[task.kind].subject(task)} {seconds:.1f}s")

    def _record_result(self, row: TrialResult, seconds: float) -> None:
        spec, reading = row.spec, self._judging.reading
        delta = None
        if spec.is_baseline:
            self._full[spec.run_key] = row
        elif (full := self._baseline_of(row)) is not None:
            delta = Pair(pruned=row, baseline=full, reading=reading).delta
        self._tracker.log(row, delta, reading)
        self._rows.append(row)
        if self._console.is_terminal:
            what, which = trial_texts(spec)
            self._print(what, f" · {which}: {_shown_text(row, delta, reading)} {seconds:.1f} s")
            return
        value = _value_text(row, reading)
        text = f"ok trial {spec.result_key[:10]} {title(spec)} {value}"
        if delta is not None:
            text += f" {_logged(delta, reading.metric)}"
        self._print(f"{text} {seconds:.1f}s")

    def _so_far(self) -> tuple[tuple[str, str], ...]:
        rows = list(self._rows)
        return so_far(self._judging.study(rows)) if rows else ()

    def _baseline_of(self, row: TrialResult) -> TrialResult | None:
        """The full-data run of a trial, if it has a value to compare with."""
        if row.spec.run_key not in self._full:
            full = self._run.copy_row(row.spec.baseline, self._store)
            if full is None or self._judging.reading.why_none(full):
                return None
            self._full[row.spec.run_key] = full
        return self._full[row.spec.run_key]

    def _print(self, text: str, tail: str = "") -> None:
        """Print a line; on a terminal in one line of it, of which the tail is never cut."""
        now, count = datetime.now(UTC), f"{self._ended}/{len(self._tasks)}"
        self._watch.spoke()
        if self._console.is_terminal:
            # Where there is little room the panel's count does.
            short = f"{count} " if self._console.width >= _WIDE else ""
            begin = f"{now.astimezone():%H:%M:%S} {short}"
            if tail:
                text = cut_line(text, self._console.width - len(begin), tail)
            self._console.print(f"{begin}{text}", highlight=False)
            return
        at = now.isoformat(timespec="seconds").replace("+00:00", "Z")
        self._console.print(f"{at} {count} {text}{tail}", highlight=False, soft_wrap=True)


def _value_text(row: TrialResult, reading: Reading) -> str:
    """A trial's accuracy, where there is one, and what else it is judged by."""
    known = [] if row.accuracy is None else [f"acc={row.accuracy:.4f}"]
    if reading.metric is not ACCURACY:
        known.append(f"{reading.metric.name}={reading.value(row):.4g}")
    return " ".join(known)


def _shown_text(row: TrialResult, delta: float | None, reading: Reading) -> str:
    """What decides, and its change against the full run, as short as a line of a terminal is."""
    metric = reading.metric
    if reading.why_none(row):
        return f"no {metric.label}"
    value = reading.value(row)
    told = f"{value:.4f}" if metric is ACCURACY else f"{metric.name}={value:.4g}"
    if delta is None:
        return told
    if not metric.higher:
        return f"{told} {_worse(delta, metric)}"
    return f"{told} {signed(delta) if metric.unit == 'pp' else _signed(delta, metric)} {metric.unit}".rstrip()


def _logged(delta: float, metric: Metric) -> str:
    """A change in a log: a number, or where more is worse how much worse it is."""
    if metric.higher:
        return f"delta={_signed(delta, metric)}{metric.unit}"
    return f"({_worse(delta, metric)})"


def _worse(delta: float, metric: Metric) -> str:
    """A change of what is better small, to three digits: 0.0512 nats worse."""
    return f"{significant(abs(delta))} {metric.unit}".rstrip() + (
        " worse" if delta < 0 else " better"
    )


def _signed(delta: float, metric: Metric) -> str:
    """A difference with its sign: of shares to two decimals, else to three digits."""
    return f"{delta:+.2f}" if metric.unit == "pp" else f"{delta:+.3g}"
