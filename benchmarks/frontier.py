"""How often a frontier is said to bend, where it does and where it does not: families made up around laws.

python -m benchmarks.frontier --families 200
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Annotated

import numpy as np
import typer
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from analysis.frontier import SizeFamily, frontiers
from analysis.scaling.lines import SizedPoint

# Error by method, total size and kept share; errors of so many seeds around it.
Law = Callable[[str, float, float], float]
Noise = Callable[[float, int], NDArray[np.float64]]
SIZES, SHARES = (500, 1000, 2000, 4000, 8000), (0.5, 0.25, 0.125)
ALPHAS = (1, 2, 4, 8, 16, 32)
WHOLE = {0.125: 0.41128, 0.25: 0.37626, 0.5: 0.32885} | dict(
    zip(ALPHAS, (0.26571, 0.18848, 0.11366, 0.0609, 0.03106, 0.01561), strict=True)
)
# Of trainables.perceptron.asymptotic_error, by examples a dimension: ALPHAS.
PRUNED = {
    ("hard", 0.5): (0.40573, 0.32105, 0.1361, 0.06099, 0.03106, 0.01561),
    ("hard", 0.25): (0.47118, 0.45205, 0.39871, 0.10513, 0.03118, 0.01561),
    ("hard", 0.125): (0.49056, 0.48562, 0.47593, 0.44763, 0.08241, 0.01569),
    ("easy", 0.5): (0.25019, 0.18183, 0.11731, 0.06792, 0.03659, 0.01897),
    ("easy", 0.25): (0.27001, 0.20616, 0.14302, 0.08967, 0.05153, 0.02786),
    ("easy", 0.125): (0.30039, 0.24053, 0.178, 0.1205, 0.0746, 0.04276),
}


def family_of(
    law: Law,
    noise: Noise,
    methods: tuple[str, ...],
    *,
    sizes: tuple[float, ...] = SIZES,
    shares: tuple[float, ...] = SHARES,
    seeds: int = 5,
    floor: float | None = None,
) -> SizeFamily:
    """Runs around a law; a method "random" is the control of the others."""

    def point(method: str, total: float, share: float) -> SizedPoint:
        errors = enumerate(noise(law(method, total, share), seeds))
        return SizedPoint(total=total, share=share, kept=total * share, errors=dict(errors))

    found = {m: tuple(point(m, n, f) for n in sizes for f in shares) for m in methods}
    beside = {m: "random" for m in methods if m != "random" and "random" in methods}
    whole = tuple(point("", n, 1.0) for n in sizes)
    return SizeFamily(unpruned=whole, methods=found, controls=beside, floor=floor)


def power_law(floor: float, factor: float, exponent: float) -> Law:
    """Of the rows kept, whatever keeps them: every frontier is no pruning's."""
    return lambda method, total, share: floor + factor * (total * share) ** -exponent


def theory(method: str, alpha: float, share: float) -> float:
    """The exact errors of the perceptron, at ALPHAS and SHARES."""
    if share == 1 or method == "random":
        return WHOLE[alpha * share] if alpha * share in WHOLE else WHOLE[0.125]
    return PRUNED[method, share][ALPHAS.index(int(alpha))]


def relative(spread: float, seed: int = 0) -> Noise:
    """Each seed's error times a lognormal factor."""
    rng = np.random.default_rng(seed)
    return lambda error, seeds: error * np.exp(spread * rng.standard_normal(seeds))


def binomial(n: int, seed: int = 0) -> Noise:
    """Each seed has test rows of its own."""
    rng = np.random.default_rng(seed)
    return lambda error, seeds: np.maximum(rng.binomial(n, error, seeds), 0.5) / n


