"""What a trainer of the user's own is given and gives back, whatever form it has."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import pyarrow as pa

from trainables.spec import Setting

STARTS = ("fork", "spawn")


@dataclass(frozen=True, kw_only=True, eq=False)
class Call:
    """One call of a trainer.

    Attributes:
        folder: Of this call: log.txt, the lock, and files that are handed over.
        tables: train, test, and validation where there is one: the user's own columns and id.
        seed: What everything random is to come from; in [0, 2^32).
        scratch: Empty at the first call of a trial; what a killed call left in it is in it at the next.
        threads: To compute with.
        device: To compute on.
        passes: How many times as many passes over the rows as the trainer makes of its own; 1, or more
            where a pruned run is to take as many steps as the full one.
        hours: After which the call is ended; None for no limit.
    """

    folder: Path
    tables: Mapping[str, pa.Table]
    seed: int
    scratch: Path
    threads: int = 1
    device: Literal["cpu", "cuda"] = "cpu"
    passes: float = 1.0
    hours: float | None = None

    @property
    def log(self) -> Path:
        """What the trainer writes to its standard output and error."""
        return self.folder / "log.txt"


@dataclass(frozen=True, kw_only=True, eq=False)
class Answered:
    """What a trainer gave back, as it gave it: nothing of it is checked yet.

    Attributes:
        table: One row a test row; predicted, probs (lists of numbers, one a class), loss, weight, id,
            or any name of the user's own.
        examples: Samples it says it trained on, repeats counted; 0 where it does not say.
        tokens: Of them, tokens.
        seconds_training: Until it said that training had ended; all of it where it did not say.
        seconds_evaluation: After that.
        seconds_starting: Before its own code ran: interpreter and imports, where that is known.
        log: Its log.txt.
    """

    table: pa.Table
    examples: int = 0
    tokens: int = 0
    seconds_training: float = 0.0
    seconds_evaluation: float = 0.0
    seconds_starting: float = 0.0
    log: Path


@dataclass(frozen=True, kw_only=True)
class Trainer:
    """A trainer of the user's own, found and read: what a spec says of it, and how it is called.

    Attributes:
        learner: file.py:function, module:function, or "command"; `TrialSpec.learner`.
        settings: All of them, defaults too; `TrialSpec.learner_settings`.
        sha: Content of its files, its words, its version; `TrialSpec.learner_sha`.
        files: What that content is of, as a reader knows them; the plan lists them.
        takes_passes: Whether it can be run at equal steps.
        train: Calls it.
    """

    learner: str
    settings: tuple[tuple[str, Setting], ...] = ()
    sha: str
    files: tuple[str, ...] = ()
    takes_passes: bool = False
    train: Callable[[Call], Answered]


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where and how a trainer is called: nothing of it is in a key.

    Attributes:
        folder: Where the sweep was called; the trainer's working folder.
        threads: A call computes with.
        device: It computes on.
        start: How a function's process begins: forked off one that has imported its module, or spawned.
        hours: After which a call is ended; None for no limit.
        shows_answers: Whether the test table holds what is to be predicted: only where the metric is
            computed by the trainer itself.
    """

    folder: Path = field(default_factory=Path.cwd)
    threads: int = 1
    device: Literal["cpu", "cuda"] = "cpu"
    start: Literal["fork", "spawn"] = "fork"
    hours: float | None = None
    shows_answers: bool = False
