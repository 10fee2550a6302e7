"""The rows that stay of a data set, written in its files' own format, and read again to prove it."""

import hashlib
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from trainables.data.catalog import Source, load
from trainables.data.columns import Columns, excerpt
from trainables.data.csv_dialects import Dialect
from trainables.data.dataset import Dataset
from trainables.data.origin import Origin, origin_of
from trainables.data.readers import FORMATS
from trainables.data.rewriting_files import RewrittenFile, is_pattern, rewrite_files
from trainables.data.rewriting_made import MADE, columns_made, write_made
from trainables.data.row_marks import RowMarks
from trainables.data.same_rows import difference, file_difference
from trainables.data.streams import format_suffix
from trainables.errors import DataError, EnvelopeError
from trainables.written_numbers import first_few

_SAVED = "save_to_disk wrote the files it is from; read it by load_dataset, not load_from_disk"

Keep = Mapping[str, NDArray[np.bool_]]


@dataclass(frozen=True, kw_only=True)
class WrittenFile:
    """One file that was written.

    Attributes:
        split: Whose rows it holds: train, test or validation.
        path: Where, relative to what holds the folder of data, such as data/train.csv.
        rows: How many it holds.
        sha256: Of its bytes, in hexadecimal.
        reading: What a reader has to know beside the name, under the words that `pandas.read_csv` and a
            configuration of a Hugging Face data set have for it, such as sep for a semicolon.
        is_table: Whether it is a table; else it is a NumPy file of the vectors of the table of its stem.
        note: What else to know of it, a sentence; empty for nothing.
    """

    split: str
    path: str
    rows: int
    sha256: str
    reading: Mapping[str, str | int] = field(default_factory=dict)
    is_table: bool = True
    note: str = ""


def write_splits(
    source: Source, dataset: Dataset, keep: Keep, folder: Path
) -> tuple[WrittenFile, ...]:
    """Write the rows that stay of each split, in the format, columns, types and order of its files.

    A file of which all rows stay is copied byte for byte. Shards stay shards; one that is left without rows is
    left out, and the others are numbered anew. Data that the package made, or altered for a stress test, are
    in no file: Parquet is written, and the note says so.

    Args:
        source: What was asked for; a branch on the hub pinned to its commit.
        dataset: What `load(source)` gave.
        keep: Of each split of the data set, which of its rows stay, shape (n,).
        folder: Is made; nothing may stand there. Its files are called train, test and validation.

    Returns:
        What was written, by split and shard.

    Raises:
        DataError: If a class is left without a training row and another split has it, or files changed
            since they were read.
    """
    check_marks(dataset, keep)
    origin = origin_of(source, dataset)
    folder.mkdir(parents=True)
    written: list[WrittenFile] = []
    for name, split in dataset.splits.items():
        if origin is None or split.rows is None:
            path = folder / f"{name}.parquet"
            write_made(dataset, split, keep[name], path)
            written.append(_written(name, path, int(keep[name].sum()), note=MADE))
            continue
        files = rewrite_files(
            origin.files[name],
            split.rows[keep[name]],
            folder,
            name=name,
            vectors=origin.columns.embedding,
            dialect=source.dialect,
        )
        for file in files:
            written += _of_file(name, file, source.dialect)
    return tuple(written)


def check_marks(dataset: Dataset, keep: Keep) -> None:
    """Refuse marks that do not fit, and a training split without a class that another split has.

    Args:
        dataset: What `load` gave.
        keep: Of each split, which of its rows stay, shape (n,).

    Raises:
        DataError: If no row of a split stays, or a class is left without a training row and another split
            has it.
    """
    for name, split in dataset.splits.items():
        marks = np.asarray(keep[name])
        if marks.dtype != np.bool_ or marks.shape != (len(split),):
            raise ValueError(
                f"keep holds {marks.dtype} of shape {marks.shape} for {name}; give a boolean for each of "
                f"its {len(split)} rows"
            )
        if not marks.any():
            raise DataError(f"{dataset.name}: no row of its {name} split stays; keep one at least")
    if not dataset.class_names:
        return
    trained = np.unique(dataset.train.labels[keep["train"]])
    for name, split in dataset.splits.items():
        if len(lost := np.setdiff1d(split.labels[keep[name]], trained)):
            raise DataError(
                f"{dataset.name}: no training row of class {excerpt(dataset.class_names[lost[0]])} stays, and "
                f"its {name} split has rows of it: keep one of every class at least"
            )


def _of_file(split: str, file: RewrittenFile, dialect: Dialect) -> list[WrittenFile]:
    """What is known of a file that was written, and of the vectors beside it."""
    form = FORMATS[format_suffix(file.original)]
    is_saved = (file.original.parent / "state.json").is_file()
    written = [
        replace(
            _written(split, file.path, file.rows, note=_SAVED * is_saved),
            reading=form.reading(file.original, dialect),
        )
    ]
    if file.vectors:
        written.append(replace(_written(split, file.vectors, file.rows), is_table=False))
    return written


