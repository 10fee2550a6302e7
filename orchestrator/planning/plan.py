"""From what was asked to the trials, the work behind them, and what of it is done."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from analysis.interim_looks import Purchase, demand
from analysis.run_files import Plan
from orchestrator.planning.confirming import candidates_of, chosen_lists
from orchestrator.planning.documents import documents_notes, memory_notes
from orchestrator.planning.edited import edited
from orchestrator.planning.inspected import inspected
from orchestrator.planning.judging import Judging, judging_notes, kinds_kept, outcomes_in
from orchestrator.planning.loaded import Loaded
from orchestrator.planning.model_loading import loaded_for_model
from orchestrator.planning.notes import image_notes, notes_of, pieces_notes
from orchestrator.planning.own_grids import learns_classes
from orchestrator.planning.own_loading import loaded_for_own
from orchestrator.planning.preflight import check_trials
from orchestrator.planning.request import Request
from orchestrator.planning.resources import Resources
from orchestrator.planning.sharing import with_shares
from orchestrator.planning.task_graph import plan as plan_tasks
from orchestrator.planning.tasks import Task, left_by, tasks_left
from orchestrator.planning.tuning import SEARCHED, TrainingSearch
from orchestrator.store.damaged_files import lost_outcomes
from orchestrator.store.replicated import Store
from orchestrator.store.run_folder import Run, place_of_run
from trainables.data.dataset import Dataset
from trainables.data.inspection_facts import Inspection
from trainables.records import curve_from_json, from_json
from trainables.result import TrainingCurve, TrialResult
from trainables.spec import TrialSpec
from trainables.training_settings import Training


@dataclass(frozen=True, kw_only=True)
class Sweep:
    """A planned sweep.

    Attributes:
        loaded: What it was planned from.
        plan: What is to be run, as plan.json will hold it; baselines first.
        grid_specs: All there could be: more than the plan's only where seeds are bought.
        tasks: The work behind all of them.
        datasets: By content hash; with the subsets of them that other total sizes ask for.
        inspections: What was seen in the data sets themselves, likewise.
        resources: What it runs on.
        store: What is shared.
        run: The run's folder.
        weights_bytes: Of the files of the model that scores; 0 where built in.
        purchases: What was bought beyond the first look and has not ended.
        sizes: Training rows of each data set, by content hash.
        control: Whether random lists run beside the list that is confirmed.
        judging: What its trials are judged by, and where it reads what they say.
        kept: Kinds of artifacts that a trial must leave beside its row, as `left_by` takes them.
        searches: The searches for a training that have not ended; the plan's trials are then of the
            training that they start from, and none may run yet.
        curves: Full-data runs whose curve is wanted: one a data set.
    """

    loaded: Loaded
    plan: Plan
    grid_specs: list[TrialSpec]
    tasks: list[Task]
    datasets: Mapping[str, Dataset]
    inspections: Mapping[str, Inspection]
    resources: Resources
    store: Store
    run: Run
    weights_bytes: int = 0
    purchases: Sequence[Purchase] = ()
    sizes: dict[str, int] = field(default_factory=dict)
    control: bool = True
    judging: Judging = field(default_factory=Judging)
    kept: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    searches: Sequence[TrainingSearch] = ()
    curves: Sequence[TrialSpec] = ()

    @property
    def specs(self) -> tuple[TrialSpec, ...]:
        """The trials asked for, baselines first."""
        return self.plan.specs

    @property
    def left(self) -> list[Task]:
        """The tasks that are still to be done."""
        return tasks_left(self.tasks, self.specs, self.store, curves=self.curves, kept=self.kept)

    @property
    def wholes(self) -> dict[str, Dataset]:
        """The data sets themselves by content hash, without subsets of them."""
        return {sha: one for sha, one in self.datasets.items() if sha not in self.plan.subsets}

    def is_done(self, spec: TrialSpec) -> bool:
        """Whether the trial's row is in the store, and all that it is judged by."""
        return all(self.store.holds(*artifact) for artifact in left_by(spec, self.kept))

    def grown(self, *, is_over: bool = False) -> "Sweep":
        """The sweep with what its rows ask for: seeds bought, and at the end the confirmation.

        Args:
            is_over: Whether all that could run has: trials that failed are then not waited for.
        """
        is_search = any(spec.kind not in ("full", "fixed") for spec in self.grid_specs)
        if not is_search or not (self.plan.adaptive or self.plan.candidates):
            return self
        specs, purchases = self.grid_specs, self.purchases
        if self.plan.adaptive:
            asked = demand(specs, self._rows(), by=self.judging.by, reading=self.judging.reading)
            specs, purchases = asked.specs, asked.purchases
        ended = {spec for spec in specs if self.is_done(spec) or (is_over and self._has_row(spec))}
        searched = replace(self.plan, specs=tuple(specs), created=_now())
        confirming, candidates = chosen_lists(
            searched, self._rows, ended, before=self.run.plan_there(), control=self.control,
            has=self.is_done, judge=self.judging.study,
        )  # fmt: skip
        plan = replace(searched, specs=(*specs, *confirming), candidates=candidates)
        tasks = self.tasks
        if confirming:
            every = [*self.grid_specs, *confirming]
            tasks = plan_tasks(every, self.sizes, curves=self.curves, kept=self.kept)
        return replace(self, plan=plan, purchases=purchases, tasks=tasks)

    def _has_row(self, spec: TrialSpec) -> bool:
        return self.run.row_of(spec) is not None

    def _rows(self) -> Iterator[TrialResult]:
        for spec in self.grid_specs:
            is_done = self.is_done(spec)
            found = self.store.find("result", spec.result_key) if is_done else None
            row = from_json(found.read_bytes()) if found else self.run.row_of(spec)
            # A result without what it is judged by is one of a trial that is to run again.
            if row is not None and (is_done or not row.is_ok):
                yield replace(row, spec=spec)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def plan_sweep(
    request: Request,
    resources: Resources,
    *,
    run: Path | None,
    command: str,
    tolerance: float | str | None = None,
) -> Sweep:
    """Load the data, find the model, and expand the grid. Nothing is started.

    Raises:
        DataError: If data are not there or not valid.
        AbsentError: If the model is not there.
        UsageError: If a name is not known or a value out of range.
    """
    by = request.criterion(tolerance)
    # What costs nothing to check first; data may take minutes to read, and torch seconds to import.
    run = place_of_run(run, resources.cache) if run else None
    before = Run(run).plan_there() if run else None
    sources = request.sources(before.sources if before else {})
    told = {"run": run, "command": command, "by": by}
    if request.own:
        return planned(loaded_for_own(request, request.own, resources, sources, told))
    return planned(loaded_for_model(request, resources, sources, told))


