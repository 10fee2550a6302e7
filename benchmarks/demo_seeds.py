"""Whether the demo's story is that of its generator's seed: ten other data sets, one table.

python -m benchmarks.demo_seeds --folder /tmp/demo_seeds
"""

import time
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from analysis.page.answer_cards import cards
from analysis.study import Study, read_runs
from analysis.wording import MARKS, method_labels, percent, signed
from orchestrator.cli.options import SweepOptions
from orchestrator.sweep import main as sweep
from trainables.data.cards import DATASETS
from trainables.data.tickets import tickets

# What is said of the demo: signal, rate, and the words it may have.
STORY = (
    ("random", 0.05, ("within",)),
    ("random", 0.4, ("outside", "inconclusive")),
    ("keep_one", 0.4, ("within",)),
    ("redundancy", 0.6, ("outside",)),
    ("label_quality", 0.4, ("outside",)),
)


def ran(folder: Path, seed: int) -> Study:
    """The demo on the tickets of another generator seed."""
    card = DATASETS["tickets"]
    DATASETS["tickets"] = replace(card, make=partial(tickets, seed=seed))  # type: ignore[index]
    run = folder / str(seed)
    sweep(SweepOptions(grid="demo", run=run, cache=folder / "cache", no_report=True))
    DATASETS["tickets"] = card  # type: ignore[index]
    return read_runs([run])


def print_table(studies: Iterable[Study]) -> None:
    """Words, mean change and its range, and findings against random, of all seeds together."""
    cells = defaultdict(list)
    for seen in studies:
        labels = method_labels(row.cell.condition.method for row in seen.rows)
        for row in seen.rows:
            versus = seen.comparisons.get(row.cell.condition)
            found = versus.finding if versus else ""
            key = (labels[row.cell.condition.method], row.cell.condition.rate)
            if row.verdict:
                cells[key].append((row.verdict.verdict, row.verdict.mean, found))
    rates = sorted({rate for _, rate in cells})
    print(f"\n| | {' | '.join(map(percent, rates))} |\n|---|{'---|' * len(rates)}")
    for label in dict.fromkeys(label for label, _ in cells):
        told = []
        for rate in rates:
            own = cells[label, rate]
            words = [
                f"{mark}{n}"
                for word, mark in MARKS.items()
                if (n := sum(o[0] == word for o in own))
            ]
            means = [o[1] for o in own]
            better, worse = (sum(o[2] == f for o in own) for f in ("better", "worse"))
            span = f"{signed(float(np.mean(means)))} ({signed(min(means))} to {signed(max(means))})"
            told.append(
                f"{' '.join(words)} {span}"
                + f" ▲{better}" * bool(better)
                + f" ▼{worse}" * bool(worse)
            )
        print(f"| {label} | {' | '.join(told)} |")


def print_story(studies: list[Study]) -> None:
    """How many seeds have what is said of the demo."""
    for signal, rate, words in STORY:
        holds = [
            row.verdict is not None and row.verdict.verdict in words
            for seen in studies
            for row in seen.rows
            if (row.cell.condition.signal, row.cell.condition.rate) == (signal, rate)
            and row.cell.condition.selector == "global"
        ]
        print(f"{signal} at {percent(rate)} is {' or '.join(words)}: {sum(holds)} of {len(holds)}")
    marks = [{row.verdict.verdict for row in seen.rows if row.verdict} for seen in studies]
    print(
        f"✓ and ✗ on the board: {sum({'within', 'outside'} <= one for one in marks)} of {len(marks)}"
    )
    print(f"? on the board: {sum('inconclusive' in one for one in marks)} of {len(marks)}")


def main(
    folder: Annotated[Path, typer.Option(help="Holds runs and store; kept.")],
    seeds: Annotated[int, typer.Option(help="Generator seeds, from 0.")] = 10,
) -> None:
    """Run the demo on other tickets; print its answers, one table, and what holds of how many."""
    studies, answers = [], []
    for seed in range(seeds):
        started = time.monotonic()
        seen = ran(folder, seed)
        studies.append(seen)
        (card,) = cards(seen)
        answers.append(
            f"{seed}: {card.mark} {card.headline} {card.sentences[-1]} ({time.monotonic() - started:.0f} s)"
        )
    print("\n".join(answers))
    print_table(studies)
    print_story(studies)


if __name__ == "__main__":
    typer.run(main)
