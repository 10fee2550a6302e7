"""prune-envelope sweep --dry-run: what would run, what it would take, and nothing is started."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from orchestrator.cli.options import SweepOptions
from orchestrator.cli.places import print_places
from orchestrator.cli.typed_command import typed_command

if TYPE_CHECKING:
    from rich.console import Console

    from orchestrator.planning.plan import Sweep
    from orchestrator.planning.resources import Resources

_STARTED_NOTHING = "Nothing was started. Run without --dry-run to start."


def dry_run(
    options: SweepOptions, origins: Mapping[str, str], resources: "Resources", console: "Console"
) -> int:
    """Print the plan of a sweep; the exit code.

    Where the hub cannot be asked, what is planned is told by its names.

    Args:
        options: What was asked for.
        origins: Where each option that was set comes from.
        resources: Where it would run.
        console: Where it goes.
    """
    from orchestrator.planning.plan import plan_sweep
    from orchestrator.terminal.plan_text import print_plan
    from orchestrator.terminal.settings_text import print_settings
    from trainables.errors import DONE, MissingError, UnreachedError

    request = options.request()
    try:
        sweep = plan_sweep(
            request,
            resources,
            run=options.run,
            command=typed_command(),
            tolerance=options.tolerance or None,
        )
    except (MissingError, UnreachedError) as error:
        if not error.is_unreached or request.own:
            raise
        _print_by_names(options, origins, resources, console)
        return DONE
    print_places(options, sweep, console)
    print_plan(sweep, console)
    loaded = sweep.loaded
    print_settings(request, loaded.grid, loaded.model, loaded.by, origins, console)
    if not sweep.searches:
        sweep.run.check_plan(sweep.plan)
    _print_estimate(options, sweep, console)
    console.print(_STARTED_NOTHING)
    return DONE


def _print_estimate(options: SweepOptions, sweep: "Sweep", console: "Console") -> None:
    from analysis.pricing import price_of
    from orchestrator.planning.estimate import (
        calibrate_paces,
        full_runs,
        measured_paces,
        scoring_runs,
    )
    from orchestrator.planning.quick_paces import quick_paces
    from orchestrator.planning.wall_clock import crowd
    from orchestrator.terminal.estimate_text import print_estimate

    found = []
    for of in (full_runs, scoring_runs):
        paces = measured_paces(sweep, of)
        lacking = set(of(sweep)) - set(paces)
        if options.calibrate:
            paces |= calibrate_paces(sweep, lacking, of)
        elif not sweep.loaded.own or of is scoring_runs:
            paces |= quick_paces(sweep, lacking, of)
        found.append(paces)
    print_estimate(
        sweep,
        found[0],
        console,
        scoring=found[1],
        crowd=crowd(),
        price=price_of(options.gpu_price) if options.gpu_price else None,
    )


def _print_by_names(
    options: SweepOptions, origins: Mapping[str, str], resources: "Resources", console: "Console"
) -> None:
    from orchestrator.planning.named_plan import named_plan
    from orchestrator.terminal.named_text import print_named
    from orchestrator.terminal.settings_text import print_settings
    from trainables.learners.pretrained import named_model

    request = options.request()
    by = request.criterion(options.tolerance or None)
    plan = named_plan(request, gpu=resources.gpus > 0)
    print_named(request.grid or "own", plan, console)
    model = named_model(request.model_name())
    print_settings(request, plan.grid, model, by, origins, console)
    console.print(_STARTED_NOTHING)
