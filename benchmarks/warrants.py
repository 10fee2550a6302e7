"""How often a run gives a false warrant to who asks for one list after another until one passes.

python -m benchmarks.warrants --studies 1000
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import count, islice
from typing import Annotated

import numpy as np
import typer

from analysis.measured_warrants import warrant_of
from analysis.methods import condition_of
from analysis.page.warrant_words import warrant_words
from analysis.run_files import Plan
from analysis.study import study
from analysis.warrants import Warrant
from benchmarks.calibration import share
from benchmarks.paired_runs import World, drawn_test_set, ladders, rows
from trainables.result import TrialResult

LINE = -0.01
SEEN = (0, 1, 2)
MOST_TRIES = 6
# Fresh seeds of a list's first try, and of others, which must be more.
TRIES = (5, 8, 12)
CUTS = 12
# Runs, test rows, or both are the noise; each cut has examples of its own to lose.
WORLDS = {
    "7,600 test rows": World(n=7600, run_sd=0.0035, own=0.03),
    "4,000 test rows, noise between runs alone": World(n=4000, run_sd=0.008, likeness=0.97),
    "2,000 test rows": World(n=2000, run_sd=0.0035, own=0.08),
    "1,000 test rows, each cut loses its own in every seed": World(
        n=1000, run_sd=0.001, likeness=0.95, own=0.3
    ),
    "4,000 test rows, unlike spreads, heavy tails, 1 run in 20 diverges": World(
        n=4000, run_sd=0.0035, own=0.03, unlike=0.6, tails="t3", collapse=0.05
    ),
}
# What the cuts are worth: all exactly at the line, or one of them safe.
AT_THE_LINE, ONE_IS_SAFE = "all at the line", "one safe, the others at the line"
# By it a warrant is known from what is printed.
_CLAIM = "Confirmed: "


@dataclass(frozen=True, kw_only=True)
class Told:
    """What is printed of one list.

    Attributes:
        is_safe: Whether it is.
        counted: The headline, where tries that did not pass are counted, as the product does.
        plain: The same, where every list has the level of the first.
    """

    is_safe: bool
    counted: str
    plain: str


def asked_for(world: World, truth: str, number: int) -> Iterator[Told]:
    """What one made-up data set's run says to who asks on, up to six times, whatever has passed.

    Each time the asker wants the cut whose mean by all seeds shown so far is the highest, be it one that
    was tried and did not pass: that is then tried by more seeds. On a small test set such a cut is one
    that these test rows favour.
    """
    rng = np.random.default_rng([number, world.n, len(truth)])
    specs = [own[0] for own in ladders(CUTS, (0.1,))]
    true = np.full(CUTS, LINE)
    if truth == ONE_IS_SAFE:
        true[0] = 0.0
    drawn = drawn_test_set(rng, world, CUTS)
    shown = [*rows(rng, world, list(zip(specs, true, strict=True)), SEEN, on=drawn)]
    gained = {spec.signal: _gained(shown, spec.signal) for spec in specs}
    tries, failed, fresh = [0] * CUTS, 0, count(901)
    passed: set[int] = set()
    for _ in range(MOST_TRIES):
        open_ = [k for k in range(CUTS) if k not in passed and tries[k] < len(TRIES)]
        at = max(open_, key=lambda k: float(np.mean(gained[specs[k].signal])))
        listed = replace(specs[at], protocol="restart", scored_by=SEEN)
        alone = replace(drawn, hard_of=drawn.hard_of[[at]], scale=drawn.scale[[at]])
        seeds = [*islice(fresh, TRIES[tries[at]])]
        new = [*rows(rng, world, [(listed, true[at])], seeds, on=alone)]
        gained[listed.signal] += _gained(new, listed.signal)
        counted, plain = (_warrant(new, earlier) for earlier in (failed, 0))
        yield Told(
            is_safe=bool(true[at] > LINE),
            counted=warrant_words(counted).headline,
            plain=warrant_words(plain).headline,
        )
        tries[at] += 1
        failed += not counted.passes
        passed |= {at} if counted.passes else set()


def _gained(shown: Sequence[TrialResult], signal: str) -> list[float]:
    """By how much each seed's run on what a cut leaves is better than its full-data run."""
    full = {row.spec.seed: row.accuracy for row in shown if row.spec.is_baseline}
    return [
        (row.accuracy or 0.0) - (full[row.spec.seed] or 0.0)
        for row in shown
        if row.spec.signal == signal
    ]


def _warrant(shown: Sequence[TrialResult], earlier: int) -> Warrant:
    """The warrant of a list, by the product's own code from rows on."""
    listed = [replace(row, kept_sha="" if row.spec.is_baseline else "list") for row in shown]
    sha = listed[0].spec.data_sha
    plan = Plan(
        tolerance=-100 * LINE,
        specs=tuple(row.spec for row in listed),
        candidates={sha: CUTS},
        earlier={sha: earlier} if earlier else {},
    )
    one = study(listed, plan)
    return warrant_of(one, one.confirmed[condition_of(listed[0].spec).source], list_sha="list")


@dataclass(frozen=True, kw_only=True)
class Shares:
    """Shares of data sets.

    Attributes:
        false: With a false warrant printed.
        false_plain: With one, were tries that did not pass not counted.
        right: With the safe list warranted.
    """

    false: float
    false_plain: float
    right: float


def shares(world: World, truth: str, studies: Iterable[int]) -> Shares:
    """How often a data set's warrants are false, and how often the safe list gets its own."""
    found = [[*asked_for(world, truth, number)] for number in studies]

    def share_with(claimed: Callable[[Told], bool]) -> float:
        return float(np.mean([any(map(claimed, told)) for told in found]))

    return Shares(
        false=share_with(lambda t: not t.is_safe and t.counted.startswith(_CLAIM)),
        false_plain=share_with(lambda t: not t.is_safe and t.plain.startswith(_CLAIM)),
        right=share_with(lambda t: t.is_safe and t.counted.startswith(_CLAIM)),
    )


def main(
    studies: Annotated[int, typer.Option(help="Made-up data sets for each figure.")] = 1000,
) -> None:
    """Print the table of docs/verdicts.md."""
    print("| test set | cuts | a false warrant | not counting | the safe one is warranted |")
    print("|---|---|---|---|---|")
    for name, world in WORLDS.items():
        for truth in (AT_THE_LINE, ONE_IS_SAFE):
            found = shares(world, truth, range(studies))
            right = share(found.right, studies) if truth == ONE_IS_SAFE else "–"
            told = [share(one, studies) for one in (found.false, found.false_plain)]
            print(f"| {' | '.join((name, truth, *told, right))} |", flush=True)


if __name__ == "__main__":
    typer.run(main)
