"""The total sizes of a sweep, as text."""

from collections.abc import Iterator

from analysis.frontier import FEWEST_SEEDS
from analysis.scaling.floor import FEWEST_SIZES
from orchestrator.planning.plan import Sweep


def size_lines(sweep: Sweep) -> Iterator[str]:
    """A line on each data set whose trials run on subsets of it, too."""
    for sha, dataset in sweep.wholes.items():
        rows = {one: own.rows for one, own in sweep.plan.subsets.items() if own.whole == sha}
        if not rows:
            continue
        rows[sha] = len(dataset.train)
        epochs = {rows[s.data_sha]: s.training.epochs for s in sweep.specs if s.data_sha in rows}
        own = sweep.loaded.own is not None
        each = [f"{n:,}" if own else f"{n:,} by {epochs[n]} epochs" for n in sorted(epochs)]
        yield (
            f"{dataset.name} at {len(epochs)} total sizes: {', '.join(each)}; each seed draws the smaller ones "
            "from the largest, each within the next, and only the largest has an answer"
        )
        if short := [*_short(len(epochs), len({spec.seed for spec in sweep.specs}))]:
            yield f"{dataset.name}: whether a signal bends the frontier needs {' and '.join(short)}"


def _short(sizes: int, seeds: int) -> Iterator[str]:
    """What a sweep of so many total sizes and seeds lacks to tell anything of a frontier."""
    if sizes < FEWEST_SIZES:
        yield f"{FEWEST_SIZES} total sizes or more"
    if seeds < FEWEST_SEEDS:
        yield f"{FEWEST_SEEDS} seeds or more"
