"""From what was asked to the trials, the work behind them, and what of it is done."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from analysis.interim_looks import Purchase, demand
from analysis.run_files import Plan
from orchestrator.planning.grids import expand
from orchestrator.planning.preflight import check_lengths, check_probes, check_targets
from orchestrator.planning.request import Request
from orchestrator.planning.resources import Resources
from orchestrator.planning.task_graph import plan
from orchestrator.planning.tasks import TASKS, Task
from orchestrator.store.replicated import Store
from orchestrator.store.run_folder import Run
from trainables.data.catalog import load
from trainables.data.dataset import Dataset, write
from trainables.keys import key_of
from trainables.learners.pretrained import find_model
from trainables.records import from_json
from trainables.result import TrialResult
from trainables.selection.contracts import warnings
from trainables.spec import TrialSpec


@dataclass(frozen=True, kw_only=True)
class Sweep:
    """A planned sweep.

    Attributes:
        grid: The preset's name.
        specs: The trials asked for, baselines first.
        grid_specs: All there could be: more than `specs` only where seeds are bought one by one.
        tasks: The work behind all of them.
        datasets: By content hash.
        place: Where it runs.
        store: What is shared.
        run: The run's folder.
        command: As typed.
        tolerance_pp: Margin of the verdicts.
        weights_bytes: Of the model's files; 0 where built in.
        adaptive: Whether seeds are bought look by look.
        purchases: What was bought beyond the first look and has not ended.
    """

    grid: str
    specs: list[TrialSpec]
    grid_specs: list[TrialSpec]
    tasks: list[Task]
    datasets: Mapping[str, Dataset]
    place: Resources
    store: Store
    run: Run
    command: str
    tolerance_pp: float
    weights_bytes: int = 0
    adaptive: bool = False
    purchases: Sequence[Purchase] = ()

    def grown(self) -> "Sweep":
        """The sweep as the rows that are there ask for it; itself where it buys nothing."""
        if not self.adaptive:
            return self
        asked = demand(self.grid_specs, self._rows(), tolerance_pp=self.tolerance_pp)
        return replace(self, specs=asked.specs, purchases=asked.purchases)

    def _rows(self) -> Iterator[TrialResult]:
        for spec in self.grid_specs:
            found = self.store.find("result", spec.result_key) or self.run.row(spec)
            if found.exists():
                yield replace(from_json(found.read_text(encoding="utf-8")), spec=spec)

    def is_done(self, spec: TrialSpec) -> bool:
        """Whether the trial's row is in the store."""
        return self.store.has("result", spec.result_key)

    @property
    def left(self) -> list[Task]:
        """Tasks whose trials are not all done: a scored set nobody waits for is not made again."""
        wanted = {spec.result_key for spec in self.specs if not self.is_done(spec)}
        lacking: set[tuple[str, str]] = {("result", key) for key in wanted}
        left = []
        for task in reversed(self.tasks_by_need()):
            if lacking & set(task.makes) and not self._has(task, lacking):
                left.append(task)
                lacking |= set(task.needs)
        return left[::-1]

    def _has(self, task: Task, lacking: set[tuple[str, str]]) -> bool:
        return all(self.store.has(*artifact) for artifact in task.makes if artifact in lacking)

    def tasks_by_need(self) -> list[Task]:
        """Every task behind the tasks it needs."""
        return sorted(self.tasks, key=lambda task: TASKS[task.kind].rank)

    def notes(self) -> list[str]:
        """Sentences the report shows: what was done to the data, what to know of a signal."""
        of_data = [f"{d.name}: {note}" for d in self.datasets.values() for note in d.notes]
        of_trials = [note for spec in self.specs for note in warnings(spec)]
        return list(dict.fromkeys(_of_seeds(self.specs) + of_data + of_trials))

    def room_bytes(self) -> int:
        """What the warm-ups still to be made will take: weights and AdamW's two moments of each."""
        made = {artifact for task in self.left for artifact in task.makes}
        lacking = [key for kind, key in made if kind == "warm" and not self.store.has(kind, key)]
        return 3 * self.weights_bytes * len(lacking)

    def record(self) -> Plan:
        """What plan.json holds."""
        return Plan(
            grid=self.grid,
            command=self.command,
            specs=tuple(self.specs),
            created=datetime.now(UTC).isoformat(timespec="seconds"),
            tolerance_pp=self.tolerance_pp,
            limited=any(dataset.limited for dataset in self.datasets.values()),
            environment=self.place.environment,
            notes=tuple(self.notes()),
            adaptive=self.adaptive,
        )


def _of_seeds(specs: Iterable[TrialSpec]) -> list[str]:
    if len({spec.seed for spec in specs}) > 1:
        return []
    return [
        "1 seed gives no interval: every verdict will be inconclusive; use --seeds 3 or more, 5 is "
        "a good start"
    ]


def plan_sweep(
    request: Request, place: Resources, *, run: Path | None, command: str, tolerance_pp: float
) -> Sweep:
    """Load the data, find the model, and expand the grid. Nothing is started.

    Raises:
        DataError: If data are not there or not valid.
        FileNotFoundError: If the model is not there.
        ValueError: If a name is not known or a value out of range.
    """
    # Names first: they cost nothing to check, data may take minutes to read.
    model = find_model(request.model_name)
    grid = request.resolved(model, gpu=place.gpus > 0)
    sources = request.sources()
    expand(grid, dict.fromkeys(sources, ""), model)
    loaded = {name: load(source) for name, source in sources.items()}
    shas = {name: dataset.sha for name, dataset in loaded.items()}
    specs = expand(grid, shas, model, null=request.null)
    datasets = {dataset.sha: dataset for dataset in loaded.values()}
    sizes = {sha: len(dataset.train) for sha, dataset in datasets.items()}
    check_lengths(specs, model, sizes)
    check_probes(specs, sizes)
    check_targets(specs, datasets)
    name = request.grid or "own"
    content = [request.adaptive] * request.adaptive + [spec.result_key for spec in specs]
    fingerprint = key_of([content, place.environment])[:6]
    return Sweep(
        grid=name,
        specs=specs,
        grid_specs=specs,
        tasks=plan(specs, sizes),
        datasets=datasets,
        place=place,
        store=place.open_store(),
        run=Run(run or place.runs / f"{name}-{fingerprint}"),
        command=command,
        tolerance_pp=tolerance_pp,
        weights_bytes=model.size,
        adaptive=request.adaptive,
    ).grown()


def keep_data(sweep: Sweep) -> None:
    """Put the data sets into the store, from where every trial reads them."""
    for sha, dataset in sweep.datasets.items():

        def save(path: Path, dataset: Dataset = dataset) -> None:
            write(dataset, path)

        sweep.store.get("data", sha, save, about={"dataset": dataset.name})
