"""FORMATS: the files that can be read, and reading one. A format is one row of this table."""

import stat
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import pyarrow as pa

from trainables.data.arrow_files import (
    arrow_header,
    parquet_header,
    read_arrow,
    read_parquet_file,
)
from trainables.data.columns import Columns, Field, excerpt
from trainables.data.csv_dialects import Dialect
from trainables.data.csv_files import csv_header, read_csv
from trainables.data.json_files import jsonl_header, read_jsonl, read_whole_json, whole_json_header
from trainables.data.rewriting_arrow import rewrite_arrow, rewrite_parquet
from trainables.data.rewriting_json import json_reading, rewrite_json
from trainables.data.rewriting_text import csv_reading, rewrite_csv, rewrite_jsonl
from trainables.data.row_marks import RowMarks
from trainables.data.streams import COMPRESSIONS, format_suffix
from trainables.data.unchanged import unchanged
from trainables.errors import DataError, UnsafeError
from trainables.suggestions import did_you_mean

Result = TypeVar("Result")


@dataclass(frozen=True, kw_only=True)
class FileFormat:
    """How files of one ending are read: a row of FORMATS.

    Attributes:
        header: The columns, given the file, the dialect and the names that are wanted.
        read: The table of some columns, or of all for None, given the dialect.
        rewrite: Writes the rows that stay to another file of the format, given the dialect.
        is_typed: Whether the file tells numbers from text.
        reading: What readers of others have to be told of a file, given the dialect.
    """

    header: Callable[[Path, Dialect, Sequence[str]], list[Field]]
    read: Callable[[Path, Columns | None, Dialect], pa.Table]
    rewrite: Callable[[Path, Path, RowMarks, Dialect], None]
    is_typed: bool = True
    reading: Callable[[Path, Dialect], Mapping[str, str | int]] = lambda *_: {}


_CSV = FileFormat(
    header=lambda path, dialect, _: csv_header(path, dialect),
    read=read_csv,
    rewrite=rewrite_csv,
    is_typed=False,
    reading=csv_reading,
)
_ARROW = FileFormat(
    header=lambda path, *_: arrow_header(path),
    read=lambda path, names, _: read_arrow(path, names),
    rewrite=lambda path, out, marks, _: rewrite_arrow(path, out, marks),
)
FORMATS: dict[str, FileFormat] = {
    ".parquet": FileFormat(
        header=lambda path, *_: parquet_header(path),
        read=lambda path, names, _: read_parquet_file(path, names),
        rewrite=lambda path, out, marks, _: rewrite_parquet(path, out, marks),
    ),
    ".csv": _CSV,
    ".tsv": _CSV,
    ".jsonl": FileFormat(
        header=lambda path, _, wanted: jsonl_header(path, wanted),
        read=lambda path, names, _: read_jsonl(path, names),
        rewrite=lambda path, out, marks, _: rewrite_jsonl(path, out, marks),
    ),
    ".json": FileFormat(
        header=lambda path, _, wanted: whole_json_header(path, wanted),
        read=lambda path, names, _: read_whole_json(path, names),
        rewrite=lambda path, out, marks, _: rewrite_json(path, out, marks),
        reading=lambda path, _: json_reading(path),
    ),
    ".arrow": _ARROW,
    ".feather": _ARROW,
    ".ipc": _ARROW,
}
READ = ".parquet, .csv, .tsv, .jsonl, .json or .arrow, each also with .gz or .zst behind it"
MAX_COLUMNS = 100_000
# Opening these can run code.
UNSAFE = (
    ".pkl",
    ".pickle",
    ".pt",
    ".pth",
    ".bin",
    ".ckpt",
    ".joblib",
    ".npz",
    ".py",
    ".h5",
    ".hdf5",
)
# What holds data of a kind that we read, once it is unpacked or written otherwise.
_ELSE = {
    ".npy": "holds vectors alone; give the table that has their labels, and --embedding-column {path}",
    ".xlsx": "save the sheet as .csv",
    ".xls": "save the sheet as .csv",
    ".zip": "unpack it, and give the folder or file",
    ".tar": "unpack it, and give the folder or file",
    ".tgz": "unpack it, and give the folder or file",
    ".txt": "write a table with a column of texts and one of labels",
    ".bz2": "pack it by gzip or zstd, or unpack it",
    ".xz": "pack it by gzip or zstd, or unpack it",
}


