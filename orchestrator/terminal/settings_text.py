"""The settings of a sweep as text: each with its value and where that comes from."""

from collections.abc import Iterable, Mapping

from rich.box import Box
from rich.console import Console
from rich.table import Table

from analysis.guards import Criterion
from orchestrator.planning.grids import Grid
from orchestrator.planning.request import Request
from orchestrator.planning.resolved import ResolvedSetting, resolved_settings
from trainables.learners.pretrained import Model


def print_settings(
    request: Request,
    grid: Grid,
    model: Model,
    by: Criterion,
    origins: Mapping[str, str],
    console: Console,
) -> None:
    """Print what will be trained, compared and judged, as `resolved_settings` has it."""
    console.print(settings_table(resolved_settings(request, grid, model, by, origins)))


def settings_table(settings: Iterable[ResolvedSetting], *, box: Box | None = None) -> Table:
    """A row each."""
    table = Table("setting", box=box)
    table.columns[0].no_wrap = True
    table.add_column("value", overflow="fold")
    table.add_column("from", overflow="fold")
    for one in settings:
        table.add_row(one.name, one.value, one.origin)
    return table
