"""python -m orchestrator.sweep: plan a grid, run what is not yet done, report."""

import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from inspect import Parameter
from typing import TYPE_CHECKING, Any

import typer

from analysis.plain_commands import PlainCommand
from orchestrator.cli.epilogs import EPILOGS
from orchestrator.cli.flags import flag
from orchestrator.cli.options import GROUPS, SweepOptions
from orchestrator.cli.parameters import CONFIG, SETTINGS, parameter, takes
from orchestrator.cli.places import print_places
from orchestrator.cli.shown_options import check_shown, shown_of
from orchestrator.cli.theory import is_theory, theory_sweep
from orchestrator.cli.typed_command import typed_command
from orchestrator.terminal.console import open_console
from trainables.streams import CommandLine
from trainables.written_numbers import many

if TYPE_CHECKING:
    from rich.console import Console

    from orchestrator.execution.callbacks import Shown
    from orchestrator.planning.plan import Sweep

app = CommandLine()

# When trials run, where Ray starts as fast as it does on an idle machine.
_LOAD_AFTER_S = 10.0


def _parameters() -> Iterator[Parameter]:
    yield from (CONFIG, SETTINGS)
    group = None
    for name in SweepOptions.model_fields:
        group = GROUPS.get(name, group)
        # Above the flag that is of use with it only.
        if name == "calibrate":
            option = typer.Option(
                "--dry-run",
                "-n",
                help="Show the plan; start nothing.",
                rich_help_panel=group,
            )
            yield parameter("dry_run", bool, option, False)
        yield flag(name, group=group)


@app.command(epilog=EPILOGS["sweep"], cls=PlainCommand)
@takes(_parameters())
def sweep(context: typer.Context, **flags: Any) -> None:
    """Train every condition of a grid, paired with the full-data run of its seed; judge it."""
    from orchestrator.cli.config_file import read_options
    from orchestrator.cli.recorded_options import started_from
    from trainables.errors import explained

    with explained(), started_from(flags["config"]) as config:
        chosen = read_options(config, flags["settings"] or (), context=context)
        if is_theory(chosen.options):
            raise SystemExit(theory_sweep(chosen.options, chosen.origins, dry_run=flags["dry_run"]))
        raise SystemExit(main(chosen.options, plan_only=flags["dry_run"], origins=chosen.origins))


@takes(map(flag, ("run", "cache", "seeds")))
def demo(context: typer.Context, **flags: Any) -> None:
    """Sweep support tickets made by the package, on this machine: minutes, a report at the end."""
    from orchestrator.cli.config_file import read_options
    from trainables.errors import explained

    with explained():
        raise SystemExit(main(read_options(None, ["grid=demo"], context=context).options))


def main(
    options: SweepOptions, *, plan_only: bool = False, origins: Mapping[str, str] | None = None
) -> int:
    """Plan, run and report what is asked for; the exit code.

    Args:
        options: What is asked for.
        plan_only: Start nothing.
        origins: Where each option that was set comes from.
    """
    from orchestrator.cli.dry_run import dry_run
    from orchestrator.planning.plan import plan_sweep
    from orchestrator.planning.preflight import check_gpu
    from orchestrator.terminal.plan_text import print_plan

    check_shown(options)
    resources = options.resources()
    if not (options.model or options.gpus_per_trial is not None or plan_only):
        check_gpu(options.grid, resources.gpus)
    console = open_console()
    if plan_only:
        return dry_run(options, origins or {}, resources, console)
    sweep = plan_sweep(
        options.request(),
        resources,
        run=options.run,
        command=typed_command(),
        tolerance=options.tolerance or None,
    )
    print_places(options, sweep, console)
    print_plan(sweep, console)
    _check_store(sweep)
    with sweep.run.locked():
        _record(options, sweep)
        with _ray_beside(sweep):
            if sweep.searches:
                sweep, code = search_training(sweep, console)
                if code:
                    return code
            return run_and_report(
                sweep,
                console,
                report=not options.no_report,
                shown=shown_of(options),
            )


def _check_store(sweep: "Sweep") -> None:
    """Refuse a store that cannot take what is left to do."""
    from orchestrator.planning.estimate import warm_up_bytes
    from orchestrator.planning.store_checks import check_room, check_writable

    if left := sweep.left:
        check_writable(sweep.store.root, len(left))
        check_room(sweep.store.root, warm_up_bytes(sweep, left))


@contextmanager
def _ray_beside(sweep: "Sweep") -> Iterator[None]:
    """Ray where there is something to run: it comes up while this process loads the rest, and ends behind the last line."""
    if not (sweep.left or sweep.searches):
        yield
        return
    from orchestrator.execution.connection import end_ray, start_ray

    start_ray(sweep.resources, len(sweep.left))
    try:
        yield
    finally:
        end_ray()


