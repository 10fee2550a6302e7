"""What `score` is asked for: whose rows, by which signals, and what is trained for them, if anything."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from orchestrator.planning.arms import arm_of
from orchestrator.planning.documents import check_documents
from orchestrator.planning.expansion import expand, looks_at_learner
from orchestrator.planning.grids import GIVEN, Arm, Grid, GridBlock, known, marks_of
from orchestrator.planning.learner_evidence import OF_TRAINING, label_free, signals_of
from orchestrator.planning.missing import Missing, come_with_vectors, look_at_sources
from orchestrator.planning.own_grids import LANGUAGE, learns_classes
from orchestrator.planning.preflight import (
    check_inputs,
    check_lengths,
    check_pieces,
    check_probes,
    check_texts,
)
from orchestrator.planning.request import Request
from orchestrator.planning.resources import Resources
from orchestrator.planning.row_counts import check_neighbours, check_rows
from orchestrator.planning.scorers import sized
from orchestrator.planning.seeds import first_seeds
from orchestrator.planning.task_graph import relatives
from orchestrator.trial_names import signal_text
from trainables.data.dataset import Dataset
from trainables.data.origin import read_files
from trainables.data.scored import load_to_score, source_to_score
from trainables.errors import UsageError
from trainables.evidence.requirements import EVIDENCE, rests_on
from trainables.learners.pretrained import Model, fitted, locate_model
from trainables.selection.dynamic import POLICIES
from trainables.selection.lookup import resolve, signal_of
from trainables.signals import SIGNALS
from trainables.spec import EACH_EPOCH, TrialSpec

# A spec has a rate, which no key of its scores holds; nothing is cut by it.
_ANY_RATE = 0.5
# What trains a model, but for what its embeddings depend on as well.
_TRAINING = ("epochs", "batch_size", "lr", "weight_decay")


@dataclass(frozen=True, kw_only=True)
class ScorePlan:
    """What is to be scored, by what.

    Attributes:
        dataset: Whose training rows.
        model: What embeds or learns them; None where no signal looks at a model.
        signals: The trials whose scores are wanted, one a seed, by the signal as it is written.
        resources: Where it runs.
        files: That the data set is read from.
    """

    dataset: Dataset
    model: Model | None
    signals: Mapping[str, tuple[TrialSpec, ...]]
    resources: Resources
    files: tuple[Path, ...] = ()

    @property
    def specs(self) -> list[TrialSpec]:
        """All trials whose scores are wanted."""
        return [spec for specs in self.signals.values() for spec in specs]

    @property
    def warm_ups(self) -> dict[str, list[TrialSpec]]:
        """Of each run that is to be trained to a mark, the trials that look at it there."""
        found: dict[str, list[TrialSpec]] = {}
        for spec in self.specs:
            for one in (spec, *relatives(spec, whole=False)):
                if one.warmup:
                    found.setdefault(one.run_key, []).append(one)
        return found


def plan_scores(request: Request, resources: Resources, *, command: str = "") -> ScorePlan:
    """Read the data, find the model, and see what each signal needs. Nothing is trained.

    Args:
        request: One data set, its model, its signals, seeds and training.
        resources: Where it is to run.
        command: The command line, to which an error adds what it lacks.

    Raises:
        DataError: If the data are not there, or a row of them is not fit.
        AbsentError: If the model is not there.
        UsageError: If a signal cannot be had of these data or this model.
    """
    missing = Missing(command=command)
    arms = missing.get(lambda: _arms(request)) or []
    (source,) = request.sources().values()
    looked = look_at_sources([source_to_score(source)], missing, needs_test=False)
    looks = [arm for arm in arms if looks_at_learner(arm)]
    model = None
    if looks:
        name = request.model_name(has_vectors=come_with_vectors([source], looked))
        model = missing.model(lambda: locate_model(name))
    missing.end()
    dataset = load_to_score(source)
    if model and not dataset.class_names and not request.model and model.learner == "text":
        # The usual model learns labels; without any it embeds.
        model = replace(model, learner="linear", name=f"linear:{model.name}", size=0)
    if not (dataset.class_names or (model and not learns_classes(model.learner))):
        _check_unlabelled(arms, model, dataset)
    trained = [arm for arm in looks if model and _needs_training(arm, model)]
    _check_trained(request, trained)
    if model:
        _check_vectors(model, dataset)
        check_inputs(model, [dataset], learns=bool(trained))
        model = fitted(model)
    by_arm = _specs(request, resources, dataset, model, (trained, arms))
    _check([spec for own in by_arm for spec in own], dataset, model)
    return ScorePlan(
        dataset=dataset,
        model=model,
        signals={signal_text(own[0]): tuple(own) for own in by_arm},
        resources=resources,
        files=read_files(source, dataset),
    )


def _arms(request: Request) -> list[Arm]:
    """The signals asked for.

    Raises:
        UsageError: If there is none, or one that gives no score, or what is written is more than a signal.
    """
    if not request.signals:
        raise UsageError(
            "no --signal; name what the rows are scored by, such as --signal keep_one: `prune-envelope "
            "signals` lists them"
        )
    if request.warmups[1:]:
        raise UsageError(f"{len(request.warmups)} --warmup; scores are taken at one mark: give one")
    if request.adaptive:
        raise UsageError("--seeds adaptive; give how many, as nothing is judged here")
    return list(dict.fromkeys(map(_arm, request.signals)))


def _arm(text: str) -> Arm:
    arm = arm_of(text)
    name, cut = arm.signal, text[len(arm.signal) :].partition(":")[2]
    if arm.selector == EACH_EPOCH or name in {*POLICIES} - {*SIGNALS}:
        raise UsageError(f"{name} chooses rows anew in each epoch of a run, and gives no scores")
    if name == GIVEN:
        raise UsageError(f"signal {GIVEN} is scores of your own, and these you have")
    if ":" not in name:
        known("signal", name, SIGNALS)
    if cut:
        raise UsageError(
            f"--signal {text}: a score is not cut, so leave :{cut} out; rank 1 is the first to go at the low "
            "end, the last rank the first to go at the high end"
        )
    return arm


def _needs_training(arm: Arm, model: Model) -> bool:
    """Whether an arm's scores change as the model is trained: frozen embeddings do not."""
    needs = rests_on(signal_of(arm.signal).score)
    return model.learner != "linear" or bool(needs & OF_TRAINING)


