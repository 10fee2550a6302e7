"""Random pruning beside every arm of a grid, cut as the arm is."""

from dataclasses import replace

from analysis.methods import tells_rows_apart
from orchestrator.planning.grids import RANDOM, Arm, Grid, GridBlock
from trainables.selection.lookup import selector_evidence
from trainables.spec import Setting


def controlled_blocks(grid: Grid) -> tuple[GridBlock, ...]:
    """The grid's conditions; with random pruning beside every arm where it has a control."""
    if not grid.control:
        return grid.blocks
    return tuple(replace(block, arms=_with_random(block.arms)) for block in grid.blocks)


def _with_random(arms: tuple[Arm, ...]) -> tuple[Arm, ...]:
    return tuple(dict.fromkeys((*arms, *map(control_of, arms))))


def control_of(arm: Arm) -> Arm:
    """Random pruning to hold an arm against: cut alike, or of all rows where the selector tells rows apart."""
    if looks_at_rows(arm.selector, arm.selector_settings):
        return RANDOM
    return replace(RANDOM, selector=arm.selector, selector_settings=arm.selector_settings)


def looks_at_rows(selector: str, settings: tuple[tuple[str, Setting], ...]) -> bool:
    """Whether a selector tells single rows apart: one of ours, or the user's own by the evidence it names.

    Raises:
        UsageError: If the user's own is not there, or names evidence that does not exist.
    """
    if ":" not in selector:
        return tells_rows_apart(selector, settings)
    of_rows = selector_evidence(selector, settings) - {"labels", "draws", "class_recall"}
    return any(not name.startswith("validation_") for name in of_rows)
