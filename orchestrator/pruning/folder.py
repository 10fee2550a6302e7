"""The folder of a pruned data set: written beside its place, checked, and put there in one step."""

import errno
import fcntl
import os
import shutil
import stat
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, replace
from glob import escape
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

from analysis.pruned_files import FOLDER, PrunedFile, PruneRecord
from orchestrator.execution.write_lists import kept_table
from orchestrator.pruning.opened import OpenedRun
from orchestrator.pruning.survivors import Survivors
from orchestrator.store.atomic import atomic_write, make_folder, sha256_of, store_errors, sync
from trainables.data.rewriting import check_written, write_splits
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
    # os.path and not Path: a name that is too long is one that is not there.
    if os.path.lexists(out) and not os.path.isdir(out):  # noqa: PTH112
        raise UsageError(f"{out} is there and is no folder; name one that is not there yet")
    if os.path.isdir(out) and any(out.iterdir()):  # noqa: PTH112
        raise UsageError(
            f"{out} is not empty, and nothing in it is overwritten; name a folder that is not there yet"
        )
    for folder in own:
        if out.is_relative_to(folder.resolve()):
            raise UsageError(
                f"{out} is in {folder}, which holds what a run goes on from; name a folder elsewhere"
            )
    _check_place(out)
    return out


def _check_place(out: Path) -> None:
    """Refuse where no folder can be written beside its place, and then be given its name."""
    there = next(path for path in out.parents if os.path.exists(path))  # noqa: PTH110
    if not there.is_dir():
        raise UsageError(f"{there} is a file, so that {out} can be no folder; name another")
    if os.path.ismount(out):
        raise UsageError(
            f"{out} is where a disk is mounted, and a folder is put in its place in one step; name one "
            f"in it, such as {out / 'pruned'}"
        )
    if not os.access(there, os.W_OK | os.X_OK):
        inside = f", or {out / 'pruned'}, as it is written beside its place" * out.is_dir()
        raise UnavailableError(
            f"{there} cannot be written to; make it writable, or name a folder elsewhere{inside}"
        )
    longest = os.pathconf(there, "PC_NAME_MAX")
    names = (*out.relative_to(there).parts, _draft_of(out).name)
    if any(len(os.fsencode(name)) > longest for name in names):
        room = longest - len(os.fsencode(_draft_of(out).name)) + len(os.fsencode(out.name))
        raise UsageError(
            f"{out}: its name is too long; one of {room} bytes has room beside its place"
        )


def _draft_of(out: Path) -> Path:
    """A hidden folder beside a folder that is to be."""
    return out.parent / f".{out.name}.{uuid.uuid4().hex}.partial"


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
            f"{there} has {free / 1e9:.2f} GB free, and the pruned data set needs about "
            f"{wanted / 1e9:.2f} GB; free some, or name a folder on a larger disk"
        )


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
    stays = {name: np.ones(len(split), dtype=bool) for name, split in dataset.splits.items()}
    stays["train"] = keep
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


@contextmanager
def whole_folder(out: Path) -> Iterator[Path]:
    """A hidden folder beside a folder that is to be; it takes its place at the end, unless an error came.

    What a command that was killed left beside is taken away.
    """
    with store_errors(out.parent):
        make_folder(out.parent)
        for left in sorted(out.parent.glob(f".{escape(out.name)}.*.partial")):
            _take_away(left, out)
        draft = _draft_of(out)
        draft.mkdir()
        _take_after(out, draft)
        held = os.open(draft, os.O_RDONLY)
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            yield draft
            for path in sorted(draft.rglob("*"), reverse=True):
                sync(path)
            sync(draft)
            _put(draft, out)
            sync(out.parent)
        finally:
            os.close(held)
            shutil.rmtree(draft, ignore_errors=True)


def _take_after(out: Path, draft: Path) -> None:
    """Who may read an empty folder that is there may read what takes its place, and nobody else."""
    if out.is_dir():
        about = out.stat()
        if (os.geteuid(), os.getegid()) != (about.st_uid, about.st_gid):
            with suppress(PermissionError):  # of others' folders the superuser alone can
                os.chown(draft, about.st_uid, about.st_gid)
        draft.chmod(stat.S_IMODE(about.st_mode) | stat.S_IRWXU)


def _put(draft: Path, out: Path) -> None:
    """Give a finished folder its name."""
    try:
        draft.rename(out)
    except OSError as error:
        if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
            raise
        raise UsageError(
            f"{out} was filled meanwhile, and nothing in it is overwritten; name a folder that is not there "
            "yet"
        ) from error


def _take_away(left: Path, out: Path) -> None:
    """Remove what a command that was killed left; its lock ended with it."""
    try:
        held = os.open(left, os.O_RDONLY)
    except FileNotFoundError:
        return
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        shutil.rmtree(left, ignore_errors=True)
    except BlockingIOError as error:
        raise UnavailableError(f"{out} is being written by another command; wait for it") from error
    finally:
        os.close(held)
