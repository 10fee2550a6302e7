"""prune-envelope theory, which is sweep --grid theory: the toy with an exact answer."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from orchestrator.cli.number_flags import Range, number
from orchestrator.cli.options import SweepOptions
from orchestrator.terminal.console import open_console

RUN = Path("runs/theory")
_SOME = Range(is_whole=True, ge=3, le=100_000)
_PROCESSES = Range(is_whole=True, ge=0, le=4096)
# Flags of a sweep that mean the same here.
_SHARED = {"grid", "run", "max_trials_at_once"}


def theory(
    run: Annotated[Path, typer.Option(metavar="FOLDER", help="Folder of the run.")] = RUN,
    dimensions: Annotated[int, number(_SOME, metavar="N", about="Dimensions of an example.")] = 200,
    repetitions: Annotated[
        int, number(_SOME, metavar="N", about="Data sets drawn for each way to prune.")
    ] = 20,
    workers: Annotated[
        int, number(_PROCESSES, metavar="N", about="Processes side by side; 0 is one a core.")
    ] = 0,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", "-n", help="Show the plan, and start nothing.")
    ] = False,
) -> None:
    """Simulate the perceptron theory of pruning beside its exact answer: minutes, one page."""
    from trainables.errors import explained

    with explained():
        raise SystemExit(
            _run(
                run,
                dimensions=dimensions,
                repetitions=repetitions,
                workers=workers,
                dry_run=dry_run,
            )
        )


def is_theory(options: SweepOptions) -> bool:
    """Whether a sweep asks for the theory."""
    from orchestrator.planning.grids import THEORY

    return options.grid == THEORY


def theory_sweep(options: SweepOptions, origins: Mapping[str, str], *, dry_run: bool) -> int:
    """The same as a sweep asks for it; the exit code.

    Args:
        options: Of the sweep.
        origins: Where each option that was set comes from.
        dry_run: Plan only.

    Raises:
        UsageError: If a flag was given that means nothing here.
    """
    from trainables.errors import UsageError

    if wrong := [name for name in origins if name not in _SHARED]:
        typed = (f"--{name.replace('_', '-')}" for name in wrong)
        flags = ", ".join(
            flag if origins[name] == flag else f"{name} ({origins[name]})"
            for flag, name in zip(typed, wrong, strict=True)
        )
        raise UsageError(
            f"{flags}: --grid theory trains perceptrons on examples that it draws itself, and knows of "
            "sweep's flags --run, --max-trials-at-once and --dry-run alone; leave the others out"
        )
    return _run(
        options.run or RUN, dimensions=200, repetitions=20, workers=options.max_trials_at_once, dry_run=dry_run
    )  # fmt: skip


def _run(run: Path, *, dimensions: int, repetitions: int, workers: int, dry_run: bool) -> int:
    from orchestrator.theory.grid import TheoryGrid
    from orchestrator.theory.run import default_workers, plan_theory, run_theory
    from trainables.errors import UsageError
    from trainables.own_folders import own_place

    if (run / "plan.json").exists():
        raise UsageError(
            f"--run {run} holds a sweep, whose report would be written over; name another folder"
        )
    run = own_place(run, "run", "--run")
    grid = TheoryGrid(dimensions=dimensions, repetitions=repetitions)
    many = workers or default_workers()
    console = open_console()
    if dry_run:
        plan_theory(grid, run, many, console)
        return 0
    return run_theory(grid, run, many, console)
