"""From rows to the envelope: trials paired with their baseline by seed, gathered into cells, judged."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.divergence import LEAST_FALL, diverged
from analysis.guards import Criterion, Guarded, joint, judged_guards
from analysis.methods import Condition, condition_of
from analysis.metrics import Metric
from analysis.paired_verdicts import judge_pairs
from analysis.pairing import Pair, check_test_sizes, distinct_rows, pairing_key, why_unpaired
from analysis.readings import OF_ACCURACY, Reading, Rows
from analysis.verdicts import ALPHA, Verdict
from trainables.result import TrialResult
from trainables.spec import TrialSpec


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One condition with its paired differences.

    Attributes:
        condition: What its trials share.
        pairs: Pruned trials and their baselines, by seed.
        n_planned: Seeds that were to be run.
        n_failed: Trials that failed.
        unpaired: Why a trial gives no difference, one sentence a trial.
        lost: Seeds of these.
        diverged: Seeds among the pairs whose pruned run fell out below.
    """

    condition: Condition
    pairs: tuple[Pair, ...] = ()
    n_planned: int = 0
    n_failed: int = 0
    unpaired: tuple[str, ...] = ()
    lost: tuple[int, ...] = ()
    diverged: tuple[int, ...] = ()

    @property
    def seeds(self) -> tuple[int, ...]:
        """Paired seeds, ascending."""
        return tuple(pair.seed for pair in self.pairs)

    @property
    def delta(self) -> tuple[float, ...]:
        """The metric less the baseline's in its unit, in the order of `seeds`; below 0 is worse."""
        return tuple(pair.delta for pair in self.pairs)

    @property
    def reading(self) -> Reading:
        """The metric its pairs are compared by."""
        return self.pairs[0].reading if self.pairs else OF_ACCURACY

    def differences(self, rows: Rows | None = None) -> np.ndarray:
        """What each test row adds in each seed, of all or of some, shape (n, seeds); needs a pair."""
        return np.stack([pair.gained(rows) for pair in self.pairs], axis=1)


@dataclass(frozen=True)
class JudgedCell:
    """A cell and its verdict; unpacked it is these two.

    Attributes:
        cell: The cell.
        verdict: By the metric; its word is that of metric and guards together. None where no trial of
            the cell could be paired.
        guards: What must hold besides, judged.
    """

    cell: Cell
    verdict: Verdict | None
    guards: tuple[Guarded, ...] = ()

    def __iter__(self) -> Iterator[Any]:
        return iter((self.cell, self.verdict))


def only(cell: Cell, seeds: Iterable[int]) -> Cell:
    """The cell as if no other seeds had run."""
    chosen = {*seeds}
    pairs = tuple(pair for pair in cell.pairs if pair.seed in chosen)
    lost = tuple(seed for seed in cell.lost if seed in chosen)
    named = tuple(seed for seed in cell.diverged if seed in chosen)
    return replace(cell, pairs=pairs, lost=lost, diverged=named)


def cells(
    results: Iterable[TrialResult],
    planned: Iterable[TrialSpec] = (),
    *,
    reading: Reading = OF_ACCURACY,
) -> list[Cell]:
    """Every condition found or planned, with its pairs, sorted.

    Runs that fell out below are named first, by the scale of all runs that answer one question. A
    full-data run so named gives no pair to any cell; a pruned one stays, and its cell knows it.

    Args:
        results: Rows of one run or of several.
        planned: The specs that were to be run; without them what was found was planned.
        reading: The metric to compare by.

    Raises:
        DataError: If paired trials were not tested on the same test set.
    """
    rows = distinct_rows(results)
    baselines = {pairing_key(row): row for row in rows if row.spec.is_baseline}
    by_condition: dict[Condition, list[TrialResult]] = defaultdict(list)
    seeds: dict[Condition, set[int]] = defaultdict(set)
    for row in rows:
        if not row.spec.is_baseline:
            by_condition[condition_of(row.spec)].append(row)
    for spec in [*planned, *(row.spec for row in rows)]:
        if not spec.is_baseline:
            seeds[condition_of(spec)].add(spec.seed)
    found = [
        _cell(condition, by_condition[condition], baselines, len(seeds[condition]), reading)
        for condition in seeds
    ]
    named = [one for group in _by_question(found) for one in _with_divergence(group, reading)]
    return sorted(named, key=lambda cell: cell.condition.order)


def judged_cells(
    results: Iterable[TrialResult],
    planned: Iterable[TrialSpec] = (),
    *,
    by: Criterion = Criterion(),  # noqa: B008 - frozen
    reading: Reading = OF_ACCURACY,
) -> list[JudgedCell]:
    """Every cell with its verdict.

    A cell without a single pair has no verdict but stays listed, with the reason.

    Args:
        results: Rows of one run or of several.
        planned: The specs that were to be run.
        by: What they are judged by.
        reading: Its metric, as it reads the rows.

    Raises:
        DataError: If paired trials were not tested on the same test set.
    """
    return [judge_cell(cell, by=by) for cell in cells(results, planned, reading=reading)]


