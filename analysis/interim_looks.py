"""Seeds bought only where they can change an answer: verdicts looked at after 3, 5, 8 and 12."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from analysis.envelope import Cell, JudgedCell, cells, only
from analysis.methods import Condition, DatasetId, RateCurve, condition_of
from analysis.seeds_needed import chance_settled
from analysis.verdicts import Verdict, judge
from trainables.result import TrialResult
from trainables.spec import TrialSpec

LOOKS = (3, 5, 8, 12)
# Bonferroni over the looks: whenever buying ends, at most 5 % of false verdicts on each side.
LOOK_ALPHA = 0.05 / len(LOOKS)
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
    results: Iterable[TrialResult], planned: Iterable[TrialSpec], *, tolerance_pp: float
) -> list[JudgedCell]:
    """Every cell at its last look with its verdict; arguments as `envelope`.

    Spreads are each cell's own: a pooled one would change after a cell was decided.
    """
    seen = [at_look(cell) for cell in cells(results, planned)]
    return [JudgedCell(cell, judge_look(cell, tolerance_pp=tolerance_pp)) for cell in seen]


def judge_look(cell: Cell, *, tolerance_pp: float) -> Verdict | None:
    """The verdict of one look, by the cell's own spread; None without a pair."""
    if not cell.pairs:
        return None
    return judge(cell.delta_pp, cell.v_test_pp2, tolerance_pp=tolerance_pp, alpha=LOOK_ALPHA)


def demand(
    grid: Sequence[TrialSpec], results: Iterable[TrialResult], *, tolerance_pp: float
) -> Demand:
    """Which trials of a grid are wanted, given those that ended.

    Every condition gets the seeds of the first look. Beyond it, going up the rates of one data
    set, warm-up and method, the lowest rate that is not decided gets the seeds of its next look.
    A rate that is within opens the next higher one. Outside, undecided at the last look, or hardly
    to be decided by then, ends the way up: no rate above could be called safe any more. What is wanted depends on the rows
    alone, not on when they came, so a sweep taken up again buys the same.

    Args:
        grid: All trials there could be, the most seeds included.
        results: Rows that ended, well or not.
        tolerance_pp: How far below the baseline is still within.
    """
    found = {cell.condition: cell for cell in cells(results)}
    curves: dict[tuple[DatasetId, RateCurve], dict[float, list[TrialSpec]]] = defaultdict(dict)
    for spec in grid:
        if not spec.is_baseline:
            condition = condition_of(spec)
            own = curves[condition.source, condition.rate_curve]
            own.setdefault(spec.rate, []).append(spec)
    wanted: dict[str, TrialSpec] = {}
    purchases: list[Purchase] = []
    for by_rate in curves.values():
        for specs in by_rate.values():
            _want(wanted, specs[: LOOKS[0]])
        for _, specs in sorted(by_rate.items()):
            verdict, purchase = _climb(specs, found, tolerance_pp, wanted)
            if purchase is not None and purchase.verdict is not None:
                purchases.append(purchase)
            if verdict is None or verdict.verdict != "within":
                break
    return Demand(specs=[s for s in grid if s.result_key in wanted], purchases=purchases)


def _want(wanted: dict[str, TrialSpec], specs: Iterable[TrialSpec]) -> None:
    for spec in specs:
        wanted[spec.baseline.result_key] = spec.baseline
        wanted[spec.result_key] = spec


def _climb(
    specs: Sequence[TrialSpec],
    found: Mapping[Condition, Cell],
    tolerance_pp: float,
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
        verdict = judge_look(only(cell, [s.seed for s in specs[:look]]), tolerance_pp=tolerance_pp)
        if verdict is not None and (verdict.verdict != "inconclusive" or is_hopeless(verdict)):
            break
    return verdict, None


def is_hopeless(verdict: Verdict) -> bool:
    """Whether an undecided condition is to get no more seeds; never before the second look."""
    chance = chance_settled(verdict, LOOKS[-1], alpha=LOOK_ALPHA)
    return verdict.n_seeds >= LOOKS[1] and chance < HOPELESS
