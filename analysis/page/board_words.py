"""What is said around the board: what its marks and lines mean, and of what its numbers are."""

from collections.abc import Sequence
from dataclasses import dataclass

from analysis.page.answer_cards import AnswerCard
from analysis.page.board import BoardPanel, board_panels
from analysis.page.phrases import by_text, gain_share, line_size, words_of
from analysis.study import Study
from analysis.verdicts import LEAST_SEEDS
from analysis.wording import percent

# More data sets than this are folded but those with a ✗ or a ◐; more cells in all, and what is folded
# has no pictures: some 350 bytes a cell.
_MOST_OPEN, _MOST_DRAWN = 4, 600
_SHORT = {"✗": "keep all", "?": "not decided", "–": "no answer"}


@dataclass(frozen=True, kw_only=True)
class BoardSet:
    """One data set of the board.

    Attributes:
        name: The data set.
        summary: Its answer in a few words behind its mark.
        is_open: Whether it stands there unfolded.
        groups: Its panels, of each model one after another in the order of warm-ups; the answer's first.
    """

    name: str
    summary: str
    is_open: bool
    groups: tuple[tuple[BoardPanel, ...], ...]


@dataclass(frozen=True, kw_only=True)
class Board:
    """All data sets of a run, and what is said around them.

    Attributes:
        sets: Those that have a condition, in the order of the answers.
        loses: What ✓ says.
        caption: Of what the numbers are.
        draws_folded: Whether what is folded has pictures.
        has_filter: Whether there are so many methods that they are looked for by name.
    """

    sets: tuple[BoardSet, ...]
    loses: str
    caption: tuple[str, ...]
    draws_folded: bool
    has_filter: bool

    @property
    def panels(self) -> list[BoardPanel]:
        """Every panel."""
        return [panel for one in self.sets for group in one.groups for panel in group]


def board_of(study: Study, cards: Sequence[AnswerCard]) -> Board:
    """The board of a run.

    Args:
        study: The run.
        cards: Its answers.
    """
    few = len(cards) <= _MOST_OPEN
    told = {card.name for card in cards if few or card.mark in "✗◐"}
    # All folded would hide what a board is.
    told |= {card.name for card in cards[:1] if not told}
    sets = [_set(study, card, is_open=card.name in told) for card in cards]
    found = [panel for one in sets for group in one.groups for panel in group]
    cells = sum(len(panel.rates) * len(panel.rows) for panel in found)
    return Board(
        sets=tuple(one for one in sets if one.groups),
        loses=loses_text(study),
        caption=tuple(board_caption(study, found)),
        draws_folded=cells <= _MOST_DRAWN,
        has_filter=any(row.is_folded for panel in found for row in panel.rows),
    )


def _set(study: Study, card: AnswerCard, *, is_open: bool) -> BoardSet:
    groups: dict[str, list[BoardPanel]] = {}
    for panel in board_panels(study, card.answer):
        groups.setdefault(panel.variant, []).append(panel)
    row = card.answer.row
    told = _SHORT.get(card.mark, "nothing measured yet")
    if row is not None and card.mark not in _SHORT:
        cut = f"{percent(row.cell.condition.rate)} {by_text(row)}"
        told = f"perhaps {cut}" if card.mark == "◐" else cut
    return BoardSet(
        name=card.name, summary=f"{card.mark} {card.name}: {told}", is_open=is_open,
        groups=tuple(map(tuple, groups.values())),
    )  # fmt: skip


def loses_text(study: Study) -> str:
    """What ✓ says: loses less than 1 point."""
    return words_of(study).harm(line_size(study, study.tolerance), "less than")


def board_key(study: Study, shown: Sequence[BoardPanel]) -> list[str]:
    """The marks and lines in a few words each, as sentences for a picture without a key."""
    if not any(panel.has_learned for panel in shown):
        return []
    told = ["Blue band: the safe side."]
    if any(panel.has_marks for panel in shown):
        told = [f"✓ {loses_text(study)}, ✗ more, ? not decided; blue band: the safe side."]
    if any(panel.has_control for panel in shown):
        told.append("Dotted: random at that rate.")
    else:
        told.append("Random was not run.")
    if any(panel.has_answer for panel in shown):
        told.append("Outlined: the answer's cut.")
    return told


def board_caption(study: Study, shown: Sequence[BoardPanel]) -> list[str]:
    """Of what the numbers are, how the rows are sorted, and what keeps cells without a mark."""
    words = words_of(study)
    unit = "points" if words.metric.unit == "pp" else words.metric.unit
    what = f"Change of {words.noun}{f' in {unit}' if unit else ''}{words.told}"
    guarded = " Guards count for the mark." if study.by.guards else ""
    share = " The line is at a share of what training gains." if gain_share(study) else ""
    cells = [cell for panel in shown for row in panel.rows for cell in row.cells]
    beside = f"; beside it its {study.confidence} interval" * any(
        one.low is not None for one in cells
    )
    first = "Random stands first, the others" * any(panel.has_control for panel in shown)
    told = [
        f"{what}, against training on all rows with the same seed{beside}.{share}{guarded}",
        f"{first or 'Methods stand'} by their change at the answer's rate.",
    ]
    seeds = {len(row.cell.seeds) for row in study.rows if row.verdict}
    if seeds and max(seeds) < LEAST_SEEDS:
        told.append("Fewer than three seeds decide nothing: no cell has a ✓ or ✗.")
    if not all(panel.has_learned for panel in shown):
        told.append("Without marks: the model has learned nothing that could be lost.")
    return told
