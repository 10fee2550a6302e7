"""Evidence that rests on other runs: the same mark of other seeds, earlier marks, subsets."""

from collections.abc import Callable, Mapping, Sequence
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


Found = Sequence[Mapping[str, Any]]


@dataclass(frozen=True, kw_only=True)
class Related:
    """A row of RELATED.

    Attributes:
        specs: The runs, from the spec that asks and the settings.
        asks: The evidence wanted of each.
        assemble: Puts what was found together, one mapping a run.
        whole: Whether the runs are whole trials, rather than warm-ups.
    """

    specs: Callable[..., list[TrialSpec]]
    asks: tuple[str, ...]
    assemble: Callable[[Sequence[TrialSpec], Found], Any]
    whole: bool = False


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


def subset_models(spec: TrialSpec, *, models: int = 20, share: float = 0.7) -> list[TrialSpec]:
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


def _seed(spec: TrialSpec, role: str, place: int) -> int:
    return seed_for(spec.seed, role, place) % 2**32


def _at_least(name: str, value: int, least: int) -> None:
    if value < least:
        raise UsageError(f"{name} is {value}; it must be at least {least}")


def _stacked(name: str) -> Callable[[Sequence[TrialSpec], Found], Any]:
    return lambda _, found: np.stack([one[name] for one in found], axis=1)


def _checkpoints(specs: Sequence[TrialSpec], found: Found) -> list[Checkpoint]:
    return [
        Checkpoint(lr=learning_rate(spec.warmup, spec.training), **one)
        for spec, one in zip(specs, found, strict=True)
    ]


def _subset_models(_: Sequence[TrialSpec], found: Found) -> SubsetModels:
    names = ("inside", "correct", "validation_correct")
    return SubsetModels(**{n: np.concatenate([one["answers"][n] for one in found]) for n in names})


_FOR_GRADIENTS = ("probs", "features", "validation_probs", "validation_features", "moments")

RELATED: Mapping[str, Related] = {
    "member_probs": Related(specs=members, asks=("probs",), assemble=_stacked("probs")),
    "member_features": Related(specs=members, asks=("features",), assemble=_stacked("features")),
    "checkpoints": Related(specs=checkpoints, asks=_FOR_GRADIENTS, assemble=_checkpoints),
    "subset_models": Related(
        specs=subset_models, asks=("answers",), assemble=_subset_models, whole=True
    ),
}
