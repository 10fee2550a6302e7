"""The terminal, or the log, that commands print to, and how they write times."""

import io
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console


def open_console(width: int = 160, *, highlight: bool = True) -> "Console":
    """What a command prints to.

    Args:
        width: Of a log, which has none of its own; its lines are not to be broken at 80.
        highlight: Colour numbers and paths on a terminal.
    """
    from rich.console import Console

    if isinstance(
        sys.stdout, io.TextIOWrapper
    ):  # what it cannot write is escaped, and ends nothing
        sys.stdout.reconfigure(errors="backslashreplace")
    # Names and errors come from outside: none of their brackets is markup, none of their colons an emoji.
    width_there = None if sys.stdout.isatty() else width
    return Console(width=width_there, markup=False, emoji=False, highlight=highlight)


def time_left(seconds: float | None) -> str:
    """A time to the end, to the minute; None where it is not known yet."""
    if seconds is None:
        return "time left …"
    hours, minutes = divmod(round(seconds / 60), 60)
    return f"about {hours} h {minutes:02d} min left" if hours else f"about {minutes} min left"
