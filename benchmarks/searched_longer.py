"""How often a confirmation errs where its cut was chosen by more seeds than confirm it.

python -m benchmarks.searched_longer --studies 1000
"""

from dataclasses import dataclass, replace
from typing import Annotated

import numpy as np
import typer
from numpy.typing import NDArray

from analysis.confirmation import LEVEL, SEEDS
from analysis.intervals import bounds, parts
from benchmarks.calibration import share

LINE = -0.01
# Share of the test rows that a cut of its own loses in every seed; so many less a hundredth it wins.
LOST = 0.04


@dataclass(frozen=True, kw_only=True)
class Search:
    """A search that ends in one cut.

    Attributes:
        n: Test rows.
        cuts: Chosen from, all exactly at the line.
        seeds: Each was trained by.
        runs: Noise between runs of the mean over five seeds, in units of that of the test rows.
    """

    n: int
    cuts: int
    seeds: int
    runs: float


SEARCHES = [
    Search(n=n, cuts=cuts, seeds=seeds, runs=runs)
    for n, cuts, runs in ((1000, 36, 1.0), (1000, 36, 2.0), (1000, 100, 1.0), (4000, 100, 1.0))
    for seeds in (5, 12, 30)
]


def confirmed(search: Search, number: int) -> NDArray[np.int8]:
    """What five fresh seeds show of the cut that did best in a search, shape (n, 5)."""
    rng = np.random.default_rng([number, search.n, search.cuts, search.seeds])
    draws = rng.random((search.cuts, search.n), dtype=np.float32)
    changed = (draws > 1 - LOST - LINE).astype(np.int8) - (draws < LOST)
    run_sd = search.runs * np.sqrt(SEEDS * (2 * LOST + LINE) / search.n)
    by_runs = run_sd / np.sqrt(search.seeds) * rng.standard_normal(search.cuts)
    best = changed[int((changed.mean(axis=1) + by_runs).argmax())]
    shown = np.repeat(best[:, None], SEEDS, axis=1)
    for seed, shift in enumerate(run_sd * rng.standard_normal(SEEDS)):
        rows = rng.choice(search.n, rng.binomial(search.n, min(1.0, abs(shift))), replace=False)
        shown[rows, seed] = np.clip(shown[rows, seed] + np.sign(shift), -1, 1)
    return shown


def false_shares(search: Search, studies: int) -> tuple[float, float]:
    """Share of studies that confirm it; and were the seeds that chose it not counted."""
    found = parts(
        np.stack([confirmed(search, number) for number in range(studies)]), searched=search.seeds
    )
    counted, plain = (
        float(np.mean(bounds(one, LEVEL, item_alpha=LEVEL / search.cuts)[0] > LINE))
        for one in (found, replace(found, searched=0))
    )
    return counted, plain


def main(
    studies: Annotated[int, typer.Option(help="Made-up studies for each figure.")] = 1000,
) -> None:
    """Print the table of docs/verdicts.md."""
    print(
        "| test rows | cuts | noise between runs | searched by | falsely confirmed | not counted |"
    )
    print("|---|---|---|---|---|---|")
    for one in SEARCHES:
        told = [share(value, studies) for value in false_shares(one, studies)]
        print(
            f"| {one.n:,} | {one.cuts} | {one.runs:g} | {one.seeds} seeds | {' | '.join(told)} |",
            flush=True,
        )


if __name__ == "__main__":
    typer.run(main)
