"""Tables handed to a command, and its answer read back: FORMATS, by the suffix of the file."""

import io
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv as pc
import pyarrow.parquet as pq

from trainables.data.columns import excerpt
from trainables.errors import DataError, UsageError
from trainables.trainers.child import answer_table
from trainables.whole_file import whole_file


@dataclass(frozen=True, kw_only=True)
class TableFormat:
    """How a table is written as a file, and read from one.

    Attributes:
        write: Writes one; None where a whole table cannot be written so.
        read: Reads one, or raises what `_UNREADABLE` names.
        holds_lists: Whether a cell may be a list.
        holds_bytes: Whether a cell may be bytes, such as an image.
    """

    write: Callable[[pa.Table, Path], None] | None
    read: Callable[[Path], pa.Table]
    holds_lists: bool = True
    holds_bytes: bool = True


def write_table(table: pa.Table, path: Path) -> None:
    """Write a table in the format of the file's suffix, whole or not at all.

    Raises:
        UsageError: If the format cannot hold one of its columns.
    """
    wanted = FORMATS[path.suffix]
    for column in table.schema:
        kind = "lists" if _has(column.type, _is_nested) else "text"
        kind = "bytes" if _has(column.type, _is_bytes) else kind
        if (kind == "lists" and not wanted.holds_lists) or (
            kind == "bytes" and not wanted.holds_bytes
        ):
            fit = [name for name, other in FORMATS.items() if other.write and _can(other, kind)]
            raise UsageError(
                f"--trainer-command: {{{path.stem}{path.suffix}}}: column {excerpt(column.name)} holds "
                f"{kind}, which {path.suffix} cannot; use {{{path.stem}{fit[0]}}} or "
                f"{{{path.stem}{fit[-1]}}}"
            )
    assert wanted.write
    with whole_file(path) as draft:
        wanted.write(table, draft)


def read_answer_file(path: Path) -> pa.Table:
    """The answer that a command wrote, as a table that nobody has checked.

    Raises:
        DataError: If there is none, or it is not whole and of the format that its suffix names.
    """
    if not path.exists():
        raise DataError("wrote no answer to {out}, which was " + str(path))
    if path.is_dir():
        raise DataError(f"wrote a folder where its answer belongs, {path}: write one file there")
    if not path.stat().st_size:
        raise DataError(f"wrote an empty answer: {path} has no byte")
    try:
        return FORMATS[path.suffix].read(path)
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise DataError(
            f"wrote {path}, whose line {line} is not UTF-8: write it with encoding='utf-8'"
        ) from error
    except (pa.ArrowException, ValueError, OSError, EOFError) as error:
        raise DataError(
            f"wrote {path}, which is no whole {path.suffix} file: {excerpt(_first_line(error))}"
        ) from error


def _has(kind: pa.DataType, test: Callable[[pa.DataType], bool]) -> bool:
    return test(kind) or any(_has(kind.field(i).type, test) for i in range(kind.num_fields))


def _is_nested(kind: pa.DataType) -> bool:
    return bool(pa.types.is_nested(kind))


def _is_bytes(kind: pa.DataType) -> bool:
    tests = (pa.types.is_binary, pa.types.is_large_binary, pa.types.is_fixed_size_binary)
    return any(test(kind) for test in tests)


def _can(table_format: TableFormat, kind: str) -> bool:
    return table_format.holds_bytes if kind == "bytes" else table_format.holds_lists


def _first_line(error: Exception) -> str:
    return next(iter(str(error).splitlines()), type(error).__name__)


def _write_arrow(table: pa.Table, path: Path) -> None:
    with pa.ipc.new_file(str(path), table.schema) as file:
        file.write_table(table)


def _read_arrow(path: Path) -> pa.Table:
    return pa.ipc.open_file(pa.memory_map(str(path))).read_all()


def _write_jsonl(table: pa.Table, path: Path) -> None:
    with path.open("w", encoding="utf-8") as file:
        for batch in table.to_batches(max_chunksize=10_000):
            for row in batch.to_pylist():
                file.write(json.dumps(row, ensure_ascii=False, default=str) + "\n")


def _lines(path: Path) -> list[str]:
    """The lines of a text; its last must have an end, or it may not be the last that was meant."""
    text = path.read_bytes().decode("utf-8-sig")
    if not text.endswith("\n"):
        raise ValueError(f"its last line, {excerpt(text.splitlines()[-1])}, has no end")
    return text.split("\n")[:-1]


def _read_jsonl(path: Path) -> pa.Table:
    rows: list[Mapping[str, Any]] = []
    for number, line in enumerate(_lines(path), start=1):
        try:
            row = json.loads(line)
        except ValueError as error:
            raise ValueError(f"line {number}, {excerpt(line)}: {error}") from error
        if not isinstance(row, dict):
            raise ValueError(f"line {number}, {excerpt(line)}, is no object")
        if rows and set(row) != set(rows[0]):
            raise ValueError(
                f"line {number} has the columns {sorted(row)}, line 1 has {sorted(rows[0])}"
            )
        rows.append(row)
    return pa.table({name: _column_of(name, [row[name] for row in rows]) for name in rows[0]})


def _column_of(name: str, values: list[Any]) -> pa.Array:
    try:
        return pa.array(values)
    except (pa.ArrowException, TypeError, ValueError, OverflowError) as error:
        raise ValueError(f"column {excerpt(name)}: {_first_line(error)}") from error


def _write_csv(table: pa.Table, path: Path) -> None:
    pc.write_csv(table, path)


def _read_csv(path: Path) -> pa.Table:
    text = "\n".join([*_lines(path), ""])
    data = text.encode()
    if twice := _twice(pc.open_csv(io.BytesIO(data)).schema.names):
        raise ValueError(f"it has the column {excerpt(twice)} twice")
    return pc.read_csv(io.BytesIO(data))


def _twice(names: list[str]) -> str:
    return next((name for name in names if names.count(name) > 1), "")


def _read_npy(path: Path) -> pa.Table:
    with path.open("rb") as file:
        array = np.load(file, allow_pickle=False)
        if file.read(1):
            raise ValueError("it goes on behind its array")
    return answer_table(array)


FORMATS: Mapping[str, TableFormat] = {
    ".arrow": TableFormat(write=_write_arrow, read=_read_arrow),
    ".parquet": TableFormat(write=pq.write_table, read=pq.read_table),
    ".csv": TableFormat(write=_write_csv, read=_read_csv, holds_lists=False, holds_bytes=False),
    ".jsonl": TableFormat(write=_write_jsonl, read=_read_jsonl, holds_bytes=False),
    # One array: of shape (n,) the column predicted, of shape (n, c) the column probs.
    ".npy": TableFormat(write=None, read=_read_npy),
}
