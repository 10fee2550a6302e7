"""What a plan is made from: the request, with its data read and its model found."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

from analysis.guards import Criterion
from orchestrator.planning.documents import Looks
from orchestrator.planning.expansion import expand
from orchestrator.planning.grids import GIVEN, Grid
from orchestrator.planning.own_trainers import OwnTrainer
from orchestrator.planning.request import Request
from orchestrator.planning.resources import Resources
from orchestrator.planning.scorers import scorers_of
from orchestrator.planning.sizes import Family
from orchestrator.planning.tuning import TrainingSearch, least_epochs, training_search
from orchestrator.store.run_folder import place_of_run
from trainables.data.catalog import Source
from trainables.data.copies import occurs_in
from trainables.data.dataset import Dataset
from trainables.data.given_scores import GivenScores
from trainables.data.messages import plain_texts
from trainables.data.stress import alterations_text
from trainables.keys import key_of
from trainables.learners import LEARNERS
from trainables.learners.pretrained import Model
from trainables.learners.tokens import PiecesLook
from trainables.result import packed_by_class
from trainables.spec import TrialSpec
from trainables.training_settings import Scorer, Training


def named_apart(datasets: Mapping[str, Dataset]) -> dict[str, Dataset]:
    """Data sets of other content under other names: by their folder, where their own name is the same.

    Args:
        datasets: By what they were asked for.
    """
    named = dict(datasets)
    for asked, dataset in datasets.items():
        alike = {one.sha for one in datasets.values() if one.name == dataset.name}
        if len(alike) > 1:
            parent = Path(asked).resolve().parent.name
            apart = f"{parent}/{dataset.name}"
            taken = [one.name for other, one in named.items() if other != asked]
            named[asked] = replace(dataset, name=apart if apart not in taken else asked)
    return named


@dataclass(frozen=True, kw_only=True)
class Loaded:
    """What was asked for, with its data read and its model found: all that a plan is made from.

    Attributes:
        request: What was asked for.
        grid: What that comes to.
        model: What is trained.
        datasets: By the name they were asked for.
        sources: Where they are from, by the same names.
        pieces: What the model's tokenizer makes of some of their texts, by content hash; of data sets
            that it reads so.
        documents: What cutting leaves of the rows of a language model, likewise.
        resources: What it runs on.
        run: The run's folder asked for, or None.
        command: The command line.
        by: What trials are judged by.
        own: The trainer of the user's own, where it is that which trains.
        score_model: What scores the rows, where that is not the model itself.
        scoring: How it is trained, but for what depends on the size of a data set.
        own_scores: The user's own scores, by the names of their files.
        family: The subsets of the data sets that other total sizes ask for.
    """

    request: Request
    grid: Grid
    model: Model
    datasets: Mapping[str, Dataset]
    sources: Mapping[str, Source]
    pieces: Mapping[str, PiecesLook]
    resources: Resources
    run: Path | None
    command: str
    by: Criterion
    own: OwnTrainer | None = None
    score_model: Model | None = None
    scoring: Training | None = None
    own_scores: Mapping[str, GivenScores] = field(default_factory=dict)
    documents: Looks = field(default_factory=dict)
    family: Family = field(default_factory=Family)

    @property
    def given(self) -> set[str]:
        """Fields of the training that were asked for."""
        return {field for field, _ in self.request.training}

    @cached_property
    def leaked(self) -> dict[str, bytes]:
        """Which test rows occur in the training split, as `Plan.leaked` has it."""
        found = {}
        for dataset in self.datasets.values():
            test, train = (
                plain_texts(split.inputs, dataset.kind) for split in (dataset.test, dataset.train)
            )
            rows = occurs_in(test, train)
            if rows.any():
                found[dataset.sha] = packed_by_class(rows, dataset.test.labels)
        return found

    def altered(self) -> dict[str, tuple[str, str]]:
        """What was altered on purpose, as `Plan.altered` has it."""
        told = {name: alterations_text(one) for name, one in self.sources.items()}
        return {
            dataset.sha: (told[name], dataset.notes[0])
            for name, dataset in self.datasets.items()
            if told[name]
        }

    @cached_property
    def usual_specs(self) -> list[TrialSpec]:
        """The trials by the training asked for, before any search for a better one."""
        return self.specs({})

    def _usual_trainings(self) -> dict[str, Training]:
        """The training of each data set before any search: of its size, where that decides something."""
        if self.own:
            return {}
        learner, training = LEARNERS[self.model.learner], self.grid.training
        is_own = training is not None and training.weight_decay == learner.training.weight_decay
        if training is None or not is_own or "weight_decay" in self.given:
            return {}
        return {
            name: replace(training, weight_decay=learner.decay_for(len(dataset.train)))
            for name, dataset in self.datasets.items()
        }

    def specs(self, trainings: Mapping[str, Training]) -> list[TrialSpec]:
        """The trials, by the trainings that a search has chosen for some data sets."""
        shas = {name: dataset.sha for name, dataset in self.datasets.items()}
        null = self.request.null
        by_sha = {self.datasets[name].sha: training for name, training in trainings.items()}
        usual = self._usual_trainings()
        known = {
            name: training
            for name, dataset in self.datasets.items()
            if (training := by_sha.get(dataset.sha, usual.get(name)))
        }
        wholes = [
            self._named(spec)
            for spec in expand(
                self.grid,
                shas,
                self.model,
                null=null,
                trainings=known,
                scorers=self._scorers(),
                own=self.own,
            )
        ]
        every = [*wholes, *self.family.specs(wholes)]
        return sorted(every, key=lambda spec: not spec.is_baseline)

    def _named(self, spec: TrialSpec) -> TrialSpec:
        """A trial under the data set's own name, and with the content of scores that were given."""
        name = self.datasets[spec.dataset].name
        named = spec if spec.dataset == name else replace(spec, dataset=name)
        if spec.signal != GIVEN:
            return named
        return replace(named, signal_sha=self.own_scores[str(dict(spec.settings)["name"])].sha)

    def _scorers(self) -> dict[str, Scorer]:
        """The run that scores each data set in the model's place, by the set's name."""
        sizes = {name: len(dataset.train) for name, dataset in self.datasets.items()}
        return scorers_of(self.score_model, self.scoring, sizes)

    def searches(self) -> dict[str, TrainingSearch]:
        """The search for the training of each data set, by the set's name; none unless asked for."""
        if not self.request.searches_training:
            return {}
        starts = {spec.data_sha: spec for spec in reversed(self.usual_specs) if spec.is_baseline}
        # A run that scores sees the epochs that its signals need, whatever the model's come to.
        least = 1 if self.score_model else least_epochs(self.grid.blocks, self.grid.protocol)
        every = reversed(
            list(self.datasets.items())
        )  # of sets of equal content the first is searched
        return {
            name: training_search(
                starts[dataset.sha],
                given=self.given,
                budget=self.request.tune_budget,
                n_train=len(dataset.train),
                least_epochs=least,
            )
            for name, dataset in {one.sha: (name, one) for name, one in every}.values()
        }

    def folder(self) -> Path:
        """The run's folder: named by what was asked for, so that a search for the training ends there."""
        if self.run:
            return self.run
        return place_of_run(self.resources.runs / self._usual_name(), self.resources.cache)

    def _usual_name(self) -> str:
        asked = self.request
        flags: list[object] = [
            flag for flag in (asked.adaptive, "confirm" * self.grid.confirm) if flag
        ]
        flags += [f"tune {asked.tune_budget:g}"] * asked.searches_training
        if not self.by.is_plain:
            flags.append([self.by.metric.name, *(guard.text for guard in self.by.guards)])
        content = [*flags, *(spec.result_key for spec in self.usual_specs)]
        fingerprint = key_of([content, self.resources.environment])[:6]
        return f"{asked.grid or 'own'}-{fingerprint}"
