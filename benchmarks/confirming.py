"""How often a confirmed answer is false, and how often one is given, beside searching.

python -m benchmarks.confirming --studies 400
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Annotated

import numpy as np
import typer

from analysis.answers import answer_of, candidate
from analysis.methods import condition_of
from analysis.run_files import Plan
from analysis.study import study
from benchmarks.calibration import share
from benchmarks.paired_runs import World, drawn_test_set, ladders, rows
from orchestrator.planning.seeds import FRESH_SEEDS

LINE = -0.01
RATES = (0.1, 0.2, 0.3)
# Test noise large: a small set on which each cut has examples of its own to lose; and small.
WORLDS = {
    "2,000 test rows": World(n=2000, run_sd=0.0035, own=0.08),
    "1,000 test rows, each cut loses its own in every seed": World(
        n=1000, run_sd=0.001, likeness=0.95, own=0.3
    ),
    "7,600 test rows": World(n=7600, run_sd=0.0035, own=0.03),
    "7,600 test rows, unlike spreads, heavy tails, 1 run in 20 diverges": World(
        n=7600, run_sd=0.0035, own=0.03, unlike=0.6, tails="t3", collapse=0.05
    ),
}
AT_THE_LINE = [[LINE] * 3] * 12
ONE_IS_GOOD = [[0.0, -0.002, -0.02], *[[-0.006, -0.015, -0.03]] * 11]


@dataclass(frozen=True, kw_only=True)
class Way:
    """How an answer comes about.

    Attributes:
        seeds: Of every condition.
        confirms: Whether fresh seeds of one fixed list then speak.
    """

    seeds: int
    confirms: bool

    @property
    def runs(self) -> int:
        """Runs of a data set, 12 methods at 3 rates, random among them."""
        return self.seeds * 37 + 15 * self.confirms


def named(world: World, way: Way, true: Sequence[Sequence[float]], number: int) -> float | None:
    """The true difference of what one made-up study calls safe, by the product's own code.

    Returns:
        In fractions; None where nothing is called safe.
    """
    rng = np.random.default_rng([number, way.seeds, world.n])
    specs = ladders(len(true), RATES, control=True)
    pairs = [
        (s, d)
        for own, deltas in zip(specs, true, strict=True)
        for s, d in zip(own, deltas, strict=True)
    ]
    drawn = drawn_test_set(rng, world, len(pairs))
    found = list(rows(rng, world, pairs, range(way.seeds), on=drawn))
    plan = Plan(
        tolerance=-100 * LINE,
        candidates={pairs[0][0].data_sha: len(pairs)} if way.confirms else {},
    )
    seen = study(found, plan)
    (source,) = seen.sources
    if way.confirms:
        row = candidate(seen, source)
        if row is None:
            return None
        at = next(i for i, (s, _) in enumerate(pairs) if condition_of(s) == row.cell.condition)
        listed = replace(pairs[at][0], protocol="restart", scored_by=tuple(range(way.seeds)))
        alone = replace(drawn, hard_of=drawn.hard_of[[at]], scale=drawn.scale[[at]])
        fresh = rows(rng, world, [(listed, pairs[at][1])], FRESH_SEEDS, on=alone)
        seen = study([*found, *fresh], plan)
    answer = answer_of(seen, source)
    if not answer.rate or answer.row is None:
        return None
    of = answer.row.cell.condition
    by_name = {(s.signal, s.rate): delta for s, delta in pairs}
    return by_name[of.signal, of.rate]


def false_and_named(
    world: World, way: Way, true: Sequence[Sequence[float]], studies: Iterable[int]
) -> tuple[float, float]:
    """Shares of studies that call safe what is not, and that rightly call something safe."""
    found = [named(world, way, true, number) for number in studies]
    false = [one is not None and one <= LINE + 1e-12 for one in found]
    right = [one is not None and one > LINE + 1e-12 for one in found]
    return float(np.mean(false)), float(np.mean(right))


def second_rung(world: World, way: Way, studies: Iterable[int]) -> float:
    """Share of studies that name the larger safe rate of the one good method."""
    found = [named(world, way, ONE_IS_GOOD, number) for number in studies]
    return float(np.mean([one == ONE_IS_GOOD[0][1] for one in found]))


def main(studies: Annotated[int, typer.Option(help="Made-up runs for each figure.")] = 400) -> None:
    """Print the table of docs/verdicts.md."""
    ways = [Way(seeds=s, confirms=c) for s, c in ((5, False), (3, True), (5, True))]
    print("| test set | way | runs | false, all at the line | names 20 % of the one good method |")
    print("|---|---|---|---|---|")
    for name, world in WORLDS.items():
        for way in ways:
            false, _ = false_and_named(world, way, AT_THE_LINE, range(studies))
            power = second_rung(world, way, range(studies))
            told = f"{way.seeds} seeds" + (", confirmed by 5" if way.confirms else ", searched")
            cells = (name, told, str(way.runs), share(false, studies), share(power, studies))
            print(f"| {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    typer.run(main)
