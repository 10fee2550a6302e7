"""Whether the files of a data set were edited since they were last planned from."""

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from orchestrator.store.atomic import atomic_write
from trainables.data.catalog import DATA_DIR_VARIABLE, Source
from trainables.data.dataset import Dataset
from trainables.errors import DamagedError
from trainables.keys import key_of
from trainables.seals import read_sealed, with_check

RECORD = "data_files.json"


def _key(source: Source) -> str:
    """Names a file or folder, however its path is spelled, and how it is read; empty for what is neither."""
    folder = source.data_dir or os.environ.get(DATA_DIR_VARIABLE)
    path = Path(folder) / source.name if folder else Path(source.name)
    path = path if path.exists() else Path(source.name)
    if not source.name or not path.exists():
        return ""
    told = {
        name: value
        for name, value in asdict(source).items()
        if name not in ("title", "pinned", "data_dir")
    }
    test = str(Path(source.test).resolve()) if Path(source.test).is_file() else source.test
    return key_of({**told, "name": str(path.resolve()), "test": test})


def record_sources(
    folder: Path, sources: Mapping[str, Source], datasets: Mapping[str, Dataset]
) -> None:
    """Write into a run's folder what its files held.

    Args:
        folder: The run's.
        sources: As asked for.
        datasets: What they came to, by the same names.
    """
    now = datetime.now(UTC).isoformat(timespec="seconds")
    held = _read(folder / RECORD)
    for asked, source in sources.items():
        if key := _key(source):
            dataset = datasets[asked]
            held[key] = {"sha": dataset.sha, "rows": len(dataset.train), "planned": now}
    if held:
        text = json.dumps(with_check(held), indent=1, sort_keys=True)
        atomic_write(folder / RECORD, text.encode())


def edited(
    runs: Path, folder: Path, sources: Mapping[str, Source], datasets: Mapping[str, Dataset]
) -> list[str]:
    """A sentence on each data set whose files held something else when a run was last planned from them.

    Args:
        runs: Folder of runs.
        folder: The run's own, in it or elsewhere.
        sources: As asked for.
        datasets: What they come to, by the same names.
    """
    records = list(_records(runs, folder))
    found = []
    for asked, source in sources.items():
        key, dataset = _key(source), datasets[asked]
        last = max(
            ((record[key], run) for run, record in records if key in record),
            key=lambda one: str(one[0].get("planned")),
            default=None,
        )
        if last and last[0].get("sha") != dataset.sha:
            was, run = last
            rows = (
                f"{int(was.get('rows', 0)):,} training rows then, {len(dataset.train):,} at present"
            )
            found.append(
                f"{dataset.name}: its files were edited since {run} was planned on "
                f"{str(was.get('planned'))[:10]} ({rows}): trials of then are of other data, none is used"
            )
    return found


def _records(runs: Path, folder: Path) -> Iterator[tuple[Path, dict[str, Any]]]:
    for path in sorted({*runs.glob(f"*/{RECORD}"), folder / RECORD}):
        yield path.parent, _read(path)


def _read(path: Path) -> dict[str, Any]:
    """What a record holds; nothing where it is not there or damaged: it only serves a note."""
    try:
        held = read_sealed(path.read_bytes())
    except (OSError, DamagedError):
        return {}
    return {
        key: one
        for key, one in held.items()
        if isinstance(one, dict) and isinstance(one.get("rows"), int)
    }
