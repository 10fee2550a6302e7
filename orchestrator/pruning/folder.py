"""The folder of a pruned data set: written beside its place, checked, and put there in one step."""

import os
import shutil
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray
from rich.filesize import decimal

from analysis.pruned_files import FOLDER, PrunedFile, PruneRecord
from orchestrator.execution.write_lists import kept_table
from orchestrator.pruning.opened import OpenedRun
from orchestrator.pruning.survivors import Survivors
from orchestrator.store.atomic import atomic_write, sha256_of
from orchestrator.store.whole_folder import check_place, whole_folder
from trainables.data.rewriting import check_marks, check_written, write_splits
from trainables.errors import UnavailableError, UsageError
from trainables.keys import key_of
from trainables.selection.removed import removed_rows

# Bytes of a removed row beside the data: its scores, its neighbour, its reason.
_REMOVED_BYTES = 200
Card = Callable[[PruneRecord], str]


def check_out(out: Path, *, own: Sequence[Path] = ()) -> Path:
    """Where a folder is to be: absolute, with no link in its way; what could only fail at the end is refused.

    Args:
        out: As it was asked for.
        own: Folders that are kept for something else, in which it may not lie: the run's, the store.

    Raises:
        UsageError: If something is there already, or no folder can be put there.
        UnavailableError: If nothing can be written where it is to be.
    """
    out = Path(os.path.realpath(out))  # unlike Path.resolve it takes a loop of links
    for folder in own:
        if out != folder.resolve() and out.is_relative_to(folder.resolve()):
            raise UsageError(
                f"{out} is in {folder}, which holds what a run goes on from; name a folder elsewhere"
            )
    check_place(out)
    return out


def check_space(out: Path, opened: OpenedRun, removed: int) -> None:
    """Refuse what the disk cannot hold, before anything is run.

    Args:
        out: Where the folder is to be.
        opened: The run, with its data.
        removed: Rows that go.

    Raises:
        UnavailableError: If there is too little room.
    """
    wanted = _size_of(opened) + removed * _REMOVED_BYTES
    there = next(folder for folder in (out, *out.parents) if folder.exists())
    free = shutil.disk_usage(there).free
    if wanted > free:
        raise UnavailableError(
            f"{there} has {decimal(free)} free, and the pruned data set needs about {decimal(wanted)}; free "
            "some, or name a folder on a larger disk"
        )


def check_list(opened: OpenedRun, survivors: Survivors) -> None:
    """Refuse a list that leaves nothing that could be written, before anything is run.

    Args:
        opened: The run, with its data.
        survivors: The list.

    Raises:
        DataError: If a class is left without a training row, and another split has it.
    """
    check_marks(opened.dataset, _stays(opened, survivors))


def _stays(opened: OpenedRun, survivors: Survivors) -> dict[str, NDArray[np.bool_]]:
    """Of each split, which of its rows stay: of others than the training rows all."""
    every = {name: np.ones(len(split), dtype=bool) for name, split in opened.dataset.splits.items()}
    return every | {"train": survivors.keep}


def _size_of(opened: OpenedRun) -> int:
    """Bytes of the data set's files at most, or of what was read where they are not at hand."""
    path, test = opened.data_path, Path(opened.source.test)
    files = [one for one in (path, test) if one and one.is_file()]
    if path and path.is_dir():
        files += [one for one in path.rglob("*") if one.is_file()]
    if files:
        return sum(one.stat().st_size for one in files)
    return sum(split.inputs.nbytes + 16 * len(split) for split in opened.dataset.splits.values())


def write_folder(
    out: Path, opened: OpenedRun, survivors: Survivors, record: PruneRecord, card: Card
) -> PruneRecord:
    """Write a pruned data set, whole or not at all, and its record into the run's folder.

    Args:
        out: Where it is to be, of `check_out`.
        opened: The run, with its data.
        survivors: The rows that stay.
        record: All that is known of it before its files are written.
        card: The text of the card of a record.

    Returns:
        The record, with its files.

    Raises:
        DataError: If what was written does not read as what was to be written.
        UnavailableError: If there is no room, or another command writes there.
    """
    with whole_folder(out) as draft:
        record = _fill(draft, opened, survivors, record)
        (draft / "prune.json").write_text(record.to_json(), encoding="utf-8")
        (draft / "README.md").write_text(card(record), encoding="utf-8")
    kept = replace(record, out=str(out))
    name = key_of([record.data_sha, record.list_sha, kept.out])[:12]
    atomic_write(opened.folder / FOLDER / f"{name}.json", kept.to_json().encode())
    return record


def _fill(draft: Path, opened: OpenedRun, survivors: Survivors, record: PruneRecord) -> PruneRecord:
    """Write and check the files of data, and who stays and who goes."""
    dataset, keep = opened.dataset, survivors.keep
    stays = _stays(opened, survivors)
    written = write_splits(opened.source, dataset, stays, draft / "data")
    notes = check_written(opened.source, dataset, stays, draft / "data")
    kept = kept_table(dataset, keep, answers="class")
    pq.write_table(kept, draft / "kept.parquet", compression="zstd")
    removed = removed_rows(survivors.spec, opened.runs, keep, survivors.scores)
    pq.write_table(removed, draft / "removed.parquet", compression="zstd")
    return replace(
        record,
        files=tuple(PrunedFile(**asdict(one)) for one in written),
        notes=tuple(notes),
        kept_sha256=sha256_of(draft / "kept.parquet", fresh=True),
        removed_sha256=sha256_of(draft / "removed.parquet", fresh=True),
    )
