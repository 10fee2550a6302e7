"""What is said around the board: what its marks and lines mean, and of what its numbers are."""

from collections.abc import Sequence

from analysis.page.board import BoardPanel
from analysis.page.phrases import gain_share, line_size, words_of
from analysis.study import Study
from analysis.verdicts import LEAST_SEEDS


def loses_text(study: Study) -> str:
    """What ✓ says: loses less than 1 point."""
    return words_of(study).harm(line_size(study, study.tolerance), "less than")


def board_key(study: Study, shown: Sequence[BoardPanel]) -> list[str]:
    """The marks and lines in a few words each, as sentences for a picture without a key."""
    if not any(panel.has_learned for panel in shown):
        return []
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
    told = [
        f"{what}, against training on all rows with the same seed; beside it its "
        f"{study.confidence} interval.{share}{guarded}",
        "Random stands first, the others by their change at the answer's rate.",
    ]
    seeds = {len(row.cell.seeds) for row in study.rows if row.verdict}
    if seeds and max(seeds) < LEAST_SEEDS:
        told.append("Fewer than three seeds decide nothing: no cell has a ✓ or ✗.")
    if not all(panel.has_learned for panel in shown):
        told.append("Without marks: the model has learned nothing that could be lost.")
    return told
