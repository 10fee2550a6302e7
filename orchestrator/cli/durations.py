"""Spans of time as a person writes them."""

import re

from trainables.errors import UsageError

_UNITS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}
_SPAN = re.compile(r"(\d+(?:\.\d+)?)\s*([smhd]?)")


def seconds_in(text: str, flag: str) -> float:
    """A span of time in seconds.

    Args:
        text: A number of seconds, or one with its unit: 90, 90s, 90m, 2h, 1.5d; empty for 0.
        flag: That was given it.

    Raises:
        UsageError: If it is no span, or one of nothing.
    """
    if not text:
        return 0.0
    found = _SPAN.fullmatch(text.strip())
    seconds = float(found[1]) * _UNITS[found[2]] if found else 0.0
    if not 1 <= seconds <= 365 * _UNITS["d"]:
        raise UsageError(
            f"{flag} {text!r} is no span of time from a second to a year; write seconds, or 90m, 2h, 1d"
        )
    return seconds
