"""How the cost of neighbours, and so of scoring by them, grows with the rows of a data set.

    python -m benchmarks.scale [--rows 25000 --rows 50000 --rows 100000] [--threads 2]

Each size is searched in a process of its own, by all threads. The exponent between two sizes says
how cost grows; exact search should show 2. Memory is what the process holds at most, the vectors
included; bytes a row are its growth between two sizes.
"""

import math
import multiprocessing
import time
from concurrent.futures import ProcessPoolExecutor
from typing import Annotated

import typer
from rich import print as show
from rich.table import Table

from benchmarks.neighbours import K, clustered, memory_mb


def measure(n: int, d: int, threads: int) -> tuple[float, float]:
    """Seconds to find the neighbours of n clustered vectors, and the most MB held meanwhile."""
    from trainables.environment import settle
    from trainables.neighbours import nearest

    settle(threads)
    vectors = clustered(n, d)
    nearest(vectors[:2000], K)  # first calls are not the search
    started = time.perf_counter()
    nearest(vectors, K)
    return time.perf_counter() - started, memory_mb("VmHWM")


def main(
    rows: Annotated[list[int] | None, typer.Option(help="A size; give it several times.")] = None,
    d: Annotated[int, typer.Option(help="Dimensions.")] = 384,
    threads: Annotated[int, typer.Option(help="To compute with.")] = 2,
) -> None:
    """Print seconds and memory for each size, and how they grow."""
    title = f"exact {K} neighbours, {d} dimensions, {threads} threads"
    table = Table("rows", "seconds", "exponent", "MB", "bytes a row", title=title)
    before: tuple[int, float, float] | None = None
    for n in sorted(rows or [25_000, 50_000, 100_000]):
        # spawn: the most a process ever held must be its own.
        with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
            seconds, memory = pool.submit(measure, n, d, threads).result()
        growth = ("", "")
        if before:
            exponent = math.log(seconds / before[1]) / math.log(n / before[0])
            growth = (f"{exponent:.2f}", f"{(memory - before[2]) * 2**20 / (n - before[0]):.0f}")
        table.add_row(f"{n:,}", f"{seconds:.1f}", growth[0], f"{memory:.0f}", growth[1])
        before = n, seconds, memory
    show(table)


if __name__ == "__main__":
    typer.run(main)
