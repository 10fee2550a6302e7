"""A plan by names alone: what a sweep would run of models and data sets that cannot be fetched now."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from orchestrator.planning.expansion import expand
from orchestrator.planning.grids import GRIDS, Grid
from orchestrator.planning.request import Request
from orchestrator.planning.scorers import scorers_of
from orchestrator.planning.seeds import FRESH_SEEDS
from trainables.data.catalog import Source, load
from trainables.errors import UnreachedError
from trainables.learners.pretrained import locate_model, named_model, revision_of
from trainables.spec import TrialSpec

_HUB = "https://huggingface.co"


@dataclass(frozen=True, kw_only=True)
class NamedPlan:
    """What a sweep would run, as far as names tell.

    Attributes:
        grid: What was asked for.
        specs: Its trials, under the names of the data sets in place of their contents.
        sizes: Total sizes each trial runs at.
        rows: Training rows of the data sets that are here, by name.
        fetched: Where what is not here would be fetched from, by what it is.
    """

    grid: Grid
    specs: tuple[TrialSpec, ...]
    sizes: int = 1
    rows: Mapping[str, int] = field(default_factory=dict)
    fetched: Mapping[str, str] = field(default_factory=dict)

    @property
    def full(self) -> int:
        """Full-data runs."""
        return self.sizes * sum(spec.is_baseline for spec in self.specs)

    @property
    def at_random(self) -> int:
        """Pruned runs whose rows go at random."""
        return self.sizes * sum(spec.signal == "random" for spec in self.specs)

    @property
    def pruned(self) -> int:
        """Pruned runs, those at random among them."""
        return self.sizes * len(self.specs) - self.full

    @property
    def confirming(self) -> int:
        """Trials that a confirmation adds at most: full-data, pruned and at random, by fresh seeds."""
        datasets = {spec.dataset for spec in self.specs}
        return self.grid.confirm * len(datasets) * len(FRESH_SEEDS) * (2 + self.grid.control)


def named_plan(request: Request, *, gpu: bool = False) -> NamedPlan:
    """The plan of a request by the names in it; what is here is looked at, and nothing is fetched.

    Args:
        request: Of a model; a trainer of the user's own is always here.
        gpu: Whether trials compute on an accelerator.

    Raises:
        UsageError: If a name is not known, or a value out of range.
        DataError: If what is here is not fit.
    """
    sources = request.sources()
    model = named_model(request.model_name())
    score_model = named_model(request.score_model_name()) if request.score_model else None
    grid = request.resolved(model, gpu=gpu)
    scoring = request.training_of(score_model, gpu=gpu, scores=True) if score_model else None
    rows, fetched = dict[str, int](), dict[str, str]()
    for name in dict.fromkeys(one.name for one in (model, score_model) if one):
        try:
            locate_model(name)
        except UnreachedError:
            fetched[f"model {name}"] = f"{_HUB}/{revision_of(name)[0]}"
    for name, source in sources.items():
        try:
            rows[name] = len(load(source).train)
        except UnreachedError:
            fetched[f"data set {name}"] = _address(source)
    specs = expand(
        grid,
        {name: name for name in sources},
        model,
        null=request.null,
        scorers=scorers_of(score_model, scoring, {name: rows.get(name, 0) for name in sources}),
    )
    return NamedPlan(
        grid=grid, specs=tuple(specs), sizes=len(grid.sizes) or 1, rows=rows, fetched=fetched
    )


def preset_plan(name: str) -> NamedPlan:
    """The plan of a row of GRIDS by its names; nothing is looked at."""
    grid = GRIDS[name]
    datasets = {data: data for block in grid.blocks for data in block.datasets}
    specs = expand(grid, datasets, named_model(grid.model))
    return NamedPlan(grid=grid, specs=tuple(specs), sizes=len(grid.sizes) or 1)


def _address(source: Source) -> str:
    """Where on the hub a data set is."""
    if source.hub is None:
        return _HUB
    return f"{_HUB}/datasets/{source.hub.repo} at {source.hub.revision[:12]}"
