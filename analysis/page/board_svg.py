"""The board of one data set as an SVG file of its own: text and lines, light, without a style sheet."""

import re
from collections.abc import Iterator
from xml.sax.saxutils import escape

from analysis.answers import answer_of
from analysis.methods import DatasetId
from analysis.page.board import BoardPanel, BoardRow, board_panels
from analysis.page.board_cells import BoardCell
from analysis.page.board_words import board_caption, board_key
from analysis.study import Study
from analysis.wording import shortened
from trainables.plain_text import printable

# What no XML file may hold, even as a reference.
_NO_XML = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_FONT = 'system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif'
_COLORS = {"in": "#00648f", "out": "#a83b0c", "unsure": "#59616b", "none": "#59616b"}
_TEXT, _MUTED, _SOFT, _BAND, _DASH = "#14171a", "#59616b", "#f6f7f9", "#cfe6f2", "#8b939d"
# In pixels: a cell, the gap between two, a line of notes, where a picture begins and ends in a cell.
_CELL, _GAP, _HEIGHT, _LINE, _LEFT, _RIGHT = 184, 8, 56, 15, 12, 8
_ROOM = _CELL - _LEFT - _RIGHT
# How much wider bold letters are.
_BOLD = 1.1
_LETTER, _LONGEST = 8.2, 34


def board_svg(study: Study, source: DatasetId) -> str:
    """The board of a data set, after the warm-up of its answer; of several models one panel each.

    Args:
        study: The run.
        source: One of its data sets.
    """
    every = board_panels(study, answer_of(study, source))
    first = {panel.variant: panel for panel in reversed(every)}
    shown = [panel for panel in every if first[panel.variant] is panel]
    names = [row.name for panel in shown for row in panel.rows]
    side = 16 + _LETTER * max((len(shortened(name, _LONGEST)) for name in names), default=6)
    most = max((len(panel.rates) for panel in shown), default=1)
    width = max(round(side) + most * (_CELL + _GAP), 480)
    parts: list[str] = []
    y = 0
    for panel in shown:
        drawn, y = _panel(panel, round(side), y)
        parts += drawn
    told = [*board_key(study, shown), *board_caption(study, shown)]
    for line in _wrapped(told, width):
        y += 18
        parts.append(_text(0, y, line, size=12, color=_MUTED))
    title = _clean(f"{study.sources[source]}: every method at every rate")
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{y + 12}" '
        f'viewBox="0 0 {width} {y + 12}" font-family=\'{_FONT}\' role="img">\n'
        f"<title>{title}</title>\n<desc>{_clean(' '.join(told))}</desc>\n"
        f'<rect width="{width}" height="{y + 12}" fill="#ffffff"/>\n'
        + "\n".join(parts)
        + "\n</svg>\n"
    )


def _panel(panel: BoardPanel, side: int, y: int) -> tuple[list[str], int]:
    """What is drawn of a panel that begins at y, and where it ends."""
    name = shortened(panel.name, 80) + (f" · {panel.variant}" if panel.variant else "")
    parts = [_text(0, y + 22, name, size=16, weight=700)]
    for i, head in enumerate(panel.columns):
        parts.append(
            _text(side + i * (_CELL + _GAP) + _LEFT, y + 50, head, color=_MUTED, weight=600)
        )
    y += 64
    for row in panel.rows:
        lines = max((len(_lines(cell)) for cell in row.cells), default=0)
        height = _HEIGHT + _LINE * max(0, lines - 1)
        parts.append(_text(0, y + 24, shortened(row.name, _LONGEST), weight=600))
        for i, cell in enumerate(row.cells):
            parts += _cell(panel, row, cell, side + i * (_CELL + _GAP), y, height)
        y += height + 4
    return parts, y + 6


def _lines(cell: BoardCell) -> list[str]:
    return [*([cell.credit] if cell.credit else []), *cell.notes]


