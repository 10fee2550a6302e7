"""A run's tables on standard output: `prune-envelope table RUN --what envelope --format md`."""

import json
import sys
from collections.abc import Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from analysis.chosen_rows import ONLY_FLAGS, Only, chosen_rows
from analysis.completion import completes
from analysis.flowed_text import flowed
from analysis.judging_flags import Against, GpuPrice, gathered, judging_flags
from analysis.plain_commands import PlainCommand
from analysis.pricing import price_of
from trainables.errors import UsageError, explained
from trainables.plain_text import printable, shown
from trainables.streams import CommandLine

if TYPE_CHECKING:
    from analysis.study import Study

app = CommandLine()
EPILOG = """Examples:
  prune-envelope table runs/a
  prune-envelope table runs/a --what envelope
  prune-envelope table runs/a --what bias \\
      --format csv > bias.csv

Exit codes: 0 done, 2 usage, 4 run not there or not valid. python -m analysis.table takes the same flags."""
# Columns a person wants to see first; the others are in csv and json.
_WHICH = ("dataset", "method", "warmup", "rate")
_SHOWN = {
    "envelope": (*_WHICH, "verdict", "delta", "low", "high", "unit", "n_seeds", "more_seeds"),
    "verdicts": (
        "dataset", "method", "warmup", "tested_rate", "found_rate", "answer", "low_rate",
        "p_none_within_holm", "against_random", "saved_net_1", "saved_net_20",
    ),
    "signals": (
        *_WHICH, "random_delta", "random_low", "random_high", "unit", "random_p_holm",
        "against_random",
    ),
    "bias": (
        *_WHICH, "class", "class_count", "kept_count", "likeness", "bias", "z", "recall_delta", "recall_low",
        "recall_high", "unit",
    ),
    "leaks": (*_WHICH, "side", "n_test", "full_accuracy", "verdict", "delta", "low", "high", "unit"),
    "cost": (
        *_WHICH, "examples_share", "tokens_share", "seconds_share", "scoring_share",
        "scoring_seconds_share", "saved_gross", "saved_net_1", "saved_net_5", "saved_net_20",
        "pays_from_runs", "pays_from_epochs", "pays_from_runs_with_sweep", "dollars_full",
        "dollars_pruned", "dollars_scoring", "dollars_sweep", "joules_full", "joules_pruned",
    ),
    "trials": (
        "result_key", "dataset", "signal", "selector", "warmup", "rate", "seed", "metric", "value",
        "delta", "unit", "n_kept", "training_seconds", "status", "error",
    ),
    "transfer": (
        "basis", "decision", "small", "big", "n", "holds", "contradicts", "open", "share", "share_low",
        "share_high", "small_seconds", "big_seconds",
    ),
    "average": (
        "average", "warmup", "rate", "dataset", "method", "n_datasets", "verdict", "delta", "low", "high",
        "unit", "n_seeds",
    ),
    "causes": (
        *_WHICH, "n_classes", "likeness_rank", "likeness_rank_p", "size_rank", "size_rank_p",
        "size_likeness_rank", "why_none",
    ),
    "overlap": (
        *_WHICH, "n_pairs", "shared_share", "chance_share", "jaccard", "jaccard_least", "jaccard_most",
        "chance_jaccard",
    ),
    "slopes": (
        "dataset", "method", "warmup", "rates", "slope", "slope_low", "slope_high", "bend", "bend_low",
        "bend_high", "bend_p", "is_bent", "unit", "n_seeds",
    ),
    "contrasts": (
        "kind", "dataset", "shared", "left", "right", "n_seeds", "mean", "low", "high", "p", "p_corrected",
        "finding", "unit", "notes",
    ),
    "leaders": (
        "dataset", "warmup", "rates", "method", "may_lead", "behind", "n_seeds", "delta", "low", "high",
        "confidence", "unit",
    ),
    "changes": (
        *_WHICH, "then_verdict", "then_delta", "verdict", "delta", "change", "change_low", "change_high", "unit",
        "pairing", "finding", "notes",
    ),
}  # fmt: skip


