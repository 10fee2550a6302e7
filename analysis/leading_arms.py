"""Which arms may be the best: all that no contrast shows to be worse than another."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from analysis.contrasts import Contrast
from analysis.methods import Condition, DatasetId, Method
from analysis.paired_arms import Arms
from analysis.verdicts import ALPHA, LEAST_SEEDS

# How the survivors are chosen: what arms at one place differ in.
_CHOICE: dict[str, Any] = {
    "kind": "pruned", "signal": "", "settings": (), "signal_sha": "", "prune": "low", "selector": "",
    "selector_settings": (), "selector_sha": "", "scorer": None, "protected": (), "min_per_class": 0,
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class LeadingArm:
    """One arm at a place.

    Attributes:
        condition: The arm; over several rates its condition at the smallest of them.
        mean: Its change against the full-data run, in the metric's unit.
        low: Lower bound, as of a verdict.
        high: Upper bound.
        n_seeds: Its seeds; over several rates those that all have.
        shown_behind: The contrasts by which it is worse than another arm, the largest difference first.
    """

    condition: Condition
    mean: float
    low: float | None
    high: float | None
    n_seeds: int
    shown_behind: tuple[Contrast, ...] = ()

    @property
    def may_lead(self) -> bool:
        """Whether it may be the best: no arm is shown to be better."""
        return not self.shown_behind


@dataclass(frozen=True, kw_only=True)
class Leaders:
    """All arms at one place, the largest mean first.

    Attributes:
        source: The data set.
        warmup: After which they cut.
        rates: At which they stand: one, or several by their mean.
        arms: Every arm.
        confidence: That the arm which is truly best is among those that may lead, at least: one less alpha for
            each kind of contrast that arms are tested by.
    """

    source: DatasetId
    warmup: float
    rates: tuple[float, ...]
    arms: tuple[LeadingArm, ...]
    confidence: float

    @property
    def leading(self) -> tuple[LeadingArm, ...]:
        """Those that may be the best."""
        return tuple(arm for arm in self.arms if arm.may_lead)

    @property
    def behind(self) -> tuple[LeadingArm, ...]:
        """Those that are shown to be worse than another."""
        return tuple(arm for arm in self.arms if not arm.may_lead)


def leaders(arms: Arms, found: Iterable[Contrast], *, alpha: float = ALPHA) -> tuple[Leaders, ...]:
    """The arms that may be the best, at each warm-up and rate and over the rates.

    An arm is out where a contrast, with random pruning among them, shows another to be better: the set
    says nothing that the contrasts do not say. A set leaves out the truly best arm only where one of
    its contrasts is falsely found, of whatever kind.

    Args:
        arms: Conditions with pairs.
        found: All contrasts of the run.
        alpha: Error that they were tested at.
    """
    found = tuple(found)
    behind, kinds = _shown_behind(found), _kinds(found)
    places: dict[Condition, dict[float, list[Condition]]] = {}
    for condition, cell in arms.cells.items():
        if len(cell.pairs) >= LEAST_SEEDS:
            by_rate = places.setdefault(_place(condition), {})
            by_rate.setdefault(condition.rate, []).append(condition)
    done = []
    for place, by_rate in places.items():
        for sides in _sides(by_rate):
            if len(sides) > 1:
                own = [_arm(arms, side, behind, alpha) for side in sides]
                done.append(
                    Leaders(
                        source=place.source, warmup=place.warmup,
                        rates=tuple(condition.rate for condition in sides[0]),
                        arms=tuple(sorted(own, key=lambda arm: -arm.mean)),
                        confidence=1 - alpha * max(1, len(kinds[place.source])),
                    )
                )  # fmt: skip
    return tuple(done)


def _kinds(found: Iterable[Contrast]) -> dict[DatasetId, set[str]]:
    """By data set the kinds of which arms at one place are tested: each may err in a share alpha of studies."""
    kinds: dict[DatasetId, set[str]] = defaultdict(set)
    for one in found:
        is_tested = one.p_corrected is not None and one.left.rate == one.right.rate
        if is_tested and _place(one.left) == _place(one.right):
            kinds[one.left.source].add(one.kind)
    return kinds


def _shown_behind(
    found: Iterable[Contrast],
) -> dict[tuple[Condition, tuple[float, ...]], list[Contrast]]:
    """By arm and rates the contrasts that show it to be worse than another at its place."""
    behind: dict[tuple[Condition, tuple[float, ...]], list[Contrast]] = defaultdict(list)
    for one in found:
        if one.is_found and _place(one.left) == _place(one.right):
            worse = one.left if one.finding == "worse" else one.right
            if one.left.rate == one.right.rate:
                behind[worse, one.rates].append(one)
    return behind


def _place(condition: Condition) -> Condition:
    """What arms share that stand beside each other: all but how the survivors are chosen, and the rate."""
    return replace(condition, rate=-1.0, method=condition.method._replace(**_CHOICE))


def _sides(by_rate: Mapping[float, Sequence[Condition]]) -> Iterator[list[tuple[Condition, ...]]]:
    """The arms at each rate, and those that stand at all rates by their mean."""
    curves: dict[Method, list[Condition]] = defaultdict(list)
    for _, own in sorted(by_rate.items()):
        yield [(condition,) for condition in own]
        for condition in own:
            curves[condition.method].append(condition)
    if len(by_rate) > 1:
        yield [tuple(own) for own in curves.values() if len(own) == len(by_rate)]


def _arm(
    arms: Arms,
    side: tuple[Condition, ...],
    behind: Mapping[tuple[Condition, tuple[float, ...]], Sequence[Contrast]],
    alpha: float,
) -> LeadingArm:
    own = arms.alone(side)
    low, high = own.interval(alpha)
    worse = behind.get((side[0], tuple(condition.rate for condition in side)), ())
    return LeadingArm(
        condition=side[0], mean=own.mean, low=low, high=high, n_seeds=len(own.seeds),
        shown_behind=tuple(sorted(worse, key=lambda one: -abs(one.mean))),
    )  # fmt: skip
