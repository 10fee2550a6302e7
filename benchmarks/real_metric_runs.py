"""Are variances and verdicts of metrics right on real predictions, with fresh trainings as seeds?

python -m benchmarks.real_metric_runs DATA_FOLDER --pairs 400
"""

import math
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from numpy.typing import NDArray

from analysis.contributions import Columns, Truth
from analysis.metrics import METRICS, Metric
from analysis.verdicts import judge
from benchmarks.real_predictions import classified, hashed, measured, read, said

Floats = NDArray[np.float64]
OF_CLASSES = ("accuracy", "balanced_accuracy", "macro_f1", "log_loss", "auroc")
OF_NUMBERS = ("mae", "rmse")
# Of a class this many rows are expected in a redrawn test set: nearly always five then, and ten to rank.
_EXPECTED = 12
SIZES, SEEDS = (200, 1000, 3000), (2, 3, 5)


def some_rows(truth: Truth, columns: Columns, rows: NDArray[np.int64]) -> tuple[Truth, Columns]:
    """Some rows of a test set and of what was said of them."""
    fields = {name: getattr(truth, name) for name in ("labels", "targets")}
    taken = {name: each[rows] for name, each in fields.items() if each is not None}
    part = Truth(**taken, class_names=truth.class_names, prior=truth.prior,
                 mean=truth.mean, median=truth.median)  # fmt: skip
    return part, {name: values[rows] for name, values in columns.items()}


def redrawn(
    metric: Metric, truth: Truth, runs: tuple[Columns, Columns], *, n: int, draws: int
) -> float:
    """The variance that contributions say of a paired difference, over that of redrawn test sets.

    Classes that a test set of n rows may hold too few of are left out, so that all are of one mean; no
    number where none is left.
    """
    rng, rows = np.random.default_rng([n, draws]), np.arange(len(truth.y))
    if truth.labels is not None and "weight" not in metric.needs:
        often = np.bincount(truth.labels) / len(rows) * n >= _EXPECTED
        rows = rows[often[truth.labels]]
    if not len(rows):
        return math.nan
    values, said_variances = [], []
    for _ in range(draws):
        drawn = rng.choice(rows, n)
        one, other = (metric.of(*some_rows(truth, run, drawn)) for run in runs)
        values.append((other - one).mean())
        said_variances.append((other - one).var() / n)
    return float(np.mean(said_variances) / np.var(values))


def print_variances(folder: Path, draws: int) -> None:
    """The table of variances."""
    print(
        f"\nSaid variance over that of {draws} redrawn test sets; goal 0.90 to 1.10, and twice the"
    )
    print(f"Monte Carlo error, {math.sqrt(2 / draws):.2f}; of AUROC at 7,600 twice that error\n")
    print("| data | metric | " + " | ".join(f"n {n:,}" for n in (200, 1000, 7600)) + " |")
    print("|---|---|---|---|---|")
    for name in ("ag_news", "imdb", "sms_spam", "yahoo_health22"):
        of_classes = classified(folder, name, train=4000, test=10_000)
        of_numbers = measured(folder, name, train=3000, test=10_000)
        truth, runs = of_classes
        weight = 1.0 + np.random.default_rng(0).poisson(30, len(truth.y))
        tokens = [{"loss": run["loss"] * weight, "weight": weight} for run in runs]
        for metric in METRICS.values():
            source = of_numbers if metric.is_of == "numbers" else of_classes
            if "weight" in metric.needs:
                source = truth, (tokens[0], tokens[1])
            cells = []
            for n in (200, 1000, 7600):
                few = draws if metric.name != "auroc" or n < 7600 else draws // 4
                found = redrawn(metric, *source, n=n, draws=few)
                room = 0.1 + 2 * math.sqrt(2 / few)
                cells.append(f"{found:.2f}" + (" MISSES" if abs(found - 1) > room else ""))
            print(f"| {name} | {metric.label} | {' | '.join(cells)} |", flush=True)


