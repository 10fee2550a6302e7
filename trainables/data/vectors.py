"""Vectors that a user made beforehand: a column of them, or a NumPy file beside the table."""

import stat
from collections.abc import Sequence
from pathlib import Path
from tokenize import TokenError
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.lib.format import open_memmap
from numpy.typing import NDArray

from trainables.data.columns import MAX_BYTES, SHOWN_ROWS, ColumnOrigin, bad_rows, excerpt
from trainables.data.row_marks import RowMarks
from trainables.data.streams import plain_stem
from trainables.errors import DataError

# What NumPy raises at a header that is none.
_UNREADABLE = (ValueError, OSError, EOFError, SyntaxError, TokenError, RecursionError, MemoryError)
_BLOCK = 65_536
_BLOCK_NUMBERS = 2**24


def vectors_of(column: pa.ChunkedArray, origin: ColumnOrigin) -> NDArray[np.float32]:
    """A column of vectors as one array, shape (n, d), every row checked.

    Args:
        column: Lists of one length, fixed-size lists, or tensors; of any kind of number.
        origin: Where it is from.

    Raises:
        DataError: If a row is null, of another length than the first, not finite or all zeros.
    """
    rows = _lists(column.combine_chunks())
    if rows is None or not _is_number(rows.type.value_type):
        raise DataError(
            f"{origin.where}: column {origin.column!r} holds {column.type}, not vectors; write a list of "
            "numbers a row, or name another column with --embedding-column"
        )
    _refuse(origin, np.asarray(pc.is_null(rows)), "it is null: give every row a vector")
    sizes: NDArray[Any] = np.asarray(pc.list_value_length(rows))
    width = int(sizes[0]) if len(sizes) else 0
    _refuse(
        origin,
        np.asarray(sizes != width),
        f"row 0 has {width:,} numbers: give every row as many",
        lambda row: f"{sizes[row]:,} numbers",
    )
    if not width:
        raise DataError(f"{origin.where}: column {origin.column!r} holds vectors of no numbers")
    values = pc.list_flatten(rows)
    if values.null_count:
        holes = np.asarray(pc.is_null(values)).reshape(-1, max(width, 1)).any(axis=1)
        _refuse(origin, holes, "a number in it is null: fill it")
    found = np.asarray(values.cast(pa.float32(), safe=False)).reshape(-1, width)
    return checked(found, origin)


def _is_number(kind: Any) -> bool:
    return bool(pa.types.is_floating(kind) or pa.types.is_integer(kind))


def _lists(rows: pa.Array) -> Any:
    """Rows as flat lists; of a tensor, all its numbers; None where they are no lists."""
    if isinstance(rows.type, pa.BaseExtensionType):
        rows = rows.storage
    is_list = (pa.types.is_list, pa.types.is_large_list, pa.types.is_fixed_size_list)
    if not any(check(rows.type) for check in is_list):
        return None
    while any(check(rows.type.value_type) for check in is_list):
        inner = pc.list_flatten(rows)
        if rows.null_count or inner.null_count:
            return None
        counts = np.asarray(pc.list_value_length(rows))
        ends = np.concatenate([[0], np.cumsum(counts)])
        sizes = np.concatenate([[0], np.cumsum(np.asarray(pc.list_value_length(inner)))])
        offsets = pa.array(sizes[ends], pa.int64())
        rows = pa.LargeListArray.from_arrays(offsets, pc.list_flatten(inner))
    return rows


