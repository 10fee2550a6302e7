"""What a sweep of a trainer of the user's own is planned from: its data read, the trainer found."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from analysis.metrics import METRICS
from orchestrator.planning.expansion import expand
from orchestrator.planning.loaded import Loaded, named_apart
from orchestrator.planning.own_asked import OwnAsked
from orchestrator.planning.own_trainers import (
    OwnTrainer,
    check_grid,
    place_of,
    with_probes,
    with_tables,
)
from orchestrator.planning.request import Request
from orchestrator.planning.resources import Resources
from trainables.data.catalog import Source, load


def loaded_for_own(
    request: Request,
    asked: OwnAsked,
    resources: Resources,
    sources: Mapping[str, Source],
    run: Path | None,
    command: str,
    tolerance: float,
) -> Loaded:
    """What a sweep of a trainer of the user's own is planned from; raises as `plan_sweep`."""
    metric = METRICS["accuracy"]
    request.check_own()
    place = place_of(resources, metric, asked)
    trainer = asked.find(place)
    own = OwnTrainer(trainer=trainer, place=place, notes=asked.notes(trainer, place))
    grid = request.resolved(own.model, gpu=False)
    check_grid(own, grid, scored=False)
    expand(grid, dict.fromkeys(sources, ""), own.model, own=own)
    read = {name: load(own.source(source, metric)) for name, source in sources.items()}
    datasets = named_apart(read)
    own = with_tables(own, datasets.values())
    own = with_probes(own, datasets.values()) if asked.probe else own
    return Loaded(
        request=request,
        grid=grid,
        model=own.model,
        datasets=datasets,
        sources=sources,
        pieces={},
        resources=replace(resources, place=own.place),
        run=run,
        command=command,
        tolerance=tolerance,
        own=own,
    )
