"""How long `--help` of every command takes, as a ratio to Python's own start.

    python benchmarks/startup.py

Each command runs once unmeasured and then seven times, in turns with `python -c pass`; the median
counts. A command that loads torch, ray, transformers or plotly for its help shows here at once.
"""

import subprocess
import sys
import time
from statistics import median

import typer

from orchestrator.__main__ import app

_TURNS = 7


def seconds(arguments: list[str]) -> float:
    """Wall time of one run of Python."""
    started = time.perf_counter()
    subprocess.run([sys.executable, *arguments], check=True, capture_output=True)
    return time.perf_counter() - started


def commands() -> list[list[str]]:
    """Every command by its words, those of groups included."""
    click = typer.main.get_command(app)
    found = [[]]
    for name, command in click.commands.items():
        found.append([name])
        found += [[name, inner] for inner in getattr(command, "commands", {})]
    return found


def main() -> None:
    """Print the table."""
    bare = ["-c", "pass"]
    print(f"{'command':<28}{'median s':>9}{'over python -c pass':>21}")
    for words in commands():
        asked = ["-m", "orchestrator", *words, "--help"]
        seconds(asked)
        pairs = [(seconds(asked), seconds(bare)) for _ in range(_TURNS)]
        took, base = (median(side) for side in zip(*pairs, strict=True))
        print(f"{' '.join(words) or '(none)':<28}{took:>9.3f}{took / base:>20.1f}x")


if __name__ == "__main__":
    main()
