"""What the frontiers of a family show, in sentences."""

from collections.abc import Mapping
from typing import Any

from analysis.frontier import Frontiers, Stretch
from analysis.wording import signed

_UNIT = "rows kept"


def frontier_sentences(
    found: Frontiers, labels: Mapping[Any, str], *, unit: str = _UNIT
) -> list[str]:
    """Whether any method bends the frontier: one sentence a method that does, or one that none does.

    Args:
        found: Of `frontiers`.
        labels: The methods' names.
        unit: What is counted along the sizes.
    """
    if found.why:
        return [f"Whether a signal bends the frontier cannot be told: {found.why}."]
    bent = {
        labels[method]: min((s for s in one.stretches if s.bends), key=_high)
        for method, one in found.methods.items()
        if one.bends
    }
    lines = [
        f"{_opening(label)} bends the frontier: {_between(stretch, unit)} its slope is {_against(stretch)}."
        for label, stretch in bent.items()
    ]
    return (lines or [_none(found, labels, unit)]) + _untold(found, unit)


def _none(found: Frontiers, labels: Mapping[Any, str], unit: str) -> str:
    """That none is shown to, and which came nearest."""
    asked = [
        (method, stretch)
        for method, one in found.methods.items()
        for stretch in one.stretches
        if stretch.p is not None
    ]
    method, nearest = min(asked, key=lambda one: (one[1].p or 0.0, _high(one[1])))
    alike = ", but random pruning is not shown to fall less" if _high(nearest) < 0 else ""
    return (
        f"No signal is shown to bend the frontier; the nearest to it is {labels[method]} "
        f"{_between(nearest, unit)}, with a slope of {_against(nearest)}{alike}."
    )


def _untold(found: Frontiers, unit: str) -> list[str]:
    """Which stretches stayed open for a method, for want of a floor that is known."""
    last = len(found.sizes) - 1
    untested = {
        (stretch.start, _between(stretch, unit))
        for one in found.methods.values()
        for stretch in one.stretches[: last - 1]
        if stretch.p is None and any(s.p is not None for s in one.stretches)
    }
    if not untested or found.floor is None:
        return []
    where = " and ".join(text for _, text in sorted(untested))
    return [
        f"Not every method could be asked {where}: an error there is less than four standard errors above what "
        "its floor may be."
    ]


def _opening(label: str) -> str:
    return label[:1].upper() + label[1:]


def _between(stretch: Stretch, unit: str) -> str:
    start, end = (f"{x:,.0f}" if x >= 100 else f"{x:g}" for x in (stretch.start, stretch.end))
    return f"between {start} and {end} {unit}"


def _against(stretch: Stretch) -> str:
    parts = [
        signed(v) if v is not None else "none" for v in (stretch.slope, stretch.unpruned_slope)
    ]
    if stretch.difference is None or stretch.low is None or stretch.high is None:
        return f"{parts[0]} against {parts[1]} without pruning"
    return (
        f"{parts[0]} against {parts[1]} without pruning (difference {signed(stretch.difference)} "
        f"[{signed(stretch.low)}, {signed(stretch.high)}])"
    )


def _high(stretch: Stretch) -> float:
    return float("inf") if stretch.high is None else stretch.high
