"""Signals and selectors by name: of our tables, or a user's own as module:function."""

import hashlib
import importlib
import inspect
import sys
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from trainables.errors import DataError, UsageError
from trainables.evidence.requirements import rests_on, settings_of
from trainables.selection.selectors import SELECTORS
from trainables.signals import SIGNALS, Signal
from trainables.spec import Setting, TrialSpec


@dataclass(frozen=True, kw_only=True)
class Selection:
    """What the rows of a pruned trial are chosen by.

    Attributes:
        signal: Its row of SIGNALS, or one made around a user's own function.
        selector: The function that cuts the scores.
        evidence: Every piece of evidence that the two may rest on, directly or not.
        settings: The signal's.
        selector_settings: The selector's.
    """

    signal: Signal
    selector: Callable[..., NDArray[np.bool_]]
    evidence: frozenset[str]
    settings: Mapping[str, Setting]
    selector_settings: Mapping[str, Setting]


def resolve(spec: TrialSpec) -> Selection:
    """What a pruned trial's spec names.

    Raises:
        UsageError: If a user's own function is not there, or asks for evidence that does not exist.
    """
    assert spec.kind == "pruned", f"a {spec.kind} trial scores no rows"
    signal, selector = signal_of(spec.signal), selector_of(spec.selector)
    return Selection(
        signal=signal,
        selector=selector,
        evidence=rests_on(signal.score) | selector_evidence(spec.selector, spec.selector_settings),
        settings=dict(spec.settings),
        selector_settings=dict(spec.selector_settings),
    )


def check_content(spec: TrialSpec) -> None:
    """Refuse a function of the user's own whose file is not the one that the spec was made of.

    Raises:
        DataError: If it has changed since, or is another on this machine.
    """
    for name, sha in ((spec.signal, spec.signal_sha), (spec.selector, spec.selector_sha)):
        if ":" in name and sha_of(name) != sha:
            raise DataError(
                f"{name}: its file has changed since the sweep was planned, or is another on this machine; "
                "start the sweep again"
            )


def signal_of(name: str) -> Signal:
    """A row of SIGNALS, or one made around a function of the user's own.

    Raises:
        ValueError: If the function is not there, or asks for evidence that does not exist.
    """
    if ":" not in name:
        return SIGNALS[name]
    return Signal(_function(name), cost="not stated", is_set=rests_on_others(name))


def rests_on_others(name: str) -> bool:
    """Whether a row's score rests on which other rows go.

    Of a user's own scores that is not known, and a wrong mean would be worse.
    """
    return name not in SIGNALS or SIGNALS[name].is_set


def selector_of(name: str) -> Callable[..., Any]:
    """A selector of the table, or a function of the user's own; raises as `signal_of`."""
    return _function(name) if ":" in name else SELECTORS[name].cut


def selector_settings(name: str) -> dict[str, Setting]:
    """A selector's settings with their defaults."""
    return settings_of(_function(name)) if ":" in name else SELECTORS[name].settings


def selector_evidence(name: str, settings: Iterable[tuple[str, Setting]]) -> frozenset[str]:
    """Every piece of evidence that a selector may rest on with some settings, directly or not."""
    own = rests_on(selector_of(name))
    return own if ":" in name else own | SELECTORS[name].needs(dict(settings))


def sha_of(name: str) -> str:
    """The sha256 of the file that holds a user's own function; empty for a row of ours."""
    if ":" not in name:
        return ""
    path = inspect.getsourcefile(_function(name)) or ""
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()


def _function(name: str) -> Callable[..., Any]:
    module, _, attribute = name.partition(":")
    # A console script does not look for modules where it was called; python -m does.
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.append(here)
    try:
        function = getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError) as error:
        raise UsageError(
            f"{name}: {error}; write module:function, importable from {here}"
        ) from error
    if not callable(function) or not isinstance(function, Hashable):
        raise UsageError(f"{name} is {type(function).__name__}; give a function")
    rests_on(function)
    return cast(Callable[..., Any], function)
