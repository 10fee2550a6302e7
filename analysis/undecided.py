"""What would settle a condition, its guards counted: seeds, or test rows."""

import math

from scipy.special import ndtri, stdtrit

from analysis.envelope import JudgedCell
from analysis.guards import clears
from analysis.seeds_needed import Needed, seeds_needed
from analysis.verdicts import Verdict


def guard_verdicts(row: JudgedCell) -> dict[str, Verdict]:
    """The verdicts of a condition's guards by name: as `open_verdicts` has them, all of them."""
    return {
        f"{one.guard} ({one.group})" if one.group else one.guard: one.verdict for one in row.guards
    }


def open_verdicts(row: JudgedCell) -> dict[str, Verdict]:
    """What of a condition is neither within nor outside: the metric under "", a guard as it was written.

    A guard on classes or groups has the name of its own behind it, such as "worst_class:3 (Repair)".
    """
    v = row.verdict
    if v is None or v.verdict != "inconclusive":
        return {}
    every = guard_verdicts(row)
    found = {name: one for name, one in every.items() if one.verdict == "inconclusive"}
    return found if row.guards and clears(v) else {"": v, **found}


def seeds_for(row: JudgedCell, *, alpha: float) -> Needed:
    """How many more seeds would settle a condition and all its guards, if means and spreads stay.

    Args:
        row: With a verdict.
        alpha: Error allowed on each side.
    """
    each = {name: seeds_needed(v, alpha=alpha) for name, v in open_verdicts(row).items()}
    for name, one in each.items():
        if one.more is None:
            return Needed(more=None, reason=f"{name}: {one.reason}" if name else one.reason)
    return Needed(more=max((one.more or 0 for one in each.values()), default=0))


def needed_test_rows(verdict: Verdict, *, alpha: float) -> int | None:
    """Test rows in all that would settle a verdict by the seeds there are, if mean and spreads stay.

    With more rows the choice of them tells less, and so do chance flips of single rows; noise between
    runs stays.

    Returns:
        A number above those there are; None where seeds alone leave it open, or it has no interval.
    """
    p = verdict.parts
    if p is None or verdict.low is None or p.seeds < 2:
        return None
    gap = abs(verdict.mean + verdict.tolerance) / verdict.scale
    flips, item = float(p.res), verdict.test_variance / verdict.scale**2
    runs = max(0.0, float(p.run) - flips)
    # What runs alone leave of the gap, squared: for flips, by their own t; for flips and choice together.
    left = [(gap / float(q)) ** 2 - runs for q in (stdtrit(p.seeds - 1, alpha), ndtri(alpha))]
    if min(left) <= 0:
        return None
    share = min(left[0] / flips if flips else math.inf, left[1] / (flips + item))
    return max(p.n + 1, math.ceil(p.n / share))
