"""What a worker needs to train images and language models, beside plain loops of the same models.

    python -m benchmarks.learners [--steps 40] [--repeats 3] [--data-dir data]

Images: the small ResNet of 2,000 images of CIFAR-10, beside a loop in torch over the same bytes in memory
with the same views. Language: the small GPT-2 of 1,000 made conversations, beside transformers' Trainer over
the same pieces. One thread, batch sizes and learning rates alike; each side is a process of its own, in turn,
and reads the plan and the cache of this package first: its memory has that, too.
Goal: seconds a step and most memory at most 1.1 times theirs.
"""

import json
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Annotated, Any

import typer

# Steps before the clock starts: the first ones wait for memory and for code to be loaded.
_FIRST = 5
GOAL = 1.1
KINDS = {"image": ("cifar10", 2000), "causal_lm": ("instructions:1000", 0)}


def planned(kind: str, folder: Path, data_dir: str) -> tuple[Any, Any]:
    """The full-data run of a kind, and the runs of its data set."""
    from orchestrator.planning.plan import plan_sweep
    from orchestrator.planning.request import Request
    from orchestrator.planning.resources import Resources
    from orchestrator.planning.stored_inputs import store_data
    from trainables.run_context import load_runs

    name, limit = KINDS[kind]
    request = Request(
        datasets=(name,), model=kind, seeds=(11,), rates=(0.1,), limit=limit, data_dir=data_dir
    )
    resources = Resources(cache=folder)
    sweep = plan_sweep(request, resources, run=None, command="", tolerance=None)
    store_data(sweep.datasets, sweep.store)
    spec = next(spec for spec in sweep.specs if spec.is_baseline)
    return spec, load_runs(spec, sweep.store)


class Clock:
    """Processor seconds of the steps behind the first few."""

    def __init__(self) -> None:
        self.laps: list[float] = []

    def step(self) -> None:
        """A step has ended."""
        self.laps.append(time.process_time())

    @property
    def seconds(self) -> float:
        """Of one step."""
        return (self.laps[-1] - self.laps[_FIRST]) / (len(self.laps) - 1 - _FIRST)


def ours(spec: Any, runs: Any, steps: int, clock: Clock) -> None:
    """Steps of a worker of this package."""
    spec = replace(spec, training=replace(spec.training, epochs=1000))
    learner = runs.new_learner(spec)
    for _ in learner.train(runs.schedule(spec, learner, runs.all_rows), until=steps):
        clock.step()


def plain_image(spec: Any, runs: Any, steps: int, clock: Clock) -> None:
    """A loop in torch over bytes in memory."""
    import torch

    network = runs.new_learner(spec).network
    pixels = torch.from_numpy(network._pixels.rows("train", range(len(runs.dataset.train))).copy())
    labels, model, t = torch.tensor(runs.dataset.train.labels), network.module, spec.training
    optimizer = torch.optim.AdamW(model.parameters(), lr=t.lr, weight_decay=t.weight_decay)
    del network
    for rows in _batches(len(labels), t.batch_size, steps):
        model.train()
        logits = model(pixels[rows].permute(0, 3, 1, 2))
        torch.nn.functional.cross_entropy(logits, labels[rows]).backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), t.clip_norm)
        optimizer.step()
        optimizer.zero_grad()
        clock.step()


def _batches(n: int, size: int, steps: int) -> Any:
    import torch

    found: list[Any] = []
    while len(found) < steps:
        found += torch.randperm(n).split(size)
    return found[:steps]


