"""What the scheduler itself takes: tasks that do nothing, through Ray Tune; the driver's memory as they end.

    python -m benchmarks.no_ops [--tasks 1000] [--workers 2]

A task writes one byte into the store, and is a task of a sweep in all else. Memory is the resident set of the
command's own process, read at the first hundred, at half and at the end; the slope is of the second half. The
peak is of the whole command, with what Tune writes at its end.
"""

import resource
import tempfile
import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated, Any

import typer
from ray import tune

from orchestrator.execution import tuner
from orchestrator.execution.connection import disconnect, end_ray
from orchestrator.execution.scheduler import Work
from orchestrator.planning.resources import Resources
from orchestrator.planning.tasks import Task
from trainables.spec import TrialSpec


def do_nothing(config: dict[str, Any], *, tasks: dict[str, Task], resources: Resources) -> None:
    """Leave what the task is to make."""
    for kind, key in tasks[config["task"]].makes:
        resources.open_store().put(kind, key, lambda path: path.write_text("x"))
    tune.report({"error": ""})


@dataclass
class Memory(tune.Callback):  # type: ignore[misc]
    """The driver's memory in MB, by how many tasks have ended."""

    at: tuple[int, ...]
    ended: int = 0
    seen: dict[int, float] = field(default_factory=dict)

    def show_starting(self, resources: Resources) -> None:
        """Nothing: nobody looks on."""

    def show_started(self, slots: int, resources: Resources) -> None:
        """Nothing: nobody looks on."""

    def show_stopping(self) -> None:
        """Nothing: nobody looks on."""

    def show_lost(self, lost: str) -> None:
        """Print what Ray lacks to go on."""
        print(lost)

    def __getstate__(self) -> dict[str, Any]:
        """Nothing: Tune keeps a copy beside its notes."""
        return {}

    def on_trial_complete(self, iteration: int, trials: list[Any], trial: Any, **info: Any) -> None:
        """Look where it is time."""
        self.ended += 1
        if self.ended in self.at:
            pages = int(Path("/proc/self/statm").read_text(encoding="utf-8").split()[1])
            self.seen[self.ended] = pages * resource.getpagesize() / 1e6


def tasks_of(n: int) -> list[Task]:
    """So many tasks that need nothing."""
    spec = TrialSpec(
        dataset="none",
        data_sha="0" * 64,
        model="linear",
        model_sha="linear",
        learner="linear",
        seed=0,
    )
    return [
        Task(kind="trial", spec=replace(spec, seed=i), makes=(("nothing", f"{i:064x}"),))
        for i in range(n)
    ]


def main(
    tasks: Annotated[int, typer.Option(help="How many.")] = 1000,
    workers: Annotated[int, typer.Option(help="At a time.")] = 2,
) -> None:
    """Run them and print seconds and memory."""
    tuner.run_task = do_nothing
    todo = tasks_of(tasks)
    memory = Memory(at=(min(100, tasks), tasks // 2, tasks))
    with tempfile.TemporaryDirectory() as folder:
        started = time.perf_counter()
        tuner.run_tasks(
            Work(left=todo, all_tasks=todo),
            Resources(cache=Path(folder) / "cache", at_once=workers),
            memory,
            folder=Path(folder),
        )
        disconnect()
        end_ray()
    print(f"{tasks} tasks, {workers} at a time: {time.perf_counter() - started:.0f} s")
    print(", ".join(f"{count}: {held:.0f} MB" for count, held in memory.seen.items()))
    half, whole = memory.seen[tasks // 2], memory.seen[tasks]
    print(f"peak {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6:.0f} MB")
    print(f"{1000 * (whole - half) / (tasks - tasks // 2):.1f} kB a task in the second half")


if __name__ == "__main__":
    typer.run(main)
