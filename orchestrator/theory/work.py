"""Pieces of work of `--grid theory`: one file each, made by processes, and never made twice."""

import multiprocessing
import os
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

import numpy as np

from orchestrator.theory.grid import TheoryGrid
from trainables import perceptron
from trainables.errors import DamagedError
from trainables.keys import key_of
from trainables.perceptron import StudentData, asymptotic_error, crossover_alpha, simulate
from trainables.seals import file_bytes, read_sealed, seal
from trainables.whole_file import whole_file

_POLL_S = 0.2
# Seconds, on one core of a laptop: of an exact error by a perfect and another probe, of a crossover.
_EXACT_S, _PROBE_S, _CROSSOVER_S = 0.05, 0.5, 1.0
# Seconds a student of k examples in n dimensions takes, over k^2 n.
_STUDENT_S = 3e-10


@dataclass(frozen=True, kw_only=True)
class TheoryTask:
    """One number, or the errors of one arm.

    Attributes:
        kind: Students simulated, an error in the limit of many dimensions, or the alpha at which
            keeping the hardest overtakes keeping the easiest.
        arm: What is kept of how much; of a crossover only the share kept counts.
        dimensions: Of a simulation.
        repetitions: Likewise.
        seed: Likewise.
    """

    kind: Literal["simulated", "exact", "crossover"]
    arm: StudentData
    dimensions: int = 0
    repetitions: int = 0
    seed: int = 0

    @property
    def file(self) -> str:
        """The file's name: it changes with the task and with the code that answers it."""
        asked = {
            name: float(v) if isinstance(v, int) else v for name, v in asdict(self.arm).items()
        }
        return f"{self.kind}-{key_of([asdict(self) | {'arm': asked}, _code()])[:20]}.json"

    @property
    def seconds(self) -> float:
        """About how long it takes, before a machine is known."""
        if self.kind == "exact":
            return _PROBE_S if self.arm.theta_deg else _EXACT_S
        if self.kind == "crossover":
            return _CROSSOVER_S
        kept = self.arm.alpha * self.arm.kept * self.dimensions
        return self.repetitions * (0.003 + _STUDENT_S * kept**2 * self.dimensions)


@cache
def _code() -> str:
    return key_of(Path(perceptron.__file__).read_text(encoding="utf-8"))


def tasks_of(grid: TheoryGrid) -> list[TheoryTask]:
    """All that a grid asks for, each once."""
    arms = [arm for _, arm in grid.frontier_arms()] + [arm for arm, _ in grid.accepted]
    simulated = [simulation(grid, arm) for arm in arms]
    exact = [TheoryTask(kind="exact", arm=arm) for arm in (*arms, *_drawn(grid))]
    crossings = [crossing(kept) for kept in grid.crossings]
    return list(dict.fromkeys([*simulated, *exact, *crossings]))


def simulation(grid: TheoryGrid, arm: StudentData) -> TheoryTask:
    """The students of one arm."""
    return TheoryTask(
        kind="simulated", arm=arm, dimensions=grid.dimensions, repetitions=grid.repetitions, seed=grid.seed
    )  # fmt: skip


def crossing(kept: float) -> TheoryTask:
    """The exact crossover at one kept share."""
    return TheoryTask(kind="crossover", arm=StudentData(alpha=1, kept=kept, keep="hard"))


def beside_crossings(grid: TheoryGrid, exact: Callable[[float], float]) -> list[TheoryTask]:
    """Students of the hardest and the easiest on both sides of each crossover."""
    return [
        simulation(grid, StudentData(alpha=round(factor * exact(kept), 2), kept=kept, keep=keep))
        for kept in grid.crossings
        for factor in grid.beside
        for keep in ("hard", "easy")
    ]


def _drawn(grid: TheoryGrid) -> Iterator[StudentData]:
    """The points of the exact curves."""
    methods = [named for named in grid.methods.values() if named[0] != "random"]
    for alpha in grid.curve_alphas():
        yield StudentData(alpha=alpha)
        for share in grid.shares:
            for keep, theta in methods:
                yield StudentData(alpha=alpha, kept=share, keep=keep, theta_deg=theta)
        for share in grid.crossings:
            for keep, _ in methods:
                yield StudentData(alpha=alpha, kept=share, keep=keep)


