"""What a command asks for, and the grid it comes to."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from analysis.criteria import Asked, criterion_in
from analysis.guards import Criterion
from analysis.run_files import Plan
from orchestrator.planning.arms import arm_of, with_given
from orchestrator.planning.asked_numbers import check_count, check_listed
from orchestrator.planning.grids import GRIDS, THEORY, Grid, known
from orchestrator.planning.own_asked import OwnAsked
from orchestrator.planning.own_grids import (
    OWN,
    check_without_classes,
    chosen_model,
    learns_classes,
    metric_of_learner,
    usual_arms,
)
from orchestrator.planning.own_trainers import usual_training
from orchestrator.planning.sizes import check_total_sizes
from orchestrator.planning.tuning import BUDGET, SEARCHED
from trainables.data.catalog import Source
from trainables.data.columns import Columns
from trainables.data.csv_dialects import Dialect
from trainables.environment import has_bf16
from trainables.errors import UsageError
from trainables.learners.pretrained import BUILT_IN, Model, named_model
from trainables.training_settings import Training


@dataclass(frozen=True, kw_only=True)
class Request:
    """A sweep as asked for; None and empty mean: as the grid says.

    Attributes:
        grid: Row of GRIDS, or empty for the shape used on data of one's own.
        datasets: Names, files or folders.
        model: As `trainables.learners.pretrained.find_model` takes it.
        own: A trainer of the user's own in its place.
        score_model: What scores the rows in its place, likewise; empty for the model itself.
        scores: Files of scores of one's own, one a signal `given`.
        data_dir: Folder of folders by data set name.
        names: What the data sets are called, in their order; none for their files' names.
        columns: Of files; what is not named is guessed.
        dialect: How CSV files are written.
        test: A second file, or the split to test on.
        test_fraction: Share of a single file held out.
        validation_fraction: Share of the training rows held out for signals with a target; 0 for none, None
            for the grid's.
        limit: Training rows to take.
        limit_test: Test rows to take.
        imbalance: Largest training class over the smallest, made on purpose; 1 for none.
        flip_labels: Share of the training labels to make wrong on purpose.
        inject_copies: Copies to add on purpose, as a share of the training rows.
        warmups: Shares of the run's steps.
        rates: Shares removed.
        sizes: Training rows in all, as `Grid.sizes`.
        signals: As `arm_of` reads them.
        seeds: The seeds themselves.
        training: Fields of Training to set.
        precision: "auto", "fp32" or "bf16".
        protocol: "continue" or "restart".
        budget: "epochs" or "steps".
        control: Run random pruning beside every signal.
        confirm: Choose one cut at the end, and confirm it by fresh seeds.
        tune: Search the training of each data set first; None for data of one's own alone, where
            neither learning rate nor epochs nor weight decay was asked for.
        tune_budget: Full runs that such a search may take.
        null: Add trials that prune nothing, to see how far chance alone leads.
        adaptive: Buy seeds only where a verdict needs them; `seeds` are then the most.
        asked: Metric, guards and groups that trials are judged by.
    """

    grid: str = ""
    datasets: tuple[str, ...] = ()
    model: str = ""
    own: OwnAsked | None = None
    score_model: str = ""
    scores: tuple[str, ...] = ()
    data_dir: Path | None = None
    names: tuple[str, ...] = ()
    columns: Columns = Columns()  # noqa: RUF009 - frozen
    dialect: Dialect = Dialect()  # noqa: RUF009 - frozen
    test: str = ""
    test_fraction: float = 0.0
    validation_fraction: float | None = None
    limit: int = 0
    limit_test: int = 0
    imbalance: float = 1.0
    flip_labels: float = 0.0
    inject_copies: float = 0.0
    warmups: tuple[float, ...] = ()
    rates: tuple[float, ...] = ()
    sizes: tuple[int, ...] = ()
    signals: tuple[str, ...] = ()
    seeds: tuple[int, ...] = ()
    training: tuple[tuple[str, int | float], ...] = ()
    precision: str = "auto"
    protocol: str = ""
    budget: str = ""
    control: bool | None = None
    confirm: bool | None = None
    tune: bool | None = None
    tune_budget: float = BUDGET
    null: bool = False
    adaptive: bool = False
    asked: Asked = Asked()  # noqa: RUF009 - frozen

    def sources(self, recorded: Mapping[str, str] | None = None) -> dict[str, Source]:
        """Where each data set of the grid comes from, by name.

        Args:
            recorded: owner/name@commit by name, as the plan of the same run has it: a branch that
                has moved since is not followed.
        """
        has_classes = bool(self.own) or learns_classes(self._learner())
        if not has_classes:
            check_without_classes(
                self.model_name(),
                self.columns.label,
                flip_labels=self.flip_labels,
                imbalance=self.imbalance,
            )
        whole = Source(
            name="",
            data_dir=self.data_dir,
            columns=self.columns,
            dialect=self.dialect,
            target="class" if has_classes else "none",
            test=self.test,
            test_fraction=self.test_fraction,
            validation_fraction=self.base().validation_fraction
            if self.validation_fraction is None
            else self.validation_fraction,
            limit=self.limit,
            limit_test=self.limit_test,
            imbalance=self.imbalance,
            flip_labels=self.flip_labels,
            inject_copies=self.inject_copies,
            size=(self._sizes() or (0,))[-1],
            own_columns=bool(self.asked.group_column),
        )
        datasets = self._datasets()
        if self.names and len(self.names) != len(datasets):
            raise UsageError(
                f"{len(self.names)} --name for {len(datasets)} data sets; give one each, in their order"
            )
        titles = self.names or ("",) * len(datasets)
        at = {name: source.rpartition("@")[2] for name, source in (recorded or {}).items()}
        return {
            name: replace(whole, name=name, title=title, pinned=at.get(name, ""))
            for name, title in zip(datasets, titles, strict=True)
        }

    def _datasets(self) -> tuple[str, ...]:
        if self.datasets:
            return tuple(dict.fromkeys(self.datasets))
        return tuple(dict.fromkeys(n for block in self.base().blocks for n in block.datasets))

    def base(self) -> Grid:
        """The grid asked for, as its table has it."""
        if not self.grid and not self.datasets:
            raise UsageError("no --grid and no --dataset; try --grid demo, or --dataset FILE")
        if not self.grid:
            return OWN
        known("grid", self.grid, {**GRIDS, THEORY: None})
        if self.grid == THEORY:
            raise UsageError("grid 'theory' has no trials; run: prune-envelope theory")
        return GRIDS[self.grid]

    def model_name(self, *, has_vectors: bool = False) -> str:
        """The model asked for, or the grid's: the linear one for data that come with embeddings."""
        return chosen_model(
            self.model, self.base(), of_texts=self._is_of_texts, has_vectors=has_vectors
        )

    def _sizes(self) -> tuple[int, ...]:
        """Total sizes: those asked for, else the grid's, which shrink alike where fewer rows are taken."""
        usual = self.base().sizes
        if self.sizes or not usual or not 0 < self.limit < usual[-1]:
            return self.sizes or usual
        return tuple(dict.fromkeys(max(1, rows * self.limit // usual[-1]) for rows in usual))

    def score_model_name(self) -> str:
        """The model that scores, likewise; empty for none."""
        return self.score_model and chosen_model(
            self.score_model, self.base(), of_texts=self._is_of_texts, has_vectors=False
        )

    @property
    def _is_of_texts(self) -> bool:
        """Whether the texts themselves are to be learned, as what was asked for says."""
        is_asked = self.grid == "sft" or self.asked.metric == "token_loss"
        is_made = any(name.partition(":")[0] == "instructions" for name in self.datasets)
        return is_asked or is_made or self.columns.of_language

    def _learner(self) -> str:
        return named_model(self.model_name()).learner

    def criterion(self, tolerance: float | str | None) -> Criterion:
        """What trials are judged by: what was asked for, else what is usual for the learner.

        Args:
            tolerance: As `Asked` has it.

        Raises:
            UsageError: If something is not known.
        """
        usual = "" if self.own else metric_of_learner(self._learner())
        asked = replace(self.asked, metric=self.asked.metric or usual, tolerance=tolerance)
        return criterion_in(Plan(), asked)

    @property
    def searches_training(self) -> bool:
        """Whether learning rate, epochs and weight decay are searched before the first trial."""
        given = {name for name, _ in self.training}
        usual = not self.grid and not given & {*SEARCHED} and not self.own
        if not (self.own or learns_classes(self._learner())):
            if self.tune:
                raise UsageError(
                    f"--tune searches by accuracy, and {self.model_name()} predicts no classes; set --lr and --epochs "
                    "yourself"
                )
            return False
        return usual if self.tune is None else self.tune

    def resolved(self, model: Model, *, gpu: bool) -> Grid:
        """The grid with everything asked for put in its place.

        Args:
            model: What `model_name` came to.
            gpu: Whether trials compute on an accelerator.

        Raises:
            UsageError: If a name is not known, or a list has an entry twice.
        """
        base = self.base()
        arms = with_given(tuple(arm_of(text) for text in self.signals), self.scores)
        for noun, values in (("rate", self.rates), ("warmup", self.warmups), ("seed", self.seeds)):
            check_listed(noun, values)
        blocks = []
        for block in base.blocks:
            names = tuple(n for n in block.datasets if not self.datasets or n in self.datasets)
            blocks.append(
                replace(
                    block,
                    datasets=names,
                    warmups=self.warmups or block.warmups,
                    rates=self.rates or block.rates,
                    arms=arms or usual_arms(base, model.learner) or block.arms,
                )
            )
        named = {name for block in base.blocks for name in block.datasets}
        if others := tuple(n for n in self._datasets() if n not in named):
            blocks.append(replace(blocks[0], datasets=others))
        grid = replace(
            base,
            blocks=tuple(blocks),
            sizes=self._sizes(),
            seeds=self.seeds or base.seeds,
            training=self.training_of(model, gpu=gpu),
            protocol=self.protocol or base.protocol,
            budget=self.budget or base.budget,
            control=base.control if self.control is None else self.control,
            confirm=base.confirm if self.confirm is None else self.confirm,
        )
        check_count(grid)
        check_total_sizes(grid, adaptive=self.adaptive, is_own=self.own is not None)
        return grid

    def training_of(self, model: Model, *, gpu: bool, scores: bool = False) -> Training:
        """How a model is trained, but for what depends on the size of a data set.

        Args:
            model: What is trained.
            gpu: As `resolved`.
            scores: It only scores: of what was asked for, the length of the texts is meant for it, too.
        """
        base = self.base()
        precision = self.precision
        if precision == "auto":
            is_small = model.name in BUILT_IN
            precision = "bf16" if has_bf16(gpu=gpu) and not is_small else "fp32"
        # A grid's own training is that of its own model.
        asked = self.score_model_name() if scores else self.model_name()
        own = base.training if asked == base.model else None
        given = [one for one in self.training if not scores or one[0] == "max_length"]
        if model.learner == "image" and "max_length" in dict(given):
            raise UsageError(
                f"--max-length is in word pieces, and {model.name} reads images; leave it out"
            )
        fields: dict[str, Any] = {**dict(given), "precision": precision}
        training: Training = replace(own or usual_training(model), **fields)
        return training