class What(StrEnum):
    """The tables there are."""

    RESULTS = "results"
    ENVELOPE = "envelope"
    VERDICTS = "verdicts"
    SIGNALS = "signals"
    BIAS = "bias"
    LEAKS = "leaks"
    COST = "cost"
    TRIALS = "trials"
    TRANSFER = "transfer"
    CONTRASTS = "contrasts"
    LEADERS = "leaders"
    AVERAGE = "average"
    CAUSES = "causes"
    OVERLAP = "overlap"
    SLOPES = "slopes"
    CHANGES = "changes"


class Format(StrEnum):
    """How they are written."""

    TEXT = "text"
    MD = "md"
    CSV = "csv"
    JSON = "json"
    LATEX = "latex"


@app.command(cls=PlainCommand, epilog=EPILOG)
@judging_flags
@gathered(ONLY_FLAGS, "only")
def table(
    runs: Annotated[
        list[Path],
        typer.Argument(
            metavar="RUN",
            autocompletion=completes("run"),
            help="Folder of a run. Several runs make one table.",
        ),
    ],
    what: Annotated[
        What,
        typer.Option(
            metavar="TABLE",
            help=f"Which table: {', '.join(What)}. docs/files.md tells every column.",
        ),
    ] = What.RESULTS,
    form: Annotated[
        Format,
        typer.Option(
            "--format",
            metavar="FORMAT",
            help=f"How it is written: {', '.join(Format)}. csv and json have every column.",
        ),
    ] = Format.TEXT,
    gpu_price: GpuPrice = None,
    against: Against = None,
    *,
    only: dict[str, Any],
    flags: dict[str, Any],
) -> None:
    """Print a table of a run: how much can go, by which signal, who is dropped, what it saves."""
    from analysis.changes import CHANGE_COLUMNS, change_rows, changes_since
    from analysis.criteria import Asked
    from analysis.study import read_runs
    from analysis.table_rows import TABLES

    with explained():
        price = None if gpu_price is None else price_of(gpu_price)
        study = read_runs(runs, Asked.of(**flags), gpu_price=price)
        if (what is What.CHANGES) != (against is not None):
            raise UsageError(
                "--what changes and --against OLD_RUN go together: give both, or neither"
            )
        if against is not None:
            rows = change_rows(changes_since(study, runs, against))
            typer.echo(
                shown(_table("changes", CHANGE_COLUMNS, chosen_rows("changes", rows, only), form))
            )
            return
        if what is What.TRANSFER and not any(TABLES[what.value](study)):
            raise UsageError(
                f"{', '.join(map(str, runs))}: no two models to compare; give the runs of a small and of a "
                "large one on the same data, or a run with --score-model beside that of its score model"
            )
        typer.echo(shown(written(study, what.value, form.value, only)))


def written(study: "Study", what: str, form: str, only: Only | None = None) -> str:
    """A table as text.

    Args:
        study: The run, judged.
        what: Of What.
        form: Of Format.
        only: Which rows of it, as `chosen_rows` takes it.

    Raises:
        UsageError: If there are no such rows.
    """
    from analysis.table_rows import COLUMNS, TABLES

    if what == What.RESULTS:
        return _results(study, form, only or {})
    return _table(what, COLUMNS[what], chosen_rows(what, TABLES[what](study), only or {}), form)


def _table(what: str, every: Sequence[str], rows: Sequence[Mapping[str, Any]], form: str) -> str:
    """Rows as text: of csv and json every column, else those that a person wants to see."""
    from analysis.csv_lines import csv_lines, plain

    if form == "json":
        clean = [{name: plain(value) for name, value in row.items()} for row in rows]
        return json.dumps(clean)
    if form == "csv":
        return "\n".join(csv_lines(every, rows))
    columns = list(_SHOWN[what])
    texts = [[_text(name, row[name], row.get("unit")) for name in columns] for row in rows]
    if form == "latex":
        import pandas as pd

        drawn = pd.DataFrame(texts, columns=columns).to_latex(index=False, escape=True)
        return str(drawn).replace("−", "$-$")  # a sign that pdflatex has
    return _drawn(columns, texts, form)


