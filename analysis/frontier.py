"""The frontier of pruning: the least error at each number of rows kept, and whether it falls faster.

A data set is trained on whole at several total sizes and, pruned, at several kept shares of each. A
*line* is one kept share over kept size; the *frontier* of a method is, at each size that was also run
whole, the least error over its lines, that of no pruning among them. It *bends* between two sizes where
its slope, of the logarithm of what the error has above its floor over the logarithm of the size, is
steeper than that of no pruning.

References:
    Sorscher, Geirhos, Shekhar, Ganguli, Morcos, "Beyond neural scaling laws: beating power law scaling
    via data pruning", 2022, arXiv:2206.14486: the claim is about the frontier over total size and kept
    share, not about one total size.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from analysis.multiplicity import holm
from analysis.scaling.floor import FEWEST_SIZES, ErrorFloor, floor_of
from analysis.scaling.lines import Lines, LineValue, SizedPoint, common_seeds, least_of, lines_at
from analysis.scaling.stretches import StretchTest

# Two that agree are no evidence; with one nothing is known of chance.
FEWEST_SEEDS = 3


@dataclass(frozen=True, kw_only=True)
class SizeFamily:
    """What one data set, model and warm-up show over total size and kept share.

    Attributes:
        unpruned: Runs on all rows, at each total size.
        methods: Pruned runs of each method, at each total size and kept share below 1.
        controls: Random pruning beside each method, cut alike; absent where it did not run.
        floor: The error that no number of rows takes away, where it is known; None where it is to be
            estimated.
    """

    unpruned: tuple[SizedPoint, ...]
    methods: Mapping[Any, tuple[SizedPoint, ...]]
    controls: Mapping[Any, Any] = field(default_factory=dict)
    floor: float | None = None


@dataclass(frozen=True, kw_only=True)
class Stretch:
    """The frontier between two neighbouring sizes.

    Attributes:
        start: Rows kept at its lower end.
        end: Rows kept at its upper end.
        slope: Of the frontier: change of the logarithm of the error above its floor by that of the
            size, with the kept shares chosen on the other seeds; None where it is not above the floor.
        unpruned_slope: The same without pruning.
        low: Lower bound of slope - unpruned_slope, at an error of `level`; None where p is None.
        high: Upper bound.
        p: One-sided p of "it is no steeper", against no pruning and, where it ran, random; None of
            random itself, of the last stretch, at whose upper end nothing is pruned, and where an error is
            not clear of what the floor may be.
        p_holm: The same after correction over all methods and stretches of the family.
        level: Error of each bound.
        bends: Whether p_holm is at most alpha.
    """

    start: float
    end: float
    slope: float | None
    unpruned_slope: float | None
    low: float | None = None
    high: float | None = None
    p: float | None = None
    p_holm: float | None = None
    level: float | None = None
    bends: bool = False

    @property
    def difference(self) -> float | None:
        """How much steeper the frontier is: below zero it falls faster."""
        if self.slope is None or self.unpruned_slope is None:
            return None
        return self.slope - self.unpruned_slope


@dataclass(frozen=True, kw_only=True)
class Frontier:
    """The frontier of one method.

    Attributes:
        sizes: Rows kept, ascending, shape (m,): those that were also run whole.
        errors: The least error at each, by kept shares chosen on the other seeds, shape (m,): the
            mean over seeds, which no choice flatters.
        shares: The kept share of least mean error at each, all seeds counted.
        ratios: The frontier's error over that of no pruning.
        stretches: Between neighbouring sizes.
    """

    sizes: tuple[float, ...]
    errors: tuple[float, ...]
    shares: tuple[float, ...]
    ratios: tuple[float, ...]
    stretches: tuple[Stretch, ...]

    @property
    def bends(self) -> bool:
        """Whether it is shown to bend on any stretch."""
        return any(stretch.bends for stretch in self.stretches)


@dataclass(frozen=True, kw_only=True)
class Frontiers:
    """The frontiers of a family, tested as one.

    Attributes:
        sizes: That were run whole, ascending.
        unpruned: Mean error without pruning at each.
        seeds: Of every point.
        floor: Of the slopes, and between which two they were compared; None where nothing can be told.
        methods: The frontier of each method that has one.
        why: Why nothing can be told of any; empty where it can.
    """

    sizes: tuple[float, ...] = ()
    unpruned: tuple[float, ...] = ()
    seeds: int = 0
    floor: ErrorFloor | None = None
    methods: Mapping[Any, Frontier] = field(default_factory=dict)
    why: str = ""


def frontiers(family: SizeFamily, *, alpha: float = 0.05) -> Frontiers:
    """The frontier of every method, and where each is shown to bend.

    No kept share is chosen for a verdict: a stretch bends where *some* share at its upper end lies
    below *every* share at its lower end by more than no pruning falls, and, where random pruning ran, by
    more than random falls at the same two shares. The first is corrected for the number of shares, the
    second needs no correction; both must hold at every floor that the runs without pruning allow.

    Args:
        family: Points; the seeds that all of them have are read.
        alpha: Error over all methods and stretches: the share of families without a bend in which
            one is said to bend. Where a page shows several families, alpha over their number.
    """
    seeds = common_seeds([*family.unpruned, *(p for one in family.methods.values() for p in one)])
    sizes = tuple(sorted({point.kept for point in family.unpruned}))
    if why := _lacking(family, len(sizes), len(seeds)):
        return Frontiers(sizes=sizes, seeds=len(seeds), why=why)
    unpruned = [lines_at(size, family.unpruned, seeds)[1.0] for size in sizes]
    lines = {
        method: [
            {1.0: value, **lines_at(size, points, seeds)}
            for size, value in zip(sizes, unpruned, strict=True)
        ]
        for method, points in family.methods.items()
    }
    floor = _known(family.floor) or floor_of(sizes, unpruned)
    drawn = Frontiers(
        sizes=sizes, unpruned=tuple(value.mean for value in unpruned), seeds=len(seeds), floor=floor
    )
    tests = {}
    for method, rows in lines.items():
        if method not in family.controls.values():
            beside = lines.get(family.controls.get(method))
            tests[method] = _tests(rows, unpruned, beside, floor)
    found = {method: _frontier(sizes, unpruned, rows, floor.best) for method, rows in lines.items()}
    judged = _judged(found, tests, alpha)
    told = any(stretch.p is not None for one in judged.values() for stretch in one.stretches)
    why = _NO_ROOM if any(tests.values()) else _NO_SHARE
    return replace(drawn, methods=judged, why="" if told else why)


def _known(floor: float | None) -> ErrorFloor | None:
    return None if floor is None else ErrorFloor(best=floor, low=floor, high=floor)


def _lacking(family: SizeFamily, sizes: int, seeds: int) -> str:
    """What is missing to tell anything; empty where nothing is."""
    if not set(family.methods) - set(family.controls.values()):
        return "no run that was pruned by a signal has finished"
    return too_few(sizes, seeds, FEWEST_SIZES if family.floor is None else FEWEST_SIZES - 1)


def too_few(sizes: int, seeds: int, needed: int = FEWEST_SIZES) -> str:
    """Of what there is too little to tell whether a frontier bends; empty where there is enough.

    Args:
        sizes: Total sizes, each run on all its rows.
        seeds: That are common to all.
        needed: Total sizes, by what is known of the floor.
    """
    if sizes < needed:
        return f"{needed} total sizes or more are needed, each run on all its rows, and there are {sizes}"
    if seeds < FEWEST_SEEDS:
        return (
            f"{FEWEST_SEEDS} seeds or more are needed of every run, and {seeds} are common to all"
        )
    return ""


_NO_SHARE = "no pruned run kept as many rows as a smaller total size has"
_NO_ROOM = (
    "the errors are less than four standard errors above what their floor may be, as far as these sizes "
    "and seeds tell"
)


def _tests(
    lines: Sequence[Lines],
    unpruned: Sequence[LineValue],
    control: Sequence[Lines] | None,
    floor: ErrorFloor,
) -> dict[int, StretchTest]:
    """What is asked of each stretch whose upper end has a kept share below 1."""
    found = {
        i: StretchTest(
            start=lines[i],
            end=lines[i + 1],
            unpruned=(unpruned[i], unpruned[i + 1]),
            control=(control[i], control[i + 1]) if control else None,
            floors=[float(one) for one in floor.tried()],
        )
        for i in range(len(lines) - 1)
    }
    return {i: test for i, test in found.items() if test.shares}


def _frontier(
    sizes: Sequence[float], unpruned: Sequence[LineValue], lines: Sequence[Lines], floor: float
) -> Frontier:
    least = [least_of(one) for one in lines]
    errors, whole = [error for error, _ in least], [value.mean for value in unpruned]
    return Frontier(
        sizes=tuple(sizes),
        errors=tuple(errors),
        shares=tuple(share for _, share in least),
        ratios=tuple(error / one for error, one in zip(errors, whole, strict=True)),
        stretches=tuple(
            Stretch(
                start=sizes[i],
                end=sizes[i + 1],
                slope=_slope(sizes[i : i + 2], errors[i : i + 2], floor),
                unpruned_slope=_slope(sizes[i : i + 2], whole[i : i + 2], floor),
            )
            for i in range(len(sizes) - 1)
        ),
    )


def _slope(sizes: Sequence[float], errors: Sequence[float], floor: float) -> float | None:
    if min(errors) <= floor:
        return None
    start, end = np.log(np.array(errors) - floor)
    return float((end - start) / np.log(sizes[1] / sizes[0]))


def _judged(
    found: Mapping[Any, Frontier],
    tests: Mapping[Any, Mapping[int, StretchTest]],
    alpha: float,
) -> dict[Any, Frontier]:
    """With p and bounds, each at the error it is tested at: step by step, the smallest p first."""
    asked = [(method, i) for method, of_method in tests.items() for i in of_method]
    # What cannot be told is asked all the same: what is found does not depend on what could be asked.
    p_values = [tests[m][i].p() if tests[m][i].is_clear else 1.0 for m, i in asked]
    corrected = holm(p_values)
    ranks = np.argsort(np.argsort(p_values, kind="stable"))
    passed = sum(p <= alpha for p in corrected)
    judged = {method: list(one.stretches) for method, one in found.items()}
    for (method, i), p, p_holm, rank in zip(asked, p_values, corrected, ranks, strict=True):
        stretch, test = judged[method][i], tests[method][i]
        if test.is_clear:
            level = alpha / (len(asked) - min(int(rank), passed))
            low, high = (
                bound / np.log(stretch.end / stretch.start) for bound in test.bounds(level)
            )
            judged[method][i] = replace(
                stretch, low=float(low), high=float(high), p=p, p_holm=p_holm, level=level,
                bends=p_holm <= alpha,
            )  # fmt: skip
    return {method: replace(one, stretches=tuple(judged[method])) for method, one in found.items()}
