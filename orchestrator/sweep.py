"""python -m orchestrator.sweep: plan a grid, run what is not yet done, report."""

import shlex
import sys
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from rich.console import Console

    from orchestrator.planning.plan import Sweep
    from orchestrator.planning.tasks import Task

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)

_GRID = "A preset; `prune-envelope grids` lists them. Without one, --dataset runs the shape for own data."
_MODEL = "tiny, linear, a folder, a hub id, or linear:FOLDER for a head on frozen embeddings."
_SIGNAL = (
    "NAME[:SELECTOR[:high]], such as redundancy,k=5:stratified or el2n:floor,share=0.3:high; a "
    "name may be module:function of your own. Repeat."
)
_SEEDS = "How many, or adaptive: 3, and then 5, 8 or 12 only where a verdict needs them."
_NULL = (
    "Add full runs of another data order and dropout: the noise below which nothing can be seen."
)
_HOURS = "Stop when all trials together took this long; hours of a slot where there is no GPU."
_STORAGE = (
    "What all machines reach: a folder they mount, or s3://BUCKET/PREFIX. Holds store and runs."
)
_VALIDATION = "Hold this share of the training rows out, for signals that aim at a target."
_EPILOG = (
    "Exit codes: 0 done, 1 a bug of ours, 2 usage, 3 finished but some trials failed or a limit stopped it, 4 data or "
    "environment not there, 6 refused for safety, 130 or 143 stopped with state saved. The same "
    "command again goes on where it stopped."
)


@app.command(epilog=_EPILOG)
def sweep(
    context: typer.Context,
    config: Annotated[
        Path | None, typer.Argument(metavar="[CONFIG]", help="YAML file of these flags' names.")
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME=VALUE", help="As in the file, over it. Repeat."),
    ] = None,
    grid: Annotated[str, typer.Option(help=_GRID)] = "",
    dataset: Annotated[list[str] | None, typer.Option(help="Name, file or folder. Repeat.")] = None,
    model: Annotated[str, typer.Option(help=_MODEL)] = "",
    data_dir: Annotated[
        Path | None, typer.Option(help="Holds NAME/train.parquet and NAME/test.parquet.")
    ] = None,
    text_column: Annotated[list[str] | None, typer.Option(help="Repeat to join.")] = None,
    label_column: Annotated[str, typer.Option(help="The class.")] = "",
    id_column: Annotated[str, typer.Option(help="Else rows are known by their number.")] = "",
    test: Annotated[str, typer.Option(help="A second file, or the split to test on.")] = "",
    test_fraction: Annotated[float, typer.Option(help="Hold this share out, by class.")] = 0.0,
    validation_fraction: Annotated[float, typer.Option(help=_VALIDATION)] = 0.0,
    limit: Annotated[int, typer.Option(help="Train on this many rows; marks the run.")] = 0,
    limit_test: Annotated[int, typer.Option(help="Test on this many rows; marks the run.")] = 0,
    warmup: Annotated[list[float] | None, typer.Option(help="Share of steps. Repeat.")] = None,
    rate: Annotated[list[float] | None, typer.Option(help="Share removed. Repeat.")] = None,
    signal: Annotated[list[str] | None, typer.Option(help=_SIGNAL)] = None,
    seeds: Annotated[str, typer.Option(help=_SEEDS)] = "",
    seed: Annotated[list[int] | None, typer.Option(help="Or which. Repeat.")] = None,
    null: Annotated[bool, typer.Option("--null", help=_NULL)] = False,
    epochs: Annotated[int | None, typer.Option(min=1)] = None,
    batch_size: Annotated[int | None, typer.Option(min=1)] = None,
    lr: Annotated[float | None, typer.Option(help="Peak learning rate.")] = None,
    max_length: Annotated[int | None, typer.Option(help="Word pieces of a text.", min=8)] = None,
    precision: Annotated[str, typer.Option(help="auto, bf16 or fp32.")] = "auto",
    protocol: Annotated[str, typer.Option(help="continue or restart.")] = "",
    budget: Annotated[str, typer.Option(help="epochs or steps.")] = "",
    tolerance: Annotated[float, typer.Option(help="In pp.", min=0, max=100)] = 1.0,
    run: Annotated[Path | None, typer.Option(help="The run's folder.")] = None,
    cache: Annotated[Path, typer.Option(help="What runs share.")] = Path("runs/_cache"),
    storage: Annotated[str, typer.Option(help=_STORAGE)] = "",
    address: Annotated[str, typer.Option(help="local, auto, or a Ray address.")] = "local",
    gpus_per_trial: Annotated[float | None, typer.Option(help="1 where there is one.")] = None,
    cpus_per_trial: Annotated[int, typer.Option(help="Its threads, too.", min=1)] = 1,
    max_trials_at_once: Annotated[int, typer.Option(help="0: all that fit.", min=0)] = 0,
    max_trials: Annotated[int, typer.Option(help="Stop after so many.", min=0)] = 0,
    max_gpu_hours: Annotated[float, typer.Option(help=_HOURS, min=0)] = 0.0,
    track: Annotated[
        list[str] | None, typer.Option(help="mlflow, wandb or tensorboard. Repeat.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", "-n", help="Plan only.")] = False,
    calibrate: Annotated[
        bool, typer.Option("--calibrate", help="Run a few steps for the estimate of --dry-run.")
    ] = False,
    no_report: Annotated[bool, typer.Option("--no-report", help="Rows only.")] = False,
    no_examples: Annotated[
        bool, typer.Option("--no-examples", help="No training texts in the report.")
    ] = False,
) -> None:
    """Train every condition of a grid, paired with the full-data run of its seed; judge it."""
    flags = dict(locals())
    from orchestrator.cli.config_file import with_settings
    from trainables.errors import explained

    with explained():
        raise SystemExit(main(with_settings(context, flags)))


