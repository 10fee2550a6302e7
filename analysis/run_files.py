"""A run's folder as its reader finds it."""

from pathlib import Path

from trainables.records import from_json, read_parquet
from trainables.spec import TrialResult


def load_run(run: Path) -> list[TrialResult]:
    """The trials of a run: RUN/trials/*.json, or RUN/trials.parquet where that is all there is.

    Raises:
        FileNotFoundError: If the run holds neither.
        ValueError: If a file is not what it should be; the message names the file.
    """
    folder, table = run / "trials", run / "trials.parquet"
    paths = sorted(path for path in folder.glob("*.json") if not path.name.startswith("."))
    if paths or not table.exists():
        if not folder.is_dir() and not (run / "plan.json").exists():
            raise FileNotFoundError(
                f"{run} holds neither trials/ nor trials.parquet; name the folder of a run"
            )
        return [_read_row(path) for path in paths]
    try:
        return read_parquet(table)
    except (ValueError, OSError, KeyError) as error:
        raise ValueError(f"{table}: not a table of trials: {error}") from error


def _read_row(path: Path) -> TrialResult:
    try:
        return from_json(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error
