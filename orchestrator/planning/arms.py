"""An arm as a command writes it: signal, selector, their settings, and the end that goes."""

from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from orchestrator.planning.grids import GIVEN, Arm
from trainables.data.streams import plain_stem
from trainables.errors import UsageError
from trainables.selection.dynamic import POLICIES
from trainables.selection.selectors import SELECTORS
from trainables.signals import SIGNALS
from trainables.spec import EACH_EPOCH, ENDS, Setting
from trainables.written_numbers import real_number, whole_number


def arm_of(text: str) -> Arm:
    """An arm as written: SIGNAL[,NAME=VALUE...][:SELECTOR[,NAME=VALUE...]][:low|high].

    A signal or selector may be module:function.

    Raises:
        UsageError: If it is not written so.
    """
    parts = text.split(":")
    end = parts.pop() if len(parts) > 1 and parts[-1] in ENDS else "low"
    signal, settings = _taken(parts, {*SIGNALS, *POLICIES})
    selector, selector_settings = _taken(parts, {*SELECTORS, EACH_EPOCH}) if parts else ("", ())
    if parts:
        raise UsageError(
            f"signal {text!r}: {':'.join(parts)!r} is left over; write SIGNAL, SIGNAL:SELECTOR or "
            "SIGNAL:SELECTOR:high, each with ,NAME=VALUE behind it where it has settings"
        )
    return Arm(
        signal=signal,
        settings=settings,
        selector=selector or "global",
        selector_settings=selector_settings,
        prune=end,
    )


def with_given(arms: tuple[Arm, ...], files: Sequence[str]) -> tuple[Arm, ...]:
    """The arms asked for, with one of each file of scores: alone where no others were named.

    An arm of the signal `given` without a name stands for one of each file.

    Args:
        arms: As asked for; none for the grid's.
        files: Of scores.

    Raises:
        UsageError: If a name is of no file, or there is none.
    """
    names = list(named_scores(files))
    if names and not any(arm.signal == GIVEN for arm in arms):
        arms = (*arms, Arm(signal=GIVEN))
    every = []
    for arm in arms:
        name = str(dict(arm.settings).get("name", ""))
        if arm.signal != GIVEN:
            every.append(arm)
        elif name:
            if name not in names:
                there = f"--scores gives {', '.join(names)}" if names else "add --scores FILE"
                raise UsageError(f"signal {GIVEN},name={name}: no scores of that name; {there}")
            every.append(replace(arm, settings=(*_but_name(arm), ("name", name))))
        elif not names:
            raise UsageError(f"signal {GIVEN} without a file of scores; add --scores FILE")
        else:
            every += [replace(arm, settings=(*_but_name(arm), ("name", one))) for one in names]
    return tuple(every)


def _but_name(arm: Arm) -> tuple[tuple[str, Setting], ...]:
    return tuple(pair for pair in arm.settings if pair[0] != "name")


def named_scores(files: Sequence[str]) -> dict[str, Path]:
    """The files of scores by their names, without ending.

    Raises:
        UsageError: If two have the same name.
    """
    found: dict[str, Path] = {}
    for file in files:
        name = plain_stem(Path(file))
        if name in found:
            raise UsageError(
                f"--scores {found[name]} and {file} are both called {name}; rename one"
            )
        found[name] = Path(file)
    return found


def _taken(parts: list[str], table: Collection[str]) -> tuple[str, tuple[tuple[str, Setting], ...]]:
    """Take a name and its settings off the front; two parts where it is module:function."""
    name, *pairs = parts.pop(0).split(",")
    if name not in table and not pairs and parts and parts[0].split(",")[0] not in SELECTORS:
        function, *pairs = parts.pop(0).split(",")
        name = f"{name}:{function}"
    return name, tuple(_setting(pair) for pair in pairs)


def _setting(pair: str) -> tuple[str, Setting]:
    name, equals, value = pair.partition("=")
    if not (name and equals and value):
        raise UsageError(f"setting {pair!r}; write NAME=VALUE, such as k=5")
    if value.lower() in ("true", "false"):
        return name, value.lower() == "true"
    if name == "name":  # of scores of one's own: a file's name may be 011
        return name, value
    if value.lower() in ("nan", "inf", "-inf", "infinity"):
        raise UsageError(f"setting {pair!r}; a number has an end: give one such as {name}=5")
    for kind in (whole_number, real_number):
        with suppress(ValueError):
            return name, kind(value)
    return name, value
