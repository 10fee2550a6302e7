"""Which task runs next: a trial starts when what it forks from exists, so that no GPU waits."""

from collections.abc import Callable, Container, Mapping
from typing import Any

from ray.tune.experiment import Trial
from ray.tune.schedulers import FIFOScheduler
from ray.tune.search import Searcher

from orchestrator.execution.deaths import Deaths
from orchestrator.planning.resources import Limits
from orchestrator.planning.tasks import Artifact, Task
from orchestrator.store.replicated import Store

NextTasks = Callable[[Mapping[str, Task]], list[Task]]


class ReadySearcher(Searcher):  # type: ignore[misc]
    """Gives Tune a task only when all it needs exists; those with the most work behind them first.

    Only the store says what is done: a new searcher over the same store gives what is missing.

    Args:
        tasks: Of `plan`.
        store: Where artifacts appear.
        next_tasks: Called when all have ended, with the tasks that could not run; returns further
            tasks, or none to end.
        limits: Where to stop before that.
        known: Names of the tasks that workers know; others travel with their name.
        deaths: Of workers; says which tasks are tried again.

    Attributes:
        blocked: Tasks that cannot run, by name, each with the failed task it waited for.
        reached: The limit that was reached, or empty.
        seconds: Of all workers together.
    """

    def __init__(
        self,
        tasks: list[Task],
        store: Store,
        next_tasks: NextTasks | None = None,
        limits: Limits | None = None,
        *,
        known: Container[str] | None = None,
        deaths: Deaths | None = None,
    ) -> None:
        super().__init__()
        self._deaths = deaths or Deaths()
        self._known = known
        self.blocked: dict[str, Task] = {}
        self.reached = ""
        self._store, self._next_tasks, self._limits = store, next_tasks, limits or Limits()
        self._trials, self.seconds = 0, 0.0
        self._maker: dict[Artifact, Task] = {}
        self._live: dict[str, Task] = {}
        self._failed: dict[str, Task] = {}
        self._waiting: dict[str, Task] = {}
        self._add(tasks)

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
        if self._next_tasks and not self._waiting and not self._live and not self.reached:
            self._add(self._next_tasks(self.blocked))
        coming = {*self._waiting, *(live.name for live in self._live.values())}
        self.reached = self.reached or self._limits.reached(self._trials, self.seconds)
        if self.reached:
            return None if self._live else Searcher.FINISHED
        for name, task in list(self._waiting.items()):
            lacking = [artifact for artifact in task.needs if not self._store.has(*artifact)]
            if not lacking:
                self._live[trial_id] = self._waiting.pop(name)
                self._trials += task.is_trial
                is_new = self._known is not None and name not in self._known
                return {"task": name, "new": task if is_new else None}
            makers = [self._maker.get(artifact) for artifact in lacking]
            lost = [maker for maker in makers if maker is None or maker.name not in coming]
            if lost:
                cause = lost[0] or task
                self.blocked[name] = self._failed[name] = self._failed.get(cause.name, cause)
                del self._waiting[name]
                coming.discard(name)
        return None if self._waiting or self._live else Searcher.FINISHED

    def on_trial_complete(
        self, trial_id: str, result: dict[str, Any] | None = None, error: bool = False
    ) -> None:
        """Record how a task ended; its artifacts say whether it is done."""
        task = self._live.pop(trial_id, None)
        self._store.refresh()
        self.seconds += (result or {}).get("time_total_s", 0.0)
        if task is None:
            return
        if error and not self._deaths.is_final(trial_id, task.name):
            self._waiting = {task.name: task, **self._waiting}
        elif error or not self._is_done(task):
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
