"""The search for a training: which full-data runs it makes, round by round, and which of them wins.

Successive halving, all runs of a round before the next. Every run is a whole one whose learning rate
falls to zero at its end: the first round makes short ones, and of the settings whose runs are best on
held-out training rows half go on to twice the epochs. So the winner follows from data, model and
budget alone: it does not depend on which worker is faster, nor on a stop in between.

References:
    Jamieson and Talwalkar, "Non-stochastic Best Arm Identification and Hyperparameter Optimization",
    2016. Li et al., "A System for Massively Parallel Hyperparameter Tuning" (ASHA), 2020, promote
    settings as their runs end instead, which is quicker and gives another winner by another timing.
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import product

import numpy as np

from orchestrator.planning.grids import EARLY, LATEST, GridBlock
from trainables.errors import UsageError
from trainables.learners import LEARNERS
from trainables.result import TrainingCurve
from trainables.signals import SIGNALS
from trainables.spec import TrialSpec
from trainables.training.looks import passes_with_looks
from trainables.training_settings import Training

# Full runs that a search may take.
BUDGET = 8
SEARCHED = ("lr", "epochs", "weight_decay")
# Of the learning rate that the search starts from, the likeliest first.
_LR_FACTORS = (1.0, 1 / 3, 3.0, 0.1)
# Of its epochs, one a round.
_EPOCH_FACTORS = (0.25, 0.5, 1.0, 2.0)

Curves = Callable[[TrialSpec], TrainingCurve | None]


@dataclass(frozen=True, kw_only=True)
class TrainingSearch:
    """The search for the training of one data set and model.

    Attributes:
        start: The full-data run with the training that the search starts from, and always runs.
        settings: Learning rates and weight decays tried, the start's first.
        rounds: Epochs of the runs of each round, ascending.
        n_train: Training rows.
    """

    start: TrialSpec
    settings: tuple[Training, ...]
    rounds: tuple[int, ...]
    n_train: int

    def runs(self, found: Curves) -> Iterator[list[TrialSpec]]:
        """The runs of each round, up to the first that has not ended.

        Args:
            found: Gives the curve of a run that has ended.
        """
        left = list(self.settings)
        for epochs in self.rounds:
            runs = [self._run(setting, epochs) for setting in left]
            if epochs == self.start.training.epochs and self.start not in runs:
                runs.append(self.start)
            yield runs
            if any(found(run) is None for run in runs):
                return
            ranked = sorted(left, key=lambda one: -_accuracy(found(self._run(one, epochs))))
            left = ranked[: max(1, len(left) // 2)]

    def lacking(self, found: Curves) -> list[TrialSpec]:
        """The runs that must end before the next round, or the choice."""
        return [run for round_ in self.runs(found) for run in round_ if found(run) is None]

    def chosen(self, found: Curves) -> Training | None:
        """The training whose run is best on the held-out rows, of equals the cheaper; None before the end.

        The start stays unless the best is better by more than one standard error of their difference:
        the best of many is partly so by luck.

        Raises:
            UsageError: If no run could be made at all.
        """
        runs = [run for round_ in self.runs(found) for run in round_]
        if any(found(run) is None for run in runs):
            return None
        best = max(runs, key=lambda run: (_accuracy(found(run)), -run.training.epochs))
        if _accuracy(found(best)) < 0:
            curve = found(best)
            why = curve.error if curve else "no run"
            raise UsageError(
                f"{self.start.dataset}: no training could be found: {why}; give --lr, or --no-tune"
            )
        return best.training if _is_better(found(best), found(self.start)) else self.start.training

    def cost(self) -> float:
        """What the search takes at most, in full runs of the start: passes over rows, looks included."""
        runs = [self._count(number) for number in range(len(self.rounds))]
        return sum(
            count * passes_with_looks(epochs, self.n_train) / self.start.training.epochs
            for count, epochs in zip(runs, self.rounds, strict=True)
        )

    def count(self) -> int:
        """Runs of the search at most."""
        return sum(self._count(number) for number in range(len(self.rounds)))

    def _count(self, number: int) -> int:
        # The start's own run comes on top where it has been left behind.
        behind = number > 0 and self.rounds[number] == self.start.training.epochs
        return max(1, len(self.settings) >> number) + behind

    def _run(self, setting: Training, epochs: int) -> TrialSpec:
        return replace(self.start, training=replace(setting, epochs=epochs))


def training_search(
    start: TrialSpec, *, given: Collection[str], budget: float, n_train: int, least_epochs: int = 1
) -> TrainingSearch:
    """The search for a full-data run's training, of as many settings as the budget allows.

    Args:
        start: The full-data run as it would be without a search.
        given: Fields of the training that were asked for, and stay.
        budget: Full runs.
        n_train: Training rows.
        least_epochs: Fewer are not tried; more than the start has are never asked for.

    Raises:
        UsageError: If nothing is left to search, or the budget is too small for two settings.
    """
    if not set(SEARCHED) - set(given):
        raise UsageError(
            "--tune beside --lr, --epochs and --weight-decay leaves nothing to search; leave one out"
        )
    base = start.training
    factors = _LR_FACTORS if "lr" not in given else (1.0,)
    learner = LEARNERS[start.learner]
    # As those of the table stand to the learner's own, so to that of a set of this size.
    shrunk = learner.decay_for(n_train) / learner.training.weight_decay
    decays = [_short(decay * shrunk) for decay in learner.weight_decays]
    if "weight_decay" in given:
        decays = []
    pairs = product(enumerate(factors), enumerate(dict.fromkeys((base.weight_decay, *decays))))
    # The likeliest of both first, where not all can be tried.
    ranked = sorted(pairs, key=lambda pair: pair[0][0] + pair[1][0])
    settings = [
        replace(base, lr=base.lr if factor == 1 else _short(base.lr * factor), weight_decay=decay)
        for (_, factor), (_, decay) in ranked
    ]
    rounds: tuple[int, ...] = (base.epochs,)
    if "epochs" not in given:
        least = min(least_epochs, base.epochs)
        wanted = (max(least, 1, round(f * base.epochs + 1e-9)) for f in _EPOCH_FACTORS)
        rounds = tuple(sorted(set(wanted)))
    least_settings = min(2, len(settings))
    for many in range(len(settings), least_settings - 1, -1):
        search = TrainingSearch(
            start=start, settings=tuple(settings[:many]), rounds=rounds, n_train=n_train
        )
        if search.cost() <= budget:
            return search
    raise UsageError(
        f"--tune-budget {budget:g} is too small: the least for {base.epochs} epochs is "
        f"{search.cost():.1f} full runs"
    )


def least_epochs(blocks: Sequence[GridBlock], protocol: str) -> int:
    """Epochs of a full-data run from which on every signal of a grid sees as many as it needs."""
    mark = EARLY if protocol == "continue" else LATEST
    needed = [
        max(row.min_epochs, row.epochs_for(dict(arm.settings))) / min(block.warmups or (mark,))
        for block in blocks
        for arm in block.arms
        if (row := SIGNALS.get(arm.signal))
    ]
    return max(1, *(-int(-epochs // 1) for epochs in needed)) if needed else 1


def _short(value: float) -> float:
    """A number as a person writes one: three digits."""
    return float(f"{value:.3g}")


def _is_better(one: TrainingCurve | None, start: TrainingCurve | None) -> bool:
    """Whether a run ends better than the start's by more than one standard error, row against row."""
    assert one is not None and start is not None, "both have ended"
    if not start.epochs:
        return True
    differs = one.bits()[-1].astype(int) - start.bits()[-1]
    return bool(differs.sum() > np.sqrt(np.abs(differs).sum()))


def _accuracy(curve: TrainingCurve | None) -> float:
    """At the run's end, on the held-out rows; -1 where it has none."""
    accuracies = curve.accuracies() if curve else ()
    return accuracies[-1] if accuracies else -1.0
