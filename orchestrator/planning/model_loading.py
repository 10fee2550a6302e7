"""What a sweep of a learner of ours is planned from: its data read, its model found."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from orchestrator.planning.documents import check_documents
from orchestrator.planning.expansion import check_expands
from orchestrator.planning.grids import Grid
from orchestrator.planning.judging import check_criterion
from orchestrator.planning.loaded import Loaded, named_apart
from orchestrator.planning.missing import Missing, come_with_vectors, look_at_sources, read_all
from orchestrator.planning.own_grids import here_instead
from orchestrator.planning.own_trainers import usual_training
from orchestrator.planning.preflight import check_inputs, check_pieces
from orchestrator.planning.request import Request
from orchestrator.planning.resources import Resources
from orchestrator.planning.scorers import locate_score_model, own_scores, scorers_of
from orchestrator.planning.sizes import family_of
from trainables.data.catalog import Source
from trainables.errors import UsageError
from trainables.learners import LEARNERS
from trainables.learners.pretrained import Model, fitted, locate_model, named_model
from trainables.training_settings import Training


def loaded_for_model(
    request: Request,
    resources: Resources,
    sources: Mapping[str, Source],
    told: Mapping[str, Any],
) -> Loaded:
    """What a sweep of a learner of ours is planned from; raises as `plan_sweep`.

    All that is missing is told at once: the data are looked at before the model is fetched.
    """
    missing = Missing(command=told["command"])
    looked = look_at_sources(sources.values(), missing)
    name = request.model_name(has_vectors=come_with_vectors(sources.values(), looked))
    model = missing.model(lambda: locate_model(name), here=here_instead(name))
    known = model or named_model(name)
    score_model = missing.model(lambda: locate_score_model(request, known), "--score-model")
    grid, scoring = _checked_grid(
        request, known, score_model, missing, gpu=resources.gpus > 0, names=tuple(sources)
    )
    if not missing.is_of_models:
        missing.end()
    read = read_all(sources.values(), missing)
    missing.end()
    assert model and grid, "else the end has come"
    datasets = named_apart(read)
    check_inputs(model, datasets.values(), score_model)
    check_criterion(told["by"], datasets.values(), LEARNERS[model.learner].leaves)
    model = fitted(model)
    training = grid.training or usual_training(model)
    documents = check_documents(model, datasets.values(), training.max_length)
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
        documents=documents,
        resources=resources,
        **told,
    )


def _checked_grid(
    request: Request,
    model: Model,
    score_model: Model | None,
    missing: Missing,
    *,
    gpu: bool,
    names: tuple[str, ...],
) -> tuple[Grid | None, Training | None]:
    """The grid asked for, and how what scores is trained; what is wrong with them is noted, each by itself."""

    def checked(asked: Request) -> tuple[Grid, Training | None]:
        grid = asked.resolved(model, gpu=gpu)
        scoring = asked.training_of(score_model, gpu=gpu, scores=True) if score_model else None
        scorers = scorers_of(score_model, scoring, dict.fromkeys(names, 0))
        check_expands(grid, names, model, scorers=scorers)
        return grid, scoring

    try:
        return checked(request)
    except UsageError as error:
        found: dict[str, UsageError] = {}
        for one in _parts(request):
            try:
                checked(one)
            except UsageError as its_own:
                # Of one signal one is enough: what else is said of it rests on the rest of its grid.
                found.setdefault(str(its_own).partition(": ")[0], its_own)
        for each in found.values() if str(error) in map(str, found.values()) else [error]:
            missing.add(each)
    return None, None


def _parts(request: Request) -> list[Request]:
    """The same request with one signal, warm-up or rate at a time: what is wrong with one is not all."""
    rest = replace(request, signals=(), warmups=(), rates=())
    return [
        *(replace(rest, signals=(one,), warmups=request.warmups[:1]) for one in request.signals),
        *(replace(request, warmups=(one,), rates=()) for one in request.warmups),
        *(replace(request, rates=(one,), warmups=()) for one in request.rates),
    ]
