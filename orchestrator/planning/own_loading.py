"""What a sweep of a trainer of the user's own is planned from: its data read, the trainer found."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from analysis.guards import Criterion
from orchestrator.planning.expansion import check_expands
from orchestrator.planning.judging import check_criterion
from orchestrator.planning.loaded import Loaded, named_apart
from orchestrator.planning.missing import Missing, look_at_sources, read_all
from orchestrator.planning.own_asked import OwnAsked
from orchestrator.planning.own_trainers import (
    OwnTrainer,
    check_grid,
    check_request,
    needs_of,
    place_of,
    source_of_own,
    unscored,
    with_probes,
    with_tables,
)
from orchestrator.planning.preflight import check_pieces
from orchestrator.planning.request import Request
from orchestrator.planning.resources import Resources
from orchestrator.planning.scorers import check_scorable, locate_score_model, own_scores, scorers_of
from orchestrator.planning.sizes import family_of
from trainables.data.catalog import Source
from trainables.learners.pretrained import fitted, locate_model

# Scores texts where nobody else was named to: made of the data alone, in seconds.
SCORE_MODEL = "linear"


def loaded_for_own(
    request: Request,
    asked: OwnAsked,
    resources: Resources,
    sources: Mapping[str, Source],
    told: Mapping[str, Any],
) -> Loaded:
    """What a sweep of a trainer of the user's own is planned from; raises as `plan_sweep`.

    Args:
        request: What was asked for.
        asked: Of the trainer.
        resources: What the sweep runs on.
        sources: Where its data sets come from, by name.
        told: Fields of Loaded that are handed on.
    """
    by: Criterion = told["by"]
    _check_asked(request, asked)
    place = place_of(resources, by, asked)
    trainer = asked.find(place)
    own = OwnTrainer(trainer=trainer, place=place, notes=asked.notes(trainer, place))
    gpu = resources.gpus > 0
    grid = request.resolved(own.model, gpu=gpu)
    score_model = locate_score_model(request, own.model)
    check_grid(own, grid, scored=score_model is not None)
    if unscored(grid) and score_model is None:
        score_model = locate_model(SCORE_MODEL)
    scoring = request.training_of(score_model, gpu=gpu, scores=True) if score_model else None
    scorers = scorers_of(score_model, scoring, dict.fromkeys(sources, 0))
    check_expands(grid, sources, own.model, own=own, scorers=scorers)
    missing = Missing(command=told["command"])
    given = [source_of_own(source, by) for source in sources.values()]
    look_at_sources(given, missing)
    missing.end()
    read = read_all(given, missing)
    missing.end()
    datasets = named_apart(read)
    check_criterion(by, datasets.values())
    if score_model:
        for dataset in datasets.values():
            check_scorable(score_model, dataset)
        score_model = fitted(score_model)
    own = replace(own, place=replace(place, needs=needs_of(by, datasets.values())))
    scores = own_scores(request, datasets)
    family = family_of(grid, datasets.values(), scores)
    own = with_tables(own, [*datasets.values(), *family.datasets.values()])
    family = replace(family, columns={sha: one.sha for sha, one in own.tables.items()})
    own = with_probes(own, datasets.values()) if asked.probe else own
    length = scoring.max_length if scoring else 0
    pieces = check_pieces(score_model, datasets.values(), length) if score_model else {}
    return Loaded(
        request=request,
        grid=grid,
        model=own.model,
        score_model=score_model,
        scoring=scoring,
        own_scores=scores,
        family=family,
        datasets=datasets,
        sources=sources,
        pieces=pieces,
        resources=replace(resources, place=own.place),
        **told,
        own=own,
    )


def _check_asked(request: Request, asked: OwnAsked) -> None:
    """Refuse what was asked for and means nothing to a trainer of the user's own.

    Raises:
        UsageError: If there is such.
    """
    given: dict[str, Any] = {name.replace("_", "-"): True for name, _ in request.training}
    given |= {"model": request.model, "tune": request.tune}
    given["precision"] = request.precision != "auto"
    check_request(asked.flag, given, request.protocol or request.base().protocol)
