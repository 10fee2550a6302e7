"""The terminal, or the log, that commands print to, and how they write times."""

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

    # Names and errors come from outside: none of their brackets is markup.
    return Console(width=None if sys.stdout.isatty() else width, markup=False, highlight=highlight)


def time_left(seconds: float | None) -> str:
    """A time to the end, to the minute; None where it is not known yet."""
    if seconds is None:
        return "time left …"
    hours, minutes = divmod(round(seconds / 60), 60)
    return f"about {hours} h {minutes:02d} min left" if hours else f"about {minutes} min left"
