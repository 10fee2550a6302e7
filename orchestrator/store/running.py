"""What a sweep does at this moment, as its run's folder says it to who looks from outside."""

import json
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from orchestrator.store.atomic import atomic_write

_FILE = ".running.json"


@dataclass(frozen=True, kw_only=True)
class Lane:
    """What one worker does.

    Attributes:
        what: The task: its data set and method, or its kind and what it is about.
        which: Of a trial its rate and seed.
        began: Seconds of the epoch at which it started.
        stage: What the worker does of it now; empty where it has not said.
        done: How much of that, in its unit.
        total: Of how much.
        unit: "rows" or "epoch"; empty where it is not known how far it is.
        share: Of the stage, in [0, 1].
    """

    what: str
    began: float
    which: str = ""
    stage: str = ""
    done: int = 0
    total: int = 0
    unit: str = ""
    share: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Bar:
    """Tasks of one kind.

    Attributes:
        noun: What they are called.
        done: How many ended, well or not.
        total: Of how many.
        seconds: Since the first began, until the last ended; None where none has begun.
    """

    noun: str
    done: int
    total: int
    seconds: float | None


@dataclass(frozen=True, kw_only=True)
class Running:
    """What a sweep does at this moment.

    Attributes:
        at: Seconds of the epoch at which this was so.
        waits_for: What it waits for while no worker works; empty where one does.
        lanes: One a worker that works.
        bars: One a kind of task.
        so_far: What the trials that have ended come to: what leads in each data set, and what it shows.
        trials: Trials that ended in this command.
        failed: Tasks that failed in it.
        left_s: The least and the most seconds to the end of what is planned; None where not known.
        coming: What may follow beyond what is planned, or empty.
        stops: Whether it was asked to stop, and waits for its workers.
    """

    at: float
    waits_for: str = ""
    lanes: tuple[Lane, ...] = ()
    bars: tuple[Bar, ...] = ()
    so_far: tuple[tuple[str, str], ...] = ()
    trials: int = 0
    failed: int = 0
    left_s: tuple[float, float] | None = None
    coming: str = ""
    stops: bool = False


def write_running(folder: Path, running: Running) -> None:
    """Say in a run's folder what its sweep does.

    Raises:
        StoreError: If it cannot be written.
    """
    atomic_write(folder / _FILE, json.dumps(asdict(running)).encode())


def read_running(folder: Path) -> Running | None:
    """What the sweep that holds a run's folder does; None where it has not said, or not in these words.

    Who asks must know that the folder is held: a sweep that was killed leaves its last words.
    """
    with suppress(OSError, ValueError, TypeError):
        told = json.loads((folder / _FILE).read_bytes())
        told["lanes"] = tuple(Lane(**one) for one in told["lanes"])
        told["bars"] = tuple(Bar(**one) for one in told["bars"])
        told["so_far"] = tuple((str(what), str(shows)) for what, shows in told["so_far"])
        left = told["left_s"]
        told["left_s"] = left and (float(left[0]), float(left[1]))
        return Running(**told)
    return None


def forget_running(folder: Path) -> None:
    """Take the words away: the sweep has ended."""
    with suppress(OSError):
        (folder / _FILE).unlink(missing_ok=True)
