"""Whether defaults train a model out: the linear head beside cross-validated logistic regression.

python -m benchmarks.defaults --data-dir DIR [--model linear:FOLDER] [--limit 8000] [--no-tune]

Both see the same embeddings of the same rows. A training that a search finds stands beside them, and
for tiny (--model tiny), which has no such peer, in their place.
"""

import time
import warnings
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

from orchestrator.planning.tuning import training_search
from orchestrator.store.local import ArtifactStore
from trainables.data.catalog import Source, load
from trainables.data.dataset import Dataset
from trainables.data.dataset_file import write
from trainables.environment import settle
from trainables.evidence.forward_passes import predict
from trainables.learners import LEARNERS
from trainables.learners.pretrained import find_model
from trainables.result import TrainingCurve
from trainables.run_context import RunContext
from trainables.spec import TrialSpec
from trainables.training_curve import run_curve
from trainables.training_settings import Training

SETS = ("sms_spam", "sst2", "yahoo_health22", "ag_news", "imdb")
GOAL_pp = 0.5
_SEEDS = (11, 17, 23, 29, 31)


def trained(runs: RunContext, spec: TrialSpec) -> tuple[float, float]:
    """Test accuracy of full-data runs, mean over seeds, and seconds of one."""
    runs.new_learner(spec)  # makes word pieces and embeddings, which the peer gets, too
    started, right = time.perf_counter(), []
    for seed in _SEEDS:
        one = replace(spec, seed=seed)
        learner = runs.new_learner(one)
        runs.train_until(learner, runs.schedule(one, learner, runs.all_rows), one.result_key)
        right.append((predict(learner, "test")[0] == runs.dataset.test.labels).mean())
    return float(np.mean(right)), (time.perf_counter() - started) / len(_SEEDS)


def regressed(runs: RunContext, spec: TrialSpec) -> tuple[float, float]:
    """Test accuracy of a logistic regression whose strength five folds have chosen, and its seconds."""
    from sklearn.linear_model import LogisticRegressionCV

    network: Any = runs.new_learner(spec).network
    train, test = (network.batch(n, np.arange(len(s)))["features"].numpy() for n, s in
                   (("train", runs.dataset.train), ("test", runs.dataset.test)))  # fmt: skip
    started = time.perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = LogisticRegressionCV(
            Cs=np.logspace(-1, 4, 10), cv=5, max_iter=300, scoring="accuracy"
        ).fit(train, runs.dataset.train.labels)
    return float(model.score(test, runs.dataset.test.labels)), time.perf_counter() - started


def searched(runs: RunContext, spec: TrialSpec) -> tuple[Training, float]:
    """The training that a search chooses, and its seconds."""
    started = time.perf_counter()
    search = training_search(spec, given=(), budget=8, n_train=len(runs.dataset.train))
    found: dict[TrialSpec, TrainingCurve] = {}
    while lacking := search.lacking(found.get):
        for one in lacking:
            found[one] = run_curve(one, runs.cache)
            runs.cache.clear_progress(one.curve_key)
    chosen = search.chosen(found.get)
    assert chosen is not None, "nothing is lacking"
    return chosen, time.perf_counter() - started


def spec_of(dataset: Dataset, model: str) -> TrialSpec:
    """The full-data run by the learner's defaults for a data set of this size."""
    found = find_model(model)
    learner = LEARNERS[found.learner]
    training = replace(learner.training, weight_decay=learner.decay_for(len(dataset.train)))
    return TrialSpec(
        dataset=dataset.name, data_sha=dataset.sha, model=found.name, model_sha=found.sha,
        learner=found.learner, seed=_SEEDS[0], training=training,
    )  # fmt: skip


def main(
    data_dir: Annotated[Path | None, typer.Option(help="Holds the sets.")] = None,
    folder: Annotated[Path, typer.Option(help="Of the store; kept.")] = Path("runs/defaults"),
    model: Annotated[str, typer.Option(help="linear, linear:FOLDER or tiny.")] = "linear",
    dataset: Annotated[list[str] | None, typer.Option(help="Repeat.")] = None,
    limit: Annotated[int, typer.Option(help="Training rows; 0 for all.")] = 8_000,
    limit_test: Annotated[int, typer.Option(help="Test rows; 0 for all.")] = 0,
    tune: Annotated[bool, typer.Option(help="Search a training, too.")] = True,
) -> None:
    """Print a line a data set: accuracies, their difference to the peer, and seconds."""
    settle(1)
    store, worst = ArtifactStore(folder, environment="defaults"), 0.0
    for name in dataset or SETS:
        rows = load(Source(name=name, data_dir=data_dir, limit=limit, limit_test=limit_test))
        store.get("data", rows.sha, lambda path, rows=rows: write(rows, path))
        runs, spec = RunContext(rows, store), spec_of(rows, model)
        own, own_s = trained(runs, spec)
        parts = [
            f"{name}: {len(rows.train):,} train, {len(rows.test):,} test",
            f"default {100 * own:.2f}% ({own_s:.1f} s)",
        ]
        peers = []
        if spec.learner == "linear":
            peer, took = regressed(runs, spec)
            peers.append(peer)
            parts.append(f"cross-validated logistic regression {100 * peer:.2f}% ({took:.1f} s)")
        if tune:
            chosen, took = searched(runs, spec)
            best, _ = trained(runs, replace(spec, training=chosen))
            peers += [best] if spec.learner != "linear" else []
            parts.append(
                f"searched {100 * best:.2f}% (epochs {chosen.epochs}, lr {chosen.lr:g}, weight decay "
                f"{chosen.weight_decay:g}; search {took:.0f} s, {took / own_s:.1f} default runs)"
            )
        if peers:
            worst = min(worst, 100 * (own - max(peers)))
            parts.append(f"default against the peer {100 * (own - max(peers)):+.2f} pp")
        print("; ".join(parts), flush=True)
    print(f"worst {worst:+.2f} pp; goal: not below −{GOAL_pp} pp")


if __name__ == "__main__":
    typer.run(main)