def demo(
    run: Annotated[Path | None, typer.Option(help="The run's folder.")] = None,
    cache: Annotated[Path, typer.Option(help="What runs share.")] = Path("runs/_cache"),
    seeds: Annotated[str, typer.Option(help=_SEEDS)] = "",
) -> None:
    """Sweep made text with a tiny transformer on this machine: minutes, a real report at the end."""
    import inspect

    from trainables.errors import explained

    defaults = {name: flag.default for name, flag in inspect.signature(sweep).parameters.items()}
    with explained():
        asked = {"grid": "demo", "run": run, "cache": cache, "seeds": seeds}
        raise SystemExit(main({**defaults, **asked}))


def main(flags: Mapping[str, Any]) -> int:
    """Plan, run and report what the flags ask for; the exit code.

    Args:
        flags: The parameters of `sweep`, by name.
    """
    from rich.console import Console

    from orchestrator.execution.tracking import check_trackers
    from orchestrator.planning.estimate import calibrated, measured_paces, print_estimate
    from orchestrator.planning.plan import plan_sweep
    from orchestrator.planning.preflight import check_room
    from orchestrator.planning.request import Request
    from orchestrator.planning.resources import Resources
    from orchestrator.terminal.plan_text import print_plan

    track = flags["track"] or ()
    check_trackers(track)
    Resources.check(flags)
    # A log has no width of its own; its lines are not to be broken at 80.
    # Names and errors come from outside: none of their brackets is markup.
    width = None if sys.stdout.isatty() else 160
    console = Console(width=width, markup=False)
    sweep = plan_sweep(
        Request.of(flags),
        Resources.of(flags),
        run=flags["run"],
        command=_command(),
        tolerance_pp=flags["tolerance"],
    )
    print_plan(sweep, console)
    if flags["dry_run"]:
        paces = measured_paces(sweep)
        if flags["calibrate"]:
            paces |= calibrated(sweep, set(sweep.datasets) - set(paces))
        print_estimate(sweep, paces, console)
        console.print("Nothing was started. Run without --dry-run to start.")
        return 0
    check_room(sweep.store.root, sweep.room_bytes())
    with sweep.run.locked():
        report, examples = not flags["no_report"], not flags["no_examples"]
        return conduct(sweep, console, report=report, examples=examples, track=track)


