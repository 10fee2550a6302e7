"""How often contrasts err, and what they find: whole made-up studies, from rows to the finding printed.

python -m benchmarks.contrasts --studies 200
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Annotated

import numpy as np
import typer

from analysis.contrast_rows import contrasts_of, leaders_of
from analysis.methods import Condition
from analysis.page.contrast_words import leaders_sentence
from analysis.study import Study, study
from benchmarks.paired_runs import World, drawn_test_set, ladders, rows

# Of 7,600 test rows at 92 % some 6 % differ between two arms, a part of them by the arms' own likings, the same
# in every seed. Beside these flips a run scatters by 0.25 points: two arms differ by 0.47 between seeds.
WORLD = World(accuracy=0.92, n=7600, run_sd=0.0025, own=0.05)
# Two arms differ by 0.35 between seeds, as runs do that scatter by 0.25 points, flips included.
QUIET = replace(WORLD, run_sd=0.0012)


@dataclass(frozen=True, kw_only=True)
class Grid:
    """Made-up arms beside each other.

    Attributes:
        world: What is true of their runs.
        seeds: Of every trial.
        arms: How many, random not among them but where it is asked for.
        rates: At which each is cut.
        planted: True difference of the last arm to all others, by rate, in fractions.
        control: Whether the first arm is random.
        by_arm: Whether an arm's runs scatter alike at all rates, where spreads are unlike.
    """

    world: World = WORLD
    seeds: int = 5
    arms: int = 10
    rates: tuple[float, ...] = (0.1, 0.2, 0.3)
    planted: tuple[float, ...] = (0.0, 0.0, 0.0)
    control: bool = False
    by_arm: bool = False


@dataclass(frozen=True, kw_only=True)
class Told:
    """What one made-up study says.

    Attributes:
        false: Kinds of which a contrast is found though both sides are truly alike.
        false_of_noisiest: Whether one of them is of the arm whose runs scatter most.
        found: Share of the planted arm's contrasts with other signals that are found, at single rates
            at which it differs.
        found_any: Whether any of them is.
        found_over: The same share over the rates.
        best_left_out: Whether a set leaves out an arm that no other is truly better than.
        is_said: Whether a sentence on the page says that the planted arm is worse.
    """

    false: frozenset[str]
    false_of_noisiest: bool
    found: float
    found_any: bool
    found_over: float
    best_left_out: bool
    is_said: bool


def made(grid: Grid, number: int) -> tuple[Study, str]:
    """A study of made-up rows, and the signal whose runs scatter most."""
    rng = np.random.default_rng([number, grid.seeds, grid.world.n, round(100 * grid.world.unlike)])
    specs = ladders(grid.arms, grid.rates, control=grid.control)
    shift = [0.0 for _ in grid.rates]
    true = [
        (spec, delta)
        for own in specs
        for spec, delta in zip(own, grid.planted if own is specs[-1] else shift, strict=True)
    ]
    on = drawn_test_set(rng, grid.world, len(true))
    scale = on.scale.reshape(grid.arms, len(grid.rates))
    if grid.by_arm:
        scale = np.repeat(scale[:, :1], len(grid.rates), axis=1)
        on = replace(on, scale=scale.ravel())
    noisiest = specs[int(scale.max(axis=1).argmax())][0].signal
    return study(rows(rng, grid.world, true, range(grid.seeds), on=on)), noisiest


def told(grid: Grid, number: int) -> Told:
    """What the product says of one made-up study."""
    seen, noisiest = made(grid, number)
    planted = f"made:signal_{grid.arms - 1 - grid.control:02d}"
    true = {
        (signal, rate): delta
        for signal in {cell.condition.signal for cell, _ in seen.rows}
        for rate, delta in zip(grid.rates, grid.planted, strict=True)
        if signal == planted
    }

    def of(condition: Condition, rates: Sequence[float]) -> float:
        return float(np.mean([true.get((condition.signal, rate), 0.0) for rate in rates]))

    single, over, errors = [], [], []
    for one in contrasts_of(seen):
        left = of(one.left, one.rates)
        right = of(one.right, one.rates if one.kind != "rate" else [one.right.rate])
        if abs(left - right) < 1e-12:
            errors += [one] * one.is_found
        elif one.kind != "rate":
            (single if len(one.rates) == 1 else over).append(one.is_found)
    sets = leaders_of(seen)
    return Told(
        false=frozenset(one.kind for one in errors),
        false_of_noisiest=any(noisiest in (one.left.signal, one.right.signal) for one in errors),
        found=float(np.mean(single or [0.0])), found_any=any(single),
        found_over=float(np.mean(over or [0.0])),
        best_left_out=any(
            of(arm.condition, one.rates) >= max(of(a.condition, one.rates) for a in one.arms)
            for one in sets
            for arm in one.behind
        ),
        is_said=any(
            "Shown to be worse" in leaders_sentence(seen, one)
            and any(arm.condition.signal == planted for arm in one.behind)
            for one in sets
        ),
    )  # fmt: skip


def share(values: Sequence[float]) -> str:
    """A mean with its Monte Carlo standard error, in per cent."""
    return f"{100 * np.mean(values):.1f} ± {100 * np.std(values) / np.sqrt(len(values)):.1f}"


_SMALL = replace(WORLD, n=1000, accuracy=0.85)
ALIKE = {
    "alike, 5 seeds": Grid(),
    "alike, 3 seeds": Grid(seeds=3),
    "alike, 8 seeds": Grid(seeds=8),
    "log sd .3, 3 seeds": Grid(world=replace(WORLD, unlike=0.3), seeds=3),
    "log sd .3, 5 seeds": Grid(world=replace(WORLD, unlike=0.3)),
    "log sd .6, 3 seeds": Grid(world=replace(WORLD, unlike=0.6), seeds=3),
    "log sd .6, 5 seeds": Grid(world=replace(WORLD, unlike=0.6)),
    "log sd .6 of each arm, 3 seeds": Grid(world=replace(WORLD, unlike=0.6), seeds=3, by_arm=True),
    "log sd .6 of each arm, 5 seeds": Grid(world=replace(WORLD, unlike=0.6), by_arm=True),
    "log sd .6 of each arm, 8 seeds": Grid(world=replace(WORLD, unlike=0.6), seeds=8, by_arm=True),
    "t3, 3 seeds": Grid(world=replace(WORLD, tails="t3"), seeds=3),
    "t3, 5 seeds": Grid(world=replace(WORLD, tails="t3")),
    "t3, log sd .6, 3 seeds": Grid(world=replace(WORLD, tails="t3", unlike=0.6), seeds=3),
    "much noise of test rows, 5 seeds": Grid(world=replace(WORLD, own=0.3)),
    "1,000 test rows, 3 seeds": Grid(world=_SMALL, seeds=3),
    "1,000 test rows, log sd .6 of each arm, 5 seeds": Grid(
        world=replace(_SMALL, unlike=0.6), by_arm=True
    ),
    "4 arms, log sd .6, 3 seeds": Grid(world=replace(WORLD, unlike=0.6), seeds=3, arms=4),
    "3 arms, one rate, 5 seeds": Grid(arms=3, rates=(0.1,), planted=(0.0,)),
    "9 arms and random, 5 seeds": Grid(control=True),
}  # fmt: skip
_ALL, _ONE = (-0.01, -0.01, -0.01), (0.0, -0.01, 0.0)
PLANTED = {
    "−1 pp at all rates, sd .25": Grid(planted=_ALL, world=QUIET),
    "−1 pp at 20 % alone, sd .25": Grid(planted=_ONE, world=QUIET),
    "+1 pp at 20 % alone, sd .25": Grid(planted=(0.0, 0.01, 0.0), world=QUIET),
    "−1 pp at all rates, 9 arms and random, sd .25": Grid(planted=_ALL, world=QUIET, control=True),
    "−1 pp at 20 % alone, 3 seeds, sd .25": Grid(planted=_ONE, world=QUIET, seeds=3),
    "−1 pp at all rates, .25 beside flips": Grid(planted=_ALL),
    "−1 pp at 20 % alone, .25 beside flips": Grid(planted=_ONE),
    "−1 pp at 20 % alone, 8 seeds, .25 beside flips": Grid(planted=_ONE, seeds=8),
    "−1 pp at all rates, log sd .6, .25 beside flips": Grid(
        planted=_ALL, world=replace(WORLD, unlike=0.6)
    ),
}


def main(
    studies: Annotated[int, typer.Option(help="Made-up runs, for each setting.")] = 200,
    only: Annotated[str, typer.Option(help="Settings with this in their names.")] = "",
) -> None:
    """Print both tables."""
    print(f"{studies} whole studies a setting; per cent ± Monte Carlo error\n")
    print("| all arms alike | signals | rates | against random | of the noisiest | best left out |")
    print("|---|---|---|---|---|---|")
    for name, grid in ALIKE.items():
        if only in name:
            found = [told(grid, number) for number in range(studies)]
            kinds = [
                share([kind in one.false for one in found]) for kind in ("method", "rate", "random")
            ]
            kinds[2] = kinds[2] if grid.control else "–"
            noisiest = share([one.false_of_noisiest for one in found])
            out = share([one.best_left_out for one in found])
            print(f"| {name} | {' | '.join(kinds)} | {noisiest} | {out} |", flush=True)
    print(
        "\n| one arm differs | each pair | any | each over rates | said | a false one | best left out |"
    )
    print("|---|---|---|---|---|---|---|")
    for name, grid in PLANTED.items():
        if only in name:
            found = [told(grid, number) for number in range(studies)]
            fields = ("found", "found_any", "found_over", "is_said")
            cells = [share([float(getattr(one, field)) for one in found]) for field in fields]
            cells += [share([bool(one.false) for one in found])]
            cells += [share([one.best_left_out for one in found])]
            print(f"| {name} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    typer.run(main)
