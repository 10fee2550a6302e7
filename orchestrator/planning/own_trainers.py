"""A sweep of a trainer of the user's own: what it is given, and what is refused before it is called."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from analysis.guards import Criterion
from analysis.readings import needed
from orchestrator.planning.grids import RANDOM, Grid
from orchestrator.planning.own_asked import OwnAsked
from orchestrator.planning.resources import Resources
from orchestrator.store.replicated import Store
from trainables.data.catalog import Source
from trainables.data.dataset import Dataset
from trainables.data.parts import Target
from trainables.data.user_tables import UserTables, user_tables
from trainables.errors import DataError, UsageError
from trainables.learners import LEARNERS
from trainables.learners.pretrained import BUILT_IN, Model
from trainables.spec import EACH_EPOCH, TrialSpec
from trainables.trainers.contract import Place, Trainer
from trainables.trainers.probe import probe_trainer
from trainables.training_settings import Training

_TARGETS: Mapping[str, Target] = {"classes": "class", "numbers": "number", "": "optional"}


@dataclass(frozen=True, kw_only=True)
class OwnTrainer:
    """A trainer of the user's own, with the tables that it sees.

    Attributes:
        trainer: Found and read.
        place: Where and how it is called.
        tables: Of each data set, by its content hash; empty before the data are read.
        notes: What the plan says of it, a sentence each.
        seconds: What one call on all rows of a data set would take by the probe, by content hash.
    """

    trainer: Trainer
    place: Place
    tables: Mapping[str, UserTables] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    seconds: Mapping[str, float] = field(default_factory=dict)

    @property
    def model(self) -> Model:
        """What stands in a model's place: the trainer with its settings, as a reader knows it."""
        settings = [f",{name}={value}" for name, value in self.trainer.settings]
        name = self.trainer.title or f"{self.trainer.learner}{''.join(settings)}"
        return Model(learner=self.trainer.learner, name=name, sha=self.trainer.sha)

    def baseline(self, spec: TrialSpec) -> TrialSpec:
        """A full-data run as one of this trainer: what trains our learners means nothing to it."""
        tables = self.tables.get(spec.data_sha)
        return replace(
            spec,
            model_sha=self.trainer.sha,
            learner=self.trainer.learner,
            learner_settings=self.trainer.settings,
            learner_sha=self.trainer.sha,
            columns_sha=tables.sha if tables else "",
            training=Training(),
        )


def source_of_own(source: Source, by: Criterion) -> Source:
    """Where a data set comes from for a trainer of the user's own.

    It is read with all its columns, and with what its judges need of it.
    """
    kind = next((metric.is_of for metric in by.metrics if metric.is_of), "")
    return replace(source, target=_TARGETS[kind], own_columns=True)


def usual_training(model: Model) -> Training:
    """How a model is trained unless asked otherwise; nothing of it is meant for a trainer of the user's own."""
    if model.learner not in LEARNERS:
        return Training()
    row = LEARNERS[model.learner]
    return (row.fine_tuning if model.name not in BUILT_IN else None) or row.training


def needs_of(by: Criterion, datasets: Iterable[Dataset]) -> tuple[str, ...]:
    """Columns that an answer must come to, to be judged."""
    names = [
        name
        for dataset in datasets
        for metric in by.metrics
        for name in needed(metric, dataset.class_names)
    ]
    return tuple(dict.fromkeys(names))


def place_of(resources: Resources, by: Criterion, asked: OwnAsked) -> Place:
    """Where and how the trainers of a sweep are called.

    Args:
        resources: What each trial may use.
        by: What is judged by; of what the trainer itself computes it must see the answers.
        asked: The trainer as it was asked for.
    """
    return Place(
        threads=resources.cpus,
        device="cuda" if resources.gpus else "cpu",
        start="spawn" if asked.start == "spawn" else "fork",
        hours=asked.hours,
        shows_answers=any(not metric.is_of for metric in by.metrics),
    )