def _check_unlabelled(arms: Sequence[Arm], model: Model | None, dataset: Dataset) -> None:
    """Refuse what would need labels where there are none.

    Raises:
        UsageError: If a signal needs them, or the model.
    """
    of_language = signals_of(LANGUAGE)
    why = "".join(f" ({note})" for note in dataset.notes if "classes were not read" in note)
    for arm in arms:
        needs = rests_on(signal_of(arm.signal).score)
        labels = any(EVIDENCE[name].uses_labels for name in needs)
        if labels or needs & OF_TRAINING:
            how = "" if labels else " to train the model that it looks at"
            column = "name their column with --label-column"
            if arm.signal in of_language:
                column = "--model causal_lm scores texts without"
            raise UsageError(
                f"{dataset.name} has no labels{why}, and {arm.signal} needs them{how}: {column}, or use a signal that "
                f"needs none: {', '.join(label_free())}"
            )
    if model and model.learner == "image":
        raise UsageError(
            f"{dataset.name} has no labels{why}, and {model.name} learns them: give vectors of the images with "
            "--embedding-column, made by a model of your own"
        )
    if model and model.learner != "linear":
        encoder = "linear" if model.name == "tiny" else f"linear:{model.name}"
        raise UsageError(
            f"{dataset.name} has no labels{why}, and {model.name} learns them: give an encoder alone, --model "
            f"{encoder}"
        )


def _check_vectors(model: Model, dataset: Dataset) -> None:
    """Refuse vectors that came with the data and that the model does not read.

    Raises:
        UsageError: If it does not.
    """
    if dataset.has_vectors and not model.reads_vectors:
        raise UsageError(
            f"{dataset.name} comes with vectors, and {model.name} does not read them; leave --model out to "
            "score by the vectors, or leave --embedding-column out"
        )


def _check_trained(request: Request, trained: Sequence[Arm]) -> None:
    """Refuse settings of a training that does not take place.

    Raises:
        UsageError: If there is one.
    """
    asked = [name for name, _ in request.training if name in _TRAINING]
    asked += ["warmup"] * bool(request.warmups)
    if asked and not trained:
        raise UsageError(
            f"--{asked[0].replace('_', '-')}: nothing is trained, as {', '.join(request.signals)} "
            f"{'looks' if len(request.signals) == 1 else 'look'} at no trained model; leave it out"
        )


def _specs(
    request: Request,
    resources: Resources,
    dataset: Dataset,
    model: Model | None,
    asked: tuple[Sequence[Arm], Sequence[Arm]],
) -> list[list[TrialSpec]]:
    """Of each arm the trials whose scores are wanted, as a sweep that searches no training makes them.

    Args:
        request: What was asked for.
        resources: Where it is to run.
        dataset: Whose rows.
        model: What they are scored by, or None.
        asked: The arms that a trained model is needed for, and all.
    """
    trained, arms = asked
    used = model or locate_model("linear")
    training = request.training_of(used, gpu=resources.gpus > 0)
    if "weight_decay" not in dict(request.training):
        training = sized(training, used, len(dataset.train))
    all_trained = _block(dataset, request.warmups, trained)
    marks = marks_of(all_trained, "restart", training.epochs) if trained else ()
    found = []
    for arm in arms:
        grid = Grid(
            about="",
            model=used.name,
            seeds=request.seeds or first_seeds(1),
            blocks=(_block(dataset, marks if arm in trained else (0.0,), (arm,)),),
            training=training,
            control=False,
        )
        every = expand(grid, {dataset.name: dataset.sha}, used)
        found.append([spec for spec in every if spec.kind == "pruned"])
    return found


def _block(dataset: Dataset, marks: tuple[float, ...], arms: Sequence[Arm]) -> GridBlock:
    return GridBlock(datasets=(dataset.name,), warmups=marks, rates=(_ANY_RATE,), arms=tuple(arms))


def _check(specs: Sequence[TrialSpec], dataset: Dataset, model: Model | None) -> None:
    sizes, datasets = {dataset.sha: len(dataset.train)}, {dataset.sha: dataset}
    if model:
        check_lengths(specs, model, sizes)
        check_documents(model, [dataset], specs[0].training.max_length)
        check_pieces(model, [dataset], specs[0].training.max_length)
    check_probes(specs, sizes)
    _check_targets(specs, dataset)
    check_texts(specs, datasets)
    check_neighbours(specs, sizes)
    check_rows(specs, sizes)


def _check_targets(specs: Iterable[TrialSpec], dataset: Dataset) -> None:
    """Refuse a signal with a target where there is no validation split.

    Raises:
        UsageError: If there is none.
    """
    for spec in specs:
        aims = any(name.startswith("validation_") for name in resolve(spec).evidence)
        if aims and dataset.validation is None:
            raise UsageError(
                f"{spec.signal} aims at a validation split, and {dataset.name} has none: hold one out with "
                "--validation-fraction 0.1, whose rows are then not scored"
            )
