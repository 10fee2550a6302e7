"""Which samples a run sees at which step: a pure function of the spec, never of its history."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from trainables.errors import UsageError
from trainables.keys import seed_for
from trainables.training_settings import Training

Rows = NDArray[np.int64]

# Batches whose samples are sorted by length together: little padding, still well mixed.
_WINDOW = 50


@dataclass(frozen=True, kw_only=True)
class Step:
    """One optimizer step.

    Attributes:
        epoch: Pass over the data, from 0.
        position: Step within the epoch, from 0; (seed, epoch, position) keys the step's draws.
        rows: Training rows of the batch, shape (b,).
        progress: Share of the planned run done at the middle of the step, in (0, 1).
        weights: How much each row's loss counts, shape (b,); None for 1 each.
    """

    epoch: int
    position: int
    rows: Rows
    progress: float
    weights: NDArray[np.float32] | None = None


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """The steps of one run.

    Attributes:
        lengths: Word pieces of each training sample, shape (n,).
        seed: The spec's.
        training: The spec's.
        keep: Which samples are left after the fork, shape (n,); all of them in a full run.
        fork: Steps done on all data before; 0 for a full run and for the restart protocol.
        budget: "epochs", or "steps" for as many steps as the full run takes.
        redrawn: Whether order and dropout after the fork are others than the full run's.
        choose: Gives the weight of each row's loss in an epoch, shape (n,), 0 for those left
            out, when that epoch begins; None where `keep` holds throughout.
    """

    lengths: Rows
    seed: int
    training: Training
    keep: NDArray[np.bool_]
    fork: int = 0
    budget: str = "epochs"
    redrawn: bool = False
    choose: Callable[[int], NDArray[np.float32]] | None = None

    @property
    def full_epoch_steps(self) -> int:
        """Steps of an epoch over all data."""
        return -(-len(self.lengths) // self.training.batch_size)

    @property
    def full_steps(self) -> int:
        """Steps of the full-data run."""
        return self.full_epoch_steps * self.training.epochs

    @property
    def epochs(self) -> int:
        """Passes that are begun, over all data before the fork and over what stays behind it.

        Of rows that are chosen anew each epoch nobody knows it before; those of the full run stand for it.
        """
        if self.budget != "steps" or self.choose:
            return self.training.epochs
        begun, skipped = divmod(self.fork, self.full_epoch_steps)
        each = -(-int(self.keep.sum()) // self.training.batch_size)
        first = round(each * (1 - skipped / self.full_epoch_steps)) if skipped else 0
        left = self.full_steps - self.fork - first
        return begun + (first > 0) + -(-left // each)

    @property
    def later_seed(self) -> int:
        """What order and dropout after the fork are drawn from."""
        return seed_for(self.seed, "redrawn") if self.redrawn else self.seed

    def steps(self) -> Iterator[Step]:
        """The steps after the fork, in order."""
        epochs, full = self.training.epochs, self.full_steps
        for number, step in enumerate(self._endless(), start=self.fork):
            if self.budget == "steps":
                if number == full:
                    return
                step = replace(step, progress=(number + 0.5) / full)  # noqa: PLW2901
            elif step.epoch == epochs:
                return
            yield step

    def _endless(self) -> Iterator[Step]:
        """Step after step, epoch after epoch."""
        epoch, skipped = divmod(self.fork, self.full_epoch_steps)
        everyone = np.ones(len(self.keep), dtype=bool)
        while True:
            weights = self.choose(epoch) if self.choose else None
            keep = self.keep if weights is None else weights > 0
            if skipped:
                order = epoch_order(everyone, self.seed, epoch)
                unseen = np.concatenate(self._batches(order, epoch, self.seed)[skipped:])
                left = unseen[keep[unseen]]
                if self.redrawn:
                    rng = np.random.default_rng(seed_for(self.later_seed, "order", epoch))
                    left = rng.permutation(left)
            else:
                left = epoch_order(keep, self.later_seed, epoch)
            batches = self._batches(left, epoch, self.later_seed)
            start = skipped / self.full_epoch_steps
            for position, rows in enumerate(batches):
                done = start + (1 - start) * (position + 0.5) / len(batches)
                yield Step(
                    epoch=epoch,
                    position=skipped + position,
                    rows=rows,
                    progress=(epoch + done) / self.training.epochs,
                    weights=None if weights is None else weights[rows],
                )
            epoch, skipped = epoch + 1, 0

    def _batches(self, rows: Rows, epoch: int, seed: int) -> list[Rows]:
        """Cut rows into batches of similar length, in an order of their own."""
        size = self.training.batch_size
        window = _WINDOW * size
        batches = []
        for start in range(0, len(rows), window):
            some = rows[start : start + window]
            by_length = some[np.argsort(self.lengths[some], kind="stable")]
            batches += [by_length[i : i + size] for i in range(0, len(by_length), size)]
        order = np.random.default_rng(seed_for(seed, "batches", epoch)).permutation(len(batches))
        return [batches[i] for i in order]


def epoch_order(keep: NDArray[np.bool_], seed: int, epoch: int) -> Rows:
    """The kept rows in an epoch's order: the full run's order less the pruned.

    Args:
        keep: Survivors, shape (n,).
        seed: The spec's.
        epoch: From 0.

    Returns:
        Row numbers, shape (number kept,).
    """
    # Shuffle all n and then drop: a pruned run and its baseline then differ only in what
    # is missing, not in the chance of the order, and their paired difference is less noisy.
    order = np.random.default_rng(seed_for(seed, "order", epoch)).permutation(len(keep))
    return order[keep[order]]


def warm_steps(warmup: float, full_steps: int, *, goes_on: bool = True) -> int:
    """Optimizer steps of a warm-up, at least 1: 5 % of 3 epochs is not zero epochs.

    Args:
        warmup: Share of the full run's steps, in (0, 1).
        full_steps: Those steps.
        goes_on: Whether training goes on from there with the survivors; else it starts afresh, and
            the mark may be the end.

    Raises:
        ValueError: If no step would be left to go on with.
    """
    # Rounded up, but 0.07 * 100 is 7.000000000000001 and means 7.
    steps = int(np.ceil(round(warmup * full_steps, 6)))
    if not goes_on:
        return max(1, min(steps, full_steps))
    if steps >= full_steps:
        raise UsageError(
            f"a warm-up of {warmup:g} is {steps} of {full_steps} steps, which leaves none for the "
            "survivors; use a smaller warm-up, more epochs or a smaller batch"
        )
    return max(1, steps)


def learning_rate(progress: float, training: Training) -> float:
    """Linear rise to the peak over lr_warmup of the run, then linear fall to zero at its end.

    Progress is the share of the planned run done, not a count of steps, so that a run which goes
    on with fewer samples follows the same curve as the full run it forked from.
    """
    rise = training.lr_warmup
    if progress < rise:
        return training.lr * progress / rise
    return training.lr * (1 - progress) / (1 - rise)
