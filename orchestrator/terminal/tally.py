"""What a sweep's tasks are at, as the driver hears it: what runs, what ended, how long it may take."""

import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from analysis.wording import percent
from orchestrator.planning.tasks import TASKS, Task
from orchestrator.store.running import Bar, Lane, Running
from orchestrator.trial_names import arm_text
from trainables.progress import Headway
from trainables.spec import TrialSpec

_FEWEST_ENDED = 3
# Of a time to the end: its spread by three tasks alone, and never less than this.
_SPREAD, _LEAST_SPREAD = 0.6, 0.12
# Of a kind of which none has ended: the least and the most that the pace of others may be off.
_UNKNOWN = (0.3, 3.0)


@dataclass(kw_only=True)
class _Kind:
    """Tasks of one kind; seconds are of its workers together."""

    total: int = 0
    done: int = 0
    cost: float = 0.0
    cost_done: float = 0.0
    seconds: float = 0.0
    began: float | None = None
    ended: float | None = None


@dataclass(kw_only=True)
class _Live:
    task: Task
    began: float
    progress: Headway | None = None


@dataclass(kw_only=True)
class Tally:
    """Counts what begins and ends; asked from another thread than the one that tells.

    Attributes:
        waits_for: What the sweep waits for while no worker works.
        coming: What may follow beyond what is planned, or empty.
        so_far: What the trials that have ended come to.
        stops: Whether the sweep was asked to stop.
        clock: Gives seconds.
    """

    waits_for: str = "getting ready"
    coming: str = ""
    so_far: tuple[tuple[str, str], ...] = ()
    stops: bool = False
    clock: Callable[[], float] = time.time
    trials: int = 0
    failed: int = 0
    _kinds: dict[str, _Kind] = field(default_factory=lambda: defaultdict(_Kind))
    _live: dict[str, _Live] = field(default_factory=dict)
    _most_live: int = 1
    _lock: threading.RLock = field(default_factory=threading.RLock)

    def set_tasks(self, tasks: Sequence[Task]) -> None:
        """Set what there is to do: all tasks, ended ones included."""
        with self._lock:
            counts = Counter(task.kind for task in tasks)
            for name in TASKS:
                kind = self._kinds[name]
                kind.total = counts[name]
                kind.cost = sum(task.cost for task in tasks if task.kind == name)

    def begin(self, name: str, task: Task) -> None:
        """Note a task that starts in a worker."""
        with self._lock:
            now, kind = self.clock(), self._kinds[task.kind]
            self._live[name] = _Live(task=task, began=now)
            self._most_live = max(self._most_live, len(self._live))
            kind.began, kind.ended = kind.began or now, None
            self.waits_for = ""

    def hear(self, told: Mapping[str, Headway]) -> None:
        """Note how far live tasks are, as their workers say."""
        with self._lock:
            for name, progress in told.items():
                if name in self._live:
                    self._live[name].progress = progress

    def lose(self, name: str) -> None:
        """Note a task whose worker died, and that is tried again."""
        with self._lock:
            self._live.pop(name, None)

    def end(self, name: str, task: Task, *, failed: bool = False) -> float:
        """Note a task that ended; the seconds it took."""
        with self._lock:
            now, kind = self.clock(), self._kinds[task.kind]
            live = self._live.pop(name, None)
            took = now - live.began if live else 0.0
            kind.done += 1
            kind.cost_done += task.cost
            kind.seconds += took
            kind.ended = now
            self.trials += task.is_trial
            self.failed += failed
            return took

    @property
    def live(self) -> dict[str, tuple[Task, Headway | None]]:
        """What runs now, by name."""
        with self._lock:
            return {name: (one.task, one.progress) for name, one in self._live.items()}

    def left_s(self) -> tuple[float, float] | None:
        """The least and the most seconds that what is planned may still take; None until three tasks ended.

        By the pace of each kind, or of all where none of it has ended, on as many workers as worked at once.
        """
        with self._lock:
            done = sum(kind.done for kind in self._kinds.values())
            # Where none of a kind has ended: as trials, as preparing costs another kind of time.
            trials = [kind for name, kind in self._kinds.items() if TASKS[name].is_trial]
            alike = trials if any(kind.cost_done for kind in trials) else [*self._kinds.values()]
            cost = sum(kind.cost_done for kind in alike)
            seconds = sum(kind.seconds for kind in alike)
            if done < _FEWEST_ENDED or not cost or not seconds:
                return None
            low = high = 0.0
            spread = max(_LEAST_SPREAD, _SPREAD * (_FEWEST_ENDED / done) ** 0.5)
            for kind in self._kinds.values():
                work, tasks = max(0.0, kind.cost - kind.cost_done), kind.total - kind.done
                if kind.cost_done and kind.seconds:
                    # By rows, and by tasks: much of a short task's time is the same whatever it trains on.
                    ways = (work / kind.cost_done, tasks / kind.done)
                    low += min(ways) * kind.seconds * (1 - spread)
                    high += max(ways) * kind.seconds * (1 + spread)
                else:
                    low += _UNKNOWN[0] * work * seconds / cost
                    high += _UNKNOWN[1] * work * seconds / cost
            now = self.clock()
            running = sum(now - one.began for one in self._live.values())
            least, most = (max(0.0, bound - running) for bound in (low, high))
            return least / self._most_live, most / self._most_live

    def now(self) -> Running:
        """What the sweep does at this moment."""
        with self._lock:
            lanes = tuple(_lane(one) for one in self._live.values())
            bars = tuple(
                _bar(TASKS[name].noun, self._kinds[name], self.clock())
                for name in TASKS
                if self._kinds[name].total
            )
            return Running(
                at=self.clock(),
                waits_for="" if lanes else self.waits_for,
                lanes=lanes,
                bars=bars,
                so_far=self.so_far,
                trials=self.trials,
                failed=self.failed,
                left_s=self.left_s(),
                coming=self.coming,
                stops=self.stops,
            )


def _lane(live: _Live) -> Lane:
    task = live.task
    what, which = f"{TASKS[task.kind].noun.removesuffix('s')} {TASKS[task.kind].subject(task)}", ""
    if task.is_trial:
        what, which = trial_texts(task.spec)
        which = which.replace("% ", "% removed, ")
    if live.progress is None:
        return Lane(what=what, which=which, began=live.began)
    return Lane(what=what, which=which, began=live.began, **live.progress._asdict())


def _bar(noun: str, kind: _Kind, now: float) -> Bar:
    seconds = None
    if kind.began is not None:
        is_over = kind.done >= kind.total and kind.ended is not None
        seconds = ((kind.ended or now) if is_over else now) - kind.began
    return Bar(noun=noun, done=kind.done, total=kind.total, seconds=seconds)


def trial_texts(spec: TrialSpec) -> tuple[str, str]:
    """A trial in two parts as a person says it, such as: tickets el2n global; 30% seed 1."""
    seed = f"seed {spec.seed}"
    if spec.is_baseline:
        return f"{spec.dataset} all rows", seed
    if spec.kind == "null":
        return f"{spec.dataset} all rows in another order", seed
    by = f"list of {arm_text(spec)}" if spec.kind == "fixed" else arm_text(spec)
    return f"{spec.dataset} {by}", f"{percent(spec.rate)} {seed}"
