"""What the scheduler adds: wall time of a sweep of short trials over the sum of their work.

    python benchmarks/overhead.py [--slots 2] [--seeds 10] [--epochs 200]

Trials are real, a logistic head on 600 made texts trained for so long that each takes a second
or two. Work is what workers measured inside their phases; a ratio of 1 would mean that both slots
computed all the time. The first ratio counts everything from the command to the last row, with the
start of Python, Ray and the workers; the second only from the first finished row to the last.
"""

import subprocess
import sys
import tempfile
import time
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from analysis.run_files import read_rows


def main(
    slots: Annotated[int, typer.Option(help="Trials at a time.")] = 2,
    seeds: Annotated[int, typer.Option(help="Each is five trials.")] = 10,
    epochs: Annotated[int, typer.Option(help="Sets how long a trial takes.")] = 200,
) -> None:
    """Run the sweep in a folder of its own and print both ratios."""
    with tempfile.TemporaryDirectory() as folder:
        run = Path(folder) / "run"
        command = [
            sys.executable, "-m", "orchestrator.sweep", "--grid", "demo", "--dataset",
            "synthetic:600", "--model", "linear", "--epochs", str(epochs), "--seeds", str(seeds),
            "--rate", "0.1", "--rate", "0.3", "--signal", "random", "--signal", "el2n", "--run",
            str(run), "--cache", f"{folder}/cache", "--no-report", "--max-trials-at-once",
            str(slots),
        ]  # fmt: skip
        started = time.perf_counter()
        subprocess.run(command, check=True, capture_output=True)
        wall = time.perf_counter() - started
        rows = read_rows(run)
    # A baseline's first part is its trials' warm-up: it was computed once.
    work = [
        sum(phase.seconds for name, phase in row.phases.items() if name != "warmup") for row in rows
    ]
    ends = sorted(datetime.fromisoformat(row.finished) for row in rows)
    steady = (ends[-1] - ends[0]).total_seconds()
    first = next(seconds for row, seconds in zip(rows, work, strict=True) if row.spec.is_baseline)
    print(f"{len(rows)} trials, {slots} slots, {sum(work) / len(rows):.2f} s of work each")
    print(f"whole command    {wall:6.1f} s: {slots * wall / sum(work):.2f} times the work")
    print(f"first to last    {steady:6.1f} s: {slots * steady / (sum(work) - first):.2f} times")


if __name__ == "__main__":
    typer.run(main)
