"""What a trainer's function takes: the names of its parameters are the contract."""

import inspect
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from trainables.data.columns import excerpt
from trainables.errors import UsageError
from trainables.spec import Setting
from trainables.suggestions import did_you_mean
from trainables.written_numbers import real_number, whole_number

TABLES = ("train", "test", "validation")
GIVEN = (*TABLES, "seed", "scratch", "threads", "device", "passes", "report")
_NEEDED = ("train", "test", "seed")
_WORDS = {"true": True, "false": False}


@dataclass(frozen=True, kw_only=True)
class Signature:
    """What a trainer's function takes.

    Attributes:
        takes: Of GIVEN, those it takes.
        must: Of them, those without a default of their own.
        settings: Its other parameters with their defaults; None stands for any value.
    """

    takes: tuple[str, ...]
    must: tuple[str, ...]
    settings: Mapping[str, Setting | None]


def signature_of(function: Callable[..., Any], name: str) -> Signature:
    """Read a function's parameters.

    Args:
        function: The user's.
        name: What it is called in messages.

    Raises:
        UsageError: If it is no plain function, or takes what is not given.
    """
    if inspect.isclass(function) or not callable(function):
        what = "a class" if inspect.isclass(function) else f"of type {type(function).__name__}"
        raise UsageError(
            f"{name} is {what}; a trainer is a function: def fit(train, test, *, seed)"
        )
    if inspect.iscoroutinefunction(function) or inspect.isgeneratorfunction(function):
        raise UsageError(f"{name} is async or yields; a trainer is a function that returns answers")
    takes, must, settings = [], [], {}
    for one in inspect.signature(function).parameters.values():
        if one.kind in (one.VAR_POSITIONAL, one.VAR_KEYWORD, one.POSITIONAL_ONLY):
            raise UsageError(
                f"{name} takes {one}; everything is given by its name, so write out what it takes: "
                f"{', '.join(GIVEN)}, and settings with defaults"
            )
        has_default = one.default is not one.empty
        if one.name in GIVEN:
            takes.append(one.name)
            must += [] if has_default else [one.name]
        elif has_default:
            settings[one.name] = one.default
        else:
            raise UsageError(
                f"{name} takes {one.name!r}, which is not given and has no default."
                f"{did_you_mean(one.name, GIVEN)} Given are {', '.join(GIVEN)}; give a setting a default"
            )
    for needed in _NEEDED:
        if needed not in takes:
            raise UsageError(f"{name} does not take {needed!r}; {_WHY[needed]}")
    usable = {key: value for key, value in settings.items() if _is_setting(value)}
    return Signature(takes=tuple(takes), must=tuple(must), settings=usable)


_WHY = {
    "train": "it is given the rows that stay as a table: def fit(train, test, *, seed)",
    "test": "it is given the rows to answer for as a table: def fit(train, test, *, seed)",
    "seed": "everything random in it must come from the seed, as runs are paired by seed: "
    "def fit(train, test, *, seed)",
}


def _is_setting(value: object) -> bool:
    return value is None or isinstance(value, bool | int | float | str)


def settings_given(
    name: str, defaults: Mapping[str, Setting | None], written: Iterable[tuple[str, str]]
) -> tuple[tuple[str, Setting], ...]:
    """All settings of a trainer: those that were written, and the defaults of the others.

    Args:
        name: The trainer's, for messages.
        defaults: By setting; None where any value may be given, and none is in a key without.
        written: Pairs of name and value as typed; a value is of its default's kind.

    Raises:
        UsageError: If there is no such setting, or the value is of another kind.
    """
    chosen: dict[str, Setting] = {}
    for setting, text in written:
        if setting not in defaults:
            has = f"it has {', '.join(defaults)}" if defaults else "it has none"
            given = f"; {setting} is given by the sweep" if setting in GIVEN else ""
            raise UsageError(
                f"{name} has no setting {excerpt(setting)}; {has}{given}.{did_you_mean(setting, defaults)}"
            )
        if setting in chosen:
            raise UsageError(f"{name}: {setting} is given twice; give it once")
        chosen[setting] = _read(name, setting, text, defaults[setting])
    kept = {
        key: value for key, value in defaults.items() if value is not None and _is_finite(value)
    }
    return tuple(sorted({**kept, **chosen}.items()))


def _read(name: str, setting: str, text: str, default: Setting | None) -> Setting:
    readers: tuple[Callable[[str], Setting], ...]
    if isinstance(default, str):
        return text
    if isinstance(default, bool):
        readers, kind = (_bool,), "true or false"
    elif isinstance(default, int):
        readers, kind = (whole_number,), "a whole number"
    elif isinstance(default, float):
        readers, kind = (real_number,), "a number"
    else:
        readers, kind = (_bool, whole_number, real_number, str), "a value"
    for read in readers:
        try:
            value = read(text)
        except (ValueError, KeyError):
            continue
        if _is_finite(value):
            return value
    raise UsageError(
        f"{name}: {setting} is {excerpt(text)}; give {kind}, as its default {default!r} is"
    )


def _bool(text: str) -> bool:
    return _WORDS[text.lower()]


def _is_finite(value: Setting) -> bool:
    return not isinstance(value, float) or math.isfinite(value)
