"""An arm as a command writes it: signal, selector, their settings, and the end that goes."""

from collections.abc import Collection

from orchestrator.planning.grids import Arm
from trainables.errors import UsageError
from trainables.selection.dynamic import POLICIES
from trainables.selection.selectors import SELECTORS
from trainables.signals import SIGNALS
from trainables.spec import EACH_EPOCH, ENDS, Setting


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
    for kind in (int, float):
        try:
            return name, kind(value)
        except ValueError:
            continue
    return name, value
