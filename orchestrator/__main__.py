"""prune-envelope: every command under one name."""

from collections.abc import Callable
from typing import Annotated

import typer

from analysis.figure import EPILOG as FIGURE_EPILOG
from analysis.figure import figure
from analysis.plain_commands import PlainCommand, PlainGroup
from analysis.report import EPILOG as REPORT_EPILOG
from analysis.report import report
from analysis.table import EPILOG as TABLE_EPILOG
from analysis.table import table
from orchestrator.cli.cache_commands import app as cache
from orchestrator.cli.completion import CompletedCommandLine
from orchestrator.cli.config_file import app as config
from orchestrator.cli.doctor import doctor
from orchestrator.cli.epilogs import EPILOGS
from orchestrator.cli.inspect import inspect
from orchestrator.cli.listing import list_grids, list_signals
from orchestrator.cli.prune import prune
from orchestrator.cli.score import score_dataset
from orchestrator.cli.status import status
from orchestrator.cli.theory import theory
from orchestrator.sweep import demo, sweep

app = CompletedCommandLine(
    name="prune-envelope",
    cls=PlainGroup,
    no_args_is_help=True,
    epilog=EPILOGS["prune-envelope"],
)


def _version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version

        typer.echo(f"prune-envelope {version('prune-envelope')}")
        raise typer.Exit


@app.callback()
def global_options(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_version, is_eager=True, help="Print the version and end."
        ),
    ] = False,
) -> None:
    """Measure how much of a training set can be dropped before accuracy slips."""


_RUN, _READ, _WRITE, _ASK = "Measure", "Read a run", "Use what was found", "Look up"
_COMMANDS: tuple[tuple[str, Callable[..., None], str], ...] = (
    ("demo", demo, _RUN),
    ("sweep", sweep, _RUN),
    ("status", status, _READ),
    ("report", report, _READ),
    ("table", table, _READ),
    ("figure", figure, _READ),
    ("prune", prune, _WRITE),
    ("score", score_dataset, _WRITE),
    ("inspect", inspect, _ASK),
    ("signals", list_signals, _ASK),
    ("grids", list_grids, _ASK),
    ("doctor", doctor, _ASK),
    ("theory", theory, _ASK),
)
_EPILOGS = {**EPILOGS, "figure": FIGURE_EPILOG, "report": REPORT_EPILOG, "table": TABLE_EPILOG}
for _name, _command, _group in _COMMANDS:
    _add = app.command(_name, cls=PlainCommand, epilog=_EPILOGS[_name], rich_help_panel=_group)
    _add(_command)
app.add_typer(config, name="config", rich_help_panel=_ASK)
app.add_typer(cache, name="cache", rich_help_panel=_ASK)

if __name__ == "__main__":
    app()
