"""A table whose numbers and words are whole at any width: where its columns do not fit, a block a row."""

import re
from collections.abc import Iterator
from itertools import zip_longest
from typing import TYPE_CHECKING

from rich.cells import cell_len
from rich.table import Table
from rich.text import Text

from analysis.flowed_text import flowed
from trainables.plain_text import shown

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderResult
    from rich.measure import Measurement

_NUMBER, _WORD = re.compile(r"\d"), re.compile(r"[A-Za-z]{3,}")
_LETTER = re.compile(r"[^\W\d_]")
# A cell with a number is not broken, unless it has more words than this: it is a sentence then.
_SENTENCE = 2
_INDENT = "    "
# What stands where a row has no value.
_NOTHING = ("", "·")


class WholeTable(Table):
    """A table of text that is drawn by columns, or below one another where they do not fit.

    Attributes:
        heads: How many columns name a row; they stand above its block.
    """

    heads: int = 1

    def __rich_measure__(self, console: "Console", options: "ConsoleOptions") -> "Measurement":
        """As wide as it is drawn."""
        from rich.measure import Measurement

        width = min(self._extra() + sum(self._natural()), options.max_width)
        return Measurement(width, width)

    def __rich_console__(self, console: "Console", options: "ConsoleOptions") -> "RenderResult":
        """What rich draws of it."""
        room = options.max_width - self._extra()
        natural, least = self._natural(), self._least()
        if not self.columns or sum(least) > room:
            yield from self._blocks(options.max_width)
            return
        # Each column has what it needs; what is left goes to those that want more, from the narrowest on.
        widths, left = list(least), room - sum(least)
        for k in sorted(range(len(least)), key=lambda k: natural[k]):
            more = min(natural[k] - widths[k], left)
            widths[k], left = widths[k] + more, left - more
        for column, width in zip(self.columns, widths, strict=True):
            column.width = width
        yield from super().__rich_console__(console, options)

    def _cells(self) -> list[list[str]]:
        """The text of each column, its header first."""
        return [[_plain(column.header), *(map(_plain, column.cells))] for column in self.columns]

    def _natural(self) -> list[int]:
        return [max(map(cell_len, cells)) for cells in self._cells()]

    def _least(self) -> list[int]:
        return [max(map(_whole, cells)) for cells in self._cells()]

    def _extra(self) -> int:
        """Letters of a line that are no cell's."""
        return int(self._extra_width) + sum(
            self._get_padding_width(k) for k in range(len(self.columns))
        )

    def _blocks(self, width: int) -> Iterator[Text]:
        """Each row as lines of its own: what names it, and below it each column and value."""
        if self.title:
            yield Text(_plain(self.title), style="italic")
        columns = self._cells()
        names = [cells[0] for cells in columns]
        for row in zip_longest(*(cells[1:] for cells in columns), fillvalue=""):
            heads = zip(names, row[: self.heads], strict=False)
            # A number alone does not say what it is.
            own = [one if _LETTER.search(one) else f"{name} {one}" for name, one in heads if one]
            yield Text(" · ".join(own), style="bold")
            facts = zip(names[self.heads :], row[self.heads :], strict=True)
            told = [
                f"{name}: {value}" if name else value
                for name, value in facts
                if value not in _NOTHING
            ]
            yield from map(Text, flowed(told, width, first=_INDENT, later=_INDENT))


def _plain(cell: object) -> str:
    return shown(cell.plain if isinstance(cell, Text) else str(cell))


def _whole(cell: str) -> int:
    """The least width in which a cell's numbers and words are whole."""
    if _NUMBER.search(cell) and len(_WORD.findall(cell)) <= _SENTENCE:
        return cell_len(cell)
    return max(map(cell_len, cell.split()), default=0)
