"""prune-envelope: every command under one name."""

from typing import Annotated

import typer

from analysis.figure import figure
from analysis.plain_commands import PlainGroup
from analysis.report import report
from analysis.table import table
from orchestrator.cli.cache_commands import app as cache
from orchestrator.cli.config_file import app as config
from orchestrator.cli.doctor import doctor
from orchestrator.cli.inspect import inspect
from orchestrator.cli.listing import list_grids, list_signals
from orchestrator.cli.prune import EXITS as PRUNE_EXITS
from orchestrator.cli.prune import prune
from orchestrator.cli.score import EPILOG as SCORE_CODES
from orchestrator.cli.score import score_dataset
from orchestrator.cli.status import status
from orchestrator.cli.theory import EPILOG as THEORY_CODES
from orchestrator.cli.theory import theory
from orchestrator.sweep import demo, sweep
from trainables.streams import CommandLine

app = CommandLine(name="prune-envelope", cls=PlainGroup, no_args_is_help=True)


def _version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version

        typer.echo(f"prune-envelope {version('prune-envelope')}")
        raise typer.Exit


@app.callback()
def global_options(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_version, is_eager=True, help="Print it and end."),
    ] = False,
) -> None:
    """Measure how much of a training set can be dropped before accuracy slips."""


app.command("demo")(demo)
app.command("sweep")(sweep)
app.command("inspect")(inspect)
app.command("score", epilog=SCORE_CODES)(score_dataset)
app.command("report")(report)
app.command("figure")(figure)
app.command("prune", epilog=PRUNE_EXITS)(prune)
app.command("table")(table)
app.command("status")(status)
app.command("doctor")(doctor)
app.command("signals")(list_signals)
app.command("grids")(list_grids)
app.command("theory", epilog=THEORY_CODES)(theory)
app.add_typer(config, name="config")
app.add_typer(cache, name="cache")

if __name__ == "__main__":
    app()
