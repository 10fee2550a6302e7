"""Do guards, margins as a share of the gain and metrics of one's own keep their promise?

python -m benchmarks.metric_families --studies 1000
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Annotated, Any

import numpy as np
import typer
from numpy.typing import NDArray

from analysis.contributions import by_jackknife
from analysis.metrics import ACCURACY, METRICS, Metric
from analysis.verdicts import ALPHA, judge
from benchmarks.metric_calibration import SEEDS, Floats, differences, percent
from benchmarks.metric_runs import FOUR, NUMBERS, Classes, World, true_values

# One class is harmed; the others are not.
ONE_HARMED = replace(FOUR, loss=(0.0, 0.0, 0.3, 0.0))
HARMED = 2
# So much that a log loss, of which one row may be nearly all, can be decided.
MUCH_HARMED = replace(FOUR, loss=(0.3, 0.3, 0.4, 0.5))


def guarded(
    world: Classes, harmed: int, true: Floats, *, n: int, studies: int
) -> tuple[float, float, float]:
    """One class exactly at the line, the others above it: "within for every class" would be false.

    Args:
        world: What is true.
        harmed: The class at the line.
        true: True differences of recall, shape (c,).
        n: Test examples.
        studies: How many.

    Returns:
        Shares of studies at three seeds where every class is called within, where the harmed one is,
        and where all bands of a joint 90 % cover their truth.
    """
    rng, c = np.random.default_rng([n, studies]), len(true)
    found = np.zeros(3)
    for _ in range(studies):
        truth, pairs = world.draw(rng, n, 3)
        x = differences(ACCURACY, truth, pairs)
        words, covered = [], True
        for k in range(c):
            own = x[truth.y == k]
            if not len(own):
                words.append("inconclusive")
                continue
            words.append(judge(own, tolerance=-100 * true[harmed]).verdict)
            band = judge(own, alpha=ALPHA / c)
            low, high = band.low, band.high
            if low is not None and high is not None:
                covered &= low <= 100 * true[k] <= high
        every = all(word == "within" for word in words)
        found += every, words[harmed] == "within", covered
    every, alone, joint = found / studies
    return float(every), float(alone), float(joint)


def of_gain(
    world: World, name: str, *, n: int, studies: int, runs: int
) -> tuple[float, list[float]]:
    """A margin as a share of the gain, at exactly the true share.

    Returns:
        The true share, and the shares of studies called within at each of SEEDS.
    """
    metric = METRICS[name]
    reference = metric.reference
    assert reference is not None, "a share of the gain needs a prediction without a look"
    full, delta = true_values(world, [name], runs=runs)[name]
    rng, found = np.random.default_rng([n, studies]), np.zeros(len(SEEDS))
    truth, _ = world.draw(np.random.default_rng(1), 400_000, 0)
    without = float(metric.of(truth, reference(truth)).mean())
    share = float(delta[0] / (without - full[0]))
    for _ in range(studies):
        truth, pairs = world.draw(rng, n, max(SEEDS))
        x, nothing = differences(metric, truth, pairs), metric.of(truth, reference(truth))
        gain = np.stack(
            [metric.sign * (metric.of(truth, one) - nothing) for one, _ in pairs], axis=1
        )
        most = metric.most(truth, pairs[0][0]) if metric.most else None
        for place, seeds in enumerate(SEEDS):
            own, mean = gain[:, :seeds], float(gain[:, :seeds].mean())
            shifted = x[:, :seeds] + share * (own - mean)
            word = judge(shifted, tolerance=share * mean * metric.scale, metric=metric, most=most)
            found[place] += word.verdict == "within"
    return share, [float(each) for each in found / studies]


def _matthews(y: NDArray[Any], columns: dict[str, NDArray[Any]]) -> float:
    return float(np.corrcoef(y == 1, columns["predicted"] == 1)[0, 1])


def _explained(y: NDArray[Any], columns: dict[str, NDArray[Any]]) -> float:
    return float(1 - np.mean((columns["predicted"] - y) ** 2) / np.var(y))


def _median_error(y: NDArray[Any], columns: dict[str, NDArray[Any]]) -> float:
    return -float(np.median(np.abs(columns["predicted"] - y)))


def _lift(y: NDArray[Any], columns: dict[str, NDArray[Any]]) -> float:
    first = np.argsort(-columns["predicted"], kind="stable")[: max(1, len(y) // 10)]
    return float(y[first].mean())


# Metrics of one's own, higher is better, as a user writes them.
OWN: dict[str, tuple[World, Callable[..., float]]] = {
    "Matthews correlation": (FOUR, _matthews),
    "explained variance": (NUMBERS, _explained),
    "median error": (NUMBERS, _median_error),
    "mean of the tenth said to be highest": (NUMBERS, _lift),
}


def by_own(
    world: World, function: Callable[..., float], *, n: int, studies: int, runs: int
) -> list[float]:
    """Shares of studies called within at the true loss of a function of one's own, at each of SEEDS."""
    rng = np.random.default_rng([n, studies])
    deltas = []
    for _ in range(runs):
        truth, ((full, pruned),) = world.draw(rng, 20_000, 1)
        deltas.append(function(truth.y, pruned) - function(truth.y, full))
    own = Metric(
        name="own", label="own", unit="", scale=1.0,
        of=lambda truth, columns: by_jackknife(function, truth, columns),
    )  # fmt: skip
    found = np.zeros(len(SEEDS))
    for _ in range(studies):
        truth, pairs = world.draw(rng, n, max(SEEDS))
        x = differences(own, truth, pairs)
        for place, seeds in enumerate(SEEDS):
            word = judge(x[:, :seeds], tolerance=-float(np.mean(deltas)), metric=own, most=None)
            found[place] += word.verdict == "within"
    return [float(each) for each in found / studies]


