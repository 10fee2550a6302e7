"""The terminal, or the log, that commands print to, and how they write times."""

import io
import os
import sys
from collections.abc import Iterable, Iterator
from math import ceil, floor, inf
from typing import TYPE_CHECKING, cast

from trainables.plain_text import redacted, shown

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderableType, RenderHook
    from rich.measure import Measurement
    from rich.segment import Segment
    from rich.text import Text


# The longest text in which numbers and paths are looked for, in letters.
_COLOURED = 5_000


class PlainText:
    """Something that is printed, without what a terminal obeys and without secrets; colours of ours stay."""

    def __init__(self, printed: "RenderableType") -> None:
        self._printed = printed

    def __rich_console__(
        self, console: "Console", options: "ConsoleOptions"
    ) -> "Iterator[Segment]":
        """What rich draws of it, piece by piece."""
        for piece in console.render(self._printed, options):
            yield piece if piece.control else piece._replace(text=shown(piece.text))

    def __rich_measure__(self, console: "Console", options: "ConsoleOptions") -> "Measurement":
        """How wide it may be drawn."""
        from rich.measure import Measurement

        return Measurement.get(console, options, self._printed)


class _AllPlain:
    """Makes all that a console prints plain."""

    def process_renderables(self, printed: "Iterable[RenderableType]") -> "list[RenderableType]":
        return [PlainText(_without_secrets(one)) for one in printed]


def _without_secrets(printed: "RenderableType") -> "RenderableType":
    from rich.text import Text

    if isinstance(printed, Text) and (plain := redacted(printed.plain)) != printed.plain:
        return Text(plain, style=printed.style, end=printed.end)
    return printed


def _coloured(text: "str | Text") -> "Text":
    """A text with its numbers and paths coloured; a very long one, which would take hours, as it is."""
    from rich.highlighter import ReprHighlighter
    from rich.text import Text

    held = Text(text) if isinstance(text, str) else text
    return ReprHighlighter()(held) if len(held) <= _COLOURED else held


def open_console(width: int = 160, *, highlight: bool = True) -> "Console":
    """What a command prints to.

    Args:
        width: Of a log, which has none of its own unless COLUMNS is set; its lines are not to be broken at 80.
        highlight: Colour numbers and paths on a terminal.
    """
    from rich.console import Console

    if isinstance(sys.stdout, io.TextIOWrapper):  # what it cannot write is escaped, here too
        sys.stdout.reconfigure(errors="backslashreplace")
    # Names and errors come from outside: none of their brackets is markup, none of their colons an emoji.
    is_known = sys.stdout.isatty() or os.environ.get("COLUMNS", "").isdecimal()
    width_there = None if is_known else width
    console = Console(
        width=width_there, markup=False, emoji=False, highlight=highlight, highlighter=_coloured
    )
    console.push_render_hook(cast("RenderHook", _AllPlain()))
    return console


def time_left(seconds: tuple[float, float] | None) -> str:
    """A time to the end, from the least to the most; None where it is not known yet."""
    if seconds is None:
        return "time left not known yet"
    low, high = seconds
    for unit, length, step, until in (
        ("s", 1, 10, 90),
        ("min", 60, 1, 5400),
        ("h", 3600, 0.1, inf),
    ):
        if high < until:
            # Outwards: what is said holds of both ends.
            ends = (floor(low / length / step) * step, ceil(high / length / step) * step)
            least, most = (f"{end:g}" for end in (round(ends[0], 1), round(max(ends[1], step), 1)))
            span = f"at most {most}" if least == "0" else f"about {least} to {most}"
            return f"{f'about {least}' if least == most else span} {unit} left"
    raise AssertionError("no time is longer than infinity")


def time_gone(seconds: float) -> str:
    """A time that has passed, in six letters: 42 s, 1:05, 2:03:04."""
    minutes, rest = divmod(int(max(0.0, seconds)), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours}:{minutes:02d}:{rest:02d}"
    return f"{minutes}:{rest:02d}" if minutes else f"{rest} s"