def print_verdicts(folder: Path, name: str, *, pairs: int, studies: int) -> None:
    """Verdicts of fresh trainings on fresh test rows, judged exactly at their true loss.

    A seed draws 3,000 training rows anew, its pruned run 60 % of these; test rows come from 12,000 that
    none trains on. The true loss is the mean over all pairs on all of them: known to its printed error.
    """
    texts, y = read(folder, name, "train", 40_000)
    words, half = hashed(texts), min(12_000, len(y) // 2)
    of_test, test_y, c = words[:half], y[:half], int(y.max()) + 1
    size = min(3000, (len(y) - half) // 2)
    rng, made = np.random.default_rng(3), []
    for seed in range(pairs):
        full = half + rng.choice(len(y) - half, size, replace=False)
        runs = [
            said(words[part], y[part], of_test, test_y, seed)
            for part in (full, full[: round(0.6 * size)])
        ]
        made.append([
            {"predicted": run["predicted"].astype(np.int16), "loss": run["loss"].astype(np.float32)}
            for run in runs
        ])  # fmt: skip
    names = tuple(map(str, range(c)))
    truth = Truth(labels=test_y, class_names=names, prior=np.bincount(y) / len(y))
    print(
        f"\n{name}: {pairs} fresh pairs, {studies} studies a cell; false within at the true loss\n"
    )
    print("| metric | true loss | n | " + " | ".join(f"{s} seeds" for s in SEEDS) + " |")
    print("|---|---|---|---|---|---|")
    for metric in (METRICS["macro_f1"], METRICS["log_loss"]):
        deltas = [metric.sign * (metric.of(truth, b) - metric.of(truth, a)).mean() for a, b in made]
        loss, error = -float(np.mean(deltas)), float(np.std(deltas)) / np.sqrt(pairs)
        for n in SIZES:
            found = _false_within(metric, truth, made, n=n, studies=studies, loss=loss)
            cells = " | ".join(f"{100 * share:.1f}" for share in found)
            told = f"{metric.scale * loss:.3f} ± {metric.scale * error:.3f}"
            print(f"| {metric.label} | {told} | {n:,} | {cells} |", flush=True)


def _false_within(
    metric: Metric, truth: Truth, made: list[list[Columns]], *, n: int, studies: int, loss: float
) -> list[float]:
    """Share called within of studies that each draw test rows and pairs of trainings."""
    rng, found = np.random.default_rng([n, studies]), np.zeros(len(SEEDS))
    for _ in range(studies):
        rows = rng.integers(len(truth.y), size=n)
        columns = []
        for pair in rng.choice(len(made), max(SEEDS), replace=False):
            part, one = some_rows(truth, made[pair][0], rows)
            _, other = some_rows(truth, made[pair][1], rows)
            columns.append(metric.sign * (metric.of(part, other) - metric.of(part, one)))
        x = np.stack(columns, axis=1)
        most = metric.most(part, one) if metric.most else None
        for place, seeds in enumerate(SEEDS):
            word = judge(x[:, :seeds], tolerance=metric.scale * loss, metric=metric, most=most)
            found[place] += word.verdict == "within"
    return list(found / studies)


def main(
    folder: Annotated[Path, typer.Argument(help="Folder of ag_news, imdb, sms_spam ...")],
    draws: Annotated[int, typer.Option(help="Redrawn test sets a cell.")] = 2000,
    pairs: Annotated[int, typer.Option(help="Fresh pairs of trainings; 0 for none.")] = 400,
    studies: Annotated[int, typer.Option(help="Of each cell.")] = 1000,
) -> None:
    """Print both tables."""
    if draws:
        print_variances(folder, draws)
    if pairs:
        for name in ("ag_news", "sms_spam"):
            print_verdicts(folder, name, pairs=pairs, studies=studies)


if __name__ == "__main__":
    typer.run(main)
