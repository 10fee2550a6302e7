"""A condition then and now: paired by seed and test row where it may be, else two results by themselves."""

import math
from collections import defaultdict
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from scipy.optimize import brentq

from analysis.envelope import Cell, JudgedCell
from analysis.intervals import Parts, bounds
from analysis.methods import Condition, DatasetId
from analysis.multiplicity import holm
from analysis.pairing import Pair
from analysis.shared_spread import moderated, prior_of
from analysis.verdicts import ALPHA, LEAST_SEEDS, parts_of

Pairing = Literal["same trials", "paired", "apart", "none"]
Change = Literal[
    "better now", "worse now", "no change shown", "same trials", "only then", "only now"
]


@dataclass(frozen=True, kw_only=True)
class ChangedCondition:
    """One condition then and now.

    Attributes:
        source: Its data set, as the run of now knows it; that of then where it is only there.
        then: As it was judged; None where it was not run.
        now: As it is judged.
        pairing: "same trials": all seeds that both have are the very same rows. "paired": by seed and test
            row. "apart": not to be paired, as two independent intervals. "none": one of the two is not there.
        why_apart: Why they are not paired; empty where they are.
        seeds: Seeds that both have.
        mean: Change now less change then, in the metric's unit; None where there is nothing to compare.
        low: Lower bound; None without an interval.
        high: Upper bound.
        p: Two-sided p of "no difference"; None below three seeds, which decide nothing.
        p_corrected: The same after Holm's correction over all conditions that are compared.
        finding: A change only where p_corrected is at most alpha and no run that fell out speaks for it.
    """

    source: DatasetId
    then: JudgedCell | None
    now: JudgedCell | None
    pairing: Pairing = "none"
    why_apart: str = ""
    seeds: tuple[int, ...] = ()
    mean: float | None = None
    low: float | None = None
    high: float | None = None
    p: float | None = None
    p_corrected: float | None = None
    finding: Change = "no change shown"

    @property
    def condition(self) -> Condition:
        """Of now, or of then where it is only there."""
        row = self.now or self.then
        assert row is not None, "one of the two is there"
        return row.cell.condition


def then_and_now(
    source: DatasetId, then: JudgedCell | None, now: JudgedCell | None
) -> ChangedCondition:
    """A condition then and now, with the interval of its difference, not corrected."""
    plain = ChangedCondition(source=source, then=then, now=now)
    if then is None or now is None:
        return replace(plain, finding="only now" if then is None else "only then")
    if then.verdict is None or now.verdict is None:
        return plain
    olds, news = ({pair.seed: pair for pair in row.cell.pairs} for row in (then, now))
    seeds = tuple(sorted({*olds} & {*news}))
    both = [(olds[seed], news[seed]) for seed in seeds]
    plain = replace(plain, seeds=seeds)
    if both and all(_is_same_trial(a, b) for a, b in both):
        return replace(plain, pairing="same trials", mean=0.0, finding="same trials")
    if why := _why_apart(then.cell, now.cell, both):
        mean = now.verdict.mean - then.verdict.mean
        return replace(plain, pairing="apart", why_apart=why, mean=mean)
    x = np.stack([new.gained() - old.gained() for old, new in both], axis=1).astype(float)
    mean = now.verdict.scale * float(x.mean())
    return replace(plain, pairing="paired", mean=mean)


def _is_same_trial(then: Pair, now: Pair) -> bool:
    """Whether both are the rows of one trial and one full-data run."""
    return all(
        (a.spec.result_key, a.environment, a.correct, a.weights_sha)
        == (b.spec.result_key, b.environment, b.correct, b.weights_sha)
        for a, b in ((then.pruned, now.pruned), (then.baseline, now.baseline))
    )


def _why_apart(then: Cell, now: Cell, both: Sequence[tuple[Pair, Pair]]) -> str:
    """Why no row of then is held against one of now; empty where they are paired."""
    if then.condition.source != now.condition.source:
        return "other data"
    old, new = then.pairs[0].pruned, now.pairs[0].pruned
    if old.spec.version != new.spec.version:
        return "another release"
    if not both:
        return "no seed in common"
    if any(a.pruned.environment != b.pruned.environment for a, b in both):
        return "another environment"
    if any(a.pruned.n_test != b.pruned.n_test for a, b in both):
        return "other test rows"
    return ""


