"""Many looks at one data set: what is claimed when the best of several is picked."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import ndtr

from analysis.intervals import Parts, bounds, half_width

# Whether a condition is within, at an error of its lower bound.
Rung = Callable[[float], bool]
# Looks by a cell's own spread agree less than the normal theory assumes: without it 5.7 % err.
_OWN_SPREAD = 0.88
_DRAWS, _ROUNDS, _DAMPING = 4000, 6, 0.7


def holm(p_values: Sequence[float]) -> list[float]:
    """Holm's step-down adjusted p values, in the order given.

    References:
        Holm, "A simple sequentially rejective multiple test procedure", 1979.
    """
    adjusted = [0.0] * len(p_values)
    least = 0.0
    for rank, index in enumerate(np.argsort(p_values, kind="stable")):
        least = max(least, min(1.0, (len(p_values) - rank) * p_values[index]))
        adjusted[index] = least
    return adjusted


@dataclass(frozen=True, kw_only=True)
class Found:
    """What a search over ladders may claim.

    Attributes:
        passed: Rungs of each ladder that are within, from the smallest on.
        level: The error of each bound by which the last of them passed.
    """

    passed: tuple[int, ...]
    level: float


def searched(ladders: Sequence[Sequence[Rung | None]], *, alpha: float = 0.05) -> Found:
    """The rungs that are within, whichever ladder is then picked.

    Each ladder's rungs are tested in order, all at alpha over the number of ladders; a ladder that
    is passed to its last rung frees its share for the others. At most a share alpha of studies
    claims a rung that is not within, of any ladder.

    Args:
        ladders: The rates of each method and warm-up in increasing order; None where a rung may
            not pass, be it not run, of too few seeds, or with a run that diverged.
        alpha: Error over all ladders.

    References:
        Wiens, "A fixed sequence Bonferroni procedure for testing multiple endpoints", 2003; Bretz
        et al., "A graphical approach to sequentially rejective multiple test procedures", 2009.
    """
    active = len(ladders)
    level = alpha / max(active, 1)
    while active:
        level = alpha / active
        passed = [_passed(ladder, level) for ladder in ladders]
        left = sum(k < len(rungs) for k, rungs in zip(passed, ladders, strict=True))
        if left in (0, active):
            return Found(passed=tuple(passed), level=level)
        active = left
    return Found(passed=(), level=level)


def _passed(ladder: Sequence[Rung | None], level: float) -> int:
    for count, is_within in enumerate(ladder):
        if is_within is None or not is_within(level):
            return count
    return len(ladder)


def rung(p: Parts, *, line: float) -> Rung:
    """A rung that passes where the lower bound lies above a line."""
    return lambda level: bool(bounds(p, level)[0] > line)


def look_levels(alpha: float, looks: Sequence[int], *, grid: int = 2001) -> list[float]:
    """The error of each look at growing numbers of seeds, spent in proportion to the seeds.

    Args:
        alpha: Error over all looks.
        looks: Seeds at each, ascending.
        grid: Points of the numerical integration.

    References:
        Lan, DeMets, "Discrete sequential boundaries for clinical trials", 1983.
    """
    levels: list[float] = []
    at: NDArray[np.float64] = np.zeros(1)
    mass: NDArray[np.float64] = np.ones(1)
    before = 0
    for seeds in looks:
        step, spend = np.sqrt(seeds - before), alpha * (seeds - before) / looks[-1]
        edge = float(brentq(_overspent, 0, 9, args=(at, mass, np.sqrt(seeds), step, spend)))
        new = np.linspace(-9, edge, grid) * np.sqrt(seeds)
        kernel = np.exp(-0.5 * ((new[:, None] - at) / step) ** 2) / step / np.sqrt(2 * np.pi)
        levels.append(_OWN_SPREAD * float(ndtr(-edge)))
        at, mass, before = new, kernel @ mass * (new[1] - new[0]), seeds
    return levels


def _overspent(edge: float, at: Any, mass: Any, scale: float, step: float, spend: float) -> float:
    """What a look at an edge spends beyond what it may, from where studies stood before it."""
    return float(mass @ ndtr((at - edge * scale) / step) - spend)


def adjusted_mean(
    mean: float,
    sd: float,
    item_sd_pp: float,
    levels: Sequence[float],
    *,
    looks: Sequence[int],
    line_pp: float = -1.0,
) -> float:
    """A mean less the bias of having stopped at a verdict, by a fixed simulation.

    Args:
        mean: As seen at the stop.
        sd: Between seeds.
        item_sd_pp: Of the mean by the choice of test examples.
        levels: Of `look_levels`.
        looks: Seeds at each look.
        line_pp: What verdicts are held against.

    References:
        Whitehead, "On the bias of maximum likelihood estimation following a sequential test", 1986.
    """
    rng = np.random.default_rng(0)
    runs, items = rng.standard_normal((_DRAWS, looks[-1])), rng.standard_normal((_DRAWS, 1))
    noise = sd * runs + item_sd_pp * items
    guess = mean
    for _ in range(_ROUNDS):
        found, going = np.zeros(_DRAWS), np.ones(_DRAWS, dtype=bool)
        for seeds, level in zip(looks, levels, strict=True):
            means = guess + noise[:, :seeds].mean(1)
            run = noise[:, :seeds].var(1, ddof=1) / seeds
            half = half_width(run, 0.0, item_sd_pp**2, seeds - 1, level)
            ends = going & ((np.abs(means - line_pp) > half) | (seeds == looks[-1]))
            found[ends], going = means[ends], going & ~ends
        guess += _DAMPING * (mean - (found.mean() - noise.mean()))
    return float(guess)