def with_rows(family: SizeFamily, n: int, *, alike: float, rng: np.random.Generator) -> SizeFamily:
    """The same with test rows, the same n for every run: what is hard for one is hard for all.

    Args:
        family: Its errors are what a run would have on all test rows there are.
        n: Test rows.
        alike: Correlation of what two runs get wrong, in [0, 1).
        rng: For the rows and the runs.
    """
    hard = rng.standard_normal(n)

    def drawn(point: SizedPoint) -> SizedPoint:
        rows = {}
        for seed, error in point.errors.items():
            chance = ndtr((ndtri(error) - np.sqrt(alike) * hard) / np.sqrt(1 - alike))
            rows[seed] = rng.random(n) < chance
        errors = {seed: max(float(wrong.mean()), 0.5 / n) for seed, wrong in rows.items()}
        return SizedPoint(
            total=point.total, share=point.share, kept=point.kept, errors=errors, rows=rows
        )

    found = {method: tuple(map(drawn, points)) for method, points in family.methods.items()}
    return SizeFamily(
        unpruned=tuple(map(drawn, family.unpruned)),
        methods=found,
        controls=family.controls,
        floor=family.floor,
    )


def bent(family: SizeFamily) -> set[object]:
    """The methods that are said to bend the frontier."""
    return {method for method, one in frontiers(family).methods.items() if one.bends}


def steeper(method: str, total: float, share: float) -> float:
    """Above a floor of 0.1: the power 0.4 of the rows without pruning, 0.7 on a pruned frontier."""
    if share == 1 or method == "random":
        return power_law(0.1, 2, 0.4)(method, total, share)
    return float(0.1 + 2 * max(total**-0.4, 500**0.3 * (total * share) ** -0.7))


ARMS = ("a", "b", "c")
WORLDS: Mapping[str, tuple[Law, Noise, tuple[str, ...], float | None]] = {
    "random alone, floor .1": (power_law(0.1, 2, 0.4), relative(0.02), ARMS, None),
    "random alone, no floor": (power_law(0, 2, 0.4), relative(0.02), ARMS, None),
    "random alone, floor 0 known": (power_law(0, 2, 0.4), relative(0.02, 1), ARMS, 0.0),
    "the same beside random": (power_law(0.1, 2, 0.4), relative(0.02), (*ARMS, "random"), None),
    "slope .7 for .4": (steeper, relative(0.02), (*ARMS, "random"), None),
    "slope .7 for .4, half the noise": (steeper, relative(0.01), (*ARMS, "random"), None),
    "slope .7 for .4, one arm": (steeper, relative(0.02), ("a", "random"), None),
}


SEEDS = (3, 5, 8)


def line(name: str, found: Iterable[Iterable[set[object]]], arms: Sequence[str] = ()) -> str:
    """A row of the table: how many of 100 families bend, by number of seeds; arm by arm, or any."""
    cells = []
    for families in map(list, found):
        shares = [sum(arm in one for one in families) for arm in arms] or [sum(map(bool, families))]
        cells.append(" / ".join(f"{100 * share / len(families):.0f}" for share in shares))
    return f"| {name} | " + " | ".join(cells) + " |"


def main(families: Annotated[int, typer.Option(min=1)] = 200) -> None:
    """Print the share of families in which any method is said to bend."""
    print("| world | 3 seeds | 5 | 8 |\n|---|---|---|---|")
    for name, (law, noise, methods, floor) in WORLDS.items():
        found = (
            (bent(family_of(law, noise, methods, seeds=s, floor=floor)) for _ in range(families))
            for s in SEEDS
        )
        print(line(name, found), flush=True)
    rng = np.random.default_rng(2)

    def on_rows(seeds: int) -> set[object]:
        plain = family_of(power_law(0.1, 2, 0.4), relative(0.01), ("a",), seeds=seeds, floor=0.1)
        return bent(with_rows(plain, 1000, alike=0.6, rng=rng))

    found = ((on_rows(s) for _ in range(families)) for s in SEEDS)
    print(line("random alone on 1,000 shared test rows, floor known", found), flush=True)
    arms = ("hard", "easy", "random")
    for n in (2000, 20000):
        found = (
            (
                bent(family_of(theory, binomial(n, i), arms, sizes=ALPHAS, seeds=s))
                for i in range(families)
            )
            for s in SEEDS
        )
        print(line(f"exact theory, {n:,} test rows: {' / '.join(arms)}", found, arms), flush=True)


if __name__ == "__main__":
    typer.run(main)
