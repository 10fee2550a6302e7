"""From rows to the envelope: trials paired with their baseline by seed, gathered into cells, judged."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from analysis.methods import Condition, condition_of
from analysis.pairing import (
    Pair,
    check_test_sizes,
    distinct_rows,
    pairing_key,
    sampling_variance,
    why_unpaired,
)
from analysis.run_noise import noise_group, pooled_by_dataset
from analysis.verdicts import Spread, Verdict, judge
from trainables.result import TrialResult
from trainables.spec import TrialSpec


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One condition with its paired differences.

    Attributes:
        condition: What its trials share.
        pairs: Pruned trials and their baselines, by seed.
        v_test_pp2: Variance of the mean difference by the choice of test examples, pp squared.
        n_planned: Seeds that were to be run.
        n_failed: Trials that failed.
        unpaired: Why a trial gives no difference, one sentence a trial.
        lost: Seeds of these.
    """

    condition: Condition
    pairs: tuple[Pair, ...] = ()
    v_test_pp2: float = 0.0
    n_planned: int = 0
    n_failed: int = 0
    unpaired: tuple[str, ...] = ()
    lost: tuple[int, ...] = ()

    @property
    def seeds(self) -> tuple[int, ...]:
        """Paired seeds, ascending."""
        return tuple(pair.seed for pair in self.pairs)

    @property
    def delta_pp(self) -> tuple[float, ...]:
        """Accuracy minus baseline in pp, in the order of `seeds`."""
        return tuple(pair.delta_pp for pair in self.pairs)


class JudgedCell(NamedTuple):
    """A cell and its verdict: None where no trial of the cell could be paired."""

    cell: Cell
    verdict: Verdict | None


def only(cell: Cell, seeds: Iterable[int]) -> Cell:
    """The cell as if no other seeds had run."""
    chosen = {*seeds}
    pairs = tuple(pair for pair in cell.pairs if pair.seed in chosen)
    return replace(cell, pairs=pairs, v_test_pp2=_v_test_pp2(pairs))


def _v_test_pp2(pairs: Sequence[Pair]) -> float:
    return sampling_variance([pair.gained() for pair in pairs]) if pairs else 0.0


def cells(results: Iterable[TrialResult], planned: Iterable[TrialSpec] = ()) -> list[Cell]:
    """Every condition found or planned, with its pairs, sorted.

    Args:
        results: Rows of one run or of several.
        planned: The specs that were to be run; without them what was found was planned.

    Raises:
        ValueError: If paired trials were not tested on the same test set.
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
    return sorted(found, key=lambda cell: cell.condition.order)


def judged_cells(
    results: Iterable[TrialResult],
    planned: Iterable[TrialSpec] = (),
    *,
    tolerance_pp: float = 1.0,
) -> list[JudgedCell]:
    """Every cell with its verdict; run noise is pooled over a data set's cells up to four seeds.

    A cell without a single pair has no verdict but stays listed, with the reason.

    Args:
        results: Rows of one run or of several.
        planned: The specs that were to be run.
        tolerance_pp: How far below the baseline is still within, in pp.

    Raises:
        ValueError: If paired trials were not tested on the same test set.
    """
    found = cells(results, planned)
    pruned = [cell for cell in found if cell.condition.kind != "null"]
    pooled = pooled_by_dataset((cell.condition, cell.delta_pp) for cell in pruned)
    return [JudgedCell(cell, _verdict(cell, pooled, tolerance_pp)) for cell in found]


def _verdict(
    cell: Cell, pooled: Mapping[tuple[Any, ...], Spread | None], tolerance_pp: float
) -> Verdict | None:
    if not cell.pairs:
        return None
    spread = pooled.get(noise_group(cell.condition))
    return judge(cell.delta_pp, cell.v_test_pp2, tolerance_pp=tolerance_pp, pooled=spread)


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
        v_test_pp2=_v_test_pp2([*pairs.values()]),
        n_planned=n_planned,
        n_failed=sum(not row.is_ok for row in rows),
        unpaired=tuple(unpaired.values()),
        lost=tuple(seed for seed in unpaired if seed not in pairs),
    )
