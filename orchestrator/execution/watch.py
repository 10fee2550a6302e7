"""Who looks, once a second and beside the scheduler, at how far a sweep is: for panel, log, folder and page."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from orchestrator.execution.refreshed_page import RefreshedPage
from orchestrator.execution.worker_reports import read_reports
from orchestrator.planning.tasks import Task
from orchestrator.store.atomic import StoreError
from orchestrator.store.running import forget_running, write_running
from orchestrator.terminal.console import time_left
from orchestrator.terminal.panel import counts_text, lane_text
from orchestrator.terminal.tally import Tally
from trainables.progress import Headway

_LOOK_EVERY_S, _WRITE_EVERY_S = 1.0, 2.0
# Judging a large sweep takes seconds: it may have a tenth of a core, and a person reads no faster.
_JUDGE_EVERY_S, _JUDGE_REST = 5.0, 10.0
# A stage of rows is told again after so long, and so much of it.
_STAGE_EVERY_S, _STAGE_SHARE = 30.0, 0.1
# Where nothing else is said in a log; from time to time less often.
_QUIET_S, _MOST_QUIET_S = 60.0, 600.0
_LOG_WIDTH = 100


@dataclass
class _Stage:
    """What was last told of a stage, and where it was first seen."""

    name: str
    first: tuple[float, float]
    told: tuple[float, float]


@dataclass(kw_only=True)
class Watch:
    """Keeps what a person reads of a running sweep true.

    Attributes:
        tally: What the tasks are at.
        folder: The run's.
        say: Prints a line.
        judge: Gives what leads so far, of trials that have ended.
        is_log: Whether there is no panel: how far a stage is must be printed.
        page: The page that is written anew; None where that was not asked for.
        reports: Gives what workers reported, by live task.
        clock: Gives seconds.
    """

    tally: Tally
    folder: Path
    say: Callable[[str], None]
    judge: Callable[[], tuple[tuple[str, str], ...]]
    is_log: bool = True
    page: RefreshedPage | None = None
    reports: Callable[[Sequence[str]], dict[str, Headway]] = read_reports
    clock: Callable[[], float] = time.time
    _written: float = 0.0
    _judged: tuple[float, int] = (0.0, 0)
    _spoke: float = 0.0
    _quiet_s: float = _QUIET_S
    _stages: dict[str, _Stage] = field(default_factory=dict)
    _is_broken: bool = False

    @contextmanager
    def looking(self) -> Iterator[None]:
        """Look until the sweep's work ends."""
        self.spoke()
        over = threading.Event()

        def look() -> None:
            while not over.wait(_LOOK_EVERY_S):
                self.look()

        thread = threading.Thread(target=look, daemon=True, name="watch")
        thread.start()
        try:
            yield
        finally:
            over.set()
            # A head of Ray's that is gone keeps who asks it: not this thread, too.
            thread.join(timeout=10.0)
            forget_running(self.folder)
            if self.page:
                self.page.close()

    def spoke(self) -> None:
        """Note that a line was printed: a log is not silent then."""
        self._spoke, self._quiet_s = self.clock(), _QUIET_S

    def look(self) -> None:
        """Look once."""
        now, live = self.clock(), self.tally.live
        self.tally.hear(self.reports([*live]))
        self._judge(now)
        if now - self._written >= _WRITE_EVERY_S:
            self._written = now
            self._write()
        if self.is_log:
            for name, (task, progress) in self.tally.live.items():
                self._tell_stage(name, task, progress, now)
            self._break_silence(now)
        if self.page:
            self.page.look(self.tally.trials)

    def _judge(self, now: float) -> None:
        after, seen = self._judged
        if now < after or self.tally.trials == seen:
            return
        began, seen = time.monotonic(), self.tally.trials
        self.tally.so_far = self.judge()
        took = time.monotonic() - began
        self._judged = (now + max(_JUDGE_EVERY_S, _JUDGE_REST * took), seen)

    def _write(self) -> None:
        try:
            write_running(self.folder, self.tally.now())
        except StoreError as error:
            if not self._is_broken:
                self._is_broken = True
                self.say(f"status cannot tell how far this sweep is: {error}")

    def _tell_stage(self, name: str, task: Task, progress: Headway | None, now: float) -> None:
        """How far a stage of rows is that all trials wait for."""
        if progress is None or task.is_trial or progress.unit != "rows":
            return
        at, stage = (now, progress.share), self._stages.get(name)
        if stage is None or stage.name != progress.stage:
            # What is over within half a minute needs no line.
            self._stages[name] = _Stage(progress.stage, at, at)
            return
        if now - stage.told[0] < _STAGE_EVERY_S or at[1] - stage.told[1] < _STAGE_SHARE:
            return
        stage.told = at
        rest = (now - stage.first[0]) * (1 - at[1]) / (at[1] - stage.first[1])
        self.say(
            f"{progress.stage} of {task.spec.dataset}: {progress.done:,} of {progress.total:,} rows, "
            f"{time_left((0.8 * rest, 1.2 * rest))}"
        )

    def _break_silence(self, now: float) -> None:
        if now - self._spoke < self._quiet_s:
            return
        quiet_s = min(2 * self._quiet_s, _MOST_QUIET_S)
        running = self.tally.now()
        lanes = running.lanes
        what = running.waits_for or "no worker works now"
        if lanes:
            more = f" and {len(lanes) - 1} more" if len(lanes) > 1 else ""
            what = f"{lane_text(lanes[0], running.at, _LOG_WIDTH)}{more}"
        self.say(f"running: {what}; {counts_text(running)}, {time_left(running.left_s)}")
        self._quiet_s = quiet_s
