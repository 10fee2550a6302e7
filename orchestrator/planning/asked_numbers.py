"""Seeds, lists and their product as they are asked for: refused by arithmetic, before any of it is made."""

import re
from collections.abc import Sequence

from analysis.interim_looks import LOOKS
from orchestrator.planning.controls import controlled_blocks
from orchestrator.planning.grids import Grid
from orchestrator.planning.seeds import first_seeds
from trainables.data.columns import excerpt
from trainables.errors import UsageError

# Ten times what the largest study of ours came to; a plan of as many is made in seconds, not minutes.
MOST_TRIALS = 100_000


def chosen_seeds(count: str, named: Sequence[int]) -> tuple[int, ...]:
    """The seeds that --seeds and --seed ask for; none for those of the grid.

    Raises:
        UsageError: If they contradict each other, or --seeds is no number.
    """
    if count and named:
        raise UsageError(f"--seeds {count} and --seed {named[0]}; give how many, or which")
    if named:
        return tuple(named)
    if count == "adaptive":
        return first_seeds(LOOKS[-1])
    if not count:
        return ()
    if not re.fullmatch(r"[1-9][0-9]{0,5}", count) or int(count) > MOST_TRIALS:
        raise UsageError(
            f"--seeds is {excerpt(count)}; give a whole number above 0 and up to {MOST_TRIALS:,}, or adaptive"
        )
    return first_seeds(int(count))


def check_listed(noun: str, values: Sequence[float]) -> None:
    """Refuse a list with an entry twice, and the rate of the baseline.

    Raises:
        UsageError: If there is such.
    """
    if len(set(values)) < len(values):
        twice = next(value for k, value in enumerate(values) if value in values[:k])
        raise UsageError(f"{noun} has an entry twice: {twice:g}; give each once")
    if noun == "rate" and 0 in values:
        raise UsageError("rate 0 is the baseline, which always runs; give rates above 0")


def check_count(grid: Grid) -> None:
    """Refuse more trials than a run plans, by their number alone.

    Raises:
        UsageError: If there are more; the message has the product.
    """
    sizes, seeds = max(1, len(grid.sizes)), len(grid.seeds)
    total, largest, told = 0, 0, ""
    for block in controlled_blocks(grid):
        parts = {
            "data sets": len(block.datasets), "total sizes": sizes, "signals with their controls": len(block.arms),
            "warm-ups": max(1, len(block.warmups)), "rates": len(block.rates), "seeds": seeds,
        }  # fmt: skip
        count = 1
        for many in parts.values():
            count *= many
        total += count + parts["data sets"] * sizes * seeds
        if count > largest:
            largest = count
            told = " x ".join(f"{many:,} {noun}" for noun, many in parts.items() if many > 1)
    if total > MOST_TRIALS:
        raise UsageError(
            f"{total:,} trials are asked for ({told}, and the full-data runs), and one run plans at most "
            f"{MOST_TRIALS:,}; give fewer, or several runs, which share what is alike"
        )