# What first bytes tell of a file whose name says something else: what it is, and what to do.
_MARKS: dict[bytes, tuple[str, str]] = {
    b"version https://git-lfs": (
        "a pointer of Git LFS, not the data",
        "fetch them by git lfs pull",
    ),
    b"\x1f\x8b": ("packed by gzip", "give it a name that ends in .gz"),
    b"\x28\xb5\x2f\xfd": ("packed by zstd", "give it a name that ends in .zst"),
    b"PAR1": ("Parquet", "give it a name that ends in .parquet"),
    b"ARROW1": ("an Arrow file", "give it a name that ends in .arrow"),
    b"PK\x03\x04": ("a zip archive or a spreadsheet", "unpack it, or save the sheet as .csv"),
    b"BZh": ("packed by bzip2", "pack it by gzip or zstd, or unpack it"),
    b"\xfd7zXZ": ("packed by xz", "pack it by gzip or zstd, or unpack it"),
    b"%PDF": ("a PDF", "write a table"),
    b"<!DOCTYPE": ("a web page", "fetch the file itself"),
    b"<html": ("a web page", "fetch the file itself"),
}
_OWN_MARKS = {
    ".parquet": b"PAR1", ".arrow": b"ARROW1", ".feather": b"ARROW1", ".ipc": b"ARROW1",
    ".gz": b"\x1f\x8b", ".zst": b"\x28\xb5\x2f\xfd",
}  # fmt: skip


def _check_mark(path: Path) -> None:
    """Refuse a file that is by its first bytes of another format than by its name."""
    with path.open("rb") as file:
        first = file.read(32)
    for mark, (what, remedy) in _MARKS.items():
        if first.startswith(mark) and _OWN_MARKS.get(path.suffix.lower()) != mark:
            raise DataError(f"{path}: by its first bytes it is {what}; {remedy}")
    suffix = path.suffix.lower()
    is_skipped = suffix == ".zst" and first[1:4] == b"\x2a\x4d\x18"  # a frame that holds no data
    kind = COMPRESSIONS.get(suffix)
    if kind and not is_skipped and not first.startswith(_OWN_MARKS[suffix]):
        raise DataError(
            f"{path}: by its first bytes it is not packed by {kind}; leave {path.suffix} out of its name, or "
            "pack it"
        )


def is_readable(path: Path) -> bool:
    """Whether a file's name is that of a format that is read."""
    return format_suffix(path) in FORMATS


def format_of(path: Path) -> FileFormat:
    """How a file is read.

    Raises:
        DataError: If it is no regular file, empty, or of a format that is not read.
        UnsafeError: If the format is one that can run code.
    """
    suffix = format_suffix(path)
    if suffix in UNSAFE:
        raise UnsafeError(
            f"{path}: {suffix} files can run code or crash their reader and are never opened; "
            "convert it to .parquet, .csv or .jsonl"
        )
    if suffix not in FORMATS:
        remedy = _ELSE.get(suffix, f"give {READ}").format(path=path)
        ending = f"files ending in {suffix!r}" if suffix else "files without an ending"
        raise DataError(f"{excerpt(str(path))}: {ending} are not read; {remedy}")
    try:
        about = path.stat()
    except FileNotFoundError as error:
        beside = [one.name for one in path.parent.glob("*")] if path.parent.is_dir() else []
        hint = did_you_mean(path.name, beside)
        raise DataError(f"{path}: no such file{'.' * bool(hint)}{hint}") from error
    except (OSError, ValueError) as error:
        raise DataError(f"{excerpt(str(path))}: cannot be opened ({error})") from error
    if not stat.S_ISREG(about.st_mode):
        raise DataError(f"{path}: not a regular file; give {READ}")
    if not about.st_size:
        raise DataError(f"{path}: the file is empty (0 bytes)")
    try:
        _check_mark(path)
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror})") from error
    return FORMATS[suffix]


def header_of(path: Path, dialect: Dialect, wanted: Sequence[str] = ()) -> list[Field]:
    """The columns of a file.

    Args:
        path: The file.
        dialect: How a CSV is written.
        wanted: Names that are looked for beyond the first rows of a JSON file.

    Raises:
        DataError: If it cannot be read.
    """
    fields = _guarded(path, lambda: format_of(path).header(path, dialect, wanted))
    if len(fields) > MAX_COLUMNS:
        raise DataError(
            f"{path}: {len(fields):,} columns; at most {MAX_COLUMNS:,} are read: leave out those that are not "
            "needed, or write numbers as vectors, one column of them"
        )
    return fields


def table_of(path: Path, columns: Columns | None, dialect: Dialect) -> pa.Table:
    """The columns of a file, or all for None.

    Raises:
        DataError: If it cannot be read, or changes as it is read.
    """
    form = _guarded(path, lambda: format_of(path))
    with unchanged([path]):
        return _guarded(path, lambda: form.read(path, columns, dialect))


def _guarded(path: Path, read: Callable[[], Result]) -> Result:
    try:
        return read()
    except DataError:
        raise
    except (OSError, EOFError, pa.ArrowException) as error:
        packed = f" packed by {path.suffix[1:]}" if path.suffix.lower() in COMPRESSIONS else ""
        raise DataError(
            f"{path}: cannot be read as {format_suffix(path)[1:]}{packed}: {excerpt(str(error))}; "
            "write the file again, or check that it is what its name says"
        ) from error
