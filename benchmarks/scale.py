"""How the cost of scoring by neighbours grows with rows and workers, through the scheduler itself.

    python -m benchmarks.scale [--rows 150000 --rows 300000] [--workers 1 --workers 2] [--probes 16]

Vectors around 500 centres are laid into a store as if a run had left them, in shards; what a sweep
would then do to score `redundancy` and `keep_one` is done by Ray Tune, each worker on one thread.
Wall is the whole of it, with Ray's start; work is what shards and scores took, added up, by the
workers' own clocks; busy is work over wall and workers. The exponent between two sizes says how
work grows: exact search should show 2. Memory is the most that any worker ever held, in the score
step or another.
"""

import math
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import pyarrow as pa
import typer
from ray import tune
from rich import print as show
from rich.table import Table

from orchestrator.execution.scheduler import Work
from orchestrator.execution.tuner import run_tasks
from orchestrator.planning.resources import Resources
from orchestrator.planning.task_graph import plan
from orchestrator.planning.tasks import Task
from orchestrator.store.replicated import Store
from trainables.arrays import write_arrays
from trainables.data.dataset import Dataset, Split
from trainables.data.dataset_file import write
from trainables.evidence.requirements import settings_of
from trainables.evidence.whose import evidence_key, shard_numbers
from trainables.neighbours.vectors import shards_of
from trainables.selection.lookup import signal_of
from trainables.spec import TrialSpec

SIGNALS = ("redundancy", "keep_one")


@dataclass
class Workers:
    """The most MB that any worker of Ray ever held, looked at four times a second."""

    most_mb: float = 0.0
    over: threading.Event = field(default_factory=threading.Event)

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Look until the block ends."""
        thread = threading.Thread(target=self._look)
        thread.start()
        try:
            yield
        finally:
            self.over.set()
            thread.join()

    def _look(self) -> None:
        while not self.over.wait(0.25):
            for process in Path("/proc").glob("[0-9]*"):
                try:
                    if b"ray::" in (process / "cmdline").read_bytes():
                        lines = (process / "status").read_text(encoding="utf-8").splitlines()
                        held = next(line for line in lines if line.startswith("VmHWM"))
                        self.most_mb = max(self.most_mb, int(held.split()[1]) / 1024)
                except (OSError, StopIteration):  # it has just ended
                    continue


class Errors(tune.Callback):  # type: ignore[misc]
    """Stops the benchmark at the first task that fails."""

    def on_trial_complete(
        self, iteration: int, trials: list[Any], trial: Any, **info: object
    ) -> None:
        """Look at how a task ended."""
        if error := (trial.last_result or {}).get("error"):
            raise SystemExit(error)


def specs_of(n: int, probes: int) -> list[TrialSpec]:
    """One trial of each signal."""
    full = TrialSpec(
        dataset="vectors", data_sha=f"{n:064x}", model="linear", model_sha="linear",
        learner="linear", seed=1,
    )  # fmt: skip
    return [
        replace(
            full,
            warmup=0.15,
            signal=name,
            settings=tuple((settings_of(signal_of(name).score) | {"probes": probes}).items()),
            selector="global",
            rate=0.1,
        )
        for name in SIGNALS
    ]


def lay(store: Store, spec: TrialSpec, n: int, d: int) -> None:
    """Into an empty store, what scoring finds there: the data set, a warm-up, its embeddings."""
    rows = pa.array(["x"] * n, pa.large_string())
    train = Split(inputs=rows, labels=np.arange(n) % 2, ids=np.arange(n))
    data = Dataset(
        name="vectors", kind="text", class_names=("a", "b"), train=train, test=train.take(range(2))
    )
    store.get("data", spec.data_sha, lambda path: write(data, path))
    centres = np.random.default_rng(0).standard_normal((500, d), dtype=np.float32)
    for number, shard in zip(shard_numbers("embeddings", n), shards_of(n), strict=True):
        rng = np.random.default_rng([1, shard.start])
        vectors = centres[rng.integers(0, 500, len(shard))]
        vectors += rng.standard_normal(vectors.shape, dtype=np.float32)

        def save(path: Path, vectors: Any = vectors) -> dict[str, Any]:
            write_arrays(path, {"embeddings": vectors}, {})
            return {"used": {}}

        store.get("evidence", evidence_key(spec, "embeddings", {}, number), save)


def scored(n: int, d: int, workers: int, probes: int) -> tuple[float, float, float, str]:
    """Wall seconds, work seconds, the most MB of a worker, and recall where it was measured."""
    specs = specs_of(n, probes)
    with tempfile.TemporaryDirectory() as folder:
        resources = Resources(cache=Path(folder) / "cache", at_once=workers)
        store = resources.open_store()
        lay(store, specs[0], n, d)
        tasks = [task for task in plan(specs, {specs[0].data_sha: n}) if _is_measured(task)]
        made = {artifact for task in tasks for artifact in task.makes}
        tasks = [
            replace(task, needs=tuple(need for need in task.needs if need in made))
            for task in tasks
        ]
        watch, started = Workers(), time.perf_counter()
        with watch.watched():
            run_tasks(
                Work(left=tasks, all_tasks=tasks),
                resources,
                Errors(),
                folder=Path(folder),
                stopping=lambda: show("stopping"),
            )
        wall = time.perf_counter() - started
        facts = [store.facts("scores", spec.score_key) for spec in specs]
    # Each rests on the same neighbours, and counts what they took.
    work = max(one["used"]["seconds"] for one in facts)
    recall = ", ".join(sorted({f"{one['recall']:.3f}" for one in facts if "recall" in one}))
    return wall, work, watch.most_mb, recall


def _is_measured(task: Task) -> bool:
    return task.kind == "score" or (task.kind == "evidence" and "embeddings" not in task.names)


def main(
    rows: Annotated[list[int] | None, typer.Option(help="A size; give it several times.")] = None,
    workers: Annotated[list[int] | None, typer.Option(help="How many; several times.")] = None,
    d: Annotated[int, typer.Option(help="Dimensions.")] = 384,
    probes: Annotated[int, typer.Option(help="Clusters looked through; 0 for exact.")] = 0,
) -> None:
    """Print seconds and memory for each size and number of workers, and how they grow."""
    columns = ("rows", "workers", "wall s", "work s", "busy", "exponent", "most MB", "recall@10")
    how = f"{probes} probes" if probes else "exact"
    table = Table(*columns, title=f"redundancy and keep_one, {d} dimensions, {how}")
    before: dict[int, tuple[int, float]] = {}
    for n in sorted(rows or [150_000, 300_000]):
        for count in workers or [1, 2]:
            wall, work, most_mb, recall = scored(n, d, count, probes)
            growth = ""
            if count in before:
                smaller, less = before[count]
                growth = f"{math.log(work / less) / math.log(n / smaller):.2f}"
            before[count] = n, work
            busy = f"{work / wall / count:.2f}"
            measured = [f"{wall:.0f}", f"{work:.0f}", busy, growth, f"{most_mb:.0f}"]
            table.add_row(f"{n:,}", str(count), *measured, recall or "1 (exact)")
    show(table)


if __name__ == "__main__":
    typer.run(main)