def planned(loaded: Loaded) -> Sweep:
    """The sweep as it stands: by the trainings that were searched, where all searches have ended.

    Raises:
        UsageError: If a value is out of range.
    """
    grid, request, resources = loaded.grid, loaded.request, loaded.resources
    store, run = resources.open_store(), Run(loaded.folder())
    searches = loaded.searches()
    before = run.plan_there()
    trainings, open_ = _trainings(searches, store, before, loaded.given)
    specs = loaded.specs(trainings) if trainings else loaded.usual_specs
    wholes = {dataset.sha: dataset for dataset in loaded.datasets.values()}
    datasets = wholes | loaded.family.datasets
    inspections = inspected(wholes, store)
    sizes = {sha: len(dataset.train) for sha, dataset in datasets.items()}
    check_trials(specs, loaded.model, datasets, loaded.score_model)
    resources, on_shares = with_shares(loaded, len(specs))
    notes = (
        *edited(resources.runs, run.folder, loaded.sources, loaded.datasets),
        *(loaded.own.notes if loaded.own else ()),
        *judging_notes(loaded.by, wholes.values()),
        *notes_of(specs, datasets, inspections=inspections, confirms=grid.confirm),
        *pieces_notes(specs, datasets, loaded.pieces),  # Behind what a data set says of itself.
        *_notes_of_language(loaded, datasets),
        *image_notes(loaded.model, wholes.values()),
        *on_shares,
    )
    tuned = {search.start.data_sha: request.tune_budget for search in searches.values()}
    plan = replace(_plan(loaded, specs, notes), tuned=dict(before.tuned if before else {}) | tuned)
    first = {spec.data_sha: spec for spec in reversed(specs) if spec.is_baseline}
    has_curves = not loaded.own and learns_classes(loaded.model.learner)
    curves = [first[sha] for sha in wholes if sha in first and has_curves]
    kept = {sha: kinds_kept(loaded.by, dataset) for sha, dataset in datasets.items()}
    kept |= lost_outcomes(run.folder, store)
    return Sweep(
        loaded=loaded,
        plan=plan,
        grid_specs=specs,
        tasks=plan_tasks(specs, sizes, curves=curves, kept=kept),
        datasets=datasets,
        inspections=inspections,
        resources=resources,
        store=store,
        run=run,
        weights_bytes=(loaded.score_model or loaded.model).size,
        sizes=sizes,
        control=grid.control,
        judging=Judging(by=loaded.by, outcomes=outcomes_in(run.folder, store, datasets)),
        kept=kept,
        searches=open_,
        curves=curves,
    ).grown()


