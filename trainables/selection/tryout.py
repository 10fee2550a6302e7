"""Settings tried on made-up rows before anything runs, so that a value out of range is refused at the plan."""

import math
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import numpy as np

from trainables.errors import UsageError
from trainables.evidence.examples import ExampleEvidence, N
from trainables.evidence.requirements import parameters, settings_of
from trainables.selection.selectors import SELECTORS
from trainables.signals import SIGNALS
from trainables.spec import Setting, TrialSpec

# What the made-up rows cannot try, as it depends on how many rows there are, or on runs there are not.
_OF_THE_DATA = ("k", "probes", "clusters", "centred", "folds", "members", "checkpoints", "name")
# As good a try as with more heads or points; whether a window has visits enough, the epochs tell.
_ENOUGH = {"models": 200, "points": 1000, "window": 2}

# The least and the most of settings for which made-up rows take what real ones would be years or terabytes at,
# or by which they cannot try; where the function itself says what is too little, there is no least.
RANGES: dict[str, tuple[float, float]] = {
    "members": (1, 100),
    "models": (2, 100_000),
    "folds": (2, 100),
    "checkpoints": (1, 1_000),
    "passes": (1, 10_000),
    "views": (1, 10_000),
    "window": (-math.inf, 10_000),
    "dim": (1, 2**20),
    "points": (-math.inf, 10**8),
    "bins": (1, 10**6),
    "until": (0, 1),
}


def try_settings(spec: TrialSpec) -> None:
    """Refuse a value that a signal, selector or policy of ours cannot do with.

    Raises:
        UsageError: If a setting is out of its range.
    """
    for name, settings in (
        (spec.signal, spec.settings),
        (spec.selector, spec.selector_settings),
    ):
        for option, value in settings if ":" not in name else ():
            least, most = RANGES.get(option, (-math.inf, math.inf))
            if isinstance(value, int | float) and not least <= value <= most:
                raise UsageError(
                    f"{name}: {option} is {value:,}; give {least:,} to {most:,}".replace(
                        "-inf to", "at most"
                    )
                )
    if spec.kind != "pruned":
        return
    if spec.signal in SIGNALS:
        _try(spec.signal, spec.settings)
    if spec.selector in SELECTORS:
        _try_cut(spec.selector, spec.selector_settings)


@cache
def _try(signal: str, settings: tuple[tuple[str, Setting], ...]) -> None:
    function = SIGNALS[signal].score
    _called(signal, function, settings, settings_of(function), {})


@cache
def _try_cut(selector: str, settings: tuple[tuple[str, Setting], ...]) -> None:
    row, rng = SELECTORS[selector], np.random.default_rng(0)
    labels = ExampleEvidence().get("labels", {})
    beside = {"scores": rng.random(N, np.float32), "labels": labels, "ties": rng.random(N)}
    _called(selector, row.cut, settings, row.settings, {**beside, "rate": 0.5})


def _called(
    name: str,
    function: Callable[..., Any],
    settings: tuple[tuple[str, Setting], ...],
    usual: Mapping[str, Setting],
    beside: Mapping[str, Any],
) -> None:
    changed = {
        option: value
        for option, value in settings
        if usual.get(option) != value and option not in _OF_THE_DATA
    }
    if not changed:
        return
    chosen = {**usual, "k": 5, **changed}
    for option in _ENOUGH.keys() & chosen.keys():
        chosen[option] = min(int(chosen[option]), _ENOUGH[option])
    made, (names, own) = ExampleEvidence(), parameters(function)
    try:
        evidence = {one: made.get(one, chosen) for one in names if one not in beside}
        function(**{**evidence, **beside}, **{option: chosen[option] for option in own})
    except ValueError as error:
        raise UsageError(f"{name}: {error}") from error
