"""A run's report: `python -m analysis.report RUN` writes one HTML page and two tables beside it."""

import tempfile
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from analysis.study import Plan
    from trainables.spec import TrialResult

EXIT_NO_DATA = 4

app = typer.Typer(add_completion=False)


def build_report(
    results: "Iterable[TrialResult]",
    plan: "Plan | None" = None,
    *,
    name: str = "run",
    tolerance_pp: float | None = None,
) -> str:
    """The report as one HTML page: no clock, no network, equal rows give an equal page.

    Args:
        results: Rows of a run.
        plan: What was to be run, or None where that is not known.
        name: The run's name.
        tolerance_pp: How far below the baseline is still within; without it the plan's, or 1.

    Raises:
        ValueError: If paired trials were not tested on the same test set.
    """
    from analysis.pages import render
    from analysis.study import study

    return render(study(results, plan, name=name, tolerance_pp=tolerance_pp))


def write_report(run: Path, tolerance_pp: float | None = None) -> Path:
    """Write RUN/report.html, and envelope.csv and trials.parquet beside it.

    Args:
        run: The run's folder.
        tolerance_pp: How far below the baseline is still within; without it the plan's, or 1.

    Returns:
        The page's path.

    Raises:
        FileNotFoundError: If the run holds no rows and no plan.
        ValueError: If a file of the run is not what it should be.
    """
    return write_reports([run], run / "report.html", tolerance_pp)


def write_reports(runs: Sequence[Path], out: Path, tolerance_pp: float | None = None) -> Path:
    """Write one page over several runs to out, and the two tables beside it.

    Raises:
        FileNotFoundError: If a run holds no rows and no plan.
        ValueError: If a file of a run is not what it should be.
    """
    from analysis.pages import render
    from analysis.runs import load_run
    from analysis.study import load_plan, merged, study
    from analysis.tables import csv_text, envelope_table
    from trainables.records import write_parquet

    rows = [row for run in runs for row in load_run(run)]
    plan = merged(load_plan(run) for run in runs)
    name = " + ".join(run.resolve().name for run in runs)
    seen = study(rows, plan, name=name, tolerance_pp=tolerance_pp)
    page, table = render(seen), csv_text(envelope_table(seen))
    out.parent.mkdir(parents=True, exist_ok=True)
    _write(out.parent / "trials.parquet", partial(write_parquet, seen.results))
    _write(out.parent / "envelope.csv", lambda path: path.write_text(table, encoding="utf-8"))
    _write(out, lambda path: path.write_text(page, encoding="utf-8"))
    return out


def _write(path: Path, fill: Callable[[Path], object]) -> None:
    """Fill a file beside its place, then rename it: a reader sees the old one or the new one."""
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=f".{path.name}.") as folder:
        beside = Path(folder) / path.name
        fill(beside)
        beside.replace(path)


@app.command()
def main(
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
) -> None:
    """Write the report of a run: one HTML page, with envelope.csv and trials.parquet beside it."""
    if out is None and len(runs) > 1:
        raise typer.BadParameter("several runs need --out PATH", param_hint="RUN")
    try:
        path = write_reports(runs, out or runs[0] / "report.html", tolerance)
    except (ValueError, OSError) as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(EXIT_NO_DATA) from error
    typer.echo(path)


if __name__ == "__main__":
    app()
