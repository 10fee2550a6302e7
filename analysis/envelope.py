"""From rows to the envelope: trials paired with their baseline by seed, gathered into cells, judged."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import isfinite
from typing import Any, NamedTuple

import numpy as np

from analysis.run_noise import noise_group, pooled_by_dataset
from analysis.verdicts import Spread, Verdict, judge
from trainables.spec import TrialResult, TrialSpec


@dataclass(frozen=True, kw_only=True)
class Pair:
    """A pruned trial and the full-data run of its data set, model, seed and environment."""

    pruned: TrialResult
    baseline: TrialResult

    @property
    def seed(self) -> int:
        """The seed both were run with."""
        return self.pruned.spec.seed

    @property
    def delta_pp(self) -> float:
        """Accuracy minus baseline, in percentage points."""
        return 100 * (_accuracy(self.pruned) - _accuracy(self.baseline))

    def gained(self) -> np.ndarray:
        """+1 where only the pruned trial is right, -1 where only the baseline: (n_test,), int8."""
        gained: np.ndarray = correct_bits(self.pruned) - correct_bits(self.baseline)
        return gained


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One condition with its paired differences.

    Attributes:
        condition: The spec shared by its trials; its seed is 0 and means nothing.
        pairs: Pruned trials and their baselines, by seed.
        v_test_pp2: Variance of the mean difference by the choice of test examples, pp squared.
        n_planned: Seeds that were to be run.
        n_failed: Trials that failed.
        unpaired: Why a trial gives no difference, one sentence a trial.
        lost: Seeds of these.
    """

    condition: TrialSpec
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


class Row(NamedTuple):
    """A cell and its verdict: None where no trial of the cell could be paired."""

    cell: Cell
    verdict: Verdict | None


def condition_of(spec: TrialSpec) -> TrialSpec:
    """What the trials of one cell share: the spec without its seed."""
    return replace(spec, seed=0)


def correct_bits(result: TrialResult) -> np.ndarray:
    """Which test examples a trial gets right, shape (n_test,), int8.

    Raises:
        ValueError: If the row holds fewer bits than test examples.
    """
    bits = np.frombuffer(result.correct, dtype=np.uint8)
    if not 0 < result.n_test <= 8 * len(bits):
        raise ValueError(
            f"trial {result.spec.result_key[:12]} holds {8 * len(bits)} correct bits "
            f"for {result.n_test} test examples"
        )
    return np.unpackbits(bits, count=result.n_test).astype(np.int8)


def sampling_variance(differences: Sequence[np.ndarray]) -> float:
    """Variance of a mean accuracy difference by the choice of test examples.

    It is the variance over examples of D, the mean over seeds of each example's difference,
    divided by n. With one seed this is McNemar's. It does not shrink with more seeds.

    Args:
        differences: One array a seed, each (n,), values -1, 0 or 1.

    Returns:
        The variance in pp squared.
    """
    mean = np.mean(np.stack(differences), axis=0)
    return float(mean.var() / len(mean) * 1e4)


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
    rows = _distinct(results)
    baselines = {_home(row): row for row in rows if row.spec.is_baseline}
    by_condition: dict[TrialSpec, list[TrialResult]] = defaultdict(list)
    seeds: dict[TrialSpec, set[int]] = defaultdict(set)
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
    return sorted(found, key=lambda cell: spec_order(cell.condition))


def envelope(
    results: Iterable[TrialResult],
    planned: Iterable[TrialSpec] = (),
    *,
    tolerance_pp: float = 1.0,
) -> list[Row]:
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
    pruned = [cell for cell in found if not cell.condition.is_null]
    pooled = pooled_by_dataset((cell.condition, cell.delta_pp) for cell in pruned)
    return [Row(cell, _verdict(cell, pooled, tolerance_pp)) for cell in found]


def _verdict(
    cell: Cell, pooled: Mapping[tuple[Any, ...], Spread | None], tolerance_pp: float
) -> Verdict | None:
    if not cell.pairs:
        return None
    spread = pooled.get(noise_group(cell.condition))
    return judge(cell.delta_pp, cell.v_test_pp2, tolerance_pp=tolerance_pp, pooled=spread)


def _home(row: TrialResult) -> tuple[Any, ...]:
    # Another device or library gives another full-data run: a difference to it is not the pruning's.
    return (row.spec.run_key, tuple(sorted(row.environment.items())))


def _distinct(results: Iterable[TrialResult]) -> list[TrialResult]:
    """One row a trial and environment: a result before a failure, the later before the earlier."""
    best: dict[tuple[Any, ...], TrialResult] = {}
    for row in results:
        name = (row.spec.result_key, _home(row))
        if name not in best or _merit(row) > _merit(best[name]):
            best[name] = row
    return list(best.values())


def _merit(row: TrialResult) -> tuple[bool, str]:
    return (row.is_ok, row.finished)


def _cell(
    condition: TrialSpec,
    rows: list[TrialResult],
    baselines: Mapping[tuple[Any, ...], TrialResult],
    n_planned: int,
) -> Cell:
    homes = {home[0] for home in baselines}
    pairs: dict[int, Pair] = {}
    unpaired: dict[int, str] = {}
    for row in sorted(rows, key=lambda row: (row.spec.seed, row.finished)):
        baseline = baselines.get(_home(row))
        reason = _why_unpaired(row, baseline, row.spec.run_key in homes)
        if baseline is None or reason:
            unpaired[row.spec.seed] = f"seed {row.spec.seed}: {reason}"
        else:
            pairs[row.spec.seed] = Pair(pruned=row, baseline=baseline)
    _check_tests(list(pairs.values()))
    return Cell(
        condition=condition,
        pairs=tuple(pairs.values()),
        v_test_pp2=_v_test_pp2([*pairs.values()]),
        n_planned=n_planned,
        n_failed=sum(not row.is_ok for row in rows),
        unpaired=tuple(unpaired.values()),
        lost=tuple(seed for seed in unpaired if seed not in pairs),
    )


def _why_unpaired(row: TrialResult, baseline: TrialResult | None, ran_elsewhere: bool) -> str:
    if not row.is_ok:
        return f"failed: {row.error}"
    if baseline is None:
        where = "its full-data baseline ran in another environment"
        return where if ran_elsewhere else "no full-data baseline"
    if not baseline.is_ok:
        return f"its full-data baseline failed: {baseline.error}"
    for name, result in (("its", row), ("its baseline's", baseline)):
        if result.accuracy is None or not isfinite(result.accuracy):
            return f"{name} accuracy is {result.accuracy}"
    return ""


def _check_tests(pairs: Sequence[Pair]) -> None:
    sizes = {row.n_test: row for pair in pairs for row in (pair.baseline, pair.pruned)}
    if len(sizes) > 1:
        named = ", ".join(f"{row.spec.result_key[:12]} on {n}" for n, row in sizes.items())
        raise ValueError(f"trials to pair were tested on different test sets: {named} examples")


def _accuracy(result: TrialResult) -> float:
    assert result.accuracy is not None, "only finished trials are paired"
    return result.accuracy


def spec_order(spec: TrialSpec) -> tuple[Any, ...]:
    """By data set, then signal with random last, then warm-up, rate and seed."""
    return (
        spec.dataset, spec.data_sha, spec.model, spec.learner, spec.signal == "random",
        spec.signal, str(spec.settings), spec.signal_sha, spec.prune, spec.selector,
        str(spec.selector_settings), spec.selector_sha, spec.protocol, spec.budget,
        str(spec.training), spec.warmup, spec.rate, spec.seed,
    )  # fmt: skip