def _command() -> str:
    """The command line as it can be typed again."""
    name = Path(sys.argv[0])
    by = ["python", "-m", "orchestrator.sweep"] if name.stem == "sweep" else [name.name]
    return shlex.join([*by, *sys.argv[1:]])


def conduct(
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
    from analysis.run_files import load_plan, read_rows
    from analysis.study import study
    from orchestrator.execution.collect_dropped import write_dropped
    from orchestrator.terminal.summary import summarise
    from trainables.errors import DONE, INCOMPLETE

    sweep.run.begin(sweep.record())
    left = sweep.left
    started = time.monotonic()
    stopped, limit = 0, ""
    sweep.place.keep_run(sweep.run.folder)
    if left:
        stopped, limit = work(sweep, left, console, track)
        sweep = sweep.grown()
    else:
        console.print(f"nothing to do: {len(sweep.specs)} of {len(sweep.specs)} done")
    # Another run, or a worker whose end nobody heard of, may have finished trials of this one.
    for spec in sweep.specs:
        sweep.run.adopt(spec, sweep.store)
    results = read_rows(sweep.run.folder)
    lost = [spec for spec in sweep.specs if not sweep.is_done(spec)]
    summarise(study(results, load_plan(sweep.run.folder)), console)
    console.print(
        f"{'stopped' if stopped else 'done'} in {time.monotonic() - started:.0f} s: "
        f"{len(sweep.specs) - len(lost)} of {len(sweep.specs)} trials have a result"
    )
    errors = Counter(sweep.run.error(spec) for spec in lost if not (stopped or limit))
    for error, count in errors.items():
        console.print(f"  {count} failed: {error}", highlight=False)
    if report:
        write_dropped(sweep, examples=examples)
        console.print(f"report   {write_report(sweep.run.folder)}", highlight=False)
    sweep.place.keep_run(sweep.run.folder)
    if limit:
        console.print(f"stopped at {limit}")
    if stopped or limit:
        console.print("the same command goes on from here")
    if stopped:
        return stopped
    return INCOMPLETE if lost else DONE


def work(
    sweep: "Sweep", left: "list[Task]", console: "Console", track: Sequence[str] = ()
) -> tuple[int, str]:
    """Run tasks through Ray Tune; the exit code of a signal or 0, and the limit that stopped it."""
    from analysis.run_files import Plan
    from orchestrator.execution.callbacks import Watcher
    from orchestrator.execution.tuner import run_tasks
    from orchestrator.planning.plan import keep_data
    from orchestrator.terminal.plan_text import print_purchases

    keep_data(sweep)
    done = [sweep.run.adopt(spec, sweep.store) for spec in sweep.specs]
    rows = [row for row in done if row is not None]
    plan = Plan(tolerance_pp=sweep.tolerance_pp, adaptive=sweep.adaptive)
    watcher = Watcher(left, sweep.run, sweep.store, console, plan=plan, rows=rows, track=track)
    by_name = {task.name: task for task in sweep.tasks}

    def give_up(blocked: "Mapping[str, Task]") -> None:
        for name, cause in blocked.items():
            if by_name[name].is_trial:
                why = watcher.errors.get(cause.name, "see logs")
                sweep.run.fail(by_name[name].spec, f"not run: {cause.kind} failed: {why}")

    def more(blocked: "Mapping[str, Task]") -> "list[Task]":
        give_up(blocked)
        grown = sweep.grown()
        sweep.run.begin(grown.record())
        print_purchases(grown, console)
        watcher.expect(grown.left)
        return grown.left

    with watcher.shown():
        ended = run_tasks(
            left,
            sweep.place,
            watcher,
            folder=sweep.run.folder,
            everything=sweep.tasks,
            more=more,
            stopping=watcher.stopping,
        )
    give_up(ended.blocked)
    return ended.stopped_by, ended.limit


if __name__ == "__main__":
    app()
