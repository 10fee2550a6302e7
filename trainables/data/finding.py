"""Where a data set's splits are: in a folder, in a file, or on the hub."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from trainables.data.columns import excerpt
from trainables.data.csv_dialects import Dialect
from trainables.data.hub import Hub, hub_of, look_up, split_paths
from trainables.data.image_folders import image_splits
from trainables.data.parts import Part, part_of
from trainables.data.readers import READ, UNSAFE, is_readable
from trainables.data.shards import check_export, shard_note
from trainables.data.split_files import VALIDATION_NAMES, splits_in
from trainables.data.streams import COMPRESSIONS, format_suffix
from trainables.errors import DataError, UsageError
from trainables.suggestions import did_you_mean

# Of a name in a file system of Linux, in bytes.
_LONGEST_NAME = 255


@dataclass(frozen=True, kw_only=True)
class FoundParts:
    """The splits of a data set, before they are read.

    Attributes:
        parts: Of each split, under the names train, test and validation.
        notes: What a reader should know of them.
        source: Where on the hub they are from, as owner/name[:config]@commit, or empty.
    """

    parts: dict[str, list[Part]]
    notes: tuple[str, ...] = ()
    source: str = ""


def find_parts(
    name: str,
    *,
    data_dir: str | Path | None,
    hub: Hub | None,
    pinned: str,
    test: str,
    dialect: Dialect,
    known: Sequence[str],
) -> FoundParts:
    """Find a data set's files.

    Args:
        name: As it was asked for.
        data_dir: Folder of folders by name, or None.
        hub: Where on the hub a data set of that name is, or None.
        pinned: The commit to take there, or empty to look it up.
        test: A second file, or what the split to test on is called; empty for "test".
        dialect: How a CSV is written.
        known: Names of data sets, for messages.

    Raises:
        DataError: If nothing is there, or not all of it.
        UsageError: If the name can be nothing.
        UnsafeError: If a file's format can run code.
    """
    path, split = Path(name), test or "test"
    if data_dir and re.fullmatch(r"[a-z0-9][a-z0-9._-]{0,63}", name):
        folder = Path(data_dir) / name
        if folder.is_dir():
            return _of_folder(folder, split, dialect)
    is_known = name.partition("@")[0] in known
    if not is_known and (_is_file_name(path) or _is_file(path)):
        parts = {"train": [part_of(path, dialect)]}
        if test:
            if not (_is_file_name(Path(test)) or _is_file(Path(test))):
                what = "a folder" if Path(test).is_dir() else "no such file"
                raise DataError(
                    f"--test {excerpt(test)}: {what}, and {path} is one file: give {READ}"
                )
            parts["test"] = [part_of(Path(test), dialect)]
        return FoundParts(parts=parts, notes=shard_note(path))
    if not is_known and name and len(path.name.encode()) <= _LONGEST_NAME and path.is_dir():
        found = _of_folder(path, split, dialect)
        if hub_of(name) and "@" not in name:
            note = f"the folder {path} of this machine is read; {path}@main is the hub's"
            found = replace(found, notes=(*found.notes, note))
        return found
    if not is_known and hub is None:
        raise UsageError(
            f"no data set {excerpt(name)}: not a file or folder here, not owner/name[:config][@revision] "
            f"of the hub, and not one of {', '.join(known)}.{did_you_mean(name, known)}"
        )
    if hub is None:
        raise DataError(
            f"data set {name!r} is read from a folder, and is not in "
            f"{data_dir or 'one (none was given)'}; give --data-dir DIR with {name}/train.parquet and "
            f"{name}/test.parquet in it, the path of a file, or its place on the hub as owner/name"
        )
    return _of_hub(hub, pinned, test, dialect)


def _is_file_name(path: Path) -> bool:
    """Whether a name is that of a file, there or not: it ends as one does that is read, or refused."""
    return (is_readable(path) or format_suffix(path) in UNSAFE) and not _is_folder(path)


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:  # such as a name that is too long for any file
        return False


def _is_file(path: Path) -> bool:
    try:
        return path.exists() and not path.is_dir()
    except (OSError, ValueError):
        return False


def _of_folder(folder: Path, test: str, dialect: Dialect) -> FoundParts:
    if images := image_splits(folder, test):
        return FoundParts(parts=images.parts, notes=images.notes)
    if test != "test" and _is_file_name(Path(test)):
        files, notes = splits_in(folder, "")
        files["test"] = [Path(test)]
    else:
        files, notes = splits_in(folder, test)
    parts = {}
    for split, paths in files.items():
        try:
            parts[split] = [part_of(path, dialect) for path in paths]
        except DataError as error:
            if split != "validation":
                raise
            notes += (f"the validation split was left out: {error}",)
    return FoundParts(parts=parts, notes=notes)


def _of_hub(hub: Hub, pinned: str, test: str, dialect: Dialect) -> FoundParts:
    """The splits as the hub has them; those of other names are not fetched."""
    found = look_up(hub, pinned=pinned)
    there = found.layout.splits
    if "train" not in there:
        raise DataError(
            f"{hub.repo}: no split train on the hub; it has {excerpt(', '.join(there))}"
        )
    if test and test not in there:
        raise UsageError(
            f"{hub.repo}: no split {excerpt(test)} on the hub; it has {excerpt(', '.join(there))}"
        )
    names = {"train": "train", "test": test or "test"}
    known = [name for name in VALIDATION_NAMES if name in there and test not in VALIDATION_NAMES]
    if known:
        names["validation"] = known[0]
    parts = {}
    for split, stored in names.items():
        if stored in there:
            paths = split_paths(found, stored)
            check_export(paths, stored)
            parts[split] = [
                replace(part_of(path, dialect), class_names=found.layout.class_names)
                for path in paths
            ]
    return FoundParts(parts=parts, notes=found.notes, source=found.hub.source)


def title_of(name: str) -> str:
    """What a data set is called: a file's stem, a folder's name, or the name without revision."""
    path = Path(name)
    if is_readable(path) and not _is_folder(path):
        stem = path.name
        for suffix in (*COMPRESSIONS, format_suffix(path)):
            if stem.lower().endswith(suffix):
                stem = stem[: -len(suffix)]
        return stem
    return path.resolve().name if _is_folder(path) else name.partition("@")[0]
