"""The files of one split written again with the rows that stay, under one name and numbered."""

import csv
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from trainables.data.columns import excerpt
from trainables.data.csv_dialects import Dialect
from trainables.data.readers import FORMATS
from trainables.data.row_marks import RowMarks
from trainables.data.streams import COMPRESSIONS, format_suffix
from trainables.data.vectors import npy_beside, rewrite_npy
from trainables.errors import DataError, EnvelopeError


@dataclass(frozen=True, kw_only=True)
class RewrittenFile:
    """A file with the rows of another that stay.

    Attributes:
        original: The other.
        path: Where it was written.
        rows: How many stay.
        vectors: The NumPy file of its rows' vectors, or None.
    """

    original: Path
    path: Path
    rows: int
    vectors: Path | None = None


def rewrite_files(
    files: Sequence[Path],
    stays: NDArray[np.int64],
    folder: Path,
    *,
    name: str,
    vectors: str,
    dialect: Dialect,
) -> list[RewrittenFile]:
    """Write the rows of a split's files that stay; a file that is left without one is left out.

    Args:
        files: Of the split, in order.
        stays: The numbers of the rows that stay in all of them, rising, shape (k,).
        folder: Where to write.
        name: What the split is called.
        vectors: What --embedding-column says where it names NumPy files, else a column or nothing.
        dialect: How a CSV is written.

    Raises:
        DataError: If files changed since they were read.
    """
    marks, vector_marks, drafts = RowMarks(stays), RowMarks(stays), []
    for number, path in enumerate(files):
        before = marks.kept
        draft = folder / f"{name}.{number}.draft{_ending(path)}"
        _rewrite(path, draft, marks, _of_format(path, dialect))
        beside = None
        if vectors.endswith(".npy"):
            beside = folder / f"{name}.{number}.draft.npy"
            _rewrite(npy_beside(path, vectors), beside, vector_marks, rewrite_npy)
        rows = marks.kept - before
        drafts.append(RewrittenFile(original=path, path=draft, rows=rows, vectors=beside))
    if marks.missing:
        raise DataError(
            f"{files[-1]}: {marks.missing:,} rows that were read are not there any more; start again when it is "
            "written"
        )
    return _named(drafts, name, vectors)


def is_pattern(vectors: str) -> bool:
    """Whether what --embedding-column says names the NumPy file beside every table by the table's name."""
    return "{split}" in vectors and Path(vectors).name == vectors


def _ending(path: Path) -> str:
    """What a file's name ends in: the format, and behind it by what it is packed."""
    packed = path.suffix.lower()
    return f"{format_suffix(path)}{packed * (packed in COMPRESSIONS)}"


def _of_format(path: Path, dialect: Dialect) -> Callable[[Path, Path, RowMarks], None]:
    rewrite = FORMATS[format_suffix(path)].rewrite
    return lambda one, out, marks: rewrite(one, out, marks, dialect)


def _rewrite(
    path: Path, out: Path, marks: RowMarks, rewrite: Callable[[Path, Path, RowMarks], None]
) -> None:
    """Write the rows of one file that stay; of one of which all do, a copy."""
    seen, kept = marks.seen, marks.kept
    try:
        rewrite(path, out, marks)
        if marks.seen - seen == marks.kept - kept:
            shutil.copyfile(path, out)
    except EnvelopeError:
        raise
    except (OSError, ValueError, IndexError, csv.Error, pa.ArrowException) as error:
        raise DataError(
            f"{path}: its rows cannot be written to {out.parent} ({excerpt(str(error))}); see that the disk has "
            "room, and that the file is not changed meanwhile"
        ) from error


def _named(drafts: Sequence[RewrittenFile], name: str, vectors: str) -> list[RewrittenFile]:
    """Drafts that hold rows under their names, and the others removed."""
    for draft in drafts:
        for path in (draft.path, draft.vectors):
            if path and not draft.rows:
                path.unlink()
    filled = [draft for draft in drafts if draft.rows]
    named = []
    for number, draft in enumerate(filled):
        several = len(filled) > 1
        stem = f"{name}-{number:05}-of-{len(filled):05}" if several else name
        path = draft.path.rename(draft.path.with_name(f"{stem}{_ending(draft.path)}"))
        beside = None
        if draft.vectors:
            own = vectors.replace("{split}", stem) if is_pattern(vectors) else f"{stem}.npy"
            beside = draft.vectors.rename(path.with_name(own))
        named.append(
            RewrittenFile(original=draft.original, path=path, rows=draft.rows, vectors=beside)
        )
    return named
