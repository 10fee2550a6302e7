"""The total sizes of a sweep, as text."""

from collections.abc import Iterator

from analysis.frontier import too_few
from orchestrator.planning.plan import Sweep
from trainables.written_numbers import many


def size_lines(sweep: Sweep) -> Iterator[str]:
    """A line on each data set whose trials run on subsets of it, too."""
    for sha, dataset in sweep.wholes.items():
        rows = {one: own.rows for one, own in sweep.plan.subsets.items() if own.whole == sha}
        if not rows:
            continue
        rows[sha] = len(dataset.train)
        epochs = {rows[s.data_sha]: s.training.epochs for s in sweep.specs if s.data_sha in rows}
        own = sweep.loaded.own is not None
        each = [f"{n:,}" if own else f"{n:,} by {many(epochs[n], 'epoch')}" for n in sorted(epochs)]
        yield (
            f"{dataset.name} at {many(len(epochs), 'total size')}: {', '.join(each)}; each seed draws the smaller ones "
            "from the largest, each within the next, and only the largest has an answer"
        )
        seeds = len(
            {spec.seed for spec in sweep.specs if spec.is_baseline and spec.data_sha == sha}
        )
        if why := too_few(len(epochs), seeds):
            yield f"whether a signal bends the frontier of {dataset.name} will not be told: {why}"
