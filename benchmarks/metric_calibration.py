"""How often the verdicts of every metric err where the truth is exactly at the line.

python -m benchmarks.metric_calibration --studies 1000
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

import numpy as np
import typer
from numpy.typing import NDArray

from analysis.contributions import Truth
from analysis.intervals import half_width, parts
from analysis.metrics import METRICS, Metric
from analysis.verdicts import ALPHA, judge
from benchmarks.metric_runs import (
    EVEN,
    FORGOTTEN,
    FOUR,
    NUMBERS,
    SPAM,
    Pairs,
    World,
    counted_in,
    true_values,
)
from trainables.errors import DataError

Floats = NDArray[np.float64]
SEEDS = (2, 3, 5)
SIZES = (100, 300, 1000, 3000, 10_000)
GOAL = 0.05
OF_CLASSES = ("accuracy", "balanced_accuracy", "macro_f1", "log_loss", "auroc")
OF_NUMBERS = ("mae", "rmse", "token_loss")
WORLDS: dict[str, tuple[World, Sequence[str]]] = {
    "4 classes, 88 % right": (FOUR, OF_CLASSES),
    "4 classes, evenly tested": (EVEN, ("accuracy_by_training_shares",)),
    "2 classes, 98.4 % right, AUROC .995": (SPAM, OF_CLASSES),
    "2 classes, 2 % of the smaller one forgotten": (FORGOTTEN, OF_CLASSES),
    "numbers and documents": (NUMBERS, OF_NUMBERS),
}


@dataclass(frozen=True, kw_only=True)
class Rates:
    """Shares of studies of one cell.

    Attributes:
        within: Called within by the printed word.
        outside: Called outside.
        plain: Would be called within by Welch's interval of the plain variances: without Poisson
            limits, the example assumed beforehand and the least number of examples.
        studies: How many.
    """

    within: float
    outside: float
    plain: float
    studies: int

    @property
    def error(self) -> float:
        """Monte Carlo standard error of `within`, at the goal or where it is."""
        p = max(self.within, GOAL)
        return float(np.sqrt(p * (1 - p) / self.studies))

    @property
    def misses(self) -> bool:
        """Whether more are within than the goal and twice its error allow."""
        return self.within > GOAL + 2 * self.error


def differences(metric: Metric, truth: Truth, pairs: Pairs) -> Floats:
    """What each test example adds to each pruned run less its full run, below 0 where worse, (n, seeds)."""
    columns = [metric.of(truth, pruned) - metric.of(truth, full) for full, pruned in pairs]
    return metric.sign * np.stack(columns, axis=1)


def plainly_within(x: Floats, line: float) -> bool:
    """The negative control: see Rates.plain."""
    p = parts(x)
    item = max(0.0, float(x.mean(1).var()) - p.n * float(p.res)) / p.n
    half = half_width(p.run, p.res, item, max(p.seeds - 1, 1), ALPHA)
    return bool(p.mean - half > line)


def rates(
    world: World,
    names: Sequence[str],
    true: dict[str, Floats],
    *,
    n: int,
    studies: int,
    margin: dict[str, float] | None = None,
) -> dict[tuple[str, int], Rates]:
    """Studies of one size by metric and number of seeds, judged at the true loss or at a margin.

    Args:
        world: What is true.
        names: Metrics.
        true: The true difference of each, by class of a mean over classes.
        n: Test examples.
        studies: How many.
        margin: Tolerances in the metric's unit, to be judged by instead of the true loss.
    """
    rng = np.random.default_rng([n, studies, margin is not None])
    found: Counter[tuple[str, int, str]] = Counter()
    for _ in range(studies):
        truth, pairs = world.draw(rng, n, max(SEEDS))
        for name in names:
            metric = METRICS[name]
            try:
                x = differences(metric, truth, pairs)
            except DataError:
                continue  # not one class has rows enough: nothing is judged
            loss = -metric.sign * counted_in(name, true[name], truth)
            tolerance = margin[name] if margin else metric.scale * loss
            most = metric.most(truth, pairs[0][0]) if metric.most else None
            for seeds in SEEDS:
                own = x[:, :seeds]
                word = judge(own, tolerance=tolerance, metric=metric, most=most).verdict
                found[name, seeds, word] += 1
                found[name, seeds, "plain"] += plainly_within(own, -tolerance / metric.scale)
    return {
        (name, seeds): Rates(
            within=found[name, seeds, "within"] / studies,
            outside=found[name, seeds, "outside"] / studies,
            plain=found[name, seeds, "plain"] / studies, studies=studies,
        ) for name in names for seeds in SEEDS
    }  # fmt: skip


def percent(p: float, studies: int, *, at_most: float = GOAL) -> str:
    """A share in per cent with its Monte Carlo error, and whether it misses its goal by twice that."""
    error = float(np.sqrt(max(p, at_most) * (1 - max(p, at_most)) / studies))
    return f"{100 * p:.1f} ± {100 * error:.1f}{' MISSES' if p > at_most + 2 * error else ''}"


def _print_rates(studies: int, runs: int) -> None:
    print(f"False within at exactly the line, per cent; goal: at most {100 * GOAL:.0f}.")
    print("Plain: the worst that Welch's interval of the plain variances would do there.")
    for title, (world, names) in WORLDS.items():
        values = true_values(world, names, runs=runs)
        true = {name: delta for name, (_, delta) in values.items()}
        print(f"\n{title}\n\n| metric | true loss | n | 2 seeds | 3 seeds | 5 seeds | plain |")
        print("|---|---|---|---|---|---|---|")
        for n in SIZES:
            few = studies if n < 3000 else studies // 2
            found = rates(world, names, true, n=n, studies=few)
            for name in names:
                own = [found[name, seeds] for seeds in SEEDS]
                cells = " | ".join(percent(each.within, few) for each in own)
                metric, plain = METRICS[name], 100 * max(each.plain for each in own)
                loss = metric.scale * float(np.mean(np.abs(true[name])))
                print(
                    f"| {metric.label} | {loss:.3g} | {n:,} | {cells} | {plain:.1f} |", flush=True
                )


def _print_power(studies: int, runs: int) -> None:
    print("\nCalled within where pruning harms nothing, per cent; margins 1 pp or 5 % of the gain")
    for title, (world, names) in WORLDS.items():
        values = true_values(world, names, runs=max(runs // 20, 20))
        margin = {
            name: 1.0 if METRICS[name].unit == "pp" else 0.05 * _gain(world, name, values[name][0])
            for name in names
        }
        true = {name: 0.0 * full for name, (full, _) in values.items()}
        print(f"\n{title}\n\n| metric | margin | n | 2 seeds | 3 seeds | 5 seeds |")
        print("|---|---|---|---|---|---|")
        for n in (1000, 3000, 10_000):
            few = max(studies // 4, 1)
            found = rates(world.unharmed(), names, true, n=n, studies=few, margin=margin)
            for name in names:
                cells = " | ".join(f"{100 * found[name, seeds].within:.0f}" for seeds in SEEDS)
                label = METRICS[name].label
                print(f"| {label} | {margin[name]:.3g} | {n:,} | {cells} |", flush=True)


def _gain(world: World, name: str, full: Floats) -> float:
    """What training gains over a prediction without a look; of token loss half of its value."""
    truth, _ = world.draw(np.random.default_rng(0), 200_000, 0)
    metric = METRICS[name]
    if metric.reference is None:
        return 0.5 * float(full[0])
    return float(metric.of(truth, metric.reference(truth)).mean()) - float(full[0])


def main(
    studies: Annotated[
        int, typer.Option(help="Of each cell; half of it from n = 3,000 on.")
    ] = 1000,
    runs: Annotated[int, typer.Option(help="Pairs of runs the true values are taken from.")] = 2000,
) -> None:
    """Print both tables."""
    _print_rates(studies, runs)
    _print_power(studies, runs)


if __name__ == "__main__":
    typer.run(main)
