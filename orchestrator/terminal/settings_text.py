"""The settings of a sweep as text: each with its value and where that comes from."""

from collections.abc import Iterable, Mapping

from rich.box import Box
from rich.console import Console

from analysis.guards import Criterion
from orchestrator.planning.grids import Grid
from orchestrator.planning.request import Request
from orchestrator.planning.resolved import ResolvedSetting, resolved_settings
from orchestrator.terminal.whole_table import WholeTable
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


def settings_table(settings: Iterable[ResolvedSetting], *, box: Box | None = None) -> WholeTable:
    """A row each."""
    table = WholeTable("setting", "value", "from", box=box)
    for one in settings:
        table.add_row(one.name, one.value, one.origin)
    return table
