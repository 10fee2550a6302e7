"""How often verdicts err, by simulation of paired runs: the tables of docs/verdicts.md.

python -m benchmarks.calibration --studies 2000
"""

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Annotated

import numpy as np
import typer
from numpy.typing import NDArray

from analysis.interim_looks import LOOK_ALPHA, LOOKS, is_hopeless
from analysis.random_control import holm
from analysis.safe_rates import safe_rate
from analysis.verdicts import (
    ALPHA,
    Spread,
    Verdict,
    judge,
    one_sided_p,
    pooled_variance,
    run_spread,
)

Deltas = NDArray[np.float64]
LINE_PP = -1.0
# Nine conditions of one data set, as in the study the product grew from.
CELLS = 9
SIGMAS = (0.25, 0.5, 1.0)
# Standard deviation of a mean difference by the choice of test examples, in pp.
TEST_SD = 0.14


def study(
    rng: np.random.Generator, means: Sequence[float], seeds: int, sigma: NDArray[np.float64] | float
) -> Deltas:
    """Differences of one data set in pp, shape (conditions, seeds).

    Each is a pruned run less the baseline of its seed, which the conditions share; half of a
    difference's variance is the baseline's. The test set moves each condition's mean as a whole.
    """
    cells = len(means)
    own = rng.standard_normal((cells, seeds)) - rng.standard_normal(seeds)
    scale = np.broadcast_to(np.asarray(sigma) / np.sqrt(2), (cells,))[:, None]
    shift = TEST_SD * rng.standard_normal((cells, 1))
    found: Deltas = np.asarray(means)[:, None] + shift + own * scale
    return found


def share(words: Sequence[bool]) -> str:
    """A share with its Monte Carlo standard error, in per cent."""
    p = float(np.mean(words))
    return f"{100 * p:.1f} ± {100 * np.sqrt(p * (1 - p) / len(words)):.1f}"


def one(deltas: Deltas, pooled: Spread | None = None, alpha: float = ALPHA) -> Verdict:
    """The verdict of one condition."""
    return judge(deltas.tolist(), TEST_SD**2, pooled=pooled, alpha=alpha)


def fixed(
    rng: np.random.Generator, studies: int, delta: float, seeds: int, sigma: float, how: str
) -> list[str]:
    """Words of the first condition of many studies; `how`: own, pooled, or pooled over unlike cells."""
    words = []
    for _ in range(studies):
        spread = sigma * (
            np.exp(0.3 * rng.standard_normal(CELLS)) if how == "unlike" else np.ones(CELLS)
        )
        deltas = study(rng, [delta] * CELLS, seeds, spread)
        pooled = None if how == "own" else pooled_variance(deltas.tolist())
        words.append(one(deltas[0], pooled).verdict)
    return words


def bought(deltas: Deltas, alpha: float = LOOK_ALPHA, *, gives_up: bool = True) -> tuple[str, int]:
    """The word and the seeds of one condition looked at as the adaptive rule does."""
    for look in LOOKS:
        verdict = one(deltas[:look], alpha=alpha)
        if verdict.verdict != "inconclusive" or (gives_up and is_hopeless(verdict)):
            break
    return verdict.verdict, look


def adaptive(
    rng: np.random.Generator,
    studies: int,
    delta: float,
    sigma: float,
    alpha: float = LOOK_ALPHA,
    *,
    gives_up: bool = True,
) -> tuple[list[str], float]:
    """Words of many conditions, and the mean number of seeds."""
    found = [
        bought(study(rng, [delta], LOOKS[-1], sigma)[0], alpha, gives_up=gives_up)
        for _ in range(studies)
    ]
    return [word for word, _ in found], float(np.mean([seeds for _, seeds in found]))


def false_better(
    rng: np.random.Generator, studies: int, size: int, seeds: int, sigma: float
) -> list[bool]:
    """Whether a family of signals as good as random has one that is called better."""
    found = []
    for _ in range(studies):
        runs = study(rng, [0.0] * (size + 1), seeds, sigma)
        contests = runs[1:] - runs[0]
        pooled = pooled_variance(contests.tolist())
        p = []
        for contest in contests:
            spread, _ = run_spread(contest.tolist(), pooled)
            variance = spread.variance_pp2 / seeds
            # Both arms move with the choice of test examples.
            p.append(one_sided_p(abs(contest.mean()), variance, spread.df, 2 * TEST_SD**2))
        found.append(
            any(
                adjusted <= ALPHA and contest.mean() > 0
                for adjusted, contest in zip(holm(p), contests, strict=True)
            )
        )
    return found


RATES = (0.1, 0.2, 0.3, 0.5)
CURVES: dict[str, Callable[[float], float]] = {
    "straight, crosses at 25 %": lambda rate: -4 * rate,
    "bent, crosses at 35 %": lambda rate: -8.16 * rate**2,
    "at the line at 20 %": lambda rate: -5 * rate,
}
CROSSING = {
    "straight, crosses at 25 %": 0.25,
    "bent, crosses at 35 %": 0.35,
    "at the line at 20 %": 0.2,
}