def judge_cell(
    cell: Cell,
    *,
    by: Criterion = Criterion(),  # noqa: B008 - frozen
    alpha: float = ALPHA,
    item_share: float = 1.0,
) -> JudgedCell:
    """A cell with its verdict and its guards; arguments as `judge_pairs`."""
    if not cell.pairs:
        return JudgedCell(cell, None)
    plain = judge_pairs(
        cell.pairs, cell.reading, by.margin, alpha=alpha, item_share=item_share,
        diverged=cell.diverged,
    )  # fmt: skip
    guards = judged_guards(
        cell.pairs, by, alpha=alpha, item_share=item_share, diverged=cell.diverged
    )
    return JudgedCell(cell, joint(plain, guards), guards)


def _by_question(found: Iterable[Cell]) -> list[list[Cell]]:
    groups: dict[tuple[Any, ...], list[Cell]] = defaultdict(list)
    for cell in found:
        groups[cell.condition.question].append(cell)
    return list(groups.values())


def _with_divergence(group: Sequence[Cell], reading: Reading) -> list[Cell]:
    """The cells of one question with diverged runs named: full-data runs, and those of each cell."""
    metric = reading.metric

    def value(row: TrialResult) -> float:
        return metric.scale * reading.value(row)

    # By environment, too: rows of two machines may hold two full-data runs of a seed.
    runs = {pairing_key(pair.baseline): pair.baseline for cell in group for pair in cell.pairs}
    full = {key: value(row) for key, row in runs.items()}
    arms = [[value(pair.pruned) for pair in cell.pairs] for cell in group]
    signed = [[metric.sign * one for one in arm] for arm in ([*full.values()], *arms)]
    of_full, *of_cells = diverged(signed, least=_least_fall(reading, [*runs.values()]))
    bad = {key: full[key] for key, is_off in zip(full, of_full, strict=True) if is_off}
    usual = float(np.median([*full.values()])) if full else 0.0
    told = {
        key: f"({_told(one, metric)} against {_told(usual, metric)})" for key, one in bad.items()
    }
    return [_named(cell, mask, told) for cell, mask in zip(group, of_cells, strict=True)]


def _least_fall(reading: Reading, full: Sequence[TrialResult]) -> float:
    """What a run must fall by at least to be named as diverged, in the metric's unit.

    Five points of a share; of other metrics half of what the typical full-data run gains over a
    prediction without a look, or half of its value where none is known.
    """
    metric = reading.metric
    if metric.unit == "pp" or not full:
        return LEAST_FALL
    gains = [reading.gain(row) for row in full]
    sizes = [float(gain.mean()) for gain in gains if gain is not None]
    sizes = sizes or [reading.value(row) for row in full]
    return abs(float(np.median(sizes))) * metric.scale / 2


def _told(value: float, metric: Metric) -> str:
    return f"{value:.1f}%" if metric.unit == "pp" else f"{value:.4g} {metric.unit}".strip()


def _named(cell: Cell, mask: NDArray[np.bool_], bad: Mapping[tuple[Any, ...], str]) -> Cell:
    kept, why, gone, off = [], [], [], []
    for pair, is_off in zip(cell.pairs, mask, strict=True):
        key = pairing_key(pair.baseline)
        if key in bad:
            gone.append(pair.seed)
            why.append(f"seed {pair.seed}: the full-data run diverged {bad[key]}")
            continue
        kept.append(pair)
        off += [pair.seed] * bool(is_off)
    return replace(
        cell,
        pairs=tuple(kept),
        unpaired=(*cell.unpaired, *why),
        lost=(*cell.lost, *gone),
        diverged=tuple(off),
    )


def _cell(
    condition: Condition,
    rows: list[TrialResult],
    baselines: Mapping[tuple[Any, ...], TrialResult],
    n_planned: int,
    reading: Reading,
) -> Cell:
    run_keys = {run_key for run_key, _ in baselines}
    pairs: dict[int, Pair] = {}
    unpaired: dict[int, str] = {}
    for row in sorted(rows, key=lambda row: (row.spec.seed, row.finished)):
        baseline = baselines.get(pairing_key(row))
        reason = why_unpaired(row, baseline, row.spec.run_key in run_keys, reading)
        if baseline is None or reason:
            unpaired[row.spec.seed] = f"seed {row.spec.seed}: {reason}"
        else:
            pairs[row.spec.seed] = Pair(pruned=row, baseline=baseline, reading=reading)
    check_test_sizes(list(pairs.values()))
    return Cell(
        condition=condition,
        pairs=tuple(pairs.values()),
        n_planned=n_planned,
        n_failed=sum(not row.is_ok for row in rows),
        unpaired=tuple(unpaired.values()),
        lost=tuple(seed for seed in unpaired if seed not in pairs),
    )
