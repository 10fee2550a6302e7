"""How many more seeds would settle a condition."""

import bisect
import math
from dataclasses import dataclass

from scipy.special import nctdtr, ndtri, stdtrit

from analysis.verdicts import ALPHA, Verdict

# Closer to the line than this, seeds cost more than the answer is worth.
CLOSE_PP = 0.3
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
    gap_pp, sd_pp = abs(verdict.mean_pp + verdict.tolerance_pp), verdict.run_sd_pp or 0.0
    left = gap_pp**2 - float(ndtri(alpha)) ** 2 * verdict.v_test_pp2
    if left <= 0:
        return 0.0
    bound = -float(stdtrit(n_seeds - 1, alpha))
    shift = math.sqrt(left * n_seeds) / sd_pp if sd_pp else math.inf
    # Far out the noncentral t no longer computes, and the chance is 1.
    return 1.0 if shift > bound + 20 else 1 - float(nctdtr(n_seeds - 1, shift, bound))


def seeds_needed(verdict: Verdict, *, alpha: float = ALPHA, power: float = 0.8) -> Needed:
    """How many more seeds would settle an inconclusive cell, if its mean and spread stay.

    Args:
        verdict: The cell's verdict.
        alpha: Error allowed on each side.
        power: Chance that the extra seeds settle it.
    """
    if verdict.verdict != "inconclusive":
        return Needed(more=0)
    if verdict.run_sd_pp is None:
        return Needed(more=None, reason="one seed gives no interval: run three or more")
    gap_pp = abs(verdict.mean_pp + verdict.tolerance_pp)
    if gap_pp < CLOSE_PP:
        return Needed(more=None, reason=f"within {CLOSE_PP:g} pp of the line")
    if chance_settled(verdict, 10**6, alpha=alpha) == 0:
        return Needed(more=None, reason="the test set is too small to tell")
    candidates = range(verdict.n_seeds + 1, _MOST_SEEDS + 1)
    found = bisect.bisect_left(
        candidates, power, key=lambda n_seeds: chance_settled(verdict, n_seeds, alpha=alpha)
    )
    if found == len(candidates):
        return Needed(more=None, reason=f"more than {_MOST_SEEDS} seeds")
    return Needed(more=found + 1)
