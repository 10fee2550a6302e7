"""How many more seeds would settle a condition."""

import bisect
import math
from dataclasses import dataclass

from scipy.special import nctdtr, ndtri, stdtrit

from analysis.verdicts import ALPHA, Verdict

# Closer to the line than this, in shares of a point of accuracy or of another metric's tolerance, seeds
# cost more than the answer is worth.
CLOSE_pp = 0.3
_MOST_SEEDS = 100


@dataclass(frozen=True, kw_only=True)
class Needed:
    """How many more seeds would settle a cell, or None and the reason why seeds will not."""

    more: int | None
    reason: str = ""


def chance_settled(verdict: Verdict, n_seeds: int, *, alpha: float = ALPHA) -> float:
    """Chance that a cell is within or outside at n_seeds, two or more, if mean and spread stay.

    Args:
        verdict: What it showed; with an interval.
        n_seeds: Seeds in all.
        alpha: Error allowed on each side.
    """
    gap_pp, sd = abs(verdict.mean + verdict.tolerance), _sd(verdict)
    left = gap_pp**2 - float(ndtri(alpha)) ** 2 * verdict.test_variance
    if left <= 0:
        return 0.0
    bound = -float(stdtrit(n_seeds - 1, alpha))
    shift = math.sqrt(left * n_seeds) / sd if sd else math.inf
    # Far out the noncentral t no longer computes, and the chance is 1.
    return 1.0 if shift > bound + 20 else 1 - float(nctdtr(n_seeds - 1, shift, bound))


def _sd(verdict: Verdict) -> float:
    """Standard deviation of a seed's difference, never below what chance flips alone would give."""
    p = verdict.parts
    if p is None:
        return verdict.sd or 0.0
    return verdict.scale * math.sqrt(max(float(p.run), float(p.res)) * p.seeds)


def closeness(verdict: Verdict) -> float:
    """How near the line is too near for seeds to tell, in the metric's unit."""
    return CLOSE_pp if verdict.scale == 100 else CLOSE_pp * verdict.tolerance


def seeds_needed(verdict: Verdict, *, alpha: float = ALPHA, power: float = 0.8) -> Needed:
    """How many more seeds would settle an inconclusive cell, if its mean and spread stay.

    Args:
        verdict: The cell's verdict.
        alpha: Error allowed on each side.
        power: Chance that the extra seeds settle it.
    """
    if verdict.verdict != "inconclusive":
        return Needed(more=0)
    return seeds_to_settle(verdict, alpha=alpha, power=power)


def seeds_to_settle(verdict: Verdict, *, alpha: float, power: float = 0.8) -> Needed:
    """As `seeds_needed`, also of a cell that is settled at a looser error than alpha."""
    if reason := _why_none(verdict, alpha):
        return Needed(more=None, reason=reason)
    candidates = range(verdict.n_seeds + 1, _MOST_SEEDS + 1)
    found = bisect.bisect_left(
        candidates, power, key=lambda n_seeds: chance_settled(verdict, n_seeds, alpha=alpha)
    )
    if found == len(candidates):
        return Needed(more=None, reason=f"more than {_MOST_SEEDS} seeds")
    return Needed(more=found + 1)


def few_decide(few: int) -> str:
    """That so many test rows carry a difference, too few to decide by."""
    if not few:
        return "no test row differs"
    return f"{few} test row{'s' * (few > 1)} decide{'s' * (few == 1)} this"


def _why_none(verdict: Verdict, alpha: float) -> str:
    """Why no number of seeds settles a cell; empty where one may."""
    if verdict.diverged:
        return "a run diverged: look at it, and lower the learning rate"
    if verdict.sd is None:
        one = "seed gives no interval: run three or more"
        several = verdict.no_value or "one test example gives no interval"
        return f"one {one}" if verdict.n_seeds == 1 else several
    if verdict.few is not None:
        return f"{few_decide(verdict.few)}: more test rows tell, seeds do not"
    if abs(verdict.mean + verdict.tolerance) < closeness(verdict):
        unit = " pp" if verdict.scale == 100 else ""
        return f"within {closeness(verdict):.3g}{unit} of the line"
    if chance_settled(verdict, 10**6, alpha=alpha) == 0:
        return "the test set is too small to tell"
    return ""
