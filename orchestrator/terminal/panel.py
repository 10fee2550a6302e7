"""What a terminal shows while a sweep runs: bars, what runs now, and the verdicts so far."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from orchestrator.planning.judging import Judging
from orchestrator.planning.tasks import TASKS, Task
from orchestrator.terminal.console import time_left
from orchestrator.terminal.summary import verdict_table
from orchestrator.trial_names import title
from trainables.result import TrialResult

# Judging a large sweep takes a second; a person reads no faster.
_JUDGE_EVERY_S = 5.0
# Narrower than this there is room for the bars alone.
_LEAST_WIDTH = 90
_MOST_RUNNING = 8
_FEWEST_ENDED = 3


class Panel:
    """Bars, running tasks and verdicts, redrawn in place.

    Args:
        console: The terminal.
        judging: What the verdicts are judged by.
        rows: Of trials done before.
    """

    def __init__(
        self, console: Console, judging: Judging, rows: Sequence[TrialResult] = ()
    ) -> None:
        self._console, self._judging = console, judging
        self._bars = Progress(
            TextColumn("{task.description:<12}"),
            BarColumn(bar_width=40),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=console,
        )
        self._bar_of = {
            name: self._bars.add_task(kind.noun, visible=False) for name, kind in TASKS.items()
        }
        self._running: dict[str, tuple[Task, float]] = {}
        self._rows = list(rows)
        self._verdicts: RenderableType = ""
        self._judged = self._began = time.monotonic()
        self._ended, self._cost_done, self._cost = 0, 0.0, 0.0

    @contextmanager
    def shown(self) -> Iterator[None]:
        """Redraw it four times a second until the sweep ends."""
        with Live(self, console=self._console, refresh_per_second=4, transient=True):
            yield

    def set_tasks(self, tasks: list[Task]) -> None:
        """Set what the bars count: all tasks, ended ones included."""
        self._cost = sum(task.cost for task in tasks)
        for kind, bar in self._bar_of.items():
            total = sum(task.kind == kind for task in tasks)
            self._bars.update(bar, total=total, visible=bool(total))

    def begin_task(self, name: str, task: Task) -> None:
        """Show a task that starts in a worker."""
        self._running[name] = (task, time.monotonic())

    def end_task(self, name: str, task: Task) -> None:
        """Count a task that ended, well or not."""
        self._running.pop(name, None)
        self._ended += task.is_trial
        self._cost_done += task.cost
        self._bars.advance(self._bar_of[task.kind])

    def add_row(self, row: TrialResult) -> None:
        """Add a finished trial; the verdicts are computed again every few seconds."""
        self._rows.append(row)
        now = time.monotonic()
        if now - self._judged > _JUDGE_EVERY_S:
            self._judged = now
            seen = self._judging.study(self._rows)
            self._verdicts = verdict_table(seen) if seen.rows else ""

    def left_s(self) -> float | None:
        """Seconds to the end at the pace so far; None until three trials have ended."""
        if self._ended < _FEWEST_ENDED or not self._cost_done:
            return None
        took = time.monotonic() - self._began
        return took * (self._cost - self._cost_done) / self._cost_done

    def __rich__(self) -> RenderableType:
        """What is drawn."""
        left = time_left(self.left_s())
        foot = f"{self._ended} trials ended · {left} · Ctrl-C stops; the same command goes on"
        if self._console.width < _LEAST_WIDTH:
            return Group(self._bars, foot)
        return Group(self._bars, self._now(), self._verdicts, foot)

    def _now(self) -> RenderableType:
        table = Table("running", "for", box=None)
        now = time.monotonic()
        for task, began in list(self._running.values())[:_MOST_RUNNING]:
            table.add_row(
                f"{TASKS[task.kind].noun.removesuffix('s')}: {title(task.spec)}",
                f"{now - began:.0f} s",
            )
        return table if self._running else ""
