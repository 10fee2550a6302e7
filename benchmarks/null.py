"""What verdicts say where nothing was pruned: real full-data runs that differ in their order alone.

Run a sweep with --null and many seeds, then `python -m benchmarks.null RUN`.
"""

from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from analysis.envelope import Cell, only
from analysis.run_files import read_rows
from analysis.study import study
from analysis.verdicts import Verdict, judge


def main(
    run: Annotated[Path, typer.Argument(help="Folder of a run made with --null.")],
    draws: Annotated[int, typer.Option(help="Subsets of seeds drawn of each size.")] = 1000,
) -> None:
    """Judge all seeds of each null condition, and subsets as small as studies have."""
    print("| data set | seeds | mean pp | sd pp | test set's own sd | verdict, all seeds |")
    print("|---|---|---|---|---|---|")
    found = study(read_rows(run)).nulls
    for cell, verdict in found:
        if verdict is not None:
            print(
                f"| {cell.condition.dataset} | {verdict.n_seeds} | {verdict.mean:+.3f} "
                f"| {verdict.sd:.3f} | {verdict.v_test_pp2**0.5:.3f} | {verdict.verdict} "
                f"[{verdict.low:+.2f}, {verdict.high:+.2f}] |"
            )
    print("\n| data set | seeds of a subset | within | outside | interval misses the mean of all |")
    print("|---|---|---|---|---|")
    for cell, verdict in found:
        for size in (2, 3, 5, 8):
            if verdict is not None and size < verdict.n_seeds:
                words, missed = subsets(cell, verdict, size, draws)
                print(
                    f"| {cell.condition.dataset} | {size} | {words.count('within') / draws:.1%} "
                    f"| {words.count('outside') / draws:.1%} | {missed:.1%} |"
                )


def subsets(cell: Cell, whole: Verdict, size: int, draws: int) -> tuple[list[str], float]:
    """Verdicts of random subsets of seeds, by their own spread, and how often they miss the mean.

    Subsets share the test set with the whole, so the interval for this very test set is held
    against it: a tenth of them should miss.
    """
    rng = np.random.default_rng(0)
    words, missed = [], 0
    for _ in range(draws):
        some = only(cell, rng.choice(cell.seeds, size, replace=False).tolist())
        verdict = judge(some.delta, some.v_test_pp2)
        words.append(verdict.verdict)
        assert verdict.test_low is not None and verdict.test_high is not None
        missed += not verdict.test_low <= whole.mean <= verdict.test_high
    return words, missed / draws


if __name__ == "__main__":
    typer.run(main)