def _record(options: SweepOptions, sweep: "Sweep") -> None:
    """Write into the run's folder what was asked for, and what its files held."""
    from orchestrator.cli.recorded_options import record_options
    from orchestrator.planning.edited import record_sources

    record_options(options, sweep.run.folder, gpus=sweep.resources.gpus)
    record_sources(sweep.run.folder, sweep.loaded.sources, sweep.loaded.datasets)


def search_training(sweep: "Sweep", console: "Console") -> tuple["Sweep", int]:
    """Search the trainings that are not chosen yet; the sweep by them, and the exit code if it ends here."""
    from orchestrator.execution.connection import disconnect
    from orchestrator.execution.run_search import run_search
    from orchestrator.execution.write_curves import write_curves
    from orchestrator.terminal.plan_text import print_trainings
    from trainables.errors import INCOMPLETE

    sweep.run.begin(sweep.plan)
    sweep, stopped, limit = run_search(sweep, console)
    write_curves(sweep)
    sweep.resources.upload_run(sweep.run.folder)
    if not (sweep.searches or stopped):
        print_trainings(sweep, console)
        return sweep, 0
    disconnect()
    if limit:
        console.print(f"stopped at {limit}")
    if names := ", ".join(search.start.dataset for search in sweep.searches):
        console.print(f"the training of {names} is not chosen yet, and no trial was started")
    console.print("the same command goes on from here")
    return sweep, stopped or INCOMPLETE


def run_and_report(
    sweep: "Sweep",
    console: "Console",
    *,
    shown: "Shown",
    report: bool = True,
) -> int:
    """Run what is not yet done and report; the exit code.

    Args:
        sweep: As planned; its folder is locked.
        console: Where lines and bars go.
        shown: What a person is shown beside lines.
        report: Write the report, too.
    """
    from analysis.study import read_runs
    from analysis.wording import seconds_text
    from orchestrator.execution.run_trials import run_left
    from orchestrator.execution.write_curves import write_curves
    from orchestrator.planning.judging import write_tests
    from orchestrator.terminal.summary import print_failures, summarise
    from trainables.errors import DONE, INCOMPLETE

    sweep.run.write_plan(sweep.plan)
    write_tests(sweep.run, sweep.datasets.values())
    left = sweep.left
    started = time.monotonic()
    stopped, limit = 0, ""
    sweep.resources.upload_run(sweep.run.folder)
    if left:
        with _report_loaded(asked=report):
            stopped, limit = run_left(sweep, left, console, shown)
        sweep = sweep.grown()
        sweep.run.write_plan(sweep.plan)
        limit = limit if sweep.left else ""
    else:
        console.print(f"nothing to do: {len(sweep.specs)} of {len(sweep.specs)} done")
    # Another run, or a worker that was lost after its last write, may have finished some of these.
    for spec in filter(sweep.is_done, sweep.specs):
        sweep.run.copy_row(spec, sweep.store)
    write_curves(sweep)
    lost = [spec for spec in sweep.specs if not sweep.is_done(spec)]
    console.print("judging the trials")
    summarise(read_runs([sweep.run.folder], by=sweep.judging.by), console)
    ended, count = "stopped after" if stopped else "done in", len(sweep.specs)
    ended += f" {seconds_text(time.monotonic() - started)}"
    console.print(
        f"{ended}: {count - len(lost)} of {many(count, 'trial')} {'has' if count == 1 else 'have'} a result"
    )
    print_failures((sweep.run.error(spec) for spec in lost if not (stopped or limit)), console)
    _write_rows(sweep, console)
    if report:
        _write_report(sweep, console, shown)
    sweep.resources.upload_run(sweep.run.folder)
    if limit:
        console.print(f"stopped at {limit}")
    if stopped or limit:
        console.print("the same command goes on from here")
    return stopped or (INCOMPLETE if lost else DONE)


@contextmanager
def _report_loaded(*, asked: bool) -> Iterator[None]:
    """Load what makes the report, torch with it, once workers have begun: no trial and no reader waits for it."""
    later = threading.Timer(
        _LOAD_AFTER_S, import_module, ["orchestrator.execution.collect_dropped"]
    )
    later.daemon = True
    if asked:
        later.start()
    try:
        yield
    finally:
        later.cancel()


def _write_report(sweep: "Sweep", console: "Console", shown: "Shown") -> None:
    from analysis.report import write_report
    from orchestrator.execution.collect_dropped import write_dropped

    console.print("making the report")
    write_dropped(sweep, examples=shown.examples)
    report_at = write_report(sweep.run.folder, by=sweep.judging.by)
    console.print(f"report   {report_at}", highlight=False)


def _write_rows(sweep: "Sweep", console: "Console") -> None:
    """Write the rows that stay by each list that fresh seeds train on, and say where."""
    from orchestrator.execution.write_lists import write_lists

    for kept in write_lists(sweep):
        console.print(
            f"rows     {kept.path}: the {many(kept.count, 'row')} of {kept.dataset} that stay",
            highlight=False,
        )


if __name__ == "__main__":
    app()