def plain_causal_lm(spec: Any, runs: Any, steps: int, clock: Clock) -> None:
    """The Trainer of transformers over the same pieces."""
    import torch
    from transformers import Trainer, TrainerCallback, TrainingArguments

    network = runs.new_learner(spec).network
    one, model = network._documents.splits["train"], network.module
    ends = one.pieces.offsets
    rows = [
        {"ids": one.pieces.values[a:b].tolist(), "scored": one.scored[a:b].tolist()}
        for a, b in pairwise(ends)
    ]
    pad = network._documents.pad

    class Laps(TrainerCallback):
        def on_step_end(self, *_: Any, **__: Any) -> None:
            clock.step()

    def collated(batch: list[dict[str, Any]]) -> dict[str, Any]:
        width = max(len(row["ids"]) for row in batch)
        ids = torch.full((len(batch), width), pad)
        labels, mask = torch.full((len(batch), width), -100), torch.zeros(len(batch), width)
        for line, row in enumerate(batch):
            n = len(row["ids"])
            ids[line, :n], mask[line, :n] = torch.tensor(row["ids"]), 1
            labels[line, :n] = torch.where(torch.tensor(row["scored"]), ids[line, :n], -100)
        return {"input_ids": ids, "attention_mask": mask.long(), "labels": labels}

    with tempfile.TemporaryDirectory() as folder:
        arguments = TrainingArguments(
            output_dir=folder, max_steps=steps, learning_rate=spec.training.lr,
            per_device_train_batch_size=spec.training.batch_size, save_strategy="no",
            logging_strategy="no", report_to=[], use_cpu=True, remove_unused_columns=False,
            dataloader_pin_memory=False, disable_tqdm=True, max_grad_norm=spec.training.clip_norm,
        )  # fmt: skip
        Trainer(
            model=model, args=arguments, train_dataset=rows, data_collator=collated,  # type: ignore[arg-type]
            callbacks=[Laps()],
        ).train()  # fmt: skip


SIDES: dict[str, Callable[[Any, Any, int, Clock], None]] = {
    "image ours": ours,
    "image plain": plain_image,
    "causal_lm ours": ours,
    "causal_lm plain": plain_causal_lm,
}


def measured(side: str, folder: Path, steps: int, data_dir: str) -> tuple[float, float]:
    """Processor seconds a step, and the most MB held, of one side in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.learners", "--side", side, "--folder", str(folder)]
    command += ["--steps", str(steps), "--data-dir", data_dir]
    told = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    seconds, held = json.loads(told.splitlines()[-1])
    return seconds, held


def main(
    steps: Annotated[int, typer.Option(help="Of each side, at a time.")] = 40,
    repeats: Annotated[int, typer.Option(help="How often each side runs.")] = 3,
    data_dir: Annotated[str, typer.Option(help="Holds cifar10.")] = "data",
    side: Annotated[str, typer.Option(hidden=True)] = "",
    folder: Annotated[str, typer.Option(hidden=True)] = "",
) -> None:
    """Measure both learners and print ratios."""
    if side:
        import torch

        torch.set_num_threads(1)
        spec, runs = planned(side.split()[0], Path(folder), data_dir)
        clock = Clock()
        SIDES[side](spec, runs, steps, clock)
        status = Path("/proc/self/status").read_text(encoding="utf-8")
        found = re.search(r"VmHWM:\s+(\d+)", status)
        print(json.dumps([clock.seconds, int(found[1]) / 1000 if found else 0.0]))
        return
    with tempfile.TemporaryDirectory() as place:
        for one in SIDES:  # data, pixels and pieces are made before anything is measured
            measured(one, Path(place), _FIRST + 2, data_dir)
        for kind in KINDS:
            took: dict[str, list[tuple[float, float]]] = {"ours": [], "plain": []}
            for _ in range(repeats):  # in turn: what else the machine does slows both
                for name, runs in took.items():
                    runs.append(measured(f"{kind} {name}", Path(place), steps, data_dir))
            for what, at, unit in (("a step", 0, "ms"), ("most memory", 1, "MB")):
                mine, theirs = (median(one[at] for one in took[n]) for n in ("ours", "plain"))
                scale = 1000 if unit == "ms" else 1
                print(
                    f"{kind}, {what}: {scale * mine:.1f} {unit}, plain {scale * theirs:.1f} {unit}, "
                    f"ratio {mine / theirs:.2f} (goal {GOAL})"
                )


if __name__ == "__main__":
    typer.run(main)
