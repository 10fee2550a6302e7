"""Whether a warning of a training tells what more epochs would do: the linear head, 48 runs.

python -m benchmarks.endings --data-dir DIR

For each data set, learning rate and length: how the run ends by its curve, and what twice the epochs
truly do to the accuracy on the test rows. Weight decay is next to none, so that runs can overfit.
"""

from collections import defaultdict
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from analysis.training_curves import ending_of
from orchestrator.store.local import ArtifactStore
from trainables.data.catalog import Source, load
from trainables.data.dataset_file import write
from trainables.environment import settle
from trainables.learners import LEARNERS
from trainables.spec import TrialSpec
from trainables.training_curve import run_curve
from trainables.trial import run_baseline

SETS = {"tickets": 0, "sms_spam": 0, "yahoo_health22": 8_000, "ag_news": 6_000}
RATES, EPOCHS = (1e-3, 3e-3, 1e-2, 1e-1), (3, 6, 12)


def main(
    data_dir: Annotated[Path, typer.Option(help="Holds the sets.")],
    folder: Annotated[Path, typer.Option(help="Of the store; kept.")] = Path("runs/endings"),
) -> None:
    """Print a line a run, and at the end what twice the epochs do by how runs end."""
    settle(1)
    store, gains = ArtifactStore(folder, environment="endings"), defaultdict(list)
    usual = replace(LEARNERS["linear"].training, weight_decay=1e-4)
    for name, limit in SETS.items():
        own = data_dir if (data_dir / name).is_dir() else None
        rows = load(Source(name=name, data_dir=own, limit=limit, limit_test=8_000))
        store.get("data", rows.sha, lambda path, rows=rows: write(rows, path))
        for lr in RATES:
            accuracy, state = {}, {}
            for epochs in (*EPOCHS, 2 * EPOCHS[-1]):
                spec = TrialSpec(
                    dataset=name, data_sha=rows.sha, model="linear", model_sha="linear", seed=11,
                    learner="linear", training=replace(usual, epochs=epochs, lr=lr),
                )  # fmt: skip
                accuracy[epochs] = 100 * (run_baseline(spec, store).accuracy or 0.0)
                state[epochs] = ending_of(run_curve(spec, store), tolerance=1.0).state
                store.clear_progress(spec.curve_key)
            for epochs in EPOCHS:
                gain = accuracy[2 * epochs] - accuracy[epochs]
                gains[state[epochs]].append(gain)
                print(f"{name}, lr {lr:g}, {epochs} epochs: {state[epochs]}; twice: {gain:+.2f} pp")
    for ends, some in gains.items():
        half = sum(gain >= 0.5 for gain in some)
        print(
            f"{ends}: {len(some)} runs; twice the epochs {np.mean(some):+.2f} pp on average, half a "
            f"point and more in {half}"
        )


if __name__ == "__main__":
    typer.run(main)
