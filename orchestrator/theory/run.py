"""`--grid theory` from beginning to end: what is left to do, done; tables, page and exit code."""

import os
import signal
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from analysis.csv_lines import csv_lines, shortened_floats
from analysis.page.theory_page import render_theory
from orchestrator.theory.grid import TheoryGrid
from orchestrator.theory.results import TheoryResults
from orchestrator.theory.work import (
    TheoryTask,
    beside_crossings,
    crossing,
    left_of,
    put_aside,
    solve,
    tasks_of,
    work,
    work_apart,
)
from trainables.errors import DONE, INCOMPLETE, TERMINATED
from trainables.perceptron import StudentData
from trainables.whole_file import whole_file

if TYPE_CHECKING:
    from rich.console import Console

# Students whose time tells how fast this machine is: a tenth of a second.
_PACE = TheoryTask(kind="simulated", arm=StudentData(alpha=4), dimensions=200, repetitions=3)


def default_workers() -> int:
    """Processes at once: one a core that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def plan_theory(grid: TheoryGrid, folder: Path, workers: int, console: "Console") -> None:
    """Say what a run would do and how long it would take; start nothing."""
    tasks = [*tasks_of(grid), *beside_crossings(grid, lambda kept: 2.5 / kept)]
    left = left_of(tasks, folder / "points")
    students = [task for task in tasks if task.kind == "simulated"]
    pace = max(float(solve(_PACE)["seconds"]), 1e-3) / _PACE.seconds
    minutes = pace * sum(task.seconds for task in left) / workers / 60
    console.print(
        f"theory: {len(students)} arms of {grid.repetitions} students in {grid.dimensions} dimensions, "
        f"{len(tasks) - len(students)} exact numbers; {len(left)} of {len(tasks)} left to do in {folder}",
        highlight=False,
    )
    console.print(
        f"about {max(minutes, 0.1):.1f} min with {_processes(workers)}, by the time that three students "
        "took on this machine",
        highlight=False,
    )
    console.print("Nothing was started. Run without --dry-run to start.")


def run_theory(grid: TheoryGrid, folder: Path, workers: int, console: "Console") -> int:
    """Do what is left, write tables and page, say what was found; the exit code.

    Args:
        grid: What is asked for.
        folder: The run's; what is in it already is not done again.
        workers: Processes at once.
        console: Where lines go.
    """
    points = folder / "points"
    points.mkdir(parents=True, exist_ok=True)
    started = time.monotonic()
    results = TheoryResults(grid, points)
    _do([crossing(kept) for kept in grid.crossings], points, workers, console)
    tasks = [*tasks_of(grid), *beside_crossings(grid, results.crossover)]
    done = _do(tasks, points, workers, console)
    if left := left_of(tasks, points):
        console.print(f"{len(left)} of {len(tasks)} pieces of work have no result; see above")
        return INCOMPLETE
    page = results.page(folder.resolve().name)
    for name, rows in _tables(results).items():
        with whole_file(folder / f"{name}.csv") as draft:
            lines = csv_lines([*rows[0]], map(shortened_floats, rows))
            draft.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    with whole_file(folder / "report.html") as draft:
        draft.write_text(render_theory(page), encoding="utf-8")
    for sentence in page.sentences:
        console.print(sentence, highlight=False)
    console.print(
        f"done in {time.monotonic() - started:.0f} s: {done} pieces of work, {len(tasks) - done} were there"
    )
    console.print(f"report   {folder / 'report.html'}", highlight=False)
    return INCOMPLETE if page.missed else DONE


def _do(tasks: Sequence[TheoryTask], points: Path, workers: int, console: "Console") -> int:
    """Do what is left of some tasks; how many those were."""
    from rich.progress import Progress

    for line in put_aside(tasks, points):
        console.print(line, highlight=False)
    left = left_of(tasks, points)
    if left:
        with _ended_by_sigterm(console), Progress(console=console, transient=True) as bars:
            bar = bars.add_task(f"theory, {_processes(workers)}", total=len(left))

            def told(count: int) -> None:
                bars.update(bar, completed=count)

            if workers == 1:
                work(left, points, told)
            else:
                work_apart(left, points, workers, told)
    return len(left)


@contextmanager
def _ended_by_sigterm(console: "Console") -> Iterator[None]:
    """Let SIGTERM end the processes, too."""

    def end(*_: object) -> NoReturn:
        console.print("stopped; the same command goes on from here")
        raise SystemExit(TERMINATED)

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _processes(many: int) -> str:
    return "1 process" if many == 1 else f"{many} processes"


def _tables(results: TheoryResults) -> dict[str, list[dict[str, Any]]]:
    """The rows of each CSV file, by its name."""
    crossings = [
        {
            "kept": one.share,
            "exact_alpha": one.exact,
            "students_easy_better": low,
            "students_hard_better": high,
        }
        for one in results.crossover_frames()
        for low, high in [one.between or (None, None)]
    ]
    return {
        "accepted": results.accepted_rows(),
        "crossover": crossings,
        "frontier": results.frontier_rows(),
        "students": results.student_rows(),
    }