def with_corrected_p(found: Sequence[ChangedCondition]) -> Iterator[ChangedCondition]:
    """All with their intervals, and with p values corrected over all; those of a data set share their spread."""
    known = {i: parts for i, one in enumerate(found) if (parts := _parts(one))}
    groups: dict[Hashable, list[tuple[int, int]]] = defaultdict(list)
    for i, own in known.items():
        for k in range(len(own)):
            groups[found[i].source, found[i].pairing, k].append((i, k))
    for places in groups.values():
        shared = _moderated([known[i][k] for i, k in places])
        for (i, k), p in zip(places, shared, strict=True):
            known[i][k] = p
    tested = {i: _p(own) for i, own in known.items() if min(p.seeds for p in own) >= LEAST_SEEDS}
    corrected = dict(zip(tested, holm([*tested.values()]), strict=True))
    for i, one in enumerate(found):
        scale = _scale(one)
        low, high = _bounds(known[i], ALPHA) if i in known else (None, None)
        p_corrected = corrected.get(i)
        is_shown = p_corrected is not None and p_corrected <= ALPHA and not _fell(one)
        word: Change = "better now" if (one.mean or 0) > 0 else "worse now"
        yield replace(
            one, low=None if low is None else scale * low, high=None if high is None else scale * high,
            p=tested.get(i), p_corrected=p_corrected, finding=word if is_shown else one.finding,
        )  # fmt: skip


def _moderated(own: Sequence[Parts]) -> list[Parts]:
    """Differences of one kind with their spreads drawn to what all have in common."""
    sharing = [p for p in own if p.seeds >= LEAST_SEEDS and p.losses + p.wins > 0]
    prior = prior_of(sharing, len(sharing))
    return [moderated(p, prior if any(p is one for one in sharing) else None) for p in own]


def _bounds(own: Sequence[Parts], alpha: float) -> tuple[float, float]:
    """Both bounds of one difference, or by MOVER of the second less the first, as independent ones."""
    (then_low, then_high), (now_low, now_high) = (
        (float(low), float(high)) for low, high in (bounds(p, alpha) for p in (own[0], own[-1]))
    )
    if len(own) == 1:
        return now_low, now_high
    then, now = float(own[0].mean), float(own[1].mean)
    mean = now - then
    return (
        mean - math.hypot(now - now_low, then_high - then),
        mean + math.hypot(now_high - now, then - then_low),
    )


def _p(own: Sequence[Parts]) -> float:
    """Two-sided p of "no difference": twice the error at which a bound meets zero."""
    mean = float(own[-1].mean) - (float(own[0].mean) if len(own) > 1 else 0.0)
    side = 0 if mean > 0 else 1

    def gap(log_alpha: float) -> float:
        bound = _bounds(own, math.exp(log_alpha))[side]
        return -bound if side else bound

    least, most = math.log(1e-12), math.log(0.4999)
    if gap(most) <= 0:
        return 1.0
    return 2e-12 if gap(least) > 0 else 2 * math.exp(float(brentq(gap, least, most)))


def _fell(one: ChangedCondition) -> bool:
    """Whether a run that fell out below speaks for the change."""
    row = one.then if (one.mean or 0) > 0 else one.now
    return row is not None and bool(row.cell.diverged)


def _scale(one: ChangedCondition) -> float:
    """What differences of parts are multiplied by to be in the metric's unit."""
    v = one.now.verdict if one.now else None
    return v.scale if v else 1.0


def _parts(one: ChangedCondition) -> list[Parts]:
    """What the interval is made of: of paired differences, or of then and of now; empty where there is none."""
    if one.pairing not in ("paired", "apart") or one.then is None or one.now is None:
        return []
    if one.pairing == "apart":
        both = [row.verdict for row in (one.then, one.now)]
        parts = [v.parts for v in both if v and v.low is not None and v.few is None]
        return [p for p in parts if p is not None] if len(parts) == len(both) else []
    olds, news = ({pair.seed: pair for pair in row.cell.pairs} for row in (one.then, one.now))
    x = np.stack([news[s].gained() - olds[s].gained() for s in one.seeds], axis=1).astype(float)
    if min(x.shape) == 1:
        return []
    pair = one.now.cell.pairs[0]
    most = pair.reading.most(pair.baseline)
    found, few = parts_of(x, most and 2 * most)
    return [found] if few is None else []