def _notes_of_language(loaded: Loaded, datasets: Mapping[str, Dataset]) -> Iterator[str]:
    """What is to be said of a language model and its rows."""
    training, on = loaded.grid.training, loaded.resources
    if loaded.documents and training:
        yield from documents_notes(loaded.documents, datasets, training.max_length)
        yield from memory_notes(loaded.model, training, gpu=on.gpus > 0, is_local=on.is_local)


def _plan(loaded: Loaded, specs: Sequence[TrialSpec], notes: tuple[str, ...]) -> Plan:
    """What plan.json is to hold."""
    whole = [spec for spec in specs if spec.data_sha not in loaded.family.datasets]
    return Plan(
        grid=loaded.request.grid or "own",
        command=loaded.command,
        specs=tuple(specs),
        created=_now(),
        tolerance=loaded.by.margin.written,
        metric=loaded.by.metric.name,
        guards=tuple(guard.text for guard in loaded.by.guards),
        group_column=loaded.by.group_column,
        limited=any(dataset.limited for dataset in loaded.datasets.values()),
        environment=loaded.resources.environment,
        notes=notes,
        adaptive=loaded.request.adaptive,
        candidates=candidates_of(whole) if loaded.grid.confirm else {},
        sources={name: data.source for name, data in loaded.datasets.items() if data.source},
        leaked=loaded.leaked,
        altered=loaded.altered(),
        subsets=loaded.family.planned,
    )


def _trainings(
    searches: Mapping[str, TrainingSearch], store: Store, before: Plan | None, given: set[str]
) -> tuple[dict[str, Training], list[TrainingSearch]]:
    """The trainings chosen, by name of the data set, and the searches that have not ended.

    What was searched for the run's folder stays, though the store may have been emptied since.
    """
    chosen, open_ = {}, []
    for name, search in searches.items():
        sha = search.start.data_sha
        kept = [s for s in before.specs if s.data_sha == sha] if before else []
        if before and kept and sha in before.tuned:
            fields = {f: getattr(kept[0].training, f) for f in SEARCHED if f not in given}
            chosen[name] = replace(search.start.training, **fields)
        elif training := search.chosen(lambda spec: curve_in(store, spec)):
            chosen[name] = training
        else:
            open_.append(search)
    return chosen, open_


def curve_in(store: Store, spec: TrialSpec) -> TrainingCurve | None:
    """The curve of a full-data run, if a store has it."""
    found = store.find("curve", spec.curve_key)
    if found is None:
        return None
    # The names that another run gave data and model may be others.
    return replace(curve_from_json(found.read_text(encoding="utf-8")), spec=spec)