def _cell(
    panel: BoardPanel, row: BoardRow, cell: BoardCell, x: int, y: int, height: int
) -> Iterator[str]:
    color = _COLORS[cell.tone]
    if cell.value is None:
        yield (
            f'<rect x="{x + 1}" y="{y + 1}" width="{_CELL - 2}" height="{height - 2}" rx="6" fill="none" '
            f'stroke="{_DASH}" stroke-dasharray="4 4"/>'
        )
        yield _text(x + _LEFT, y + 20, cell.mean, size=12, color=_MUTED)
    else:
        yield f'<rect x="{x}" y="{y}" width="{_CELL}" height="{height}" rx="6" fill="{_SOFT}"/>'
        if cell.mark:
            yield f'<rect x="{x}" y="{y}" width="4" height="{height}" fill="{color}"/>'
        bold = _clean(f"{cell.mark} {cell.mean}".strip())
        small = _fitting(cell.bounds, 11.5, _ROOM - 14 * _ems(bold, _BOLD) - 5)
        yield (
            f'<text x="{x + _LEFT}" y="{y + 17}" font-size="14" font-weight="700" fill="{color}">{bold}'
            f'<tspan dx="5" font-size="{small:g}" font-weight="400" fill="{_MUTED}">{_clean(cell.bounds)}</tspan></text>'
        )
        yield _picture(panel, cell, x, y + 22, color)
    for i, line in enumerate(_lines(cell)):
        tone = {"▲": _COLORS["in"], "▼": _COLORS["out"]}.get(line[:1], _MUTED)
        size = _fitting(line, 11.5, _ROOM, _BOLD)
        yield _text(x + _LEFT, y + 47 + i * _LINE, line, size=size, color=tone, weight=600)
    if cell.is_answer:
        yield (
            f'<rect x="{x}" y="{y}" width="{_CELL}" height="{height}" rx="6" fill="none" stroke="{_TEXT}" '
            'stroke-width="2.5"/>'
        )


def _ems(text: str, wider: float = 1.0) -> float:
    """How wide a text is at most, in its size: in DejaVu Sans, the widest of the letters asked for."""
    return wider * sum(
        0.84 if one in "−+✓✗▲▼◐" else 0.35 if one in " .,il" else 0.64 for one in text
    )


def _fitting(text: str, size: float, room: float, wider: float = 1.0) -> float:
    """The size of letters in which a text stays in its cell."""
    return round(min(size, room / max(_ems(text, wider), 0.1)), 1)


def _picture(panel: BoardPanel, cell: BoardCell, x: int, y: int, color: str) -> str:
    """What the page draws in a cell, as wide as a cell is here."""
    lines = {
        "b": f'fill="{_BAND}"',
        "z": f'stroke="{_MUTED}"',
        "t": f'stroke="{_TEXT}" stroke-width="3" stroke-dasharray="2.5 2"',
        "i": f'stroke="{color}" stroke-width="2"',
        "m": f'stroke="{color}" stroke-width="4"',
        "o": f'stroke="{color}" stroke-width="2" fill="none"',
    }
    scale = _ROOM / 100
    drawn = "".join(
        f'<path d="{path}" {lines[kind]} vector-effect="non-scaling-stroke"/>'
        for kind, path in panel.picture(cell)
    )
    return f'<g transform="translate({x + _LEFT} {y}) scale({scale:g} 1)">{drawn}</g>'


def _text(
    x: float, y: float, text: str, *, size: float = 13, color: str = _TEXT, weight: int = 400
) -> str:
    return f'<text x="{x}" y="{y}" font-size="{size}" font-weight="{weight}" fill="{color}">{_clean(text)}</text>'


def _clean(text: str) -> str:
    """A text as XML may hold it."""
    return escape(_NO_XML.sub("\ufffd", printable(text, lines=False)))


def _wrapped(sentences: list[str], width: int) -> Iterator[str]:
    """Sentences as lines no longer than the picture is wide."""
    most, line = int(width / 6.6), ""
    for word in " ".join(sentences).split():
        if line and len(line) + 1 + len(word) > most:
            yield line
            line = word
        else:
            line = f"{line} {word}".strip()
    yield line