def overstated(
    rng: np.random.Generator, studies: int, curve: str, seeds: int, sigma: float
) -> tuple[list[bool], list[bool]]:
    """Whether the lower bound is beyond the true crossing; whether the rate on the grid is."""
    low, tested = [], []
    true = CROSSING[curve]
    for _ in range(studies):
        deltas = study(rng, [CURVES[curve](rate) for rate in RATES], seeds, sigma)
        pooled = pooled_variance(deltas.tolist())
        found = safe_rate(zip(RATES, [one(row, pooled) for row in deltas], strict=True))
        low.append((found.low or 0) > joined(curve))
        # At the line itself a rate is not within.
        tested.append(
            found.tested >= true - 1e-12
            and found.tested > 0
            and CURVES[curve](found.tested) <= LINE_PP
        )
    return low, tested


def joined(curve: str) -> float:
    """Where the true means, joined by lines between the rates tested, cross the line."""
    points = [(0.0, 0.0), *((rate, CURVES[curve](rate)) for rate in RATES)]
    for (a, y), (b, z) in pairwise(points):
        if z <= LINE_PP:
            return a + (b - a) * (LINE_PP - y) / (z - y)
    return 1.0


def main(
    studies: Annotated[int, typer.Option(help="Simulated for each figure.")] = 2000,
) -> None:
    """Print every table."""
    print(
        f"{studies:,} studies a figure; test set's own sd {TEST_SD} pp; per cent ± Monte Carlo error\n"
    )
    print_fixed(studies)
    print_adaptive(studies)
    print_families(studies)
    print_safe(studies)


def print_fixed(studies: int) -> None:
    """False and true verdicts at a fixed number of seeds."""
    print(
        "| seeds | sd between seeds | spread | false within at −1 | false outside at −1 | within at 0 | within at −0.5 |"
    )
    print("|---|---|---|---|---|---|---|")
    for seeds, how in (
        (2, "own"),
        (3, "own"),
        (5, "own"),
        (2, "pooled"),
        (3, "pooled"),
        (3, "unlike"),
    ):
        for sigma in SIGMAS:
            rng = np.random.default_rng([seeds, round(100 * sigma), len(how)])
            at = {d: fixed(rng, studies, d, seeds, sigma, how) for d in (-1.0, 0.0, -0.5)}
            shares = [
                share([w == "within" for w in at[-1.0]]), share([w == "outside" for w in at[-1.0]]),
                share([w == "within" for w in at[0.0]]), share([w == "within" for w in at[-0.5]]),
            ]  # fmt: skip
            print(f"| {seeds} | {sigma} | {how} | {' | '.join(shares)} |")


def print_adaptive(studies: int) -> None:
    """Words and seeds of the adaptive rule, without giving up, and at the full error a look."""
    names = ("within", "outside", "seeds", "within, never giving up", "seeds", "within, 5 % a look")
    print(f"\n| true Δ pp | sd between seeds | {' | '.join(names)} |\n|{'---|' * 8}")
    for sigma in SIGMAS:
        for delta in (-1.0, 0.0, -0.3, -0.6, -0.8, -2.0, -3.0):
            place = [round(100 * sigma), round(-10 * delta)]
            words, seeds = adaptive(np.random.default_rng(place), studies, delta, sigma)
            never, more = adaptive(
                np.random.default_rng(place), studies, delta, sigma, gives_up=False
            )
            naive, _ = adaptive(
                np.random.default_rng(place), studies, delta, sigma, ALPHA, gives_up=False
            )
            cells = (
                _share_of(words, "within"), _share_of(words, "outside"), f"{seeds:.1f}",
                _share_of(never, "within"), f"{more:.1f}", _share_of(naive, "within"),
            )  # fmt: skip
            print(f"| {delta:+.1f} | {sigma} | {' | '.join(cells)} |")


def _share_of(words: Sequence[str], word: str) -> str:
    return share([w == word for w in words])


def print_families(studies: int) -> None:
    """Families of signals none of which differs from random."""
    print("\n| signals | seeds | sd between seeds | families with a false “better” |")
    print("|---|---|---|---|")
    for size in (6, 24):
        for seeds in (3, 5):
            for sigma in (0.25, 1.0):
                rng = np.random.default_rng([size, seeds, round(100 * sigma)])
                found = false_better(rng, max(200, studies // 2), size, seeds, sigma)
                print(f"| {size} | {seeds} | {sigma} | {share(found)} |")


def print_safe(studies: int) -> None:
    """How often a safe rate is overstated."""
    print(
        "\n| true curve | seeds | sd between seeds | lower bound overstates | grid rate overstates |"
    )
    print("|---|---|---|---|---|")
    for curve in CURVES:
        for seeds in (3, 5):
            for sigma in (0.25, 0.5):
                rng = np.random.default_rng([len(curve), seeds, round(100 * sigma)])
                low, tested = overstated(rng, studies, curve, seeds, sigma)
                print(f"| {curve} | {seeds} | {sigma} | {share(low)} | {share(tested)} |")


if __name__ == "__main__":
    typer.run(main)
