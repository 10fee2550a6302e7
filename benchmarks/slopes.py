"""How often the interval of a slope misses the truth, and how often a straight line is called bent.

python -m benchmarks.slopes --studies 1000
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Annotated

import numpy as np
import typer

from analysis.envelope import cells
from analysis.slopes import Slope, line_weights, slope
from benchmarks.paired_runs import FULL, World, rows

RATES = (0.1, 0.2, 0.3)


@dataclass(frozen=True, kw_only=True)
class Setting:
    """Made-up studies of one method over its rates.

    Attributes:
        world: What is true of the runs.
        seeds: Of every trial.
        true: The true difference at each rate, in fractions.
        rates: Shares removed.
    """

    world: World
    seeds: int
    true: Sequence[float]
    rates: Sequence[float] = RATES

    @property
    def slope(self) -> float:
        """The true slope, in pp for 10 %."""
        return 100 * float(line_weights(self.rates) @ np.asarray(self.true))


STRAIGHT, BENT = (-0.005, -0.01, -0.015), (0.0, -0.002, -0.02)
SETTINGS = {
    "straight, 3 seeds": Setting(world=World(), seeds=3, true=STRAIGHT),
    "straight, 5 seeds": Setting(world=World(), seeds=5, true=STRAIGHT),
    "straight, 5 seeds, 500 test examples": Setting(world=World(n=500), seeds=5, true=STRAIGHT),
    "straight, 5 seeds, no run noise": Setting(world=World(run_sd=0.0), seeds=5, true=STRAIGHT),
    "straight, 8 seeds, heavy tails": Setting(
        world=World(run_sd=0.005, tails="t3"), seeds=8, true=STRAIGHT
    ),
    "straight, 5 seeds, the same examples differ": Setting(
        world=World(run_sd=0.002, likeness=0.95, own=0.02), seeds=5, true=STRAIGHT
    ),
    "flat, 5 seeds, 6 rates": Setting(
        world=World(), seeds=5, true=(0.0,) * 6, rates=(0.1, 0.2, 0.3, 0.5, 0.7, 0.9)
    ),
    "bent, 5 seeds": Setting(world=World(), seeds=5, true=BENT),
}


def seen(setting: Setting, number: int) -> Slope:
    """What one made-up study says by the product's own code."""
    place = [number, setting.seeds, setting.world.n, round(1e4 * setting.world.run_sd)]
    specs = [
        replace(FULL, warmup=0.15, signal="made:signal", selector="global", rate=rate)
        for rate in setting.rates
    ]
    true = list(zip(specs, setting.true, strict=True))
    found = rows(np.random.default_rng(place), setting.world, true, range(setting.seeds))
    drawn = slope(cells(found))
    assert drawn is not None, "every rate has every seed"
    return drawn


def missed(setting: Setting, studies: int) -> tuple[float, float, float]:
    """Shares of studies whose lower and upper bound miss the true slope, and that call it bent."""
    found = [seen(setting, number) for number in range(studies)]
    low = np.mean([one.low is not None and one.low > setting.slope for one in found])
    high = np.mean([one.high is not None and one.high < setting.slope for one in found])
    return float(low), float(high), float(np.mean([one.is_bent for one in found]))


def main(
    studies: Annotated[int, typer.Option(min=1, help="Made-up studies a setting.")] = 1000,
) -> None:
    """Print, setting by setting, how often a slope's bounds miss and a bend is claimed."""
    for name, setting in SETTINGS.items():
        low, high, bent = missed(setting, studies)
        typer.echo(f"{name}: low misses {low:.1%}, high misses {high:.1%}, bent {bent:.1%}")


if __name__ == "__main__":
    typer.run(main)
