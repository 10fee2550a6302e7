"""What a sweep will do: every setting by its value, and where that comes from."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from analysis.guards import Criterion
from analysis.metrics import ACCURACY
from analysis.wording import percent
from orchestrator.planning.controls import controlled_blocks
from orchestrator.planning.grids import GRIDS, Arm, Grid, marks_of
from orchestrator.planning.own_grids import learns_classes, metric_of_learner
from orchestrator.planning.request import Request
from orchestrator.planning.tuning import training_search
from trainables.learners import LEARNERS
from trainables.learners.pretrained import Model
from trainables.spec import TrialSpec
from trainables.training_settings import Training

# Fields of Training that have no flag are not listed: they are the learner's.
_TRAINING = ("epochs", "lr", "batch_size", "max_length", "precision", "weight_decay")
# A search's settings do not depend on the rows, but for the decay of large sets.
_SOME_ROWS = 1_000


@dataclass(frozen=True, kw_only=True)
class ResolvedSetting:
    """A setting as a sweep will have it.

    Attributes:
        name: As `SweepOptions` has it.
        value: In words.
        origin: The flag or line it was set by, or what sets it where nobody did.
    """

    name: str
    value: str
    origin: str


def resolved_settings(
    request: Request,
    grid: Grid,
    model: Model,
    by: Criterion,
    origins: Mapping[str, str],
) -> list[ResolvedSetting]:
    """What will be trained, compared and judged.

    Args:
        request: What was asked for.
        grid: What it came to.
        model: What is trained.
        by: What trials are judged by.
        origins: Where the settings that were set come from, by name.
    """
    usual = f"--grid {request.grid}" if request.grid else "for data of your own"
    blocks = [*dict.fromkeys(controlled_blocks(grid))]
    found = {
        "dataset": (_listed(n for block in grid.blocks for n in block.datasets), usual),
        **_trained(request, grid, model, usual),
        "protocol": (grid.protocol, usual),
        "budget": (grid.budget, usual),
        "warmup": _warmups(request, grid, usual),
        "rate": (_listed(percent(rate) for block in blocks for rate in block.rates), usual),
        "signal": (_listed(_arm(arm) for block in blocks for arm in block.arms), usual),
        "size": (_listed(f"{rows:,}" if rows else "all" for rows in grid.sizes), usual),
        "control": (_yes(grid.control), usual),
        "seed": (_listed(map(str, grid.seeds)), origins.get("seeds", usual)),
        "null": (_yes(request.null), "default"),
        "confirm": (_yes(grid.confirm), usual),
        "metric": (by.metric.name, _whose_metric(model)),
        "tolerance": (f"{by.margin.text(by.metric)} worse is still within", "the metric's own"),
        "guard": (_listed(guard.text for guard in by.guards), "default"),
    }
    return [
        ResolvedSetting(name=name, value=value, origin=origins.get(name, origin))
        for name, (value, origin) in found.items()
        if value
    ]


def _whose_metric(model: Model) -> str:
    is_usual = metric_of_learner(model.learner) in ("", ACCURACY.name)
    return "default" if is_usual else f"usual of model {model.learner}"


def _trained(request: Request, grid: Grid, model: Model, usual: str) -> dict[str, tuple[str, str]]:
    """The model, how it is trained, and whether that is searched first."""
    if request.own or grid.training is None:
        return {"trainer": (model.name, "default"), "tune": ("no: a trainer trains as it does", "")}
    training, learner = grid.training, LEARNERS[model.learner]
    own = GRIDS[request.grid].training if request.grid in GRIDS and not request.model else None
    whose = usual if own else f"usual of model {model.learner}"
    found = {"model": (model.name, usual)}
    found["score_model"] = (request.score_model or "the model itself", "default")
    for name in _TRAINING:
        value = getattr(training, name)
        found[name] = (f"{value:g}" if isinstance(value, float) else str(value), whose)
    if learner.reads == ("image",):
        del found["max_length"]  # of texts
    found["precision"] = (training.precision, "what this machine computes well")
    falls = learner.decay_rows and training.weight_decay == learner.training.weight_decay
    if falls and "weight_decay" not in dict(request.training):
        text = (
            f"{training.weight_decay:g}, beyond {learner.decay_rows:,} rows less, as one over them"
        )
        found["weight_decay"] = (text, whose)
    if request.searches_training:
        told, searched = _search(request, model, training)
        found |= {name: (f"{found[name][0]} to start from", whose) for name in searched}
        found["tune"] = (told, "for data of your own")
    else:
        found["tune"] = ("no", _why_no_search(request, model, usual))
    return found


def _why_no_search(request: Request, model: Model, usual: str) -> str:
    if not learns_classes(model.learner):
        return "a search is by accuracy"
    return usual if request.grid else "its training was asked for"


def _search(request: Request, model: Model, training: Training) -> tuple[str, list[str]]:
    """What is tried before the first trial, and which settings that may change."""
    start = TrialSpec(
        dataset="", data_sha="", model=model.name, model_sha=model.sha, learner=model.learner,
        seed=0, training=training,
    )  # fmt: skip
    given = {name for name, _ in request.training}
    search = training_search(
        start, given=given, budget=request.tune_budget, n_train=_SOME_ROWS
    )  # fmt: skip
    tried: dict[str, list[float]] = {
        "lr": [one.lr for one in search.settings],
        "weight_decay": [one.weight_decay for one in search.settings],
        "epochs": list(search.rounds),
    }
    many = {name: sorted(set(values)) for name, values in tried.items() if len(set(values)) > 1}
    told = "; ".join(f"{name} {', '.join(f'{v:g}' for v in own)}" for name, own in many.items())
    return (
        f"first, on training rows held out: {told}; at most {request.tune_budget:g} full runs",
        list(many),
    )


def _warmups(request: Request, grid: Grid, usual: str) -> tuple[str, str]:
    if request.own and not request.score_model:
        return ("none", "a trainer of your own is not looked into")
    epochs = grid.training.epochs if grid.training else 1
    marks = [m for block in grid.blocks for m in marks_of(block, grid.protocol, epochs)]
    is_set = any(block.warmups for block in grid.blocks)
    return (
        f"{_listed(map(percent, marks))} of the full-data run, then rows are scored",
        usual if is_set else "as late as the signals need",
    )


def _arm(arm: Arm) -> str:
    settings = "".join(f",{name}={value}" for name, value in arm.settings)
    return f"{arm.signal}{settings}:{arm.selector}{':high' * (arm.prune == 'high')}"


def _listed(values: Iterable[str]) -> str:
    return ", ".join(dict.fromkeys(values))


def _yes(value: bool) -> str:
    return "yes" if value else "no"
