"""What a sweep of short trials takes beside its trials: before the first, between them, and after the last.

    python benchmarks/overhead.py [--slots 2] [--seeds 2] [--epochs 14] [--turns 1] [--demo]

The same tasks are run by a floor in turns with it: a pool of as many processes, begun before anything is
planned, that import the same and are handed the tasks as soon as the pool is free, rank by rank. It has no
bars, no table, no retries. Seconds are by the clock, so the machine must be idle. The first trial starts
when the data are prepared; the prompt is there when the process has ended.
"""

import multiprocessing
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from orchestrator.planning.resources import Resources
    from orchestrator.planning.tasks import Task

_GOAL_FIRST_S, _GOAL_LAST_S = 6.0, 1.5
_SWEEP = (
    "--grid demo --dataset synthetic:600 --model linear --rate 0.1 --rate 0.3 --signal random "
    "--signal el2n --no-confirm --no-report"
)  # fmt: skip


def main(
    slots: Annotated[int, typer.Option(help="Trials at a time.")] = 2,
    seeds: Annotated[int, typer.Option(help="Each is five trials.")] = 2,
    epochs: Annotated[int, typer.Option(help="Sets how long a trial takes.")] = 14,
    turns: Annotated[int, typer.Option(help="Of each side.")] = 1,
    demo: Annotated[bool, typer.Option(help="Time the whole demo, too.")] = False,
    floor: Annotated[str, typer.Option(hidden=True)] = "",
) -> None:
    """Print the three parts of both, their ratio and the goals."""
    if floor:
        run_floor(Path(floor), slots=slots, seeds=seeds, epochs=epochs)
        return
    words = f"--slots {slots} --seeds {seeds} --epochs {epochs}".split()
    print(
        f"{'s by the clock':<16}{'to first trial':>16}{'first to last':>15}{'to prompt':>11}{'all':>8}"
    )
    for _ in range(turns):
        with tempfile.TemporaryDirectory() as folder:
            typed = [*_SWEEP.split(), *_numbers(seeds, epochs, slots), *_places(folder)]
            ours = _timed(["-m", "orchestrator.sweep", *typed], "ok prepare", "ok trial")
        with tempfile.TemporaryDirectory() as folder:
            least = _timed([__file__, *words, "--floor", folder], "prepared", "all done")
        _show("sweep", ours)
        _show("floor", least)
        print(f"{'ratio':<16}{ours[0] / least[0]:>15.1f}x{ours[1] / least[1]:>14.1f}x{'':>11}"
              f"{sum(ours) / sum(least):>7.1f}x")  # fmt: skip
    print(f"{'goal':<16}{_GOAL_FIRST_S:>16.1f}{'':>15}{_GOAL_LAST_S:>11.1f}")
    if demo:
        with tempfile.TemporaryDirectory() as folder:
            started = time.perf_counter()
            command = [sys.executable, "-m", "orchestrator", "demo", *_places(folder)]
            subprocess.run(command, check=True, capture_output=True)
            print(f"{'demo':<50}{time.perf_counter() - started:>16.1f}")


def run_floor(folder: Path, *, slots: int, seeds: int, epochs: int) -> None:
    """Run the tasks of the sweep by a pool."""
    with multiprocessing.get_context("spawn").Pool(slots, initializer=_load) as pool:
        from orchestrator.cli.options import SweepOptions
        from orchestrator.planning.plan import plan_sweep
        from orchestrator.planning.stored_inputs import store_inputs
        from orchestrator.planning.tasks import TASKS, by_need

        options = SweepOptions(
            grid="demo", dataset=("synthetic:600",), model="linear", rate=(0.1, 0.3),
            signal=("random", "el2n"), seeds=str(seeds), epochs=epochs, confirm=False,
            cache=folder / "cache",
        )  # fmt: skip
        sweep = plan_sweep(options.request(), options.resources(), run=folder / "run", command="")
        store_inputs(sweep)
        for rank, tasks in groupby(by_need(sweep.left), lambda task: TASKS[task.kind].rank):
            pool.map(partial(_run, resources=sweep.resources), [*tasks], chunksize=1)
            if rank == 0:
                print("prepared", flush=True)
        print("all done", flush=True)


def _load() -> None:
    import torch  # noqa: F401

    import trainables.stages
    import trainables.trial  # noqa: F401


def _run(task: "Task", resources: "Resources") -> None:
    """What a worker of Ray does with a task, without Ray."""
    from orchestrator.execution.here import settle_here
    from orchestrator.planning.tasks import TASKS

    settle_here(resources)
    TASKS[task.kind].run(task, resources.open_store(), resources.place)


def _numbers(seeds: int, epochs: int, slots: int) -> list[str]:
    return f"--seeds {seeds} --epochs {epochs} --max-trials-at-once {slots}".split()


def _places(folder: str) -> list[str]:
    return ["--run", f"{folder}/run", "--cache", f"{folder}/cache"]


def _timed(words: Sequence[str], first: str, last: str) -> tuple[float, float, float]:
    """Seconds to the first line with a text, from there to the last line with another, and to the end."""
    at = [time.perf_counter()]
    marks: dict[str, float] = {}
    with subprocess.Popen(
        [sys.executable, "-u", *words], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        assert process.stdout is not None, "it is a pipe"
        lines = []
        for line in process.stdout:
            lines.append(line)
            now = time.perf_counter()
            if first in line:
                marks.setdefault("first", now)
            if last in line:
                marks["last"] = now
    at += [marks["first"], marks["last"], time.perf_counter()]
    if process.returncode:
        raise SystemExit("".join(lines))
    return at[1] - at[0], at[2] - at[1], at[3] - at[2]


def _show(name: str, parts: tuple[float, float, float]) -> None:
    first, between, after = parts
    print(f"{name:<16}{first:>16.1f}{between:>15.1f}{after:>11.1f}{sum(parts):>8.1f}")


if __name__ == "__main__":
    typer.run(main)
