"""How often verdicts and answers err, example by example: the tables of docs/verdicts.md.

python -m benchmarks.calibration --studies 2000 --answers 400
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Annotated

import numpy as np
import typer
from numpy.typing import NDArray
from scipy.special import ndtri, stdtrit

from analysis.answers import answer_of
from analysis.gate import Gate, unmet
from analysis.interim_looks import LOOK_ALPHAS, LOOKS
from analysis.intervals import bounds, parts, two_sided_p
from analysis.multiplicity import holm
from analysis.run_files import Plan
from analysis.study import study
from benchmarks.paired_runs import Items, World, differences, ladders, rows

Bounds = Callable[[NDArray[np.int8]], tuple[float, float]]
LINE = -0.01
ITEMS = {
    "losses only, no run noise, the same in every seed": Items(discordance=0, consistency=0.9),
    "losses only, run noise of their size": Items(
        discordance=0, consistency=0.5, run_sd=0.003, tails="gamma"
    ),
    "3 % differ, half the same, sd .3": Items(discordance=0.03, consistency=0.5, run_sd=0.003),
    "6 % differ, mostly by chance, sd .5": Items(discordance=0.06, consistency=0.3, run_sd=0.005),
    "10 % differ, mostly the same, sd 1": Items(discordance=0.1, consistency=0.7, run_sd=0.01),
    "6 % differ, all by chance, no run noise": Items(discordance=0.06, consistency=0.0),
    "10 % differ, heavy tails, sd .5": Items(
        discordance=0.1, consistency=0.3, run_sd=0.005, tails="t3"
    ),
}


def before(x: NDArray[np.int8], alpha: float = 0.05) -> tuple[float, float]:
    """The bounds of the rule before: residual in both parts, width 0 where nothing differs."""
    seeds, means = x.shape[1], x.mean(0)
    item, run = x.mean(1).var() / len(x), means.var(ddof=1) / seeds
    half = np.sqrt(stdtrit(seeds - 1, alpha) ** 2 * run + ndtri(alpha) ** 2 * item)
    return float(means.mean() - half), float(means.mean() + half)


def now(x: NDArray[np.int8], alpha: float = 0.05) -> tuple[float, float]:
    """The bounds of a verdict."""
    low, high = bounds(parts(x), alpha)
    return float(low), float(high)


def words(
    rule: Bounds, items: Items, *, n: int, seeds: int, true: float, studies: int
) -> tuple[float, float]:
    """Shares of studies of one condition that are called within and outside."""
    place = [n, seeds, round(1e4 * abs(true)), round(1000 * items.discordance)]
    rng = np.random.default_rng(place)
    found = [rule(differences(rng, items, n=n, seeds=seeds, true=true)) for _ in range(studies)]
    within, outside = [low > LINE for low, _ in found], [high < LINE for _, high in found]
    return float(np.mean(within)), float(np.mean(outside))


def looked(items: Items, *, n: int, true: float, studies: int) -> tuple[float, float, float]:
    """Shares within and outside by the last look, and the mean number of seeds bought."""
    rng = np.random.default_rng([n, round(1e4 * abs(true)), round(1e4 * items.run_sd)])
    within = outside = bought = 0
    for _ in range(studies):
        x = differences(rng, items, n=n, seeds=LOOKS[-1], true=true)
        for seeds, alpha in zip(LOOKS, LOOK_ALPHAS, strict=True):
            low, high = now(x[:, :seeds], alpha)
            if low > LINE or high < LINE or seeds == LOOKS[-1]:
                within, outside, bought = (
                    within + (low > LINE),
                    outside + (high < LINE),
                    bought + seeds,
                )
                break
    return within / studies, outside / studies, bought / studies


@dataclass(frozen=True, kw_only=True)
class Setting:
    """Made-up studies whose answers are read as a user reads them.

    Attributes:
        world: What is true of the runs.
        seeds: Of every trial.
        true: True difference at each rate, by method; in fractions.
        adaptive: Whether rows come as seeds bought look by look would leave them.
    """

    world: World
    seeds: int
    true: Sequence[Sequence[float]]
    rates: tuple[float, ...] = (0.1, 0.2, 0.3)


AT_THE_LINE = [[LINE, 1.5 * LINE, 3 * LINE]] * 12
# The second rung is exactly at the line: an answer that claims it is false.
SECOND_AT_THE_LINE = [[0.0, LINE, 2 * LINE]] * 12
SETTINGS = {
    "12 ladders, smallest rate at the line": Setting(world=World(), seeds=5, true=AT_THE_LINE),
    "the same, unlike spreads, heavy tails, 1 run in 20 diverges": Setting(
        world=World(unlike=0.6, tails="t3", collapse=0.05), seeds=5, true=AT_THE_LINE
    ),
    "12 ladders, second rate at the line": Setting(
        world=World(run_sd=0.0025), seeds=8, true=SECOND_AT_THE_LINE
    ),
}


def answered(setting: Setting, number: int) -> tuple[float, float, bool]:
    """What one made-up study says by the product's own code.

    Returns:
        The rate on the card, its true difference, and whether a gate at that truth's first false
        rate is passed.
    """
    rng = np.random.default_rng([number, setting.seeds])
    specs = ladders(len(setting.true), setting.rates, control=True)
    true = [
        (spec, delta)
        for own, deltas in zip(specs, setting.true, strict=True)
        for spec, delta in zip(own, deltas, strict=True)
    ]
    found = list(rows(rng, setting.world, true, range(setting.seeds)))
    seen = study(found, Plan(tolerance=-100 * LINE))
    (source,) = seen.sources
    answer = answer_of(seen, source)
    by_rate = {spec.rate: delta for spec, delta in true}
    first_false = min(rate for rate, delta in by_rate.items() if delta <= LINE + 1e-12)
    gate = Gate(name="made", rate=first_false)
    return answer.rate, by_rate.get(answer.rate, 0.0), not unmet(seen, [gate])


def false_answers(setting: Setting, studies: Iterable[int]) -> tuple[float, float, float]:
    """Shares of studies whose card is false, whose gate passes falsely, and whose card says a rate."""
    found = [answered(setting, number) for number in studies]
    false = [rate > 0 and true <= LINE + 1e-12 for rate, true, _ in found]
    return (
        float(np.mean(false)),
        float(np.mean([passed for *_, passed in found])),
        float(np.mean([rate > 0 for rate, *_ in found])),
    )


def false_findings(size: int, seeds: int, studies: int) -> float:
    """Share of families of methods as good as random of which one is called better or worse."""
    rng = np.random.default_rng([size, seeds])
    items = Items(discordance=0.08, consistency=0.3, run_sd=0.005)
    found = []
    for _ in range(studies):
        contests = [differences(rng, items, n=2000, seeds=seeds, true=0.0) for _ in range(size)]
        found.append(min(holm([two_sided_p(parts(x)) for x in contests])) <= 0.05)
    return float(np.mean(found))


def share(p: float, studies: int) -> str:
    """A share with its Monte Carlo standard error, in per cent."""
    return f"{100 * p:.1f} ± {100 * np.sqrt(p * (1 - p) / studies):.1f}"


def main(
    studies: Annotated[int, typer.Option(help="Of one condition, for each figure.")] = 2000,
    answers: Annotated[int, typer.Option(help="Whole made-up runs, for each setting.")] = 400,
) -> None:
    """Print every table."""
    print(f"{studies:,} studies of one condition a figure; per cent ± Monte Carlo error\n")
    print(
        "| test examples differ | n | seeds | false within | false outside | within by the rule before |"
    )
    print("|---|---|---|---|---|---|")
    for name, items in ITEMS.items():
        for n, seeds in ((40, 3), (200, 3), (872, 2), (872, 5), (2000, 5), (7600, 5), (20000, 3)):
            few = min(studies, 2_000_000 // n + 200)
            sizes = {"n": n, "seeds": seeds, "true": LINE, "studies": few}
            within, outside = words(now, items, **sizes)
            was, _ = words(before, items, **sizes)
            cells = (share(within, few), share(outside, few), share(was, few))
            print(f"| {name} | {n:,} | {seeds} | {' | '.join(cells)} |")
    _print_power(studies)
    _print_looks(studies)
    print(f"\n{answers} whole runs a setting, from rows to card and gate\n")
    print("| setting | false card | false gate | card names a rate |\n|---|---|---|---|")
    for name, setting in SETTINGS.items():
        found = false_answers(setting, range(answers))
        print(f"| {name} | {' | '.join(share(p, answers) for p in found)} |")
    print("\n| methods as good as random | seeds | one is called better or worse |\n|---|---|---|")
    for size, seeds in ((6, 3), (24, 3), (24, 5), (102, 5)):
        few = max(100, studies // size)
        print(f"| {size} | {seeds} | {share(false_findings(size, seeds, few), few)} |")


def _print_power(studies: int) -> None:
    print("\n| test examples differ | true Δ pp | n | seeds | within | within by the rule before |")
    print("|---|---|---|---|---|---|")
    for name in ("3 % differ, half the same, sd .3", "6 % differ, mostly by chance, sd .5"):
        for true, n, seeds in (
            (0.0, 872, 5),
            (-0.003, 2000, 5),
            (-0.003, 7600, 3),
            (-0.005, 7600, 8),
        ):
            few = min(studies, 2_000_000 // n + 200)
            sizes = {"n": n, "seeds": seeds, "true": true, "studies": few}
            cells = [share(words(rule, ITEMS[name], **sizes)[0], few) for rule in (now, before)]
            print(f"| {name} | {100 * true:+.1f} | {n:,} | {seeds} | {' | '.join(cells)} |")


def _print_looks(studies: int) -> None:
    print("\n| looks at 3, 5, 8, 12 seeds | true Δ pp | n | within | outside | seeds |")
    print("|---|---|---|---|---|---|")
    for name in ("3 % differ, half the same, sd .3", "6 % differ, mostly by chance, sd .5"):
        for true, n in ((-0.01, 872), (-0.01, 7600), (-0.006, 7600), (-0.003, 7600), (0.0, 7600)):
            few = min(studies, 2_000_000 // n + 200)
            within, outside, seeds = looked(ITEMS[name], n=n, true=true, studies=few)
            cells = (share(within, few), share(outside, few), f"{seeds:.1f}")
            print(f"| {name} | {100 * true:+.1f} | {n:,} | {' | '.join(cells)} |")


if __name__ == "__main__":
    typer.run(main)
