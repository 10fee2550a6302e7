"""Where a data set's splits are: in a folder, in a file, or on the hub."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from trainables.data.arrow_files import fields_of
from trainables.data.columns import Columns, excerpt
from trainables.data.csv_files import Dialect
from trainables.data.hub import Hub, fetch
from trainables.data.parts import Part, part_of
from trainables.data.readers import READ, UNSAFE, is_readable
from trainables.data.split_files import VALIDATION_NAMES, shard_note, splits_in
from trainables.data.streams import COMPRESSIONS, format_suffix
from trainables.errors import AbsentError, DataError, UsageError
from trainables.suggestions import did_you_mean


@dataclass(frozen=True, kw_only=True)
class FoundParts:
    """The splits of a data set, before they are read.

    Attributes:
        parts: Of each split, under the names train, test and validation.
        notes: What a reader should know of them.
    """

    parts: dict[str, list[Part]]
    notes: tuple[str, ...] = ()


def find_parts(
    name: str,
    *,
    data_dir: str | Path | None,
    hub: Hub | None,
    test: str,
    dialect: Dialect,
    known: Sequence[str],
) -> FoundParts:
    """Find a data set's files.

    Args:
        name: As it was asked for.
        data_dir: Folder of folders by name, or None.
        hub: Where on the hub a data set of that name is, or None.
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
                raise AbsentError(
                    f"--test {excerpt(test)}: no such file, for {path} is one file: {READ}"
                )
            parts["test"] = [part_of(Path(test), dialect)]
        return FoundParts(parts=parts, notes=shard_note(path))
    if not is_known and name and path.is_dir():
        return _of_folder(path, split, dialect)
    if not is_known and hub is None:
        raise UsageError(
            f"no data set {excerpt(name)}: not a file or folder here, not owner/name@revision of the "
            f"hub, and not one of {', '.join(known)}.{did_you_mean(name, known)}"
        )
    if hub is None:
        raise DataError(
            f"data set {name!r} is not on the hub and not in "
            f"{data_dir or 'a folder (none was given)'}; give --data-dir DIR with "
            f"{name}/train.parquet and {name}/test.parquet in it, or the path of a file"
        )
    return _of_hub(hub, name, split)


def _is_file_name(path: Path) -> bool:
    """Whether a name is that of a file, there or not: it ends as one does that is read, or refused."""
    return (is_readable(path) or format_suffix(path) in UNSAFE) and not path.is_dir()


def _is_file(path: Path) -> bool:
    try:
        return path.exists() and not path.is_dir()
    except (OSError, ValueError):
        return False


def _of_folder(folder: Path, test: str, dialect: Dialect) -> FoundParts:
    if test != "test" and _is_file_name(Path(test)):
        files, notes = splits_in(folder, "test")
        files = {"train": files["train"], "test": [Path(test)]}
    else:
        files, notes = splits_in(folder, test)
    parts = {split: [part_of(path, dialect) for path in paths] for split, paths in files.items()}
    return FoundParts(parts=parts, notes=notes)


def _of_hub(hub: Hub, name: str, test: str) -> FoundParts:
    tables = fetch(hub, name)
    names = {"train": "train", "test": test}
    for one in () if test in VALIDATION_NAMES else VALIDATION_NAMES:
        if one in tables:
            names["validation"] = one
    if "train" not in tables:
        raise DataError(f"{name}: no split train on the hub; it has {excerpt(', '.join(tables))}")
    return FoundParts(
        parts={
            split: [_of_table(tables[stored], f"{name} ({split})")]
            for split, stored in names.items()
            if stored in tables
        }
    )


def _of_table(table: pa.Table, where: str) -> Part:
    def read(columns: Columns | None) -> pa.Table:
        return table.select(columns.names) if columns else table

    return Part(where=where, header=lambda _: fields_of(table.schema), read=read)


def title_of(name: str) -> str:
    """What a data set is called: a file's stem, a folder's name, or the name without revision."""
    path = Path(name)
    if is_readable(path) and not path.is_dir():
        stem = path.name
        for suffix in (*COMPRESSIONS, format_suffix(path)):
            if stem.lower().endswith(suffix):
                stem = stem[: -len(suffix)]
        return stem
    return path.resolve().name if path.is_dir() else name.partition("@")[0]