def _results(study: "Study", form: str, only: Only) -> str:
    """Method by rate: as a sweep ends, or made for a paper."""
    from analysis.csv_lines import csv_lines
    from analysis.paper_table import latex_table, markdown_results
    from analysis.results_table import chosen_lines, result_lines, result_rows, results_key

    lines = chosen_lines(result_lines(study), only)
    if form in ("latex", "md"):
        return (latex_table if form == "latex" else markdown_results)(study, lines)
    rows = result_rows(lines, keyboard=form in ("json", "csv"))
    if form == "json":
        return json.dumps(rows, ensure_ascii=False)
    columns = [*(rows[0] if rows else _WHICH[:3])]
    if form == "csv":
        return "\n".join(csv_lines(columns, rows))
    texts = [[printable(row[name], lines=False) for name in columns] for row in rows]
    return f"{results_key(study)}\n\n{_drawn(columns, texts, form)}"


def _text(name: str, value: Any, unit: str | None) -> str:
    """A value to as many decimals as it is worth."""
    from analysis.changes import CHANGES_IN_UNIT
    from analysis.table_rows import IN_UNIT

    if value is None:
        return ""
    if isinstance(value, bool) or not isinstance(value, float):
        return str(value)[:12] if name == "result_key" else printable(str(value), lines=False)
    if name in IN_UNIT | CHANGES_IN_UNIT or name == "z":
        text = f"{value:+.2f}" if unit in (None, "pp") or name == "z" else f"{value:+.3g}"
        return text.replace("-", "−", 1)
    return f"{value:.3f}" if name.endswith(("_holm", "_corrected")) else f"{value:.4g}"


def _drawn(columns: list[str], rows: list[list[str]], form: str) -> str:
    """A table whose cells are never broken; on a terminal that it does not fit, its rows one below another."""
    from rich import box
    from rich.cells import cell_len
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from analysis.markdown import markdown_cell

    plain = form == "md"
    drawn = Table(box=box.MARKDOWN if plain else box.SIMPLE_HEAD, show_edge=plain)
    for name in columns:
        drawn.add_column(name, no_wrap=True)
    for row in rows:
        drawn.add_row(*(Text(markdown_cell(cell) if plain else cell) for cell in row))
    # Without colours, whose codes would count as letters of a line.
    console = Console(width=10_000, markup=False, highlight=False, color_system=None)
    with console.capture() as caught:
        console.print(drawn)
    lines = [line.rstrip() for line in caught.get().strip("\n").splitlines()]
    # A file has no width of its own: its lines are as long as they need to be.
    width = Console().width if sys.stdout.isatty() and not plain else None
    if width is None or max(map(cell_len, lines)) <= width:
        return "\n".join(lines)
    if not rows:
        return "\n".join(flowed(["no rows of:", *columns], width))
    return "\n".join(_below_another(columns, rows, width))


def _below_another(columns: list[str], rows: list[list[str]], width: int) -> list[str]:
    """Each row as names and values over as many lines as it takes; what all rows share stands once, above."""
    same = [i for i in range(len(columns)) if len(rows) > 1 and len({row[i] for row in rows}) == 1]
    own = [i for i in range(len(columns)) if i not in same]
    shared = [f"{columns[i]} {rows[0][i]}" for i in same if rows[0][i]]
    lines = [*flowed(["all rows:", *shared], width), ""] if shared else []
    for row in rows:
        lines += flowed([f"{columns[i]} {row[i]}" for i in own if row[i]], width)
    return lines


if __name__ == "__main__":
    app()
