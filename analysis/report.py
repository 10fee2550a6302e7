"""A run's report: `python -m analysis.report RUN` writes one HTML page and two tables beside it."""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from trainables.errors import GATE, explained
from trainables.whole_file import whole_file

if TYPE_CHECKING:
    from analysis.dropped_samples import Dropped
    from analysis.run_files import Plan
    from analysis.study import Study
    from trainables.result import TrialResult

app = typer.Typer(add_completion=False)


def build_report(
    results: "Iterable[TrialResult]",
    plan: "Plan | None" = None,
    *,
    name: str = "run",
    tolerance: float | None = None,
    dropped: "Dropped | None" = None,
) -> str:
    """The report as one HTML page: no clock, no network, equal rows give an equal page.

    Args:
        results: Rows of a run.
        plan: What was to be run, or None where that is not known.
        name: The run's name.
        tolerance: How far below the baseline is still within; without it the plan's, or 1.
        dropped: Who was dropped, or None where that is not known.

    Raises:
        ValueError: If paired trials were not tested on the same test set.
    """
    from analysis.page.render import render
    from analysis.study import study

    seen = study(results, plan, name=name, tolerance=tolerance, dropped=dropped)
    return render(seen)


def write_report(run: Path, tolerance: float | None = None) -> Path:
    """Write RUN/report.html, and envelope.csv and trials.parquet beside it.

    Args:
        run: The run's folder.
        tolerance: How far below the baseline is still within; without it the plan's, or 1.

    Returns:
        The page's path.

    Raises:
        FileNotFoundError: If the run holds no rows and no plan.
        ValueError: If a file of the run is not what it should be.
    """
    from analysis.study import read_runs

    return write_study(read_runs([run], tolerance), run / "report.html")


def write_study(seen: "Study", out: Path) -> Path:
    """Write a study's page to out, and the two tables beside it."""
    from analysis.page.render import render
    from analysis.table_rows import short_csv, trial_rows
    from trainables.records import write_parquet

    page = render(seen)
    table = "".join(f"{line}\n" for line in short_csv(seen, "envelope"))
    out.parent.mkdir(parents=True, exist_ok=True)
    with whole_file(out.parent / "trials.parquet") as draft:
        write_parquet(seen.results, trial_rows(seen), draft)
    with whole_file(out.parent / "envelope.csv") as draft:
        draft.write_text(table, encoding="utf-8")
    with whole_file(out) as draft:
        draft.write_text(page, encoding="utf-8")
    return out


@app.command(epilog="Exit codes: 0 done, 2 usage, 4 run not there or not valid, 5 a gate not met.")
def report(
    runs: Annotated[list[Path], typer.Argument(metavar="RUN", help="Folder of a run.")],
    out: Annotated[
        Path | None, typer.Option(help="Page to write.", show_default="RUN/report.html")
    ] = None,
    tolerance: Annotated[
        float | None,
        typer.Option(
            metavar="PP",
            min=0.01,
            help="Percentage points below the baseline that are still within.",
            show_default="the run's own, or 1",
        ),
    ] = None,
    no_examples: Annotated[
        bool, typer.Option("--no-examples", help="Leave training texts out.")
    ] = False,
    gate: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME>=RATE", help="Exit 5 unless that much can go. Repeat."),
    ] = None,
) -> None:
    """Write the report of a run: one HTML page, with envelope.csv and trials.parquet beside it."""
    from analysis.gate import Gate, unmet
    from analysis.study import read_runs

    if out is None and len(runs) > 1:
        raise typer.BadParameter("several runs need --out PATH", param_hint="RUN")
    with explained():
        gates = [Gate.of(text) for text in gate or ()]
        seen = read_runs(runs, tolerance)
        if no_examples:
            seen = replace(seen, dropped=replace(seen.dropped, examples=(), with_examples=False))
        missed = unmet(seen, gates)
        typer.echo(write_study(seen, out or runs[0] / "report.html"))
    for sentence in missed:
        typer.echo(f"gate not met: {sentence}", err=True)
    if missed:
        raise SystemExit(GATE)


if __name__ == "__main__":
    app()
