"""Arm against arm, selector against selector, warm-up against warm-up: what differs in one thing alone."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations, pairwise
from typing import Any

from analysis.intervals import two_sided_p
from analysis.methods import Condition, DatasetId
from analysis.multiplicity import holm
from analysis.paired_arms import ArmDifference, Arms
from analysis.random_control import Comparison, Finding
from analysis.shared_spread import independent, moderated, prior_of
from analysis.verdicts import ALPHA, LEAST_SEEDS

_WITHIN_CLASS = "_within_class"
_SIGNAL = ("signal", "settings", "signal_sha")
_SELECTOR = ("selector", "selector_settings", "selector_sha")
_TRAINED = (
    "model", "model_sha", "learner", "training", "learner_settings", "learner_sha", "columns_sha",
)  # fmt: skip
AGAINST_RANDOM = "random"


def _always(one: Condition, other: Condition) -> bool:
    return True


def _is_no_control(one: Condition, other: Condition) -> bool:
    """Signals against random are compared, by the same interval, in `analysis.random_control`."""
    return not (one.is_control or other.is_control)


def _is_same_signal(one: Condition, other: Condition) -> bool:
    """Whether two selectors cut one signal, or one of them its form within classes, as the study did."""
    a, b = one.method, other.method
    if (a.signal, a.settings, a.signal_sha) == (b.signal, b.settings, b.signal_sha):
        return True
    plain, within = (a, b) if b.signal.endswith(_WITHIN_CLASS) else (b, a)
    is_form = within.signal == plain.signal + _WITHIN_CLASS
    # Within classes a signal has fewer settings; it is cut class by class, the plain one over the whole set.
    cuts = (plain.selector, within.selector) == ("global", "stratified")
    return is_form and cuts and {*within.settings} <= {*plain.settings}


@dataclass(frozen=True, kw_only=True)
class ContrastKind:
    """In what two conditions differ; all else that they are is the same.

    Attributes:
        words: What is compared, for a reader.
        of: Fields of the method that make the two sides; warmup and rate are the condition's own.
        beside: Fields that may differ besides.
        fits: Whether two such conditions are compared.
        is_next: Whether a side is compared with the next larger one alone.
    """

    words: str
    of: tuple[str, ...]
    beside: tuple[str, ...] = ()
    fits: Callable[[Condition, Condition], bool] = _always
    is_next: bool = False

    def side(self, condition: Condition) -> tuple[Any, ...]:
        """What makes it one side."""
        method = condition.method
        return tuple(
            getattr(method, name) if name in method._fields else getattr(condition, name)
            for name in self.of
        )

    def shared(self, condition: Condition) -> Condition:
        """The condition without what the two sides may differ in."""
        names = (*self.of, *self.beside)
        own = {name: None for name in names if name in condition.method._fields}
        rest: dict[str, Any] = {name: -1.0 for name in names if name not in own}
        return replace(condition, method=condition.method._replace(**own), **rest)  # type: ignore[arg-type]


CONTRASTS: Mapping[str, ContrastKind] = {
    "method": ContrastKind(
        words="Signal against signal", of=_SIGNAL, beside=("prune",), fits=_is_no_control
    ),
    "selector": ContrastKind(
        words="Selector against selector", of=_SELECTOR, beside=_SIGNAL, fits=_is_same_signal
    ),
    "warmup": ContrastKind(words="Warm-up against warm-up", of=("warmup",)),
    "rate": ContrastKind(words="Rate against the next smaller one", of=("rate",), is_next=True),
    "model": ContrastKind(
        words="Model against model", of=_TRAINED
    ),
    "end": ContrastKind(words="End against end", of=("prune",)),
    "protocol": ContrastKind(words="Protocol against protocol", of=("protocol",)),
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Contrast:
    """One condition minus another, paired by seed and test row.

    Attributes:
        kind: Row of CONTRASTS, or "random" of a comparison with random pruning.
        left: The one; over several rates its condition at the smallest of them.
        right: The other.
        rates: Rates of the left that the difference is a mean over; mostly one.
        seeds: Seeds both have.
        mean: Mean difference in the metric's unit; above zero the left does better.
        low: Lower bound, as of a verdict; None with one seed.
        high: Upper bound.
        p: Two-sided p of "no difference"; None with one seed.
        p_corrected: The same after Holm's correction over all contrasts of its kind in its data set;
            None below three seeds, which decide nothing.
        finding: "better" or "worse", of the left, where p_corrected is at most alpha and no run that
            diverged speaks for it.
        notes: What a reader must know.
    """

    kind: str
    left: Condition
    right: Condition
    rates: tuple[float, ...]
    seeds: tuple[int, ...]
    mean: float
    low: float | None = None
    high: float | None = None
    p: float | None = None
    p_corrected: float | None = None
    finding: Finding = "no difference shown"
    notes: tuple[str, ...] = ()

    @property
    def is_found(self) -> bool:
        """Whether a difference is shown."""
        return self.finding != "no difference shown"


def contrasts(
    arms: Arms, comparisons: Mapping[Condition, Comparison], *, alpha: float = ALPHA
) -> tuple[Contrast, ...]:
    """Every two conditions that differ in one thing, each beside the other.

    At every rate, and by the mean over the rates that both have. All contrasts of one kind in one data
    set are one family: Holm's correction is over all of them. What signals show against random is
    taken from the comparisons as it stands, so that no pair has two p values.

    Args:
        arms: Conditions with pairs.
        comparisons: Each condition against random.
        alpha: Error allowed over a family, "better" and "worse" together.

    Returns:
        Contrasts by kind and data set.
    """
    found = [_against_random(one) for one in comparisons.values()]
    for name, kind in CONTRASTS.items():
        families: dict[DatasetId, list[ArmDifference]] = defaultdict(list)
        for one in _differences(kind, arms):
            families[one.left[0].source].append(one)
        for family in families.values():
            found += _tested(name, family, alpha)
    return tuple(found)


def _against_random(one: Comparison) -> Contrast:
    return Contrast(
        kind=AGAINST_RANDOM, left=one.condition, right=one.control, rates=(one.condition.rate,),
        seeds=one.seeds, mean=one.mean, low=one.low, high=one.high, p=one.p, p_corrected=one.p_holm,
        finding=one.finding, notes=tuple(filter(None, [one.note])),
    )  # fmt: skip


def _differences(kind: ContrastKind, arms: Arms) -> Iterator[ArmDifference]:
    """At each rate, and then by the mean over the rates at which both have enough seeds."""
    groups: dict[Condition, list[Condition]] = defaultdict(list)
    for condition in arms.cells:
        groups[kind.shared(condition)].append(condition)
    by_curves: dict[tuple[Condition, Condition], list[tuple[Condition, Condition]]] = {}
    for own in groups.values():
        for right, left in _pairs(kind, own):
            one = arms.between([left], [right])
            if one is None:
                continue
            yield one
            if "rate" not in kind.of and len(one.seeds) >= LEAST_SEEDS:
                curves = replace(left, rate=-1.0), replace(right, rate=-1.0)
                by_curves.setdefault(curves, []).append((left, right))
    for pairs in by_curves.values():
        if len(pairs) > 1:
            lefts, rights = zip(*sorted(pairs, key=lambda pair: pair[0].rate), strict=True)
            if over := arms.between(lefts, rights):
                yield over


def _pairs(kind: ContrastKind, own: Sequence[Condition]) -> Iterator[tuple[Condition, Condition]]:
    """Every two that are compared, the smaller or earlier by name before the other."""
    in_order = sorted(own, key=lambda condition: condition.order)
    pairs = pairwise(in_order) if kind.is_next else combinations(in_order, 2)
    for one, other in pairs:
        if kind.side(one) != kind.side(other) and kind.fits(one, other):
            yield one, other


def _tested(kind: str, family: Sequence[ArmDifference], alpha: float) -> list[Contrast]:
    """All contrasts of one kind in one data set: their spreads moderated, their p corrected."""
    known = with_shared_spread(family)
    plain = [_contrast(kind, one, alpha) for one in known]
    counted = [i for i, one in enumerate(plain) if one.p is not None and _decides(one.seeds)]
    corrected = dict(zip(counted, holm([plain[i].p or 0.0 for i in counted]), strict=True))
    return [
        replace(
            one, p_corrected=corrected.get(i), **_finding(one, corrected.get(i), known[i], alpha)
        )
        for i, one in enumerate(plain)
    ]


def with_shared_spread(family: Sequence[ArmDifference]) -> list[ArmDifference]:
    """Differences of one family with their spreads drawn to what those of one kind have in common.

    Means over rates scatter less than single rates: each of the two has its own.
    """
    done = {}
    for is_mean in (False, True):
        own = {i: one for i, one in enumerate(family) if (len(one.left) > 1) is is_mean}
        sharing = [one for one in own.values() if _has_spread(one)]
        prior = prior_of(
            [one.parts for one in sharing if one.parts],
            independent((one.left, one.right) for one in sharing),
        )
        for i, one in own.items():
            shared = prior if _has_spread(one) else None
            done[i] = replace(one, parts=one.parts and moderated(one.parts, shared))
    return [done[i] for i in range(len(family))]


def _has_spread(one: ArmDifference) -> bool:
    """Whether it says how seeds scatter: not of two arms that kept the same rows, which never differ."""
    return one.parts is not None and _decides(one.seeds) and one.parts.losses + one.parts.wins > 0


def _decides(seeds: Sequence[int]) -> bool:
    return len(seeds) >= LEAST_SEEDS


def _contrast(kind: str, one: ArmDifference, alpha: float) -> Contrast:
    low, high = one.interval(alpha)
    p = two_sided_p(one.parts) if one.parts else None
    is_few = one.parts is None and len(one.seeds) > 1
    return Contrast(
        kind=kind, left=one.left[0], right=one.right[0],
        rates=tuple(condition.rate for condition in one.left), seeds=one.seeds, mean=one.mean,
        low=low, high=high, p=1.0 if is_few else p,
    )  # fmt: skip


def _finding(
    one: Contrast, corrected: float | None, difference: ArmDifference, alpha: float
) -> dict[str, Any]:
    """The word, and what a reader must know of it."""
    notes = [f"{len(one.seeds)} seeds: exploratory"] if len(one.seeds) == LEAST_SEEDS - 1 else []
    sides = ("left", difference.fell_left), ("right", difference.fell_right)
    notes += [f"a run of the {side} diverged" for side, fell in sides if fell]
    if one.low is None and one.p is not None:
        notes.append("too few test rows differ to decide by")
    # A run that fell out speaks for whoever is held against it.
    speaks = difference.fell_right if one.mean > 0 else difference.fell_left
    word: Finding = "no difference shown"
    if corrected is not None and corrected <= alpha and not speaks:
        word = "better" if one.mean > 0 else "worse"
    return {"finding": word, "notes": tuple(notes)}
