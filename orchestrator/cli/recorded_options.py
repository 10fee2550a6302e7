"""What a sweep was asked for, kept in its run's folder: later commands read data and model by it."""

import json
import os
from collections.abc import Iterator
from contextlib import chdir, contextmanager
from pathlib import Path

from pydantic import ValidationError

from analysis.mending import mended_by_command
from orchestrator.cli.options import SweepOptions
from orchestrator.store.atomic import atomic_write
from orchestrator.store.object_storage import credentials_aside
from orchestrator.store.run_folder import Run
from trainables.data.catalog import DATA_DIR_VARIABLE
from trainables.errors import AbsentError, DataError
from trainables.seals import file_bytes, read_sealed, with_check

RECORD = "options.json"


def record_options(options: SweepOptions, folder: Path, *, gpus: float = 0.0) -> None:
    """Write RUN/options.json: the options, without the key of a storage, and the folder that their relative paths start from.

    Args:
        options: Of the sweep.
        folder: The run's.
        gpus: What each trial is given of accelerators, asked for or not.
    """
    data_dir = options.data_dir or os.environ.get(DATA_DIR_VARIABLE, "")
    values = options.model_dump(mode="json", exclude_defaults=True)
    values |= {"data_dir": str(data_dir)} if data_dir else {}
    if "storage" in values:
        values["storage"] = credentials_aside(values["storage"])
    told = {"folder": str(Path.cwd()), "options": values, "accelerators": gpus}
    text = json.dumps(with_check(told), indent=1, sort_keys=True)
    atomic_write(folder / RECORD, text.encode())


@contextmanager
def recorded_options(run: Path) -> Iterator[SweepOptions]:
    """The options of a run, in the folder that their relative paths start from.

    Args:
        run: The run's folder; what else is relative is to be made absolute before.

    Raises:
        AbsentError: If the run has no such record, or that folder is not there.
        DataError: If the record is damaged.
        UsageError: If another release made the run.
    """
    path = run / RECORD
    if not path.exists():
        plan = Run(run).plan_there() if run.is_dir() else None
        if plan is None or not plan.command:
            why = "holds no run" if run.is_dir() else "no such folder"
            raise AbsentError(f"{run}: {why}; name the folder of a run")
        raise AbsentError(
            f"{run}: what it was asked for is not recorded in it; run its command once more, which trains "
            f"nothing anew: {plan.command}"
        )
    with mended_by_command(path):
        told = read_sealed(file_bytes(path))
    try:
        options, folder = SweepOptions.model_validate(told["options"]), Path(told["folder"])
    except (ValidationError, ValueError, TypeError, KeyError) as error:
        raise DataError(f"{path}: no options that a sweep wrote: {error}") from error
    if not folder.is_dir():
        raise AbsentError(
            f"{path}: the folder {folder}, in which the sweep was started, is not there"
        )
    with chdir(folder):
        yield options


@contextmanager
def started_from(config: Path | None) -> Iterator[Path | None]:
    """What a sweep is told by: a YAML file; or a run, in the folder that its relative paths start from.

    Args:
        config: The file, or the folder of a run.

    Raises:
        As `recorded_options`, of a folder.
    """
    if config is None or not config.is_dir():
        yield config
        return
    run = config.absolute()
    with recorded_options(run):
        # From the folder that the sweep was started from, the run is called as it was.
        yield config if config.absolute() == run else run
