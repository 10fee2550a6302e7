"""What cuts remove of real text: rows with their nearest neighbours, and whose rows; tables of docs/signals.md.

python -m benchmarks.twins --data-dir FOLDER
"""

from collections import defaultdict
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from numpy.typing import NDArray

from analysis.class_retention import retention_bias_pp
from benchmarks.noise import minilm
from orchestrator.planning.plan import Sweep, plan_sweep
from orchestrator.planning.request import Request
from orchestrator.planning.resources import Resources
from orchestrator.planning.seeds import first_seeds
from orchestrator.planning.stored_inputs import store_data
from trainables.data.dataset import Dataset
from trainables.environment import settle
from trainables.evidence.collector import Evidence
from trainables.run_context import load_runs
from trainables.selection.scoring import select
from trainables.spec import TrialSpec
from trainables.trial import warm_up

DATASETS = ("ag_news", "yahoo_health22", "sms_spam")
RATES = (0.1, 0.2, 0.3)
BY_CLASS = ("global", "stratified", "floor")
# Coverage keeps rows evenly over the scores' range: of an order or a draw that is random pruning.
CUTS = {
    "random": BY_CLASS,
    "redundancy": (*BY_CLASS, "coverage"),
    "redundancy_within_class": (*BY_CLASS, "coverage"),
    "keep_one": BY_CLASS,
    "semdedup": (*BY_CLASS, "coverage"),
}
# By data set, arm and rate, over seeds: share of twins lost, and retention bias (seeds, classes).
Arm = tuple[str, str]
Measured = dict[tuple[str, Arm, float], list[tuple[float, NDArray[np.float64]]]]


def twins_lost(nearest: NDArray[np.int32], keep: NDArray[np.bool_]) -> float:
    """Share of the removed rows whose nearest row, shape (n,), was removed too."""
    return float((~keep[nearest[~keep]]).mean())


def bias_pp(data: Dataset, keep: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Kept share of each class minus that of all, shape (c,)."""
    labels, c = data.train.labels, len(data.class_names)
    counts = (np.bincount(rows, minlength=c).tolist() for rows in (labels, labels[keep]))
    return retention_bias_pp(*counts)


def planned(data_dir: Path, rows: int, seeds: int, model: str, cache: Path) -> Sweep:
    """Every data set, cut and rate; of training only so much that there is a mark to score at."""
    request = Request(
        datasets=DATASETS,
        data_dir=data_dir,
        limit=rows,
        limit_test=100,
        model=model,
        signals=tuple(f"{signal}:{cut}" for signal, cuts in CUTS.items() for cut in cuts),
        seeds=first_seeds(seeds),
        rates=RATES,
        warmups=(0.5,),
        control=False,
        training=(("epochs", 1), ("max_length", 64)),
        precision="fp32",
    )
    resources = Resources(cache=cache.absolute())
    return plan_sweep(request, resources, run=None, command="", tolerance=1.0)


def measure(sweep: Sweep) -> Measured:
    """Cut every data set in every way."""
    measured: Measured = defaultdict(list)
    for baseline in (spec for spec in sweep.specs if spec.is_baseline):
        own = [s for s in sweep.specs if s.run_key == baseline.run_key and not s.is_baseline]
        warm_up(baseline, sweep.store, marks=own)
        runs = load_runs(baseline, sweep.store)
        nearest = Evidence(own[0], runs).get("neighbours", {}).rows[:, 0]
        for spec in own:
            keep, _ = select(spec, runs)
            found = twins_lost(nearest, keep), bias_pp(runs.dataset, keep)
            measured[_place(spec)].append(found)
    return measured


def _place(spec: TrialSpec) -> tuple[str, Arm, float]:
    return spec.dataset, (spec.signal, spec.selector), spec.rate


def main(
    data_dir: Annotated[Path, typer.Option(help="Folder of data sets by name.")],
    rows: Annotated[int, typer.Option(help="Training rows to take of each; 0 for all.")] = 15_000,
    seeds: Annotated[int, typer.Option(help="How many.")] = 3,
    model: Annotated[str, typer.Option(help="Empty for linear on MiniLM-L6.")] = "",
    cache: Annotated[Path, typer.Option(help="What runs share.")] = Path("runs/_cache"),
) -> None:
    """Print both tables."""
    settle(1)
    sweep = planned(data_dir, rows, seeds, model or minilm(), cache)
    store_data(sweep.datasets, sweep.store)
    measured = measure(sweep)
    data = {dataset.name: dataset for dataset in sweep.datasets.values()}
    rates = "/".join(f"{rate * 100:.0f}" for rate in RATES)
    names = " | ".join(f"{name}, {len(data[name].train):,} rows" for name in DATASETS)
    print(
        f"Removed with their nearest neighbour, % of the removed at {rates} % pruned, mean of {seeds} seeds\n"
    )
    print(f"| signal | selector | {names} |\n|---|---|{'---|' * len(DATASETS)}")
    for arm in _arms():
        cells = [_twins([measured[name, arm, rate] for rate in RATES]) for name in DATASETS]
        print(f"| `{arm[0]}` | {arm[1]} | {' | '.join(cells)} |")
    print(
        f"\nWorst class's retention bias, pp at {rates} % pruned; the class is that of the last\n"
    )
    print(f"| signal | selector | {names} |\n|---|---|{'---|' * len(DATASETS)}")
    for arm in _arms():
        cells = [
            _worst([measured[name, arm, rate] for rate in RATES], data[name].class_names)
            for name in DATASETS
        ]
        print(f"| `{arm[0]}` | {arm[1]} | {' | '.join(cells)} |")


def _arms() -> list[Arm]:
    return [(signal, cut) for signal, cuts in CUTS.items() for cut in cuts]


def _twins(by_rate: list[list[tuple[float, NDArray[np.float64]]]]) -> str:
    return " / ".join(f"{100 * np.mean([lost for lost, _ in each]):.0f}" for each in by_rate)


def _worst(
    by_rate: list[list[tuple[float, NDArray[np.float64]]]], class_names: tuple[str, ...]
) -> str:
    means = [np.mean([bias for _, bias in each], axis=0) for each in by_rate]
    figures = " / ".join(f"{mean.min():.1f}".replace("-", "−") for mean in means)
    return f"{figures} {class_names[int(means[-1].argmin())]}"


if __name__ == "__main__":
    typer.run(main)