def checked(vectors: NDArray[Any], origin: ColumnOrigin) -> NDArray[np.float32]:
    """Vectors of finite numbers that are not all zeros, shape (n, d).

    Raises:
        DataError: If a row is not such a one, or they have no width.
    """
    if not vectors.shape[1]:
        raise DataError(f"{origin.where}: column {origin.column!r} holds vectors of no numbers")
    if vectors.shape[1] > (most := MAX_BYTES["vectors"] // 4):
        raise DataError(
            f"{origin.where}: column {origin.column!r} holds vectors of {vectors.shape[1]:,} numbers; at most "
            f"{most:,} are read: cut or project them"
        )
    finite, zero = np.ones(len(vectors), dtype=bool), np.zeros(len(vectors), dtype=bool)
    rows = max(_BLOCK_NUMBERS // vectors.shape[1], 1)
    for start in range(0, len(vectors), rows):
        with np.errstate(over="ignore"):  # what is beyond 32 bits is refused below
            block = np.asarray(vectors[start : start + rows], dtype=np.float32)
        finite[start : start + rows] = np.isfinite(block).all(axis=1)
        zero[start : start + rows] = ~block.any(axis=1)

    def shown(row: int) -> str:
        with np.errstate(over="ignore"):
            numbers = np.asarray(vectors[row], dtype=np.float32)
        first = int(np.flatnonzero(~np.isfinite(numbers))[0])
        return f"number {first} is {vectors[row][first]}"

    _refuse(origin, ~finite, "give every row finite numbers of 32 bits", shown)
    why = "a vector of zeros has no direction: fill or remove the row"
    _refuse(origin, zero, why, lambda _: "all zeros")
    # Plus 0: minus zero becomes zero, so that equal vectors are equal bytes.
    plain: NDArray[np.float32] = np.asarray(vectors, dtype=np.float32) + np.float32(0)
    return np.ascontiguousarray(plain)


def _refuse(origin: ColumnOrigin, bad: Any, why: str, shown: Any = lambda _: "null") -> None:
    rows = np.flatnonzero(bad)
    if len(rows):
        listed = [origin.row_shown(int(row), shown(row)) for row in rows[:SHOWN_ROWS]]
        raise bad_rows(origin.where, origin.column, listed, len(rows), why=why)


def check_one_each(name: str, files: Sequence[str]) -> None:
    """Refuse one NumPy file for several tables: its rows can be those of one alone.

    Args:
        name: What --embedding-column says.
        files: The tables, for messages.

    Raises:
        DataError: If there are several.
    """
    if name.endswith(".npy") and name != ".npy" and "{split}" not in name and len(files) > 1:
        raise DataError(
            f"{name}: one file of vectors for {len(files)} tables ({files[0]}, {files[1]}, ...); give each "
            "its own, and name them by --embedding-column {split}.npy"
        )


def npy_beside(table: Path, name: str) -> Path:
    """The NumPy file of a table: beside it, or as its path is typed.

    Args:
        table: The file of the table.
        name: What --embedding-column says; {split} in it stands for the table's name, and .npy alone for
            that with the ending.

    Raises:
        DataError: If there are two that could be meant.
    """
    typed, beside = npy_places(table, name)
    if typed.is_absolute() or typed.parent != Path():
        there = [path for path in (typed, beside) if path.is_file()]
        if len({path.resolve() for path in there}) > 1:
            raise DataError(
                f"{typed}: both {there[0]} and {there[1]} are there; give the full path of one"
            )
        return there[0] if there else typed
    if not beside.is_file() and typed.is_file() and name != ".npy" and "{split}" not in name:
        return typed
    return beside


def npy_places(table: Path, name: str) -> tuple[Path, Path]:
    """Where the NumPy file of a table may be: as its path is typed, and beside the table; as `npy_beside`."""
    stem = plain_stem(table)
    typed = Path(f"{stem}.npy" if name == ".npy" else name.replace("{split}", stem))
    return typed, table.parent / typed


def rewrite_npy(path: Path, out: Path, marks: RowMarks) -> None:
    """Write the rows of a NumPy file that stay, of its type."""
    found = open_memmap(path, mode="r")
    stay = np.flatnonzero(marks.next(len(found)))
    kept = open_memmap(out, mode="w+", dtype=found.dtype, shape=(len(stay), *found.shape[1:]))
    for start in range(0, len(stay), _BLOCK):
        kept[start : start + _BLOCK] = found[stay[start : start + _BLOCK]]
    kept.flush()


def read_npy(path: Path, rows: int, table: str) -> NDArray[np.float32]:
    """The vectors of a NumPy file, read without pickle, shape (rows, d).

    Args:
        path: The file.
        rows: As many as the table beside it has.
        table: That table, for messages.

    Raises:
        DataError: If it is not there, not such a file, or has another number of rows.
    """
    try:
        # Opening a pipe would wait for someone to write to it.
        is_regular = stat.S_ISREG(path.stat().st_mode)
        found = open_memmap(path, mode="r") if is_regular else None
    except FileNotFoundError as error:
        raise DataError(
            f"{path}: not there; it must hold the vectors of {table}, a row each (numpy.save)"
        ) from error
    except _UNREADABLE as error:
        raise DataError(
            f"{path}: cannot be read as an array of numbers without running code "
            f"({excerpt(str(error))}); save it by numpy.save from a float array"
        ) from error
    if found is None:
        raise DataError(
            f"{path}: not a regular file; save the vectors of {table} there (numpy.save)"
        )
    if not isinstance(found, np.ndarray) or found.ndim != 2 or found.dtype.kind not in "fiu":
        about = getattr(found, "shape", ""), getattr(found, "dtype", "several arrays")
        raise DataError(
            f"{path}: holds {about[1]} of shape {about[0]}; save numbers of shape (rows, width)"
        )
    if len(found) != rows:
        raise DataError(
            f"{path}: {len(found):,} vectors for the {rows:,} rows of {table}; give one a row, in its order"
        )
    return checked(found, ColumnOrigin(where=str(path), column="(vectors)"))