def main(
    studies: Annotated[int, typer.Option(help="Of each cell.")] = 1000,
    runs: Annotated[int, typer.Option(help="Pairs of runs the true values are taken from.")] = 2000,
) -> None:
    """Print every table."""
    true = true_values(ONE_HARMED, ["balanced_accuracy"], runs=runs)["balanced_accuracy"][1]
    lost = ", ".join(f"{100 * each:+.2f}" for each in true)
    print(f"One class of four at the line, three seeds; true differences of recall {lost} pp")
    print("\n| n | within for every class | within for that class | joint 90 % bands hold |")
    print("|---|---|---|---|")
    for n in (300, 1000, 3000):
        every, alone, joint = guarded(ONE_HARMED, HARMED, true, n=n, studies=studies)
        told = f"{100 * joint:.1f}{'' if joint >= 0.89 else ' MISSES'}"
        print(
            f"| {n:,} | {percent(every, studies)} | {percent(alone, studies)} | {told} |",
            flush=True,
        )
    print("\n| share of the gain | n | 2 seeds | 3 seeds | 5 seeds |\n|---|---|---|---|---|")
    for name, world in (("log_loss", MUCH_HARMED), ("mae", NUMBERS), ("rmse", NUMBERS)):
        for n in (1000, 3000):
            share, found = of_gain(world, name, n=n, studies=studies, runs=runs)
            cells = " | ".join(percent(each, studies) for each in found)
            print(f"| {METRICS[name].label}, {100 * share:.1f} % | {n:,} | {cells} |", flush=True)
    print("\n| metric of one's own | n | 2 seeds | 3 seeds | 5 seeds |\n|---|---|---|---|---|")
    for title, (world, function) in OWN.items():
        for n in (300, 1000, 3000):
            few = max(1, studies // 2)
            found = by_own(world, function, n=n, studies=few, runs=runs)
            print(f"| {title} | {n:,} | {' | '.join(percent(f, few) for f in found)} |", flush=True)


if __name__ == "__main__":
    typer.run(main)
