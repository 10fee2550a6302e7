"""Tests for the author of a signal or selector: does a function keep its side of the contract?

    from trainables.testing import check_signal
    from mine import longest

    def test_my_signal_keeps_the_contract():
        check_signal(longest)

The functions are called with made-up evidence of 200 rows, without any learner, in well under a
second for most. The tables SIGNALS and SELECTORS are held to the same tests.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trainables.errors import UsageError
from trainables.evidence.examples import ExampleEvidence, N
from trainables.evidence.requirements import parameters, settings_of
from trainables.selection.contracts import check_keep, check_scores
from trainables.spec import Setting

_RATES = (0.0, 0.05, 0.1, 0.29, 0.3, 0.5, 0.9, 0.99)
# Sums taken in another order may differ by so much.
_ROUNDING = 2e-6


def check_signal(
    signal: Callable[..., NDArray[np.float32]], *, settings: Mapping[str, Setting] | None = None
) -> None:
    """Hold a signal to its contract.

    It asks for evidence that exists, its settings are keyword-only with defaults, and it gives
    one finite float32 score for each row, the same when called again and the same for a sample
    wherever its row is, and leaves its arguments as they were.

    That a higher score means more worth keeping cannot be checked here: look at the rows it puts
    lowest.

    Args:
        signal: The function.
        settings: Settings other than the defaults.

    Raises:
        UsageError: If it asks for what is not there, or gives no scores.
        AssertionError: If it breaks another part of the contract; the message says which.
    """
    name, chosen = _name(signal), _settings(signal, settings)
    scores = _scores(signal, name, chosen, None)
    if not np.array_equal(scores, _scores(signal, name, chosen, None)):
        raise AssertionError(
            f"{name} gave other scores when called again with the same evidence; ask for `draws` "
            "where chance is to decide, and keep nothing between calls"
        )
    order = np.random.default_rng(1).permutation(N)
    moved = _scores(signal, name, chosen, order)
    if not np.allclose(moved, scores[order], atol=_ROUNDING):
        row = int(np.abs(moved - scores[order]).argmax())
        raise AssertionError(
            f"{name} gave a sample the score {scores[order][row]:g}, and {moved[row]:g} where the "
            "same rows stood in another order; a score must not depend on row numbers: let `draws` "
            "decide between equals"
        )


def check_selector(
    selector: Callable[..., NDArray[np.bool_]], *, settings: Mapping[str, Setting] | None = None
) -> None:
    """Hold a selector to its contract.

    It is called with scores, labels, rate and ties by name, and with the evidence it asks for. It
    keeps exactly the rows asked for, at a higher rate a subset of those at a lower one, cuts equal
    scores by what belongs to a sample, its `ties`, and never by row order, gives the same again, and
    leaves its arguments as they were.

    Args:
        selector: The function.
        settings: Settings other than the defaults.

    Raises:
        UsageError: If it asks for what is not there, or keeps another number of rows.
        AssertionError: If it breaks another part of the contract; the message says which.
    """
    name, chosen = _name(selector), _settings(selector, settings)
    ties = np.random.default_rng(2).random(N)
    for scores in _score_sets():
        kept = [_keep(selector, name, chosen, (scores, ties, rate)) for rate in _RATES]
        for (low, more), (high, less) in pairwise(zip(_RATES, kept, strict=True)):
            if (less & ~more).any():
                raise AssertionError(
                    f"{name} keeps {(less & ~more).sum()} rows at rate {high:g} that it removes at "
                    f"rate {low:g}; what is kept at a higher rate must be a subset"
                )
        _check_order(selector, name, chosen, (scores, ties, 0.3))


def _check_order(
    selector: Callable[..., Any], name: str, chosen: Mapping[str, Setting], cut: tuple[Any, ...]
) -> None:
    """Refuse a selector that is not deterministic, or looks at the order of rows."""
    scores, ties, rate = cut
    keep = _keep(selector, name, chosen, cut)
    if (keep != _keep(selector, name, chosen, cut)).any():
        raise AssertionError(
            f"{name} kept other rows when called again with the same arguments; let `ties` decide "
            "where chance is to"
        )
    order = np.random.default_rng(3).permutation(N)
    moved = _keep(selector, name, chosen, (scores[order], ties[order], rate), order)
    if (moved != keep[order]).any():
        raise AssertionError(
            f"{name} keeps other samples where the same rows stand in another order; let `ties` "
            "decide between equal scores, not row numbers"
        )


def _settings(
    function: Callable[..., Any], settings: Mapping[str, Setting] | None
) -> dict[str, Setting]:
    """All settings of a function and of what it rests on, checked."""
    defaults = settings_of(function)
    for option, value in defaults.items():
        if not isinstance(value, bool | int | float | str):
            raise AssertionError(
                f"{_name(function)}: the default of setting {option!r} is {value!r}; a setting is "
                "true or false, a number or a string"
            )
    if unknown := set(settings or {}) - set(defaults):
        raise UsageError(f"{_name(function)} has no setting {sorted(unknown)}")
    # As good a test, and quicker than with the 200 heads that is the default.
    fewer = {"models": 12} if "models" in defaults else {}
    return {**defaults, **fewer, **(settings or {})}


def _scores(
    signal: Callable[..., Any],
    name: str,
    settings: Mapping[str, Setting],
    order: NDArray[np.intp] | None,
) -> NDArray[np.float32]:
    """Scores of the made-up evidence, with the rows in some order."""
    scores = _called(signal, name, _arguments(signal, settings, ExampleEvidence(order)))
    check_scores(scores, N, name)
    return scores


def _keep(
    selector: Callable[..., Any],
    name: str,
    settings: Mapping[str, Setting],
    cut: tuple[Any, ...],
    order: NDArray[np.intp] | None = None,
) -> NDArray[np.bool_]:
    """The rows kept of given scores, ties and rate."""
    scores, ties, rate = cut
    made = ExampleEvidence(order)
    arguments = {"labels": made.get("labels", settings)} | _arguments(selector, settings, made)
    keep = _called(selector, name, {"scores": scores, "rate": rate, "ties": ties, **arguments})
    check_keep(keep, N, rate, name)
    return keep


def _arguments(
    function: Callable[..., Any], settings: Mapping[str, Setting], made: ExampleEvidence
) -> dict[str, Any]:
    names, own = parameters(function)
    return {
        **{name: made.get(name, settings) for name in names},
        **{option: settings[option] for option in own},
    }


def _called(function: Callable[..., Any], name: str, arguments: dict[str, Any]) -> NDArray[Any]:
    """What a function gives, held to leave its arguments as they were."""
    before = {argument: _copies(value) for argument, value in arguments.items()}
    try:
        found = function(**arguments)
    except TypeError as error:
        if "argument" not in str(error):
            raise
        raise UsageError(
            f"{name} cannot be called: {error}; a signal names the evidence it needs, a selector "
            "takes scores, labels, rate and ties"
        ) from error
    for argument, value in arguments.items():
        for one, other in zip(before[argument], _arrays(value), strict=True):
            if not np.array_equal(one, other, equal_nan=one.dtype.kind == "f"):
                raise AssertionError(
                    f"{name} changes its argument {argument} in place; others use it as well: work "
                    "on a copy"
                )
    if not isinstance(found, np.ndarray):
        raise UsageError(f"{name} gave {type(found).__name__}; return a numpy array")
    return found


def _copies(value: Any) -> list[NDArray[Any]]:
    return [array.copy() for array in _arrays(value)]


def _arrays(value: Any) -> Iterator[NDArray[Any]]:
    """All arrays of an argument."""
    if isinstance(value, list):
        for one in value:
            yield from _arrays(one)
    elif is_dataclass(value):
        for field in fields(value):
            yield np.asarray(getattr(value, field.name))
    else:
        yield np.asarray(value)


def _name(function: Callable[..., Any]) -> str:
    return str(getattr(function, "__name__", function))


def _score_sets() -> list[NDArray[np.float32]]:
    """Scores that all differ, scores of which many are equal, and equal scores."""
    rng = np.random.default_rng(4)
    sets = (rng.random(N), rng.integers(0, 3, N), np.zeros(N))
    return [scores.astype(np.float32) for scores in sets]