def solve(task: TheoryTask) -> dict[str, Any]:
    """What a task's file holds: the task, its values and the seconds they took."""
    start = time.perf_counter()
    if task.kind == "exact":
        values = [asymptotic_error(task.arm)]
    elif task.kind == "crossover":
        values = [crossover_alpha(task.arm.kept)]
    else:
        errors = simulate(task.arm, n=task.dimensions, repeats=task.repetitions, seed=task.seed)
        values = [float(error) for error in errors]
    seconds = round(time.perf_counter() - start, 3)
    return {**asdict(task), "values": values, "seconds": seconds}


def values_of(task: TheoryTask, folder: Path) -> np.ndarray:
    """The values of a task that is done.

    Raises:
        DamagedError: If its file is not what was written.
        FileNotFoundError: If it is not there.
    """
    path = folder / task.file
    try:
        found = read_sealed(file_bytes(path))
        values = np.array(found["values"], float)
    except (ValueError, KeyError, TypeError) as error:
        raise DamagedError(f"{path}: not a result of this command: {error}") from error
    if {name: found.get(name) for name in asdict(task)} != asdict(task):
        raise DamagedError(f"{path}: holds another piece of work")
    wanted = task.repetitions if task.kind == "simulated" else 1
    if values.shape != (wanted,) or not np.isfinite(values).all():
        raise DamagedError(f"{path}: holds {values.size} values where {wanted} are wanted")
    return values


def left_of(tasks: Sequence[TheoryTask], folder: Path) -> list[TheoryTask]:
    """Tasks without a file that holds their values, the longest first."""
    left = [task for task in tasks if not _is_done(task, folder)]
    return sorted(left, key=lambda task: -task.seconds)


def _is_done(task: TheoryTask, folder: Path) -> bool:
    """Whether a task's values are there."""
    try:
        values_of(task, folder)
    except (DamagedError, FileNotFoundError):
        return False
    return True


def put_aside(tasks: Sequence[TheoryTask], folder: Path) -> list[str]:
    """Move files that do not hold their task's values into a folder beside theirs; a line for each."""
    told = []
    for task in tasks:
        path = folder / task.file
        try:
            values_of(task, folder)
        except DamagedError as error:
            target = folder.parent / "damaged" / f"{path.name}.{time.time_ns()}"
            target.parent.mkdir(exist_ok=True)
            path.rename(target)
            told.append(f"{error}; it is moved to {target} and made anew")
        except FileNotFoundError:
            continue
    return told


def work(tasks: Sequence[TheoryTask], folder: Path, told: Callable[[int], None]) -> None:
    """Do tasks in order; each one's file is there once it is done.

    Args:
        tasks: What to do.
        folder: Of the files.
        told: Given the number of tasks done after each.
    """
    for count, task in enumerate(tasks, 1):
        found = solve(task)
        with whole_file(folder / task.file) as draft:
            draft.write_bytes(seal(found))
        told(count)


def work_for(parent: int, tasks: Sequence[TheoryTask], folder: Path) -> None:
    """Do tasks for another process; stop where that is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches all; who asked ends the others
    for task in tasks:
        if os.getppid() != parent:
            return
        work([task], folder, lambda _: None)


def work_apart(
    tasks: Sequence[TheoryTask], folder: Path, workers: int, told: Callable[[int], None]
) -> None:
    """Do tasks in processes; each task's file is there when it returns, or its process failed.

    Args:
        tasks: The longest first.
        folder: Of the files.
        workers: Processes.
        told: Given the number of files that are there, a few times a second.
    """
    context = multiprocessing.get_context("spawn")
    shares = [tasks[i::workers] for i in range(min(workers, len(tasks)))]
    asked = (os.getpid(),)
    running = [context.Process(target=work_for, args=(*asked, share, folder)) for share in shares]
    try:
        for one in running:
            one.start()
        while any(one.is_alive() for one in running):
            time.sleep(_POLL_S)
            told(sum((folder / task.file).exists() for task in tasks))
    finally:
        # After Ctrl-C: what was not finished is done again.
        for one in running:
            if one.is_alive():
                one.terminate()
            one.join()
