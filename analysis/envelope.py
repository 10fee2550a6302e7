"""From rows to the envelope: trials paired with their baseline by seed, gathered into cells, judged."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.divergence import diverged
from analysis.guards import Guarded
from analysis.methods import Condition, condition_of
from analysis.pairing import Pair, check_test_sizes, distinct_rows, pairing_key, why_unpaired
from analysis.verdicts import ALPHA, Verdict, judge
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
        """Accuracy minus baseline in pp, in the order of `seeds`."""
        return tuple(pair.delta for pair in self.pairs)

    def differences(self) -> np.ndarray:
        """What each test example adds in each seed, shape (n_test, seeds); needs a pair."""
        return np.stack([pair.gained() for pair in self.pairs], axis=1)


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


def cells(results: Iterable[TrialResult], planned: Iterable[TrialSpec] = ()) -> list[Cell]:
    """Every condition found or planned, with its pairs, sorted.

    Runs that fell out below are named first, by the scale of all runs that answer one question. A
    full-data run so named gives no pair to any cell; a pruned one stays, and its cell knows it.

    Args:
        results: Rows of one run or of several.
        planned: The specs that were to be run; without them what was found was planned.

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
        _cell(condition, by_condition[condition], baselines, len(seeds[condition]))
        for condition in seeds
    ]
    named = [one for group in _by_question(found) for one in _with_divergence(group)]
    return sorted(named, key=lambda cell: cell.condition.order)


def judged_cells(
    results: Iterable[TrialResult],
    planned: Iterable[TrialSpec] = (),
    *,
    tolerance: float = 1.0,
) -> list[JudgedCell]:
    """Every cell with its verdict.

    A cell without a single pair has no verdict but stays listed, with the reason.

    Args:
        results: Rows of one run or of several.
        planned: The specs that were to be run.
        tolerance: How far below the baseline is still within, in pp.

    Raises:
        DataError: If paired trials were not tested on the same test set.
    """
    return [
        JudgedCell(cell, judge_cell(cell, tolerance=tolerance)) for cell in cells(results, planned)
    ]


def judge_cell(
    cell: Cell, *, tolerance: float, alpha: float = ALPHA, item_share: float = 1.0
) -> Verdict | None:
    """The verdict of a cell, None without a pair; arguments as `judge`."""
    if not cell.pairs:
        return None
    return judge(
        cell.differences(), tolerance=tolerance, alpha=alpha, item_share=item_share,
        diverged=cell.diverged,
    )  # fmt: skip


def _by_question(found: Iterable[Cell]) -> list[list[Cell]]:
    groups: dict[tuple[Any, ...], list[Cell]] = defaultdict(list)
    for cell in found:
        groups[cell.condition.question].append(cell)
    return list(groups.values())


def _with_divergence(group: Sequence[Cell]) -> list[Cell]:
    """The cells of one question with diverged runs named: full-data runs, and those of each cell."""
    # By environment, too: rows of two machines may hold two full-data runs of a seed.
    full = {
        pairing_key(pair.baseline): _percent(pair.baseline) for cell in group for pair in cell.pairs
    }
    arms = [[_percent(pair.pruned) for pair in cell.pairs] for cell in group]
    of_full, *of_cells = diverged([[*full.values()], *arms])
    bad = {key: full[key] for key, is_off in zip(full, of_full, strict=True) if is_off}
    usual = float(np.median([*full.values()])) if full else 0.0
    return [_named(cell, mask, bad, usual) for cell, mask in zip(group, of_cells, strict=True)]


def _named(
    cell: Cell, mask: NDArray[np.bool_], bad: Mapping[tuple[Any, ...], float], usual: float
) -> Cell:
    kept, why, gone, off = [], [], [], []
    for pair, is_off in zip(cell.pairs, mask, strict=True):
        key = pairing_key(pair.baseline)
        if key in bad:
            gone.append(pair.seed)
            why.append(
                f"seed {pair.seed}: the full-data run diverged "
                f"({bad[key]:.1f}% against {usual:.1f}%)"
            )
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


def _percent(row: TrialResult) -> float:
    return 100 * (row.accuracy or 0.0)


def _cell(
    condition: Condition,
    rows: list[TrialResult],
    baselines: Mapping[tuple[Any, ...], TrialResult],
    n_planned: int,
) -> Cell:
    run_keys = {run_key for run_key, _ in baselines}
    pairs: dict[int, Pair] = {}
    unpaired: dict[int, str] = {}
    for row in sorted(rows, key=lambda row: (row.spec.seed, row.finished)):
        baseline = baselines.get(pairing_key(row))
        reason = why_unpaired(row, baseline, row.spec.run_key in run_keys)
        if baseline is None or reason:
            unpaired[row.spec.seed] = f"seed {row.spec.seed}: {reason}"
        else:
            pairs[row.spec.seed] = Pair(pruned=row, baseline=baseline)
    check_test_sizes(list(pairs.values()))
    return Cell(
        condition=condition,
        pairs=tuple(pairs.values()),
        n_planned=n_planned,
        n_failed=sum(not row.is_ok for row in rows),
        unpaired=tuple(unpaired.values()),
        lost=tuple(seed for seed in unpaired if seed not in pairs),
    )
