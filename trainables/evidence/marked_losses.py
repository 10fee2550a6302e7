"""Losses of training and validation rows at the start and several marks of one warm-up."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from trainables.errors import UsageError
from trainables.evidence.ensembles import Found
from trainables.spec import TrialSpec

# Two pairs of numbers always correlate by 1 or -1.
_LEAST_CHANGES = 3


@dataclass(frozen=True, kw_only=True)
class MarkedLosses:
    """Losses of rows at t marks of a warm-up, in nats, as `row_losses` has them.

    Attributes:
        training: Of the training rows, shape (n, t), the earliest mark first.
        validation: Of the validation rows, shape (v, t).
    """

    training: NDArray[np.float32]
    validation: NDArray[np.float32]


def loss_marks(spec: TrialSpec, *, checkpoints: int = 6) -> list[TrialSpec]:
    """The start of the run and evenly spaced marks of its warm-up, the last at the end of that."""
    if checkpoints < _LEAST_CHANGES:
        raise UsageError(
            f"checkpoints is {checkpoints}; {_LEAST_CHANGES} or more after the start give the changes "
            "of the loss that a correlation needs"
        )
    if not spec.warmup:
        raise UsageError(
            f"{spec.signal} compares how losses change during a warm-up, and --warmup 0 has none; use "
            "a warm-up of at least one epoch"
        )
    # Before its first step a run is the same whatever comes after, and no run goes on from there.
    start = replace(spec, warmup=0.0, protocol="restart")
    shares = [spec.warmup * (i + 1) / checkpoints for i in range(checkpoints - 1)]
    return [start, *(replace(spec, warmup=round(share, 6)) for share in shares), spec]


def start_mark(spec: TrialSpec) -> list[TrialSpec]:
    """The start of the run, before its first step."""
    if not spec.warmup:
        raise UsageError(
            f"{spec.signal} compares the loss before the first step with that at the mark, and --warmup 0 has no "
            "other; use a warm-up of at least one epoch"
        )
    return [replace(spec, warmup=0.0, protocol="restart")]


def the_one_found(_: Sequence[TrialSpec], found: Found) -> NDArray[np.float32]:
    """The one array found of one run."""
    ((array,),) = (one.values() for one in found)
    losses: NDArray[np.float32] = array
    return losses


def put_marked_losses_together(_: Sequence[TrialSpec], found: Found) -> MarkedLosses:
    """The losses of all marks, in their order."""
    return MarkedLosses(
        training=np.stack([one["row_losses"] for one in found], axis=1),
        validation=np.stack([one["validation_row_losses"] for one in found], axis=1),
    )
