"""python -m orchestrator.sweep: plan a grid, run what is not yet done, report."""

import shlex
import sys
import time
from collections.abc import Iterator, Sequence
from inspect import Parameter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from analysis.plain_commands import PlainCommand
from orchestrator.cli.epilogs import EPILOGS
from orchestrator.cli.flags import flag
from orchestrator.cli.options import GROUPS, SweepOptions
from orchestrator.cli.parameters import CONFIG, SETTINGS, parameter, takes
from orchestrator.cli.theory import is_theory, theory_sweep
from orchestrator.terminal.console import open_console
from trainables.plain_text import redacted
from trainables.streams import CommandLine
from trainables.written_numbers import many

if TYPE_CHECKING:
    from rich.console import Console

    from orchestrator.planning.plan import Sweep

app = CommandLine()


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
    from trainables.errors import explained

    with explained():
        chosen = read_options(flags["config"], flags["settings"] or (), context=context)
        if is_theory(chosen.options):
            raise SystemExit(theory_sweep(chosen.options, chosen.origins, dry_run=flags["dry_run"]))
        raise SystemExit(main(chosen.options, dry_run=flags["dry_run"]))


@takes(map(flag, ("run", "cache", "seeds")))
def demo(context: typer.Context, **flags: Any) -> None:
    """Sweep support tickets made by the package, on this machine: minutes, a report at the end."""
    from orchestrator.cli.config_file import read_options
    from trainables.errors import explained

    with explained():
        raise SystemExit(main(read_options(None, ["grid=demo"], context=context).options))


def main(options: SweepOptions, *, dry_run: bool = False) -> int:
    """Plan, run and report what is asked for; the exit code.

    With `dry_run` it plans only.
    """
    from orchestrator.planning.estimate import (
        calibrate_paces,
        full_runs,
        measured_paces,
        scoring_runs,
    )
    from orchestrator.planning.plan import plan_sweep
    from orchestrator.planning.preflight import check_gpu
    from orchestrator.terminal.plan_text import print_estimate, print_plan

    _check_shown(options)
    resources = options.resources()
    if not (options.model or options.gpus_per_trial is not None or dry_run):
        check_gpu(options.grid, resources.gpus)
    console = open_console()
    sweep = plan_sweep(
        options.request(),
        resources,
        run=options.run,
        command=_command(),
        tolerance=options.tolerance or None,
    )
    _print_places(options, sweep, console)
    print_plan(sweep, console)
    if dry_run:
        if not sweep.searches:
            sweep.run.check_plan(sweep.plan)
        paces, scoring = (measured_paces(sweep, of) for of in (full_runs, scoring_runs))
        if options.calibrate:
            paces |= calibrate_paces(sweep, set(sweep.wholes) - set(paces))
            lacking = set(scoring_runs(sweep)) - set(scoring)
            scoring |= calibrate_paces(sweep, lacking, scoring_runs)
        print_estimate(sweep, paces, console, scoring=scoring)
        console.print("Nothing was started. Run without --dry-run to start.")
        return 0
    _check_store(sweep)
    with sweep.run.locked():
        _record(options, sweep)
        if sweep.searches:
            sweep, code = search_training(sweep, console)
            if code:
                return code
        return run_and_report(
            sweep,
            console,
            report=not options.no_report,
            examples=not options.no_examples,
            track=options.track or (),
        )


def _print_places(options: SweepOptions, sweep: "Sweep", console: "Console") -> None:
    """Say where links lead, and who else can read folders that were there before."""
    from trainables.own_folders import readers

    places = ((options.run, sweep.run.folder), (options.cache, sweep.resources.cache))
    for asked, place in places:
        if asked and asked.is_symlink():
            console.print(f"{asked} leads to {place}", highlight=False)
        if who := readers(place):
            console.print(
                f"warning: {place} was there before and {who} can read it; chmod 700 keeps it to you",
                style="yellow",
                highlight=False,
            )


def _check_shown(options: SweepOptions) -> None:
    """Refuse trackers that are not there, a price that is none, and a secret that rows and page would show."""
    from analysis.pricing import price_of
    from orchestrator.execution.tracking import check_trackers
    from trainables.errors import UsageError

    check_trackers(options.track or ())
    for name, value in options.model_dump(exclude_defaults=True, exclude={"storage"}).items():
        for text in value if isinstance(value, list) else [value]:
            if isinstance(text, str) and redacted(text) != text:
                raise UsageError(
                    f"--{name.replace('_', '-')} {redacted(text)}: it holds a secret (***), which rows and page "
                    "would show; put it into a variable that your code reads"
                )
    if options.gpu_price:
        price_of(options.gpu_price)


def _check_store(sweep: "Sweep") -> None:
    """Refuse a store that cannot take what is left to do."""
    from orchestrator.planning.estimate import warm_up_bytes
    from orchestrator.planning.store_checks import check_room, check_writable

    if left := sweep.left:
        check_writable(sweep.store.root, len(left))
        check_room(sweep.store.root, warm_up_bytes(sweep, left))


def _record(options: SweepOptions, sweep: "Sweep") -> None:
    """Write into the run's folder what was asked for, and what its files held."""
    from orchestrator.cli.recorded_options import record_options
    from orchestrator.planning.edited import record_sources

    record_options(options, sweep.run.folder)
    record_sources(sweep.run.folder, sweep.loaded.sources, sweep.loaded.datasets)


def _command() -> str:
    """The command line as it can be typed again."""
    name = Path(sys.argv[0])
    modules = {"sweep": ["python", "-m", "orchestrator.sweep"], "__main__": ["prune-envelope"]}
    by = modules.get(name.stem, [name.name])
    return redacted(shlex.join([*by, *sys.argv[1:]]))


def search_training(sweep: "Sweep", console: "Console") -> tuple["Sweep", int]:
    """Search the trainings that are not chosen yet; the sweep by them, and the exit code if it ends here."""
    from orchestrator.execution.run_search import run_search
    from orchestrator.execution.tuner import disconnect
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
    report: bool = True,
    examples: bool = True,
    track: Sequence[str] = (),
) -> int:
    """Run what is not yet done and report; the exit code.

    Args:
        sweep: As planned; its folder is locked.
        console: Where lines and bars go.
        report: Write the report, too.
        examples: With training texts in it.
        track: Rows of TRACKERS.
    """
    from analysis.report import write_report
    from analysis.study import read_runs
    from orchestrator.execution.collect_dropped import write_dropped
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
        stopped, limit = run_left(sweep, left, console, track)
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
    summarise(read_runs([sweep.run.folder], by=sweep.judging.by), console)
    ended, count = "stopped" if stopped else "done", len(sweep.specs)
    ended += f" in {time.monotonic() - started:.0f} s"
    console.print(
        f"{ended}: {count - len(lost)} of {many(count, 'trial')} {'has' if count == 1 else 'have'} a result"
    )
    print_failures((sweep.run.error(spec) for spec in lost if not (stopped or limit)), console)
    _write_rows(sweep, console)
    if report:
        write_dropped(sweep, examples=examples)
        report_at = write_report(sweep.run.folder, by=sweep.judging.by)
        console.print(f"report   {report_at}", highlight=False)
    sweep.resources.upload_run(sweep.run.folder)
    if limit:
        console.print(f"stopped at {limit}")
    if stopped or limit:
        console.print("the same command goes on from here")
    return stopped or (INCOMPLETE if lost else DONE)


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
