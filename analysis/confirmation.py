"""One cut, confirmed: fresh seeds trained afresh on its one fixed list of rows."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace

from analysis.envelope import Cell, JudgedCell, cells, judge_cell
from analysis.guards import Criterion
from analysis.intervals import OF_CHOSEN
from analysis.methods import DatasetId, RateCurve, condition_of, tells_rows_apart
from analysis.pairing import distinct_rows
from analysis.random_control import Comparison, held_against
from analysis.readings import OF_ACCURACY, Reading
from analysis.run_files import Plan
from analysis.verdicts import ALPHA
from trainables.errors import DataError
from trainables.result import TrialResult

# Fresh seeds of a list; fewer, where no plan tells how many there were to be, do not confirm.
SEEDS = 5
# With alpha itself 4.8 to 6.6 % of studies err: a little of the choice stays in the test examples.
LEVEL = OF_CHOSEN * ALPHA
# The next list has the level of one that did not pass divided by this: LEVEL + LEVEL/5 + LEVEL/25 ... is ALPHA.
_NEXT = 5


@dataclass(frozen=True, kw_only=True)
class Confirmation:
    """What fresh seeds say of one fixed list of rows.

    Attributes:
        row: The list, judged by its fresh seeds alone.
        control: Random lists of its size, one a seed; None where none were run.
        against_random: The list held against them.
        n_candidates: Conditions it was chosen from.
        earlier: Lists of the data set that were tried before it and did not pass.
        n_ended: Fresh seeds with a result, and a full-data run to hold it against.
        n_failed: Fresh seeds whose trial on the list failed.
    """

    row: JudgedCell
    control: Cell | None
    against_random: Comparison | None
    n_candidates: int
    earlier: int = 0
    n_ended: int = 0
    n_failed: int = 0

    @property
    def is_over(self) -> bool:
        """Whether every fresh seed has ended with a result."""
        return self.n_ended >= max(self.row.cell.n_planned, SEEDS)

    @property
    def passes(self) -> bool:
        """Whether the fresh seeds show that the list loses less than the tolerance."""
        v = self.row.verdict
        return self.is_over and v is not None and v.decided == "within"

    def is_of(self, curve: RateCurve) -> bool:
        """Whether the list was cut by a method, after a warm-up."""
        own = self.row.cell.condition.rate_curve
        return own.warmup == curve.warmup and own.method == curve.method._replace(
            kind=own.method.kind, protocol=own.method.protocol
        )

    def made_by(self, rows: Iterable[JudgedCell]) -> JudgedCell | None:
        """The condition of the search that the list was cut by; None where it is not among the rows."""
        own = self.row.cell.condition
        found = (
            row
            for row in rows
            if (row.cell.condition.source, row.cell.condition.rate) == (own.source, own.rate)
            and self.is_of(row.cell.condition.rate_curve)
        )
        return next(found, None)


def level_of(earlier: int) -> float:
    """Error of each bound of a list that so many lists of its data set came before that did not pass.

    4 % for the first, a fifth of that for the next, and so on: 5 % in all, however many are tried and
    however each is chosen after the one before was seen. A list that passes costs nothing: either it is
    safe, or the error has happened already.

    References:
        Wiens, "A fixed sequence Bonferroni procedure for testing multiple endpoints", 2003; Foster,
        Stine, "Alpha-investing", 2008, on tests that are chosen one after another.
    """
    return LEVEL / float(_NEXT) ** earlier


def confirmations(
    results: Iterable[TrialResult],
    plan: Plan,
    *,
    by: Criterion = Criterion(),  # noqa: B008 - frozen
    reading: Reading = OF_ACCURACY,
) -> dict[DatasetId, Confirmation]:
    """The confirmation of each data set that has one, under way or over.

    Noise between runs is new and tested at 0.8 alpha. The test examples are those the list was
    chosen on: their part is tested at 0.8 alpha over the number of conditions it was chosen from.
    Of a list that others came before that did not pass, it is the level that is left (`level_of`).

    Args:
        results: Rows of a run: fixed lists and full-data runs count.
        plan: What was to be run.
        by: What a list is judged by; guards as strictly as the metric.
        reading: Its metric, as it reads the rows.

    Raises:
        DataError: If fresh seeds that share a list were trained on different rows.
    """
    every = distinct_rows(results)
    fresh = [row for row in every if row.spec.is_baseline or row.spec.kind == "fixed"]
    planned = [spec for spec in plan.specs if spec.kind == "fixed"]
    full = {row.spec.run_key for row in fresh if row.spec.is_baseline and row.is_ok}
    listed = {
        (condition_of(row.spec), row.spec.seed): row for row in fresh if not row.spec.is_baseline
    }
    ended = Counter(of for (of, _), row in listed.items() if row.is_ok and row.spec.run_key in full)
    failed = Counter(of for (of, _), row in listed.items() if not row.is_ok)
    # Without a plan, at least what was run could have been chosen.
    tried = {condition_of(row.spec) for row in every if row.spec.kind == "pruned"}
    counted = Counter(one.source.data_sha for one in tried) | Counter(plan.candidates)
    found: dict[DatasetId, list[Cell]] = defaultdict(list)
    for cell in cells(fresh, planned, reading=reading):
        found[cell.condition.source].append(cell)
    all_of = {
        source: [
            replace(
                _confirmation(
                    cell,
                    own,
                    counted[source.data_sha] or 1,
                    by,
                    plan.earlier.get(source.data_sha, 0),
                ),
                n_ended=ended[cell.condition],
                n_failed=failed[cell.condition],
            )
            for cell in own
            if cell.condition.scored_by
        ]
        for source, own in found.items()
    }
    return {source: max(own, key=_speaks) for source, own in all_of.items() if own}


def _speaks(one: Confirmation) -> tuple[bool, float]:
    """Of several lists of a data set, in runs read as one: that which passes, of the larger rate."""
    return one.passes, one.row.cell.condition.rate


def _confirmation(
    cell: Cell, own: list[Cell], n_candidates: int, by: Criterion, earlier: int
) -> Confirmation:
    """A list held against the full-data runs, and against random lists of its size."""
    _check_one_list(cell)
    lists = sum(bool(one.condition.scored_by) for one in own)
    alpha, share = level_of(earlier) / lists, 1 / n_candidates
    control = next((one for one in own if _is_beside(one, cell)), None)
    beside = held_against(cell, control, alpha=alpha, item_share=share) if control else None
    return Confirmation(
        row=judge_cell(cell, by=by, alpha=alpha, item_share=share),
        control=control,
        against_random=beside,
        n_candidates=n_candidates,
        earlier=earlier,
    )


def _is_beside(one: Cell, cell: Cell) -> bool:
    """Whether one is the random lists that a list is held against."""
    a, b = one.condition, cell.condition
    is_own = a.scored_by == () and a.is_control and not b.is_control
    alike = [(c.question, c.protocol, c.method.budget) for c in (a, b)]
    cuts = [(c.selector, c.method.selector_settings) for c in (a, b)]
    # Beside a selector that looks at rows, the user's own among them, random is of all rows.
    is_cut_alike = cuts[0] == cuts[1] or tells_rows_apart(*cuts[1]) or ":" in cuts[1][0]
    if not is_own or alike[0] != alike[1] or not is_cut_alike or not one.pairs:
        return False
    # A list that rows were put back into is larger than its rate says.
    is_protected = bool(b.method.protected or b.method.min_per_class)
    return _sizes(one) == _sizes(cell) if is_protected else a.rate == b.rate


def _sizes(cell: Cell) -> set[int]:
    return {sum(pair.pruned.kept_counts) for pair in cell.pairs}


def _check_one_list(cell: Cell) -> None:
    lists = {pair.pruned.kept_sha for pair in cell.pairs}
    if len(lists) > 1:
        c = cell.condition
        raise DataError(
            f"{c.dataset}, {c.signal} at rate {c.rate:g}: seeds that should share one list of rows "
            f"were trained on {len(lists)} different ones; run the confirmation anew in a folder "
            "of its own"
        )
