"""What a sweep of a learner of ours is planned from: its data read, its model found."""

from collections.abc import Mapping
from typing import Any

from orchestrator.planning.expansion import check_expands
from orchestrator.planning.judging import check_criterion
from orchestrator.planning.loaded import Loaded, named_apart
from orchestrator.planning.preflight import check_inputs, check_pieces
from orchestrator.planning.request import Request
from orchestrator.planning.resources import Resources
from orchestrator.planning.scorers import locate_score_model, own_scores, scorers_of
from orchestrator.planning.sizes import family_of
from trainables.data.catalog import Source, comes_with_vectors, load
from trainables.learners import LEARNERS
from trainables.learners.pretrained import fitted, locate_model


def loaded_for_model(
    request: Request,
    resources: Resources,
    sources: Mapping[str, Source],
    told: Mapping[str, Any],
) -> Loaded:
    """What a sweep of a learner of ours is planned from; raises as `plan_sweep`."""
    has_vectors = any(map(comes_with_vectors, sources.values()))
    model = locate_model(request.model_name(has_vectors=has_vectors))
    score_model = locate_score_model(request, model)
    gpu = resources.gpus > 0
    grid = request.resolved(model, gpu=gpu)
    scoring = request.training_of(score_model, gpu=gpu, scores=True) if score_model else None
    scorers = scorers_of(score_model, scoring, dict.fromkeys(sources, 0))
    check_expands(grid, sources, model, scorers=scorers)
    datasets = named_apart({name: load(source) for name, source in sources.items()})
    check_inputs(model, datasets.values(), score_model)
    check_criterion(told["by"], datasets.values())
    model = fitted(model)
    training = grid.training or LEARNERS[model.learner].training
    pieces = check_pieces(model, datasets.values(), training.max_length)
    if score_model and scoring:
        score_model = fitted(score_model)
        check_pieces(score_model, datasets.values(), scoring.max_length)
    scores = own_scores(request, datasets)
    return Loaded(
        request=request,
        grid=grid,
        model=model,
        score_model=score_model,
        scoring=scoring,
        own_scores=scores,
        family=family_of(grid, datasets.values(), scores),
        datasets=datasets,
        sources=sources,
        pieces=pieces,
        resources=resources,
        **told,
    )
