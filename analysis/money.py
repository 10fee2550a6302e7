"""What a run takes on all rows and on those that stay, and after how many of them a study has paid."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import stdtrit

from analysis.cost import BEFORE_TRAINING, Cost, mean_cost, sweep_cost
from analysis.envelope import JudgedCell
from analysis.methods import DatasetId
from analysis.pairing import Pair
from analysis.pricing import Pricing
from analysis.study import Study
from analysis.verdicts import ALPHA

_ARMS = ("baseline", "pruned")
MONEY_COLUMNS = (
    "sweep_seconds", "pays_from_runs_with_sweep", "pays_from_runs_with_sweep_least",
    "pays_from_runs_with_sweep_most", "dollars_full", "dollars_pruned", "dollars_scoring", "dollars_sweep",
    "joules_full", "joules_pruned", "joules_scoring",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Clock:
    """Whose clock measured the trials of a data set.

    Attributes:
        devices: Kinds of device, sorted.
        hosts: How many machines, where the rows say.
    """

    devices: tuple[str, ...]
    hosts: int

    @property
    def is_one_kind(self) -> bool:
        """Whether seconds are of one kind of device, so that one price fits all."""
        return len(self.devices) == 1

    @property
    def has_accelerator(self) -> bool:
        """Whether trials ran on an accelerator."""
        return any(device.startswith("cuda") for device in self.devices)


@dataclass(frozen=True, kw_only=True)
class Retraining:
    """What training again on the rows that stay takes, by the clock, and when it has paid for the study.

    Attributes:
        full_s: Seconds of training on all rows, a mean over seeds.
        pruned_s: On the rows that stay.
        list_s: Of making the list once: warm-ups and scoring; 0 where it was drawn by lot.
        saved_s: Seconds that a run on the rows that stay is quicker, below 0 slower.
        saved_low_s: Lower bound over seeds; None with one seed.
        saved_high_s: Upper bound.
        sweep_s: Of the study on this data set, as `Spent.seconds`.
    """

    full_s: float
    pruned_s: float
    list_s: float
    saved_s: float
    saved_low_s: float | None
    saved_high_s: float | None
    sweep_s: float

    @property
    def is_shown(self) -> bool:
        """Whether a run on the rows that stay is shown to be quicker."""
        return self.saved_low_s is not None and self.saved_low_s > 0

    @property
    def pays_from(self) -> int | None:
        """Runs on the rows that stay after which the study has paid; None where none are quicker."""
        return _runs(self.sweep_s, self.saved_s)

    @property
    def pays_least(self) -> int | None:
        """The same at the upper bound of what is saved."""
        return _runs(self.sweep_s, self.saved_high_s)

    @property
    def pays_most(self) -> int | None:
        """The same at the lower bound; None where a saving is not shown."""
        return _runs(self.sweep_s, self.saved_low_s)


def _runs(spent_s: float, saved_s: float | None) -> int | None:
    return max(1, math.ceil(spent_s / saved_s)) if saved_s is not None and saved_s > 0 else None


@dataclass(frozen=True, kw_only=True)
class Spent:
    """What a study took on one data set.

    Attributes:
        seconds: Of its trials, what they share once, and of the runs looked at for its training.
        clock: Whose.
    """

    seconds: float
    clock: Clock


def spent_on(study: Study, source: DatasetId) -> Spent:
    """What a study took on one data set."""
    rows = [row for row in study.results if row.spec.data_sha == source.data_sha]
    looked = [one.used.seconds for one in study.curves if one.spec.data_sha == source.data_sha]
    clock = Clock(
        devices=tuple(sorted({row.environment.get("device", "") for row in rows if row.is_ok})),
        hosts=len({row.host for row in rows if row.is_ok and row.host}),
    )
    return Spent(seconds=sweep_cost(rows).seconds + sum(looked), clock=clock)


def spent_by(study: Study) -> dict[DatasetId, Spent]:
    """What a study took, data set by data set; counted once for all that asks."""
    return {source: spent_on(study, source) for source in study.sources}


def retraining(row: JudgedCell, spent: Spent, *, alpha: float = ALPHA) -> Retraining | None:
    """What a condition saves whoever trains afresh on the rows that stay, seed by seed.

    Args:
        row: The condition.
        spent: What the study took on its data set.
        alpha: Error on each side of what is saved, by Student's t over seeds.

    Returns:
        None where training afresh on a list was not tried, or no seconds were measured.
    """
    cell, pairs = row.cell, row.cell.pairs
    timed = mean_cost(cell, "seconds") if pairs else None
    if timed is None or not timed.restart or cell.condition.kind == "dynamic":
        return None
    full, pruned = (
        np.array([getattr(pair, arm).phases["training"].seconds for pair in pairs]) for arm in _ARMS
    )
    low, high = _mean_bounds(full - pruned, alpha)
    return Retraining(
        full_s=float(full.mean()),
        pruned_s=float(pruned.mean()),
        list_s=_list_s(pairs, timed),
        saved_s=float((full - pruned).mean()),
        saved_low_s=low,
        saved_high_s=high,
        sweep_s=spent.seconds,
    )


def _list_s(pairs: Sequence[Pair], timed: Cost) -> float:
    """Seconds of making a list once, a mean over seeds: what `measured_cost` counts before training."""
    if not timed.once:
        return 0.0
    used = [pair.pruned.phases for pair in pairs]
    return float(
        np.mean([sum(own[n].seconds for n in BEFORE_TRAINING if n in own) for own in used])
    )


def _mean_bounds(x: np.ndarray, alpha: float) -> tuple[float | None, float | None]:
    """Bounds of a mean by Student's t; None with one value."""
    if len(x) < 2:
        return None, None
    half = -float(stdtrit(len(x) - 1, alpha)) * float(x.std(ddof=1)) / math.sqrt(len(x))
    return float(x.mean()) - half, float(x.mean()) + half


