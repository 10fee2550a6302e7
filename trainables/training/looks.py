"""When a run is looked at on held-out training rows, and what that takes: no torch, plans ask for it."""

import math

# Of the training rows, by class: enough to tell trainings apart, few enough to train as on all. A small
# set gives up to a third of them, as with a few hundred only large differences show.
_SHARE, _MOST_SHARE = 0.2, 1 / 3
_LEAST_HELD, _MOST_HELD = 2_000, 10_000
# A run of fewer epochs is looked at within them, too.
_LEAST_LOOKS = 4


def held_share(n: int) -> float:
    """Which share of n training rows is held out, in (0, 1/3]."""
    return min(max(_SHARE, min(_LEAST_HELD / n, _MOST_SHARE)), _MOST_HELD / n)


def looks_per_epoch(epochs: int) -> int:
    """How often a run is looked at in each of its epochs."""
    return math.ceil(_LEAST_LOOKS / epochs)


def passes_with_looks(epochs: int, n: int) -> float:
    """Passes over all n training rows, looks included, that a run of so many epochs makes.

    A sample that is only looked at counts a third of one trained on, as its floating-point operations.
    """
    held = held_share(n)
    return epochs * (1 - held + looks_per_epoch(epochs) * held / 3)