def check_request(flag: str, given: Mapping[str, Any], protocol: str) -> None:
    """Refuse what a trainer of the user's own makes nothing of.

    Args:
        flag: That names the trainer.
        given: By flag, what was asked for; falsy where it was not.
        protocol: The grid's, or asked for.

    Raises:
        UsageError: If there is such.
    """
    instead = {
        "--trainer": "give the trainer's own settings behind it, as in train.py:fit,depth=8",
        "--trainer-command": "write the trainer's own settings into the command",
    }[flag]
    for other, value in given.items():
        if value:
            raise UsageError(
                f"--{other} with {flag}: it says how a learner of ours is trained; leave it out, and {instead}"
            )
    if protocol != "restart":
        raise UsageError(
            f"{flag} with the protocol continue: a trainer of your own starts afresh on what is left; give "
            "--protocol restart"
        )


def check_grid(own: OwnTrainer, grid: Grid, *, scored: bool) -> None:
    """Refuse signals that nobody scores, policies, and equal steps for who cannot make them.

    Args:
        own: The trainer.
        grid: What was asked for.
        scored: Whether anyone scores rows for it.

    Raises:
        UsageError: If there is such.
    """
    name = own.trainer.learner
    arms = [arm for block in grid.blocks for arm in block.arms]
    if policies := sorted({arm.signal for arm in arms if arm.selector == EACH_EPOCH}):
        raise UsageError(
            f"{', '.join(policies)} chooses rows anew each epoch of a learner of ours; {name} is given its "
            "rows once: use another signal"
        )
    if grid.budget == "steps" and "passes" not in own.trainer.takes:
        raise UsageError(
            f"--budget steps: {name} does not take passes, how many times as many passes over its rows "
            "it is to make; add that parameter, or leave --budget steps out"
        )
    if any(block.warmups for block in grid.blocks) and not (scored or unscored(grid)):
        raise UsageError(
            f"--warmup: nothing of {name} is trained before rows are scored; leave it out"
        )


def unscored(grid: Grid) -> list[str]:
    """The signals of a grid whose scores rest on more than the data set itself."""
    signals = {arm.signal for block in grid.blocks for arm in block.arms}
    return sorted(signals - {RANDOM.signal, "given"})


def with_tables(own: OwnTrainer, datasets: Iterable[Dataset]) -> OwnTrainer:
    """The trainer with the tables it sees.

    Raises:
        DataError: If a data set lacks what it cannot do without.
    """
    tables = {}
    for dataset in datasets:
        tables[dataset.sha] = user_tables(dataset)
        if "validation" in own.trainer.must and dataset.validation is None:
            raise DataError(
                f"{own.trainer.learner} takes validation, and {dataset.name} has none: hold one out with "
                "--validation-fraction 0.1, or give the parameter a default (validation=None)"
            )
    return replace(own, tables=tables)


def with_probes(own: OwnTrainer, datasets: Iterable[Dataset]) -> OwnTrainer:
    """The trainer with what a few tiny calls say of it.

    Raises:
        DataError: If a call fails, or its answer is none.
    """
    seconds: dict[str, float] = {}
    notes: list[str] = list(own.notes)
    place = own.place
    for dataset in datasets:
        found = probe_trainer(own.trainer, dataset, own.tables[dataset.sha], place)
        n = len(dataset.train)
        seconds[dataset.sha] = found.trial_s(n)
        notes += found.notes(n)
        place = replace(place, warnings=tuple(dict.fromkeys([*place.warnings, *found.warnings])))
    return replace(own, place=place, notes=tuple(dict.fromkeys(notes)), seconds=seconds)


def store_tables(own: OwnTrainer | None, store: Store) -> None:
    """Put the tables into the store, from where every trial reads them."""
    for tables in own.tables.values() if own else ():
        store.get("columns", tables.sha, tables.write)
