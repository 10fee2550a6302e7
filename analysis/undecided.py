"""What would settle a condition, its guards counted: seeds, or test rows."""

import bisect
import math

import numpy as np
from scipy.special import chdtri, ndtr

from analysis.envelope import JudgedCell
from analysis.guards import clears
from analysis.intervals import half_width
from analysis.seeds_needed import Needed, seeds_needed
from analysis.verdicts import Verdict

# More than a thousand times the test rows there are is no advice.
_MOST_DOUBLINGS, _STEPS = 10, 24
_SHARES = (np.arange(100) + 0.5) / 100


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


def needed_test_rows(verdict: Verdict, *, alpha: float, power: float = 0.8) -> int | None:
    """Test rows in all that would settle a verdict by the seeds there are, if mean and spreads stay.

    With more rows the choice of them tells less, and so do chance flips of single rows; noise between
    runs stays. What both leave the new mean to vary by is counted: of 300 made-up studies at each of 16
    settings (3, 5 and 10 seeds, differences of three kinds) the rows asked for with power 0.8 settled
    72 to 95%, and 82% at the middle one. That few seeds hardly know their own spread is not counted: where
    the advice came from a study with a mean near the true one and a spread as it fell, new studies of so
    many rows were settled in 81 to 87% by ten seeds, 55 to 81% by five and 34 to 77% by three.

    Args:
        verdict: What is open.
        alpha: Error allowed on each side.
        power: Chance that so many rows settle it.

    Returns:
        A number above those there are; None where seeds alone leave it open, or it has no interval.
    """
    p = verdict.parts
    if p is None or verdict.low is None or p.seeds < 2:
        return None
    # In doublings: to a few per cent it is told, and its digits are cut to two anyway.
    steps = range(1, math.ceil(_MOST_DOUBLINGS * _STEPS) + 1)
    found = bisect.bisect_left(
        steps, power, key=lambda k: _chance_settled_by(verdict, 2 ** (k / _STEPS), alpha)
    )
    return (
        None if found == len(steps) else max(p.n + 1, math.ceil(p.n * 2 ** (steps[found] / _STEPS)))
    )


def _chance_settled_by(verdict: Verdict, times: float, alpha: float) -> float:
    """Chance that a verdict is settled by so many times its test rows."""
    p = verdict.parts
    assert p is not None, "asked of a verdict with an interval"
    gap = abs(verdict.mean + verdict.tolerance) / verdict.scale
    flips, item = float(p.res) / times, verdict.test_variance / verdict.scale**2 / times
    runs = max(0.0, float(p.run) - float(p.res)) + flips
    # What the seeds of a study make of the spread between runs, in equal shares of studies.
    seen = runs * chdtri(p.seeds - 1, _SHARES) / (p.seeds - 1)
    half = half_width(seen, flips, item, p.seeds - 1, alpha)
    spread = max(math.sqrt(runs + item), 1e-12)
    return float(np.mean(ndtr((gap - half) / spread)))
