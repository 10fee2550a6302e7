"""From what was asked to the trials, the work behind them, and what of it is done."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from analysis.interim_looks import Purchase, demand
from analysis.run_files import Plan, load_plan
from orchestrator.planning.confirming import candidates_of, chosen_lists
from orchestrator.planning.expansion import expand
from orchestrator.planning.notes import notes_of
from orchestrator.planning.preflight import (
    check_lengths,
    check_probes,
    check_rates,
    check_targets,
)
from orchestrator.planning.request import Request
from orchestrator.planning.resources import Resources
from orchestrator.planning.task_graph import plan as plan_tasks
from orchestrator.planning.tasks import Task, tasks_left
from orchestrator.store.replicated import Store
from orchestrator.store.run_folder import Run
from trainables.data.catalog import load
from trainables.data.dataset import Dataset, write
from trainables.keys import key_of
from trainables.learners.pretrained import find_model
from trainables.records import from_json
from trainables.result import TrialResult
from trainables.spec import TrialSpec


@dataclass(frozen=True, kw_only=True)
class Sweep:
    """A planned sweep.

    Attributes:
        plan: What is to be run, as plan.json will hold it; baselines first.
        grid_specs: All there could be: more than the plan's only where seeds are bought.
        tasks: The work behind all of them.
        datasets: By content hash.
        resources: What it runs on.
        store: What is shared.
        run: The run's folder.
        weights_bytes: Of the model's files; 0 where built in.
        purchases: What was bought beyond the first look and has not ended.
        sizes: Training rows of each data set, by content hash.
        control: Whether random lists run beside the list that is confirmed.
    """

    plan: Plan
    grid_specs: list[TrialSpec]
    tasks: list[Task]
    datasets: Mapping[str, Dataset]
    resources: Resources
    store: Store
    run: Run
    weights_bytes: int = 0
    purchases: Sequence[Purchase] = ()
    sizes: dict[str, int] = field(default_factory=dict)
    control: bool = True

    @property
    def specs(self) -> tuple[TrialSpec, ...]:
        """The trials asked for, baselines first."""
        return self.plan.specs

    @property
    def left(self) -> list[Task]:
        """The tasks that are still to be done."""
        return tasks_left(self.tasks, self.specs, self.store)

    def is_done(self, spec: TrialSpec) -> bool:
        """Whether the trial's row is in the store."""
        return self.store.has("result", spec.result_key)

    def grown(self, *, is_over: bool = False) -> "Sweep":
        """The sweep with what its rows ask for: seeds bought, and at the end the confirmation.

        Args:
            is_over: Whether all that could run has: trials that failed are then not waited for.
        """
        if not self.plan.adaptive and not self.plan.candidates:
            return self
        specs, purchases = self.grid_specs, self.purchases
        if self.plan.adaptive:
            asked = demand(specs, self._rows(), tolerance_pp=self.plan.tolerance_pp or 1.0)
            specs, purchases = asked.specs, asked.purchases
        ended = {spec for spec in specs if self.is_done(spec) or (is_over and self._has_row(spec))}
        searched = replace(self.plan, specs=tuple(specs), created=_now())
        confirming, candidates = chosen_lists(
            searched, self._rows, ended, before=load_plan(self.run.folder), control=self.control,
            has=self.is_done,
        )  # fmt: skip
        plan = replace(searched, specs=(*specs, *confirming), candidates=candidates)
        tasks = (
            plan_tasks([*self.grid_specs, *confirming], self.sizes) if confirming else self.tasks
        )
        return replace(self, plan=plan, purchases=purchases, tasks=tasks)

    def _has_row(self, spec: TrialSpec) -> bool:
        return self.run.row(spec).exists()

    def _rows(self) -> Iterator[TrialResult]:
        for spec in self.grid_specs:
            found = self.store.find("result", spec.result_key) or self.run.row(spec)
            if found.exists():
                yield replace(from_json(found.read_text(encoding="utf-8")), spec=spec)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def plan_sweep(
    request: Request, resources: Resources, *, run: Path | None, command: str, tolerance_pp: float
) -> Sweep:
    """Load the data, find the model, and expand the grid. Nothing is started.

    Raises:
        DataError: If data are not there or not valid.
        AbsentError: If the model is not there.
        UsageError: If a name is not known or a value out of range.
    """
    # Names first: they cost nothing to check, data may take minutes to read.
    model = find_model(request.model_name)
    grid = request.resolved(model, gpu=resources.gpus > 0)
    sources = request.sources()
    expand(grid, dict.fromkeys(sources, ""), model)
    loaded = {name: load(source) for name, source in sources.items()}
    shas = {name: dataset.sha for name, dataset in loaded.items()}
    specs = expand(grid, shas, model, null=request.null)
    datasets = {dataset.sha: dataset for dataset in loaded.values()}
    sizes = {sha: len(dataset.train) for sha, dataset in datasets.items()}
    check_rates(specs, sizes)
    check_lengths(specs, model, sizes)
    check_probes(specs, sizes)
    check_targets(specs, datasets)
    name = request.grid or "own"
    flags = [flag for flag in (request.adaptive, "confirm" * grid.confirm) if flag]
    content = [*flags, *(spec.result_key for spec in specs)]
    fingerprint = key_of([content, resources.environment])[:6]
    plan = Plan(
        grid=name,
        command=command,
        specs=tuple(specs),
        created=_now(),
        tolerance_pp=tolerance_pp,
        limited=any(dataset.limited for dataset in loaded.values()),
        environment=resources.environment,
        notes=notes_of(specs, datasets, confirms=grid.confirm),
        adaptive=request.adaptive,
        candidates=candidates_of(specs) if grid.confirm else {},
    )
    return Sweep(
        plan=plan,
        grid_specs=specs,
        tasks=plan_tasks(specs, sizes),
        datasets=datasets,
        resources=resources,
        store=resources.open_store(),
        run=Run(run or resources.runs / f"{name}-{fingerprint}"),
        weights_bytes=model.size,
        sizes=sizes,
        control=grid.control,
    ).grown()


def store_data(datasets: Mapping[str, Dataset], store: Store) -> None:
    """Put data sets, by content hash, into the store, from where every trial reads them."""
    for sha, dataset in datasets.items():

        def save(path: Path, dataset: Dataset = dataset) -> None:
            write(dataset, path)

        store.get("data", sha, save, about={"dataset": dataset.name})
