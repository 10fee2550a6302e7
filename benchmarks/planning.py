"""What planning a sweep takes before anything is scheduled, by the number of its trials.

    python benchmarks/planning.py [--trials 1000 --trials 10000 --trials 100000]

The goal is 2 s of CPU for 10,000 trials, and time in proportion to them. Seconds are of this
process's CPU, for reading 300 made texts, expanding the grid, the graph of tasks, every check and
the lines of a dry run; what is imported is imported before. A second figure is the time to write
and read plan.json, with its size.
"""

import gc
import tempfile
import time
from io import StringIO
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from analysis.run_files import load_plan
from orchestrator.planning.plan import Sweep, plan_sweep
from orchestrator.planning.request import Request
from orchestrator.planning.resources import Resources
from orchestrator.planning.seeds import first_seeds
from orchestrator.terminal.estimate_text import print_estimate
from orchestrator.terminal.plan_text import print_plan

_A_SEED = 16  # trials, of the shape for data of one's own
_GOAL_MS = 0.2  # a trial: 2 s for 10,000


def main(
    trials: Annotated[list[int] | None, typer.Option(help="About so many. Repeat.")] = None,
) -> None:
    """Print seconds for each number of trials; the first plan, which warms up, is not counted."""
    _plan(1)
    for many in trials or [1_000, 10_000, 100_000]:
        sweep, took = _plan(max(1, many // _A_SEED))
        wrote, size = _write(sweep)
        count = len(sweep.specs)
        print(
            f"{count:>7,} trials: planned in {took:6.2f} s, {1e3 * took / count:.3f} ms each (goal "
            f"{_GOAL_MS}); plan.json written and read in {wrote:.2f} s, {size / 1e6:.1f} MB"
        )


def _plan(seeds: int) -> tuple[Sweep, float]:
    """A sweep of so many seeds as a dry run plans it, and its CPU seconds."""
    request = Request(
        datasets=("synthetic:300",), model="linear", seeds=first_seeds(seeds), confirm=False, tune=False,
    )  # fmt: skip
    gc.collect()
    with tempfile.TemporaryDirectory() as folder:
        resources = Resources(cache=Path(folder) / "cache", runs=Path(folder) / "runs")
        started = time.process_time()
        sweep = plan_sweep(request, resources, run=Path(folder) / "run", command="")
        console = Console(file=StringIO())
        print_plan(sweep, console)
        sweep.run.check_plan(sweep.plan)
        print_estimate(sweep, {}, console)
        return sweep, time.process_time() - started


def _write(sweep: Sweep) -> tuple[float, int]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "plan.json"
        started = time.process_time()
        path.write_text(sweep.plan.to_json(), encoding="utf-8")
        load_plan(Path(folder))
        return time.process_time() - started, path.stat().st_size


if __name__ == "__main__":
    typer.run(main)
