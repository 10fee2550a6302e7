"""Evidence that rests on other runs: the same mark of other seeds, earlier marks, subsets."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trainables.errors import UsageError
from trainables.keys import seed_for
from trainables.spec import TrialSpec
from trainables.training.schedule import learning_rate


@dataclass(frozen=True, kw_only=True)
class Checkpoint:
    """What gradients of the classifier, the last linear layer, are made of at one mark.

    Attributes:
        lr: Learning rate at the mark.
        probs: Predicted class probabilities, shape (n, c).
        features: The classifier's input, shape (n, h).
        validation_probs: The same of the validation split, shape (v, c).
        validation_features: Shape (v, h).
        moments: AdamW's running mean and mean square of the classifier's gradient, weights
            and then bias, shape (c, 2, h + 1).
    """

    lr: float
    probs: NDArray[np.float32]
    features: NDArray[np.float32]
    validation_probs: NDArray[np.float32]
    validation_features: NDArray[np.float32]
    moments: NDArray[np.float32]


@dataclass(frozen=True, kw_only=True)
class SubsetModels:
    """What t models, each trained on a random subset, get right.

    Attributes:
        inside: Which training rows each model saw, shape (t, n), bool.
        correct: Which training rows it predicts as labelled, shape (t, n), bool.
        validation_correct: Which validation rows, shape (t, v), bool; v is 0 without a
            validation split.
    """

    inside: NDArray[np.bool_]
    correct: NDArray[np.bool_]
    validation_correct: NDArray[np.bool_]


# One mapping a run: what was found of it, by name.
Found = Sequence[Mapping[str, Any]]


def members(spec: TrialSpec, *, members: int = 5) -> list[TrialSpec]:
    """The run itself and others like it, of other seeds, each at the same mark."""
    _at_least("members", members, 1)
    seeds = [spec.seed, *(_seed(spec, "member", i) for i in range(1, members))]
    return [replace(spec, seed=seed) for seed in seeds]


def checkpoints(spec: TrialSpec, *, checkpoints: int = 3) -> list[TrialSpec]:
    """Evenly spaced marks of the run's warm-up, the last at its end."""
    _at_least("checkpoints", checkpoints, 1)
    shares = [spec.warmup * (i + 1) / checkpoints for i in range(checkpoints - 1)]
    return [*(replace(spec, warmup=round(share, 6)) for share in shares), spec]


def subset_models(spec: TrialSpec, *, models: int = 200, share: float = 0.7) -> list[TrialSpec]:
    """Whole runs from the start, each on its own random share of the training set."""
    _at_least("models", models, 2)
    if not 0 < share < 1:
        raise UsageError(f"share is {share:g}; each model sees a share of the rows in (0, 1)")
    alone = replace(
        spec.baseline,
        signal="random",
        selector="global",
        rate=round(1 - share, 6),
        protocol="restart",
    )
    return [replace(alone, seed=_seed(spec, "subset", i)) for i in range(models)]


def _seed(spec: TrialSpec, role: str, number: int) -> int:
    return seed_for(spec.seed, role, number) % 2**32


def _at_least(name: str, value: int, least: int) -> None:
    if value < least:
        raise UsageError(f"{name} is {value}; it must be at least {least}")


def stacked(_: Sequence[TrialSpec], found: Found) -> NDArray[np.float32]:
    """The one array found of each of m runs, samples first: shape (n, m, ...)."""
    return np.stack([array for one in found for array in one.values()], axis=1)


def put_checkpoints_together(specs: Sequence[TrialSpec], found: Found) -> list[Checkpoint]:
    """A Checkpoint of each mark."""
    return [
        Checkpoint(lr=learning_rate(spec.warmup, spec.training), **one)
        for spec, one in zip(specs, found, strict=True)
    ]


def put_subset_models_together(_: Sequence[TrialSpec], found: Found) -> SubsetModels:
    """The answers of all runs."""
    names = ("inside", "correct", "validation_correct")
    return SubsetModels(**{n: np.concatenate([one["answers"][n] for one in found]) for n in names})