def cheapest(study: Study, source: DatasetId, spent: Spent) -> tuple[JudgedCell, Retraining] | None:
    """Of the conditions that are within the one whose runs take least; None where there is none."""
    rows = [*study.of(source)]
    if source in study.confirmed:
        rows.append(study.confirmed[source].row)
    within = [row for row in rows if row.verdict and row.verdict.verdict == "within"]
    found = [(row, retraining(row, spent)) for row in within]
    known = [(row, one) for row, one in found if one is not None]
    return min(known, key=lambda pair: pair[1].pruned_s, default=None)


def dollars(pricing: Pricing, clock: Clock, seconds: float) -> float | None:
    """What seconds of trials cost; None without a price, or where trials ran on unlike devices."""
    if pricing.dollars_per_hour is None or not clock.is_one_kind:
        return None
    part = pricing.accelerators if clock.has_accelerator else 1.0
    return seconds / 3600 * pricing.dollars_per_hour * part


def joules(pricing: Pricing, pairs: Sequence[Pair], arm: str, phase: str) -> float | None:
    """Energy of a phase by the device's own counter, a mean over seeds; None where it was not read.

    A counter is of a whole device: where several trials share one it says nothing of one of them.
    """
    if pricing.accelerators < 1:
        return None
    used = [getattr(pair, arm).phases.get(phase) for pair in pairs]
    read = [one.joules for one in used if one is not None and one.joules is not None]
    return float(np.mean(read)) if read and len(read) == len(pairs) else None


def money_values(pricing: Pricing, row: JudgedCell, spent: Spent) -> dict[str, float | None]:
    """A condition by the columns of MONEY_COLUMNS.

    Args:
        pricing: What an hour costs.
        row: The condition.
        spent: What the study took on its data set.
    """
    one, pairs = retraining(row, spent), row.cell.pairs
    energy = {
        "joules_full": joules(pricing, pairs, "baseline", "training"),
        "joules_pruned": joules(pricing, pairs, "pruned", "training"),
        "joules_scoring": joules(pricing, pairs, "pruned", "scoring"),
    }
    if one is None:
        return dict.fromkeys(MONEY_COLUMNS) | energy
    return {
        "sweep_seconds": one.sweep_s,
        "pays_from_runs_with_sweep": one.pays_from,
        "pays_from_runs_with_sweep_least": one.pays_least,
        "pays_from_runs_with_sweep_most": one.pays_most,
        "dollars_full": dollars(pricing, spent.clock, one.full_s),
        "dollars_pruned": dollars(pricing, spent.clock, one.pruned_s),
        "dollars_scoring": dollars(pricing, spent.clock, one.list_s),
        "dollars_sweep": dollars(pricing, spent.clock, one.sweep_s),
        **energy,
    }
