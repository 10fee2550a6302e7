"""Made-up runs judged by any metric: what full and pruned runs say of a test set, and what is true.

An example's difficulty is shared by all runs, luck by the two runs of a seed, and each run has its own
lean towards some classes: noise between runs. Every study draws its test set and its seeds afresh.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_softmax
from scipy.stats import rankdata

from analysis.contributions import LEAST_TO_AVERAGE, LEAST_TO_RANK, Columns, Truth

Floats = NDArray[np.float64]
# One study: the answers, and of each seed the columns of the full and of the pruned run.
Pairs = list[tuple[Columns, Columns]]
_POPULATION = 20_000


@dataclass(frozen=True, kw_only=True)
class Classes:
    """A test set of classes, and what is true of its runs; strengths are logits.

    Attributes:
        shares: Of each class, shape (c,).
        strength: How far the right class is ahead.
        loss: How much less so after pruning, by class, shape (c,).
        forgotten: Share of each class's examples that every pruned run loses wholly, shape (c,).
        shared: Standard deviation of difficulty, the same in every run.
        changed: Of how the two arms differ in each example, the same in every seed.
        luck: Of what a seed's two runs share.
        own: Of what each run adds to each example.
        lean: Of a run's lean towards a class: noise between runs.
        trained: Shares in training, where they are others than in the test set, shape (c,).
    """

    shares: tuple[float, ...]
    strength: float
    loss: tuple[float, ...]
    forgotten: tuple[float, ...] = ()
    shared: float = 1.2
    changed: float = 0.4
    luck: float = 0.3
    own: float = 0.3
    lean: float = 0.1
    trained: tuple[float, ...] = ()

    def unharmed(self) -> "Classes":
        """The same where pruning changes examples, and on the whole nothing."""
        return replace(self, loss=(0.0,) * len(self.loss), forgotten=())

    def draw(self, rng: np.random.Generator, n: int, seeds: int) -> tuple[Truth, Pairs]:
        """A test set and the runs of some seeds."""
        c, shape = len(self.shares), (n, len(self.shares))
        y, prior = rng.choice(c, size=n, p=self.shares), np.array(self.trained or self.shares)
        rows = np.arange(n)
        hard = self.shared * rng.standard_normal(shape, dtype=np.float32)
        changed = np.sqrt(0.5) * self.changed * rng.standard_normal((2, *shape), dtype=np.float32)
        lost = np.asarray(self.loss)[y]
        if self.forgotten:
            lost = lost + 2 * self.strength * (rng.random(n) < np.asarray(self.forgotten)[y])
        arms = ((changed[0], 0.0 * lost), (changed[1], lost))
        pairs: Pairs = []
        for _ in range(seeds):
            luck = hard + self.luck * rng.standard_normal(shape, dtype=np.float32)
            of_seed = self.lean * rng.standard_normal(c)
            runs = []
            for change, less in arms:
                lean = np.sqrt(0.5) * (of_seed + self.lean * rng.standard_normal(c))
                lean = lean + np.log(prior)  # rare classes are said rarely
                logits = (
                    luck + change + self.own * rng.standard_normal(shape, dtype=np.float32) + lean
                )
                logits[rows, y] += self.strength - less
                said = log_softmax(logits, axis=1)
                runs.append({
                    "predicted": logits.argmax(1), "loss": np.minimum(-said[rows, y], 15.9),
                    "probs": np.exp(said),
                })  # fmt: skip
            pairs.append((runs[0], runs[1]))
        names = tuple(map(str, range(c)))
        return Truth(labels=y, class_names=names, prior=prior), pairs


@dataclass(frozen=True, kw_only=True)
class Numbers:
    """A test set of numbers, or of documents of tokens, and what is true of its runs.

    Attributes:
        loss: How much larger errors are after pruning, as a share.
        run_sd: Standard deviation between runs of that share.
        changed: Of how the two arms differ in each example's error, the same in every seed.
        own: Of what each run adds to each example, as a share of an error.
        tails: Degrees of freedom of errors; small ones have heavy tails.
    """

    loss: float = 0.03
    run_sd: float = 0.01
    changed: float = 0.2
    own: float = 0.3
    tails: float = 5.0

    def unharmed(self) -> "Numbers":
        """The same where pruning does nothing."""
        return replace(self, loss=0.0)

    def draw(self, rng: np.random.Generator, n: int, seeds: int) -> tuple[Truth, Pairs]:
        """A test set and the runs of some seeds."""
        y = 2 * rng.standard_normal(n)
        error, tokens = rng.standard_t(self.tails, n), np.ceil(rng.lognormal(3, 0.8, n))
        each = np.exp(0.4 * rng.standard_normal(n)) * 2.5
        changed = np.sqrt(0.5) * self.changed * rng.standard_normal((2, n))
        pairs: Pairs = []
        for _ in range(seeds):
            of_seed, runs = rng.standard_normal(), []
            for change, lost in ((changed[0], 0.0), (changed[1], self.loss)):
                noise = np.sqrt(0.5) * self.run_sd * (of_seed + rng.standard_normal())
                more = 1 + lost + noise
                off = more * (error + change + self.own * rng.standard_normal(n))
                noise_of_tokens = 1 + self.own * rng.standard_normal(n) / np.sqrt(tokens)
                runs.append({
                    "predicted": y + off, "weight": tokens,
                    "loss": tokens * each * more * np.maximum(noise_of_tokens + change / 4, 0),
                })  # fmt: skip
            pairs.append((runs[0], runs[1]))
        return Truth(targets=y, mean=0.0, median=0.0), pairs


World = Classes | Numbers


def _recalls(truth: Truth, columns: Columns) -> Floats:
    y, c = truth.y, len(truth.class_names)
    right = np.bincount(y[columns["predicted"] == y], minlength=c)
    found: Floats = right / np.bincount(y, minlength=c)
    return found


def _by_shares(truth: Truth, columns: Columns) -> float:
    assert truth.prior is not None, "drawn with the shares of training"
    return float(truth.prior @ _recalls(truth, columns))


def _f1s(truth: Truth, columns: Columns) -> Floats:
    y, said, c = truth.y, columns["predicted"], len(truth.class_names)
    hit = np.bincount(y[said == y], minlength=c)
    found: Floats = 2 * hit / (np.bincount(y, minlength=c) + np.bincount(said, minlength=c))
    return found


def _areas(truth: Truth, columns: Columns) -> Floats:
    y, found = truth.y, []
    for k in range(len(truth.class_names)):
        ranks, many = rankdata(columns["probs"][:, k]), int((y == k).sum())
        found.append((ranks[y == k].sum() / many - (many + 1) / 2) / (len(y) - many))
    return np.array(found)


def _one(value: Callable[[Truth, Columns], float]) -> Callable[[Truth, Columns], Floats]:
    return lambda truth, columns: np.array([value(truth, columns)])


# Values written a second time, class by class where the metric is a mean over classes, and how many
# test rows a class needs to be one of them.
VALUES: dict[str, tuple[Callable[[Truth, Columns], Floats], int]] = {
    "accuracy": (_one(lambda t, c: float(np.mean(c["predicted"] == t.y))), 0),
    "balanced_accuracy": (_recalls, LEAST_TO_AVERAGE),
    "accuracy_by_training_shares": (_one(_by_shares), 0),
    "macro_f1": (_f1s, LEAST_TO_AVERAGE),
    "log_loss": (_one(lambda t, c: float(np.mean(c["loss"]))), 0),
    "auroc": (_areas, LEAST_TO_RANK),
    "mae": (_one(lambda t, c: float(np.mean(np.abs(c["predicted"] - t.y)))), 0),
    "rmse": (_one(lambda t, c: float(np.sqrt(np.mean((c["predicted"] - t.y) ** 2)))), 0),
    "token_loss": (_one(lambda t, c: float(np.sum(c["loss"]) / np.sum(c["weight"]))), 0),
}


def true_values(
    world: World, names: Sequence[str], *, runs: int, seed: int = 0
) -> dict[str, tuple[Floats, Floats]]:
    """Values of full runs and of pruned runs less these, in the mean over runs on a large test set.

    Returns:
        Both by metric, shape (c,) of a mean over classes, else (1,).
    """
    if isinstance(world, Numbers):
        world = replace(world, run_sd=0.0)  # their values are straight in it: the mean is exact
    rng = np.random.default_rng([seed, runs])
    full: dict[str, list[Floats]] = {name: [] for name in names}
    delta: dict[str, list[Floats]] = {name: [] for name in names}
    for run in range(runs):
        truth, pairs = world.draw(rng, _POPULATION, 1)
        for name in names:
            if name == "auroc" and run % 4:
                continue
            value, _ = VALUES[name]
            one, other = (value(truth, columns) for columns in pairs[0])
            full[name].append(one)
            delta[name].append(other - one)
    return {name: (np.mean(full[name], axis=0), np.mean(delta[name], axis=0)) for name in names}


def counted_in(name: str, by_class: Floats, truth: Truth) -> float:
    """A true value over the classes that a test set has rows enough of."""
    least = VALUES[name][1]
    if len(by_class) == 1 or (name == "auroc" and len(by_class) == 2):
        return float(by_class[-1])
    counts = np.bincount(truth.y, minlength=len(by_class))
    enough = (counts >= least) & (least != LEAST_TO_RANK or len(truth.y) - counts >= least)
    return float(by_class[enough].mean())


# 86 % right; 98.7 % right with an AUROC of .99, as spam is.
FOUR = Classes(shares=(0.5, 0.3, 0.15, 0.05), strength=2.8, loss=(0.05, 0.05, 0.07, 0.1))
# Ten to one in training and evenly tested, the small classes harmed more.
EVEN = replace(FOUR, shares=(0.25,) * 4, trained=FOUR.shares)
SPAM = Classes(shares=(0.95, 0.05), strength=4.2, loss=(0.05, 0.15), shared=1.6, lean=0.05)
# What is lost is lost wholly, and rare: 2 % of the smaller class.
FORGOTTEN = Classes(
    shares=(0.87, 0.13), strength=4.2, loss=(0.0, 0.0), forgotten=(0.0, 0.02), shared=1.6,
    changed=0.1, luck=0.1, own=0.1, lean=0.02,
)  # fmt: skip
NUMBERS = Numbers()
