"""Sentences and facts on lines of a terminal, which break between words and facts alone."""

from collections.abc import Iterable, Iterator
from textwrap import wrap

GAP = "   "


def wrapped(text: str, width: int, *, first: str = "", later: str = "") -> list[str]:
    """A text on lines of a width; a word that is longer stays whole.

    Args:
        text: Its spaces and line ends count as one space each.
        width: In letters.
        first: What the first line begins with.
        later: What the others do, where that is not `first`.
    """
    return _lines(" ".join(text.split()), width, first=first, later=later or first)


def flowed(facts: Iterable[str], width: int, *, first: str = "", later: str = GAP) -> Iterator[str]:
    """Facts on lines, several to a line where they are short; one that is longer than a line is wrapped.

    Args:
        facts: Each with its name.
        width: In letters.
        first: What the first line begins with.
        later: What the others do.
    """
    from rich.cells import cell_len

    start, line = first, ""
    for fact in facts:
        if line and cell_len(start + line + GAP + fact) > width:
            yield from _lines(line, width, first=start, later=later + GAP)
            start, line = later, ""
        line = line + GAP + fact if line else fact
    if line:
        yield from _lines(line, width, first=start, later=later + GAP)


def _lines(text: str, width: int, *, first: str, later: str) -> list[str]:
    return wrap(
        text,
        width,
        initial_indent=first,
        subsequent_indent=later,
        break_long_words=False,
        break_on_hyphens=False,
    )
