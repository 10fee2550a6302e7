"""A run's report: `python -m analysis.report RUN` writes one HTML page, and beside it the answers and tables."""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from analysis.completion import completes
from analysis.cover import Cover, cover_flags
from analysis.judging_flags import Against, GpuPrice, judging_flags
from analysis.page_place import page_place
from analysis.plain_commands import PlainCommand
from analysis.pricing import price_of
from trainables.errors import GATE, explained
from trainables.plain_text import shown
from trainables.streams import CommandLine
from trainables.whole_file import whole_file

if TYPE_CHECKING:
    from analysis.changes import Changes
    from analysis.criteria import Asked
    from analysis.dropped_samples import Dropped
    from analysis.guards import Criterion
    from analysis.run_files import Plan
    from analysis.study import Study
    from trainables.result import TrialResult

app = CommandLine()
EPILOG = """Examples:
  prune-envelope report runs/a
  prune-envelope report runs/a --tolerance 0.5
  # in continuous integration: fail unless 10% can go
  prune-envelope report runs/a --gate "tickets>=0.1"

Exit codes: 0 done, 2 usage, 4 run not there or not valid, 5 a gate not met. python -m analysis.report takes the same flags."""


def build_report(
    results: "Iterable[TrialResult]",
    plan: "Plan | None" = None,
    *,
    name: str = "run",
    tolerance: float | str | None = None,
    dropped: "Dropped | None" = None,
) -> str:
    """The report as one HTML page: no clock, no network, equal rows give an equal page.

    Args:
        results: Rows of a run.
        plan: What was to be run, or None where that is not known.
        name: The run's name.
        tolerance: How much worse is still within, in the metric's unit or as a share of the gain such as
            "5%"; without it the plan's, or the metric's own.
        dropped: Who was dropped, or None where that is not known.

    Raises:
        ValueError: If paired trials were not tested on the same test set.
    """
    from analysis.criteria import Asked, criterion_in
    from analysis.page.render import render
    from analysis.run_files import Plan
    from analysis.study import study

    by = criterion_in(plan or Plan(), Asked(tolerance=tolerance))
    seen = study(results, plan, name=name, by=by, dropped=dropped)
    return render(seen)


def write_report(run: Path, asked: "Asked | None" = None, *, by: "Criterion | None" = None) -> Path:
    """Write RUN/report.html, and verdicts.json, envelope.csv, contrasts.csv and trials.parquet beside it.

    Args:
        run: The run's folder.
        asked: What to judge by, where it is not what the plan says.
        by: The same, read already.

    Returns:
        The page's path.

    Raises:
        FileNotFoundError: If the run holds no rows and no plan.
        ValueError: If a file of the run is not what it should be.
    """
    from analysis.criteria import Asked
    from analysis.study import read_runs

    seen = read_runs([run], asked or Asked(), by=by)
    return write_study(seen, page_place(run / "report.html", [run], seen.name))


def write_study(
    seen: "Study",
    out: Path,
    *,
    changes: "Changes | None" = None,
    cover: Cover = Cover(),  # noqa: B008 - frozen
) -> Path:
    """Write a study's page to out, with what changed since an older run, and beside it verdicts.json and the tables."""
    from analysis.page.render import render
    from analysis.table_rows import short_csv, trial_rows
    from analysis.verdicts_json import verdicts_json
    from trainables.records import write_parquet

    page = render(seen, out.parent, changes=changes, cover=cover)
    tables = {
        name: "".join(f"{line}\n" for line in short_csv(seen, name))
        for name in ("envelope", "contrasts")
    }
    answers = verdicts_json(seen)
    out.parent.mkdir(parents=True, exist_ok=True)
    with whole_file(out.parent / "trials.parquet") as draft:
        write_parquet(seen.results, trial_rows(seen), draft)
    for name, table in tables.items():
        with whole_file(out.parent / f"{name}.csv") as draft:
            draft.write_text(table, encoding="utf-8")
    with whole_file(out.parent / "verdicts.json") as draft:
        draft.write_text(answers, encoding="utf-8")
    with whole_file(out) as draft:
        draft.write_text(page, encoding="utf-8")
    return out


@app.command(
    cls=PlainCommand,
    epilog=EPILOG,
)
@judging_flags
@cover_flags
def report(
    runs: Annotated[
        list[Path],
        typer.Argument(
            metavar="RUN",
            autocompletion=completes("run"),
            help="Folder of a run. Several runs make one report, with --out.",
        ),
    ],
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Page to write; the tables go beside it.",
            show_default="RUN/report.html",
        ),
    ] = None,
    gate: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME>=RATE",
            help="Exit with 5 unless the answer for the data set NAME removes that share. Repeat the flag for several.",
        ),
    ] = None,
    gpu_price: GpuPrice = None,
    against: Against = None,
    *,
    flags: dict[str, Any],
    cover: Cover,
) -> None:
    """Write the report of a run: one HTML page, with verdicts.json, envelope.csv, contrasts.csv and trials.parquet beside it."""
    from analysis.changes import changes_since
    from analysis.criteria import Asked
    from analysis.gate import Gate, unmet
    from analysis.study import read_runs

    if out is None and len(runs) > 1:
        raise typer.BadParameter("several runs need --out PATH", param_hint="RUN")
    with explained():
        gates = [Gate.of(text) for text in gate or ()]
        price = None if gpu_price is None else price_of(gpu_price)
        seen = read_runs(runs, Asked.of(**flags), gpu_price=price)
        if not cover.with_examples:
            seen = replace(seen, dropped=seen.dropped.without_texts())
        missed = unmet(seen, gates)
        changes = changes_since(seen, runs, against) if against else None
        page = page_place(out or runs[0] / "report.html", runs, seen.name)
        typer.echo(shown(str(write_study(seen, page, changes=changes, cover=cover))))
    for sentence in missed:
        typer.echo(shown(f"gate not met: {sentence}"), err=True)
    if missed:
        raise SystemExit(GATE)


if __name__ == "__main__":
    app()
