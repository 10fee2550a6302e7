"""Made-up runs whose true differences are known, down to single test examples.

Two makers. `differences` gives what examples add to pruned runs less their full runs, fast, for
millions of studies of one condition. `rows` gives whole trials as the product reads them, for
studies that go through its own code from rows to the sentence printed.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from trainables.result import Phase, TrialResult
from trainables.spec import TrialSpec
from trainables.training_settings import Training

Ints = NDArray[np.int8]


@dataclass(frozen=True, kw_only=True)
class Items:
    """How test examples differ between a pruned run and its full run.

    Attributes:
        discordance: Share that differs in one seed, in (0, 1); 0 where examples are only lost.
        consistency: Correlation over seeds of which examples differ, in [0, 1).
        run_sd: Standard deviation between seeds of the true difference, in fractions.
        tails: "normal", "t3" for heavy ones, or "gamma" for losses that scatter with their size.
    """

    discordance: float
    consistency: float
    run_sd: float = 0.0
    tails: str = "normal"


def differences(rng: np.random.Generator, items: Items, *, n: int, seeds: int, true: float) -> Ints:
    """One condition: -1 where a seed's pruned run loses an example, 1 where it wins one.

    Args:
        rng: The generator.
        items: How examples differ.
        n: Test examples.
        seeds: Pairs of runs.
        true: The true mean difference, in fractions.

    Returns:
        Shape (n, seeds).
    """
    shared, own = rng.standard_normal((n, 1)), rng.standard_normal((n, seeds))
    rank = ndtr(np.sqrt(items.consistency) * shared + np.sqrt(1 - items.consistency) * own)
    if not items.discordance:
        lost = np.full(seeds, -true)
        if items.tails == "gamma":
            shape = (true / items.run_sd) ** 2
            lost = rng.gamma(shape, -true / shape, seeds)
        return -(rank < lost).astype(np.int8)
    noise = (
        rng.standard_t(3, seeds) / np.sqrt(3) if items.tails == "t3" else rng.standard_normal(seeds)
    )
    delta = np.clip(true + items.run_sd * noise, -items.discordance, items.discordance)
    lost, won = (items.discordance - delta) / 2, (items.discordance + delta) / 2
    return (rank > 1 - won).astype(np.int8) - (rank < lost).astype(np.int8)


@dataclass(frozen=True, kw_only=True)
class World:
    """What is true of a made-up data set and its runs.

    Attributes:
        accuracy: Of the full-data run, in (0, 1).
        n: Test examples.
        run_sd: Standard deviation of a run's accuracy between seeds, in fractions.
        unlike: Standard deviation of its logarithm between conditions; 0 where all scatter alike.
        tails: "normal" or "t3".
        likeness: Correlation of the luck of an example in a pruned run and its full run.
        own: Share of an example's difficulty that is each condition's own, in [0, 1): how far a test
            set by itself makes one look better than another, in every seed alike.
        collapse: Chance that a run of any arm ends 15 pp lower.
    """

    accuracy: float = 0.85
    n: int = 2000
    run_sd: float = 0.0035
    unlike: float = 0.0
    tails: str = "normal"
    likeness: float = 0.8
    own: float = 0.0
    collapse: float = 0.0


FULL = TrialSpec(
    dataset="made", data_sha="d" * 64, model="tiny", model_sha="tiny", learner="tiny", seed=0,
    training=Training(epochs=3),
)  # fmt: skip
_COLLAPSE, _EASY = 0.15, 0.5


def ladders(count: int, rates: Sequence[float], *, control: bool = False) -> list[list[TrialSpec]]:
    """Specs of so many methods at rising rates, seed 0; the first is random where asked for."""
    names = ["random"] * control + [f"made:signal_{i:02d}" for i in range(count - control)]
    return [
        [replace(FULL, warmup=0.15, signal=name, selector="global", rate=rate) for rate in rates]
        for name in names
    ]


@dataclass(frozen=True, kw_only=True)
class TestSet:
    """What stays the same over seeds.

    Attributes:
        hard: Difficulty of each example for full runs, shape (n,).
        hard_of: The same for each condition, shape (conditions, n).
        scale: Spread of each condition's runs, as a factor, shape (conditions,).
    """

    __test__ = False  # no test of pytest's

    hard: NDArray[np.float64]
    hard_of: NDArray[np.float64]
    scale: NDArray[np.float64]


def drawn_test_set(rng: np.random.Generator, world: World, conditions: int) -> TestSet:
    """Draw a test set, and what each condition makes of its examples."""
    hard = rng.standard_normal(world.n)
    scale = np.exp(world.unlike * rng.standard_normal(conditions))
    hard_of = np.broadcast_to(hard, (conditions, world.n))
    if world.own:
        apart = rng.standard_normal((conditions, world.n))
        hard_of = np.sqrt(1 - world.own) * hard + np.sqrt(world.own) * apart
    return TestSet(hard=hard, hard_of=hard_of, scale=scale)


def rows(
    rng: np.random.Generator,
    world: World,
    true: Sequence[tuple[TrialSpec, float]],
    seeds: Sequence[int],
    *,
    on: TestSet | None = None,
) -> Iterator[TrialResult]:
    """The rows of full runs and of pruned trials whose true differences are given.

    An example is right where its luck is above its difficulty. A pruned run shares the difficulty
    and part of the luck with the full run of its seed, so the two differ in few examples, more
    often in the same ones; its mean is off by its true difference exactly.

    Args:
        rng: The generator.
        world: What is true.
        true: Specs of seed 0, each with its true difference in fractions.
        seeds: To be run.
        on: The test set, one condition a spec; drawn here where none is given.
    """
    on = on or drawn_test_set(rng, world, len(true))
    for seed in seeds:
        luck = rng.standard_normal(world.n)
        base = world.accuracy + world.run_sd * _noise(rng, world)
        full = replace(FULL, seed=seed)
        yield _row(full, _right(on.hard, luck, base - _fall(rng, world)))
        for (spec, delta), hard, scale in zip(true, on.hard_of, on.scale, strict=True):
            own = rng.standard_normal(world.n)
            mixed = np.sqrt(world.likeness) * luck + np.sqrt(1 - world.likeness) * own
            mean = world.accuracy + delta + scale * world.run_sd * _noise(rng, world)
            yield _row(replace(spec, seed=seed), _right(hard, mixed, mean - _fall(rng, world)))


def _noise(rng: np.random.Generator, world: World) -> float:
    return float(rng.standard_t(3) / np.sqrt(3) if world.tails == "t3" else rng.standard_normal())


def _fall(rng: np.random.Generator, world: World) -> float:
    return _COLLAPSE * float(rng.random() < world.collapse)


def _right(hard: NDArray[np.float64], luck: NDArray[np.float64], mean: float) -> NDArray[np.bool_]:
    return ndtr(np.sqrt(_EASY) * hard + np.sqrt(1 - _EASY) * luck) < mean


def _row(spec: TrialSpec, right: NDArray[np.bool_]) -> TrialResult:
    n, kept = len(right), round(1000 * (1 - spec.rate))
    half = (n // 2, n - n // 2)
    parts = (right[: half[0]], right[half[0] :])
    phase = Phase(seconds=10 * (1 - spec.rate), steps=100, examples=3 * kept, tokens=90 * kept)
    return TrialResult(
        spec=spec,
        accuracy=float(right.mean()),
        recall=tuple(float(part.mean()) for part in parts),
        correct=np.packbits(right).tobytes(),
        n_test=n,
        test_counts=half,
        class_names=("a", "b"),
        class_counts=(500, 500),
        kept_counts=(kept // 2, kept - kept // 2),
        phases={"training": phase},
        environment={"torch": "2"},
    )
