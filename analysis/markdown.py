"""Names of the user's own inside Markdown, where they may hold anything, and shown as they are."""

import re
import unicodedata
from collections.abc import Iterable, Sequence

from analysis.wording import shortened
from trainables.plain_text import printable

_LONGEST = 80
_PLAIN = re.compile(r"[^\W_]([\w .,'%()−“”-]*[^\W_])?")
_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
_PUNCTUATION = set("\\`*_{}[]()#+-.!|~:@/\"'=$^%;,?")
_TURNS = {"RLE", "LRE", "RLO", "LRO", "PDF", "RLI", "LRI", "FSI", "PDI"}


def one_line(text: str) -> str:
    """A text without line ends, control characters and what turns the direction of writing."""
    seen = (" " if unicodedata.category(c) in ("Cc", "Zl", "Zp", "Cs") else c for c in text)
    kept = "".join(c for c in seen if unicodedata.bidirectional(c) not in _TURNS)
    return printable(" ".join(kept.split()), lines=False)


def literal(text: str, *, longest: int = _LONGEST) -> str:
    """A text that Markdown shows as it is: no markup, no link, no HTML, one line."""
    line = shortened(one_line(text), longest)
    if _PLAIN.fullmatch(line) and "__" not in line and "www." not in line.lower():
        return line
    return "".join(_ENTITIES.get(c) or (f"\\{c}" if c in _PUNCTUATION else c) for c in line)


def sentence(text: str) -> str:
    """A sentence of ours that quotes names: markup in it is shown, its length kept."""
    line = one_line(text)
    return "".join(
        _ENTITIES.get(c) or (f"\\{c}" if c in "\\`*_[]|~#" else c) for c in line
    ).replace("://", "\\://")


def markdown_cell(text: str) -> str:
    """A cell that quotes names: markup, links and HTML in it are shown, and it stays one cell."""
    plain = "".join(_ENTITIES.get(c) or (f"\\{c}" if c in "\\`*[]|~" else c) for c in text)
    plain = re.sub(r"(?<![^\W_])_|_(?![^\W_])", r"\\_", plain)
    return re.sub(r"(?i)://|@|\bwww\.", lambda found: f"{found[0][:-1]}\\{found[0][-1]}", plain)


def code(text: str) -> str:
    """A text as code inside a line or a cell, whatever ticks it holds."""
    line = one_line(text).replace("|", "\\|")
    ticks = "`" * (1 + max((len(run) for run in re.findall("`+", line)), default=0))
    pad = " " * (line.startswith("`") or line.endswith("`"))
    return f"{ticks}{pad}{line}{pad}{ticks}" if line else ""


def markdown_table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """The lines of a table; cells are Markdown already."""
    lines = [heads, ["---"] * len(heads), *rows]
    return [f"| {' | '.join(cells)} |" for cells in lines]
