"""Which task runs next: a trial starts when what it forks from exists, so that no GPU waits."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ray import tune
from ray.tune.experiment import Trial
from ray.tune.schedulers import FIFOScheduler
from ray.tune.search import Searcher

from orchestrator.execution.deaths import Deaths
from orchestrator.planning.resources import Limits
from orchestrator.planning.tasks import TASKS, Task
from orchestrator.store.replicated import Store

# A task that is done runs again so often where what it made has gone since.
REPEATS = 3

NextTasks = Callable[[Mapping[str, Task]], list[Task]]


@dataclass(frozen=True, kw_only=True)
class Work:
    """What a sweep is to run.

    Attributes:
        left: What is not yet done.
        all_tasks: Tasks that may come: these, those of `next_tasks` that can be foreseen, and those that
            are done, which run again where what they made has gone.
        next_tasks: Called when all have ended, with the tasks that could not run; returns further
            tasks, or none to end.
        restored: Puts what the user gave into the store again; whether it was lacking there.
    """

    left: list[Task]
    all_tasks: list[Task] = field(default_factory=list)
    next_tasks: NextTasks | None = None
    restored: Callable[[], bool] = lambda: False


@dataclass(frozen=True, kw_only=True)
class Accelerators:
    """What the accelerators of a sweep hold.

    Attributes:
        share: Of one, or how many, a task is given that computes on them.
        slots: Such tasks at a time.
    """

    share: float
    slots: int


class ReadySearcher(Searcher):  # type: ignore[misc]
    """Gives Tune a task only when all it needs exists; those with the most work behind them first.

    Only the store says what is done: a new searcher over the same store gives what is missing, and a task
    whose artifact has gone from it is given again.

    Args:
        work: What to run; workers know its `all_tasks` by name, others travel with their name.
        store: Where artifacts appear.
        limits: Where to stop before all is done.
        deaths: Of workers; says which tasks are tried again.
        accelerators: Where trials compute on them; else None.

    Attributes:
        blocked: Tasks that cannot run, by name, each with the failed task it waited for.
        reached: The limit that was reached, or empty.
        seconds: Of all workers together, or of accelerators, as `Limits.hours` counts them.
    """

    def __init__(
        self,
        work: Work,
        store: Store,
        limits: Limits | None = None,
        *,
        deaths: Deaths | None = None,
        accelerators: Accelerators | None = None,
    ) -> None:
        super().__init__()
        self._accelerators = accelerators
        self._deaths = deaths or Deaths()
        self._known = {task.name for task in work.all_tasks}
        self.blocked: dict[str, Task] = {}
        self.reached = ""
        self._store, self._work, self._limits = store, work, limits or Limits()
        self._trials, self.seconds = 0, 0.0
        self._maker = {artifact: task for task in work.all_tasks for artifact in task.makes}
        self._live: dict[str, Task] = {}
        self._on_accelerators: set[str] = set()
        self._failed: dict[str, Task] = {}
        self._repeats: Counter[str] = Counter()
        # How often inputs were put back, in all and before each live task began.
        self._restored, self._began = 0, dict[str, int]()
        self._waiting: dict[str, Task] = {}
        self._add(work.left)

    def __getstate__(self) -> dict[str, Any]:
        """Nothing: Tune pickles its searcher beside the experiment, and that is never read back."""
        return {}

    def _add(self, tasks: list[Task]) -> None:
        self._maker |= {artifact: task for task in tasks for artifact in task.makes}
        self._waiting |= {
            task.name: task
            for task in self._longest_first(tasks)
            if not self._is_done(task) and task.name not in self._failed
        }

    @property
    def left(self) -> int:
        """Tasks that have not ended."""
        return len(self._waiting) + len(self._live)

    def _longest_first(self, tasks: list[Task]) -> list[Task]:
        users: dict[str, list[Task]] = {}
        for task in tasks:
            for artifact in task.needs:
                if artifact in self._maker:
                    users.setdefault(self._maker[artifact].name, []).append(task)
        tails: dict[str, float] = {}

        def tail(task: Task) -> float:
            if task.name not in tails:
                after = (tail(user) for user in users.get(task.name, ()))
                tails[task.name] = task.cost + max(after, default=0.0)
            return tails[task.name]

        # Of equals the lower seed first: a grid that is stopped early has whole seeds.
        return sorted(tasks, key=lambda task: (-tail(task), task.spec.seed, task.name))

    def _is_done(self, task: Task) -> bool:
        return all(self._store.has(*artifact) for artifact in task.makes)

    def suggest(self, trial_id: str) -> dict[str, Any] | str | None:
        """The next task that can run, None to be asked again, or FINISHED."""
        next_tasks = self._work.next_tasks
        if next_tasks and not self._waiting and not self._live and not self.reached:
            self._add(next_tasks(self.blocked))
        coming = {*self._waiting, *(live.name for live in self._live.values())}
        self.reached = self.reached or self._limits.reached(self._trials, self.seconds)
        if self.reached:
            return None if self._live else Searcher.FINISHED
        again: set[str] = set()
        spare: Task | None = None
        is_full = self._is_full
        for name, task in list(self._waiting.items()):
            if is_full and TASKS[task.kind].computes is None:
                continue
            lacking = [artifact for artifact in task.needs if not self._store.has(*artifact)]
            if not lacking:
                if self._may_rest(task):
                    spare = spare or task
                elif not is_full:
                    return self._begin(trial_id, task, computes=True)
                continue
            makers = [self._maker.get(artifact) for artifact in lacking]
            again |= self._run_again(one for one in makers if one and one.name not in coming)
            coming |= again
            lost = [maker for maker in makers if maker is None or maker.name not in coming]
            if lost:
                cause = lost[0] or task
                self.blocked[name] = self._failed[name] = self._failed.get(cause.name, cause)
                del self._waiting[name]
                coming.discard(name)
        if spare:
            # A worker that has an accelerator and nothing to do is there already: no other need be started.
            return self._begin(trial_id, spare, computes=not is_full)
        if again:
            return self.suggest(trial_id)
        return None if self._waiting or self._live else Searcher.FINISHED

    @property
    def _is_full(self) -> bool:
        """Whether trials compute on accelerators, and none is free."""
        there = self._accelerators
        return there is not None and len(self._on_accelerators) >= there.slots

    def _may_rest(self, task: Task) -> bool:
        """Whether a task leaves accelerators to others, where trials compute on them."""
        computes = TASKS[task.kind].computes
        return bool(self._accelerators and computes and not computes(task, self._store))

    def _begin(self, trial_id: str, task: Task, *, computes: bool) -> dict[str, Any]:
        """Note that a task starts, and say what its worker is told."""
        self._live[trial_id] = self._waiting.pop(task.name)
        self._began[trial_id] = self._restored
        self._trials += task.is_trial
        if computes:
            self._on_accelerators.add(trial_id)
        new = None if task.name in self._known else task
        return {"task": task.name, "new": new, "computes": computes}

    def _run_again(self, makers: Iterable[Task]) -> set[str]:
        """Let tasks run again that were done, and whose artifacts have gone since; their names."""
        again = {
            maker.name: maker
            for maker in makers
            if maker.name not in self._failed and self._repeats[maker.name] < REPEATS
        }
        self._repeats.update([*again])
        self._waiting |= again
        return {*again}

    def on_trial_complete(
        self, trial_id: str, result: dict[str, Any] | None = None, error: bool = False
    ) -> None:
        """Record how a task ended; its artifacts say whether it is done."""
        task = self._live.pop(trial_id, None)
        self._store.refresh()
        took = (result or {}).get("time_total_s", 0.0)
        if self._accelerators:
            took *= self._accelerators.share * (trial_id in self._on_accelerators)
        self.seconds += took
        self._on_accelerators.discard(trial_id)
        if task is None:
            return
        began = self._began.pop(trial_id, 0)
        if error and not self._deaths.is_final(trial_id, task.name):
            self._waiting = {task.name: task, **self._waiting}
        elif error or not self._is_done(task):
            self._restored += self._work.restored()
            # It may have failed for what the user gave and the store had lost.
            if began < self._restored and self._repeats[task.name] < REPEATS:
                self._run_again([task])
            else:
                self._failed[task.name] = task

    def on_trial_result(self, trial_id: str, result: dict[str, Any]) -> None:
        """Nothing: the store says what is done."""

    def save(self, checkpoint_path: str) -> None:
        """Nothing: a sweep is resumed from the store."""

    def restore(self, checkpoint_path: str) -> None:
        """Nothing: a sweep is resumed from the store."""


class NewestFirst(FIFOScheduler):  # type: ignore[misc]
    """Gives an idle worker to the task that came last, which has no worker yet.

    Tune's own gives it to the oldest that waits: that one's worker, which is just starting, is then
    stopped, and with tasks shorter than a start the second slot never gets one.

    Args:
        deaths: Told of every worker that died.
    """

    def __init__(self, deaths: Deaths | None = None) -> None:
        super().__init__()
        self._deaths = deaths or Deaths()

    def on_trial_error(self, tune_controller: Any, trial: Trial) -> None:
        """Note why a worker died, before the searcher is asked for what is next."""
        self._deaths.hear(trial)

    def choose_trial_to_run(self, tune_controller: Any) -> Trial | None:
        """The newest that waits; no more wait than there are slots."""
        trials = reversed(tune_controller.get_trials())
        return next((trial for trial in trials if trial.status == Trial.PENDING), None)


class Forgetful(tune.Callback):  # type: ignore[misc]
    """Lets go of what Tune keeps of a task that has ended: the means of every number it ever told.

    Tune keeps every trial until its end; the driver's memory then grows with the number of tasks.
    """

    def on_trial_complete(
        self, iteration: int, trials: list[Any], trial: Trial, **info: Any
    ) -> None:
        """Forget the numbers; what the task told last stays."""
        trial.run_metadata.metric_analysis = {}
        trial.run_metadata.metric_n_steps = {}
