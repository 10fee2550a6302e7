"""Files of a run's folder that are not what was written: put aside, so that the command makes them anew."""

import logging
import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from analysis.dropped_samples import load_dropped
from analysis.outcomes import OUTCOME, PROBS, outcome_file, read_answers
from analysis.run_files import load_plan, read_curves, read_row
from orchestrator.store.replicated import Store
from trainables.errors import DamagedError, DataError
from trainables.result import TrialResult
from trainables.sealed_tables import open_sealed
from trainables.seals import file_bytes, read_sealed

FOLDER = "damaged"
_FOLDERS = ("trials", "outcomes", "tests", "survivors", "pruned", "removed", "logs")

logger = logging.getLogger(__name__)


def _json(path: Path) -> object:
    return read_sealed(file_bytes(path))


def _outcome(path: Path) -> object:
    return open_sealed(path, of=path.name.partition(".")[0])


# What a verdict, a table, the page or a list is made from, and what reads it; a folder is one too many.
CHECKS: Mapping[str, Callable[[Path], object]] = {
    "plan.json": lambda path: load_plan(path.parent),
    "options.json": _json,
    "data_files.json": _json,
    "dropped.json": lambda path: load_dropped(path.parent),
    "curves.jsonl": lambda path: read_curves(path.parent),
    "trials/*.json": read_row,
    "outcomes/*.parquet": _outcome,
    "tests/*.parquet": read_answers,
    "survivors/*.parquet": open_sealed,
    "pruned/*.json": _json,
}


def damaged_files(run: Path) -> Iterator[tuple[Path, str]]:
    """Files of a run's folder that are not what was written, and why."""
    for name in _FOLDERS:
        if (run / name).exists() and not (run / name).is_dir():
            yield run / name, "is no folder"
    for pattern, check in CHECKS.items():
        for path in sorted(run.glob(pattern)):
            if not path.name.startswith(".") and (why := _fault(path, check)):
                yield path, why


def _fault(path: Path, check: Callable[[Path], object]) -> str:
    """What is wrong with a file; empty where nothing is, or another release wrote it."""
    try:
        check(path)
    except DamagedError as error:
        return str(error.__cause__ or error)
    except (DataError, FileNotFoundError):
        pass
    return ""


def put_damaged_aside(run: Path) -> None:
    """Move what is damaged into RUN/damaged, with a line for each; who holds the run's lock calls it."""
    for path, why in [*damaged_files(run)]:
        target = run / FOLDER / path.relative_to(run)
        number = 1
        while os.path.lexists(target):
            number += 1
            target = target.with_name(f"{path.name}.{number}")
        logger.warning("%s %s; it is moved to %s and made anew", path, why, target)
        target.parent.mkdir(parents=True, exist_ok=True)
        path.rename(target)


def row_there(path: Path) -> TrialResult | None:
    """A row; None where there is none, or it is damaged.

    Raises:
        DataError: If another release wrote it.
    """
    try:
        return read_row(path)
    except (DamagedError, FileNotFoundError):
        return None


def is_outcome_intact(path: Path) -> bool:
    """Whether a file of outcomes is there and is what was written."""
    return path.exists() and not _fault(path, _outcome)


def lost_outcomes(run: Path, store: Store) -> dict[str, tuple[str, ...]]:
    """Kinds of outcomes that a run's folder had and neither it nor the store has, by the trial's key."""
    lost: dict[str, tuple[str, ...]] = {}
    for kind, ending in ((OUTCOME, ".parquet"), (PROBS, f".{PROBS}.parquet")):
        for folder in (run / "outcomes", run / FOLDER / "outcomes"):
            for path in sorted(folder.glob(f"*{ending}")):
                key = path.name.removesuffix(ending)
                there = outcome_file(run, kind, key)
                if "." not in key and not (is_outcome_intact(there) or store.holds(kind, key)):
                    lost[key] = tuple(dict.fromkeys((*lost.get(key, ()), kind)))
    return lost