def _written(split: str, path: Path, rows: int, *, note: str = "") -> WrittenFile:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    where = f"{path.parent.name}/{path.name}"
    return WrittenFile(split=split, path=where, rows=rows, sha256=digest, note=note)


def check_written(source: Source, dataset: Dataset, keep: Keep, folder: Path) -> tuple[str, ...]:
    """Read what `write_splits` wrote, as a user would, and compare it row for row with what should be there.

    Args:
        source: As it was given to `write_splits`.
        dataset: Likewise.
        keep: Likewise.
        folder: Where it was written; what holds it is read, as `--dataset` would read it.

    Returns:
        What a reader has to be told, a sentence each: flags without which it would be read as other data, or
        why this package does not read it at all, such as one class alone.

    Raises:
        DataError: If a row differs: the first that does is named.
    """
    origin = origin_of(source, dataset)
    plain = Source(
        name=str(folder.parent.resolve()),
        columns=source.columns if origin else Columns(id="id"),
        dialect=source.dialect,
        target=source.target,
        own_columns=source.own_columns,
    )
    told = _all_told(plain, dataset, origin)
    card_names = origin.class_names.get(origin.columns.label, ()) if origin else ()
    has_ids = bool(told.columns and told.columns.id)
    wrong, refused = "", ""
    for reading in (plain, told):
        try:
            read = load(reading)
        except EnvelopeError as error:
            wrong = refused = str(error)
            continue
        refused = ""
        wrong = difference(read, dataset, keep, card_names=card_names, own_ids=has_ids)
        if not wrong:
            flags = () if reading is plain else (f"to read it, give {_flags(reading)}",)
            return flags + _names_note(read, card_names)
    if refused and origin:
        wrong = _wrong_files(told, dataset, keep, origin, folder)
        if not wrong:
            return (f"as a data set of its own, prune-envelope refuses it: {refused}",)
    raise DataError(
        f"{dataset.name}: what was written is not what it should be: {wrong}; see that its files are not "
        "changed meanwhile, and start again"
    )


def _names_note(read: Dataset, card_names: Sequence[str]) -> tuple[str, ...]:
    """What the classes are called that the files have as numbers, and the card on the hub by name."""
    if not card_names or set(read.class_names) <= set(card_names):
        return ()
    told = first_few([f"{k} is {excerpt(name)}" for k, name in enumerate(card_names)])
    return (f"its classes are numbers, which the card on the hub alone names: {told}",)


def _wrong_files(told: Source, dataset: Dataset, keep: Keep, origin: Origin, folder: Path) -> str:
    """What is wrong in the files alone: what stays of a data set that is read need not be one that is."""
    columns = told.columns or Columns()
    for name, split in dataset.splits.items():
        if split.rows is None or columns.embedding.endswith(".npy"):
            return "its files of vectors are read with the whole of it, which is refused"
        files = [
            path
            for path in sorted(folder.iterdir())
            if path.name.startswith((f"{name}.", f"{name}-"))
        ]
        stays = RowMarks(split.rows[keep[name]])
        if wrong := file_difference(origin.files[name], files, stays, columns, told.dialect):
            return wrong
    return ""


def _all_told(plain: Source, dataset: Dataset, origin: Origin | None) -> Source:
    """How the written files are read where nothing is left to guess."""
    if origin is None:
        return replace(plain, columns=columns_made(dataset))
    vectors, dialect = origin.columns.embedding, origin.dialect(plain.dialect)
    if vectors.endswith(".npy") and not is_pattern(vectors):
        vectors = ".npy"
    if dialect.delimiter and dialect.quotes is None:
        dialect = replace(dialect, quotes=True)
    return replace(plain, columns=replace(origin.columns, embedding=vectors), dialect=dialect)


def _flags(reading: Source) -> str:
    """The flags that say how files are read."""
    columns, dialect, told = reading.columns or Columns(), reading.dialect, list[str]()
    for name in columns.text:
        told += ["--text-column", name]
    for flag, value in (
        ("--messages", columns.messages),
        ("--prompt-column", columns.prompt),
        ("--response-column", columns.response),
        ("--label-column", columns.label),
        ("--id-column", columns.id),
        ("--embedding-column", columns.embedding),
        ("--delimiter", "tab" if dialect.delimiter == "\t" else dialect.delimiter),
    ):
        if value:
            told += [flag, value]
    if dialect.quotes is not None:
        told.append("--quotes" if dialect.quotes else "--no-quotes")
    return shlex.join(told)
