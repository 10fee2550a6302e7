"""Seeds bought only where they can change an answer: verdicts looked at after 3, 5, 8 and 12."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from analysis.envelope import Cell, JudgedCell, cells, judge_cell, only
from analysis.guards import Criterion, clears
from analysis.methods import Condition, DatasetId, RateCurve, condition_of
from analysis.multiplicity import look_levels
from analysis.readings import OF_ACCURACY, Reading
from analysis.seeds_needed import chance_settled
from analysis.verdicts import ALPHA, LEAST_SEEDS, Verdict
from trainables.result import TrialResult
from trainables.spec import TrialSpec

LOOKS = (3, 5, 8, 12)
# What each look may err: whenever buying ends, at most 5 % of false verdicts on each side.
LOOK_ALPHAS = tuple(look_levels(ALPHA, LOOKS))
# A condition with less than this chance to be decided by the last look gets no more seeds: near
# the line that halves what is bought, and costs 3 points of power at most (benchmarks/calibration).
HOPELESS = 0.05


@dataclass(frozen=True, kw_only=True)
class Purchase:
    """Seeds that an undecided condition still needs for its next look.

    Attributes:
        condition: Of what.
        verdict: What it showed at the look before; None before the first.
        specs: The trials to run.
    """

    condition: Condition
    verdict: Verdict | None
    specs: tuple[TrialSpec, ...]

    @property
    def more(self) -> int:
        """Seeds to run."""
        return len(self.specs)


@dataclass(frozen=True, kw_only=True)
class Demand:
    """What a sweep has to run, as far as its rows can tell.

    Attributes:
        specs: Trials asked for so far, run or not, in the grid's order.
        purchases: Those beyond the first look that have not all ended, by condition.
    """

    specs: list[TrialSpec]
    purchases: list[Purchase]


def at_look(cell: Cell) -> Cell:
    """The cell as it stood at its last look: seeds that ran ahead of the next one do not count.

    A seed that failed is one that ended.
    """
    ended = sorted({*cell.seeds, *cell.lost})
    look = max((look for look in LOOKS if look <= len(ended)), default=0)
    return only(cell, ended[:look])


def envelope_at_looks(
    results: Iterable[TrialResult],
    planned: Iterable[TrialSpec],
    *,
    by: Criterion = Criterion(),  # noqa: B008 - frozen
    reading: Reading = OF_ACCURACY,
) -> list[JudgedCell]:
    """Every cell at its last look with its verdict; arguments as `judged_cells`."""
    return [judge_look(at_look(cell), by) for cell in cells(results, planned, reading=reading)]


def look_of(cell: Cell) -> int:
    """Which look a cell stands at, from 0 on: by its seeds that ended, failed ones included."""
    ended = len({*cell.seeds, *cell.lost})
    return max(sum(look <= ended for look in LOOKS) - 1, 0)


def judge_look(cell: Cell, by: Criterion = Criterion()) -> JudgedCell:  # noqa: B008 - frozen
    """A cell judged at one look, at the error that look may make."""
    return judge_cell(cell, by=by, alpha=LOOK_ALPHAS[look_of(cell)])


def demand(
    grid: Sequence[TrialSpec],
    results: Iterable[TrialResult],
    *,
    by: Criterion = Criterion(),  # noqa: B008 - frozen
    reading: Reading = OF_ACCURACY,
) -> Demand:
    """Which trials of a grid are wanted, given those that ended.

    Going up the rates of one data set, warm-up and method, the lowest rate that is not decided gets
    the seeds of its next look, the first look included. A rate that is within opens the next higher
    one. Outside, undecided at the last look, or hardly to be decided by then, ends the way up: no
    rate above could be called safe any more. Random pruning gets whatever a method it controls
    gets. What is wanted depends on the rows alone, not on when they came, so a sweep taken up again
    buys the same.

    Args:
        grid: All trials there could be, the most seeds included.
        results: Rows that ended, well or not.
        by: What conditions are judged by.
        reading: Its metric, as it reads the rows.
    """
    found = {cell.condition: cell for cell in cells(results, reading=reading)}
    curves: dict[tuple[DatasetId, RateCurve], dict[float, list[TrialSpec]]] = defaultdict(dict)
    for spec in grid:
        if not spec.is_baseline:
            condition = condition_of(spec)
            own = curves[condition.source, condition.rate_curve]
            own.setdefault(spec.rate, []).append(spec)
    wanted: dict[str, TrialSpec] = {}
    purchases: list[Purchase] = []
    for by_rate in curves.values():
        for _, specs in sorted(by_rate.items()):
            verdict, purchase = _climb(specs, found, by, wanted)
            if purchase is not None and purchase.verdict is not None:
                purchases.append(purchase)
            if verdict is None or verdict.verdict != "within" or not _is_settled(verdict):
                break
    _want_controls(wanted, grid)
    return Demand(specs=[s for s in grid if s.result_key in wanted], purchases=purchases)


def _want_controls(wanted: dict[str, TrialSpec], grid: Sequence[TrialSpec]) -> None:
    """Beside every pruned trial that is wanted the random one of its seed, cut alike if there is."""
    controls: dict[tuple[Any, ...], list[TrialSpec]] = defaultdict(list)
    for spec in grid:
        if not spec.is_baseline and condition_of(spec).is_control:
            controls[*condition_of(spec).control_key, spec.seed].append(spec)
    for spec in [*wanted.values()]:
        if not spec.is_baseline:
            beside = controls[*condition_of(spec).control_key, spec.seed]
            alike = [one for one in beside if one.selector == spec.selector]
            _want(wanted, (alike or beside)[:1])


def _want(wanted: dict[str, TrialSpec], specs: Iterable[TrialSpec]) -> None:
    for spec in specs:
        wanted[spec.baseline.result_key] = spec.baseline
        wanted[spec.result_key] = spec


def _climb(
    specs: Sequence[TrialSpec],
    found: Mapping[Condition, Cell],
    by: Criterion,
    wanted: dict[str, TrialSpec],
) -> tuple[Verdict | None, Purchase | None]:
    """Look after look of one condition: its verdict once it is settled, else what it still needs."""
    condition, verdict = condition_of(specs[0]), None
    cell = found.get(condition, Cell(condition=condition))
    ended = {*cell.seeds, *cell.lost}
    for look in LOOKS:
        _want(wanted, specs[:look])
        left = tuple(spec for spec in specs[:look] if spec.seed not in ended)
        if left:
            return None, Purchase(condition=condition, verdict=verdict, specs=left)
        judged = judge_look(only(cell, [s.seed for s in specs[:look]]), by)
        verdict = judged.verdict
        if verdict is not None and (_is_settled(verdict) or _is_past_hope(judged)):
            break
    return verdict, None


def _is_settled(verdict: Verdict) -> bool:
    """Whether a look ends the buying: two seeds, where others were lost, never do."""
    return verdict.verdict != "inconclusive" and verdict.n_seeds >= LEAST_SEEDS


def _is_past_hope(judged: JudgedCell) -> bool:
    """Whether metric or a guard, whichever is undecided, is hardly to be decided by more seeds."""
    assert judged.verdict is not None, "asked of a condition with a verdict"
    alone = [one.verdict for one in judged.guards]
    of_metric = [judged.verdict] if not alone or not clears(judged.verdict) else []
    return any(is_hopeless(v) for v in (*of_metric, *alone) if v.verdict != "within")


def is_hopeless(verdict: Verdict) -> bool:
    """Whether an undecided condition is to get no more seeds; never before the second look.

    With a diverged run it can never be within, whatever is bought, nor of one test row or of rows on
    which the metric has no value.
    """
    if verdict.diverged:
        return True
    if verdict.low is None and verdict.n_seeds > 1:
        return True
    chance = chance_settled(verdict, LOOKS[-1], alpha=LOOK_ALPHAS[-1])
    return verdict.n_seeds >= LOOKS[1] and chance < HOPELESS
