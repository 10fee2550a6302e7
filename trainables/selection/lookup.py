"""Signals and selectors by name: of our tables, or a user's own as module:function."""

import importlib
import inspect
import sys
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from trainables.errors import DataError, UsageError
from trainables.evidence.requirements import rests_on, settings_of
from trainables.keys import key_of
from trainables.own_code import import_failure, is_own, source_sha, watch_imports
from trainables.selection.selectors import SELECTORS
from trainables.signals import SIGNALS, Signal
from trainables.spec import Setting, TrialSpec
from trainables.trainers.content import shown_path, with_imported

_Settings = tuple[tuple[str, Setting], ...]


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


# What rows of SIGNALS and SELECTORS come to: most trials of a sweep share their own with others.
_KNOWN: dict[str, Selection] = {}


def resolve(spec: TrialSpec) -> Selection:
    """What a pruned trial's spec names.

    Raises:
        UsageError: If a user's own function is not there, or asks for evidence that does not exist.
    """
    assert spec.kind == "pruned", f"a {spec.kind} trial scores no rows"
    named = (spec.signal, spec.settings, spec.selector, spec.selector_settings)
    if ":" in spec.signal or ":" in spec.selector:
        return _selection(*named)  # A file of the user's own may change.
    # By their text: equal settings of two types, such as 1 and True, are two.
    found = _KNOWN.get(text := repr(named))
    if found is None or found.signal is not SIGNALS[spec.signal]:
        found = _KNOWN[text] = _selection(*named)
    return found


def _selection(signal: str, settings: _Settings, selector: str, cut_by: _Settings) -> Selection:
    row = signal_of(signal)
    return Selection(
        signal=row,
        selector=selector_of(selector),
        evidence=rests_on(row.score) | selector_evidence(selector, cut_by),
        settings=dict(settings),
        selector_settings=dict(cut_by),
    )


@contextmanager
def own_code(spec: TrialSpec) -> Iterator[None]:
    """While a spec's functions run: those of the user's own are, before and after, what the spec was made of.

    Raises:
        DataError: If a file of theirs has changed since, or is another on this machine.
    """
    _check_content(spec)
    yield
    _check_content(spec)


def _check_content(spec: TrialSpec) -> None:
    for name, sha in ((spec.signal, spec.signal_sha), (spec.selector, spec.selector_sha)):
        if ":" in name and (found := sha_of(name)) != sha:
            files = ", ".join(map(str, _files_of(name)))
            raise DataError(
                f"{name}: its code has changed since the sweep was planned, or is another on this machine "
                f"(content {sha[:12]}, here {found[:12]}; {files}); give the same command again to plan with "
                "what is there"
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
    """What a user's own function is known by: the files that hold it; empty for a row of ours.

    They are the file of its module, of the packages around that, and of all that these import from the
    same folder, at their top or in a function.

    Returns:
        The sha256 of the one file, or of the content of all by their paths.

    Raises:
        DataError: If one has changed since it was imported here.
    """
    if ":" not in name:
        return ""
    files = _files_of(name)
    folder = _folder_of(name)
    shas = {shown_path(path, folder): source_sha(path) for path in files}
    return next(iter(shas.values())) if len(shas) == 1 else key_of(shas)


def _folder_of(name: str) -> Path:
    """Where the outermost package of a function's module lies, or the module itself."""
    outermost = sys.modules[name.partition(":")[0].partition(".")[0]]
    file = Path(str(outermost.__file__)).resolve() if outermost.__file__ else Path.cwd() / "-"
    return file.parents[1] if file.name == "__init__.py" else file.parent


def _files_of(name: str) -> tuple[Path, ...]:
    function = _function(name)
    module = sys.modules[name.partition(":")[0]]
    defined = inspect.getsourcefile(inspect.unwrap(function)) if inspect.isroutine(function) else ""
    around = [module.__name__.rsplit(".", up)[0] for up in range(module.__name__.count(".") + 1)]
    files = [getattr(sys.modules[one], "__file__", None) for one in around]
    found = {Path(file).resolve() for file in (defined, *files) if file}
    own = {path for path in found if is_own(path)}
    return tuple(sorted(with_imported(own, _folder_of(name), counts=is_own) or found))


def _function(name: str) -> Callable[..., Any]:
    module, _, attribute = name.partition(":")
    # A console script does not look for modules where it was called; python -m does.
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.append(here)
    watch_imports()
    try:
        function = getattr(importlib.import_module(module), attribute)
    except Exception as error:  # importing a user's module runs it
        raise UsageError(
            f"{name}: {import_failure(error)}; write module:function, importable from {here}"
        ) from error
    if not callable(function) or not isinstance(function, Hashable):
        raise UsageError(f"{name} is {type(function).__name__}; give a function")
    rests_on(function)
    return cast(Callable[..., Any], function)
