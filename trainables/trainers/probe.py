"""Three tiny calls of a trainer before anything is planned: what they say of it."""

import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from trainables.data.dataset import Dataset, Split
from trainables.data.user_tables import UserTables
from trainables.errors import DataError
from trainables.keys import seed_for
from trainables.outcome import Outcome
from trainables.trainers.answers import Expected, outcome_of
from trainables.trainers.contract import Call, Place, Trainer

# Rows of each split that a call is given, and of each class of the training split, at least.
ROWS = 200
_OF_A_CLASS = 2
_SEEDS = (0, 0, 1)
# A first call that takes longer stays the only one, in seconds.
_SLOW_S = 60.0
# Of a trial: what starting may take before a reader should know of it.
_MUCH = 0.1


@dataclass(frozen=True, kw_only=True)
class Probed:
    """What tiny calls said of a trainer.

    Attributes:
        who: The trainer.
        rows: Training rows of a call.
        starting_s: Before its own code ran, or before a command read its rows, in seconds.
        working_s: Of the fastest call after that.
        repeats: Whether two calls with one seed answered alike; None where it was not looked at.
        varies: Whether two seeds answered differently; None likewise.
        only_classes: Whether it answers with classes alone, which may be equal by chance.
        is_command: Whether each call starts a program.
    """

    who: str
    rows: int
    starting_s: float
    working_s: float
    repeats: bool | None
    varies: bool | None
    only_classes: bool
    is_command: bool

    def trial_s(self, rows: int) -> float:
        """Seconds of a trial on so many training rows, were its work in proportion to them."""
        return self.starting_s + self.working_s * rows / self.rows

    @property
    def warnings(self) -> tuple[str, ...]:
        """What a reader of each row must know."""
        if self.repeats is False:
            return (
                f"{self.who} is not deterministic: two calls with one seed and the same rows answered "
                "differently; seeds pair less tightly, and a resumed trial may differ",
            )
        return ()

    def notes(self, rows: int) -> list[str]:
        """What a reader of the plan must know.

        Args:
            rows: Training rows of the full run.
        """
        notes = list(self.warnings)
        if self.repeats is None:
            notes.append(
                f"one call of {self.who} on {self.rows} rows took {self.starting_s + self.working_s:.0f} "
                "s, so it was not looked at whether it repeats itself and heeds its seed"
            )
        if self.repeats and not self.varies:
            notes.append(self._seedless())
        if self.is_command and self.starting_s > _MUCH * self.trial_s(rows):
            notes.append(
                f"{self.starting_s:.1f} s of each trial pass before the command reads its rows, of about "
                f"{self.trial_s(rows):.1f} s on all rows: as a function, --trainer FILE.py:FUNCTION, "
                "imports are made once a worker"
            )
        return notes

    def _seedless(self) -> str:
        follows = (
            "seeds then differ only in which rows are removed, and say nothing more where a signal "
            "removes the same rows at every seed: 3 of them are enough there"
        )
        if self.only_classes:
            return (
                f"{self.who} gave {ROWS} test rows the same classes at two seeds: it may ignore its "
                f"seed; {follows}; with probabilities it could be told for sure"
            )
        return f"{self.who} ignores its seed: its run noise is 0; {follows}"


def probe_trainer(trainer: Trainer, dataset: Dataset, tables: UserTables, place: Place) -> Probed:
    """Call a trainer on some rows of all classes with seeds 0, 0 and 1, and check its answers.

    Args:
        trainer: The user's.
        dataset: What it will be trained on.
        tables: The user's columns of it.
        place: Where it is called.

    Raises:
        DataError: If a call fails, or its answer is none.
    """
    rows = {name: _chosen(split, name) for name, split in dataset.splits.items()}
    few = _taken(dataset, rows)
    some = replace(
        tables, tables={name: tables.tables[name].take(pa.array(rows[name])) for name in rows}
    )
    expected = Expected(
        who=trainer.learner,
        dataset=few,
        values=tables.class_values(dataset.train.labels, dataset.class_names),
        shows_answers=place.shows_answers,
        needs=place.needs,
    )
    given = some.given(np.ones(len(few.train), dtype=np.bool_), shows_answers=place.shows_answers)
    outcomes: list[Outcome] = []
    took: list[tuple[float, float]] = []
    with tempfile.TemporaryDirectory(prefix="prune-envelope-probe-") as folder:
        for number, seed in enumerate(_SEEDS):
            at = Path(folder) / str(number)
            call = Call(
                folder=at,
                tables=given,
                seed=seed,
                scratch=at / "scratch",
                threads=place.threads,
                device=place.device,
                hours=place.hours,
            )
            call.scratch.mkdir(parents=True)
            start = time.monotonic()
            outcome, starting = _called(trainer, call, expected)
            outcomes.append(outcome)
            took.append((time.monotonic() - start, starting))
            if took[0][0] > _SLOW_S:
                break
    return _probed(trainer, len(few.train), outcomes, took)


def _called(trainer: Trainer, call: Call, expected: Expected) -> tuple[Outcome, float]:
    try:
        answered = trainer.train(call)
        return outcome_of(answered.table, expected), answered.seconds_starting
    except DataError as error:
        # Its log goes with the folder of the call, so that only what was said of it is of use.
        told = str(error).removesuffix(f"; log: {call.log}")
        raise DataError(
            f"a first call, on {len(expected.dataset.train)} rows: {told} (nothing was scheduled; "
            "--no-probe leaves this call out)"
        ) from error


def _probed(
    trainer: Trainer, rows: int, outcomes: list[Outcome], took: list[tuple[float, float]]
) -> Probed:
    whole, starting = min(took)
    is_whole = len(outcomes) == len(_SEEDS)
    return Probed(
        who=trainer.learner,
        rows=rows,
        starting_s=starting,
        working_s=max(whole - starting, 1e-3),
        repeats=_same(outcomes[0], outcomes[1]) if is_whole else None,
        varies=not _same(outcomes[0], outcomes[2]) if is_whole else None,
        only_classes={*outcomes[0].columns} == {"predicted"}
        and np.issubdtype(outcomes[0].columns["predicted"].dtype, np.integer),
        is_command=trainer.learner == "command",
    )


def _same(one: Outcome, other: Outcome) -> bool:
    """Whether two answers are equal in every bit of every column."""
    return one.columns.keys() == other.columns.keys() and all(
        np.array_equal(one.columns[name], other.columns[name]) for name in one.columns
    )


def _chosen(split: Split, name: str) -> NDArray[np.int64]:
    """Some rows of a split in their order; some of each class."""
    order = np.random.default_rng(seed_for(0, "probe", name)).permutation(len(split))
    labels = split.labels[order]
    place = np.argsort(labels, kind="stable")
    counts = np.bincount(labels)
    # How many of its class come before a row, in the order drawn.
    before = np.empty(len(order), dtype=np.int64)
    before[place] = np.arange(len(order)) - np.repeat(np.cumsum(counts) - counts, counts)
    first = np.flatnonzero(before < _OF_A_CLASS)
    rest = np.flatnonzero(before >= _OF_A_CLASS)[: max(0, ROWS - len(first))]
    return np.sort(order[np.concatenate([first, rest])])


def _taken(dataset: Dataset, rows: Mapping[str, NDArray[np.int64]]) -> Dataset:
    splits: dict[str, Any] = {
        name: split.take(rows[name]) for name, split in dataset.splits.items()
    }
    return replace(dataset, **splits, truth={})
