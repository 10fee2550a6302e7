"""Reads a user's Parquet, CSV or JSONL file, or says which row of it cannot be read."""

import csv
import json
import stat
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv
import pyarrow.parquet as pq

from trainables.data.columns import Columns, bad_rows, choose, excerpt
from trainables.errors import DataError, UnsafeError

MAX_ROWS = 100_000_000
# A few bytes of Parquet can decode to gigabytes, and its footer does not tell: what is decoded is
# counted, and refused beyond this size where it is also more than MAX_RATIO times the file's.
BOMB_BYTES = 2**30
MAX_RATIO = 200
# Opening these can run code (pickle), or crash the reader: Arrow IPC offsets are not validated.
UNSAFE = (
    ".pkl", ".pickle", ".pt", ".pth", ".bin", ".ckpt", ".joblib", ".npy", ".npz", ".py",
    ".arrow", ".feather", ".ipc", ".h5", ".hdf5",
)  # fmt: skip


def read_file(path: Path, choices: Sequence[Columns]) -> tuple[pa.Table, Columns]:
    """The columns of a file that the first fitting choice names.

    Args:
        path: A .parquet, .csv or .jsonl file.
        choices: In order of preference.

    Raises:
        DataError: If the file is not there, not readable, or lacks the columns.
        UnsafeError: If the format is one that can run code.
    """
    header, read = _format_of(path)
    _check_regular(path)
    try:
        columns = choose(header(path), choices, str(path))
        table = read(path, columns)
    except (OSError, pa.ArrowException) as error:
        raise DataError(
            f"{path}: cannot be read as {path.suffix[1:]}: {excerpt(str(error))}; "
            "write the file again, or check that it is what its name says"
        ) from error
    if not table.num_rows:
        raise DataError(f"{path}: holds no rows; give a file with at least two classes")
    return table, columns


def _check_regular(path: Path) -> None:
    try:
        found = path.stat()
    except (OSError, ValueError) as error:
        raise DataError(f"{excerpt(str(path))}: cannot be opened ({error})") from error
    if not stat.S_ISREG(found.st_mode):
        raise DataError(f"{path}: not a regular file; give a .parquet, .csv or .jsonl file")
    if not found.st_size:
        raise DataError(f"{path}: the file is empty (0 bytes)")


def _parquet_header(path: Path) -> list[str]:
    with pq.ParquetFile(path) as file:
        if file.metadata.num_rows > MAX_ROWS:
            raise DataError(
                f"{path}: claims {file.metadata.num_rows:,} rows; at most {MAX_ROWS:,} are read"
            )
        names: list[str] = file.schema_arrow.names
        return names


def _read_parquet(path: Path, columns: Columns) -> pa.Table:
    batches, size = [], 0
    allowed = max(BOMB_BYTES, MAX_RATIO * path.stat().st_size)
    with pq.ParquetFile(path) as file:
        for batch in file.iter_batches(batch_size=_batch_rows(file), columns=columns.names):
            size += batch.nbytes
            if size > allowed:
                raise DataError(
                    f"{path}: {path.stat().st_size:,} bytes decode to more than {allowed:,}; "
                    "no text is so repetitive: check where the file is from"
                )
            batches.append(batch.select(columns.names))
        about = file.schema_arrow.metadata
        schema = pa.schema([file.schema_arrow.field(name) for name in columns.names])
    schema = batches[0].schema if batches else schema
    return pa.Table.from_batches(batches, schema).replace_schema_metadata(about)


def _batch_rows(file: pq.ParquetFile) -> int:
    """So few rows that they could all hold the longest value and still fit in memory."""
    about, widest = file.metadata, 1
    for group in range(about.num_row_groups):
        for column in range(about.num_columns):
            stored = about.row_group(group).column(column).total_uncompressed_size
            widest = max(widest, int(stored))
    return min(max(BOMB_BYTES // widest, 64), 4096)


def _csv_header(path: Path) -> list[str]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            return next(csv.reader(file), [])
    except UnicodeDecodeError as error:
        raise _not_utf8(path) from error
    except csv.Error as error:
        raise DataError(f"{path}: line 1: {error}; give a header line of column names") from error


def _read_csv(path: Path, columns: Columns) -> pa.Table:
    ragged: list[tuple[int, Any]] = []

    def note(row: Any) -> str:
        ragged.append((row.number - 2, row))
        return "skip"

    try:
        table = pacsv.read_csv(
            path,
            # One thread, so that the parser can number a bad row.
            read_options=pacsv.ReadOptions(use_threads=False, block_size=2**24),
            parse_options=pacsv.ParseOptions(newlines_in_values=True, invalid_row_handler=note),
            # Types are given, never guessed: guessing makes a text 'NA' null and latin-1 bytes.
            convert_options=pacsv.ConvertOptions(
                include_columns=columns.names,
                column_types=dict.fromkeys(columns.names, pa.large_string()),
                strings_can_be_null=False,
            ),
        )
    except pa.ArrowInvalid as error:
        if "UTF8" in str(error):
            raise _not_utf8(path) from error
        raise
    if ragged:
        rows = [
            f"row {number} has {row.actual_columns} values, not {row.expected_columns}: "
            f"{excerpt(row.text)}"
            for number, row in ragged
        ]
        why = "quote values that hold commas or newlines, and close every quote"
        raise bad_rows(str(path), "(all)", rows, len(rows), why=why)
    return table.set_column(
        table.column_names.index(columns.label), columns.label, _numbers(table[columns.label])
    )


def _numbers(labels: pa.ChunkedArray) -> pa.ChunkedArray:
    """CSV labels as numbers where every one is written as a number writes itself."""
    if pc.all(pc.match_substring_regex(labels, r"^(0|-?[1-9][0-9]{0,17})$")).as_py():
        return labels.cast(pa.int64())
    if pc.all(pc.match_substring_regex(labels, r"^-?[0-9]+(\.[0-9]+)?$")).as_py() and (
        pc.any(pc.match_substring(labels, ".")).as_py()
    ):
        return labels.cast(pa.float64())
    return labels


def _not_utf8(path: Path) -> DataError:
    with path.open("rb") as file:
        for line, raw in enumerate(file, 1):
            try:
                raw.decode("utf-8")
            except UnicodeDecodeError as error:
                return DataError(
                    f"{path}: line {line}: byte 0x{raw[error.start]:02x} is not UTF-8, in "
                    f"{excerpt(raw[max(error.start - 20, 0) : error.start + 20])}; convert the "
                    "file to UTF-8 (iconv -f latin1 -t utf-8)"
                )
    return DataError(f"{path}: not UTF-8; convert it (iconv -f latin1 -t utf-8)")


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    row = dict(pairs)
    if len(row) < len(pairs):
        raise ValueError("a key is repeated")
    return row


def _lines(path: Path) -> Iterable[dict[str, Any]]:
    """The objects of a JSONL file; blank lines are passed over."""
    with path.open("rb") as file:
        for number, raw in enumerate(file, 1):
            if not raw.strip():
                continue
            try:
                text = raw.decode("utf-8-sig" if number == 1 else "utf-8")
                row = json.loads(text, object_pairs_hook=_unique_keys)
            except UnicodeDecodeError as error:
                raise _not_utf8(path) from error
            except (ValueError, RecursionError) as error:
                raise DataError(
                    f"{path}: line {number}: not a JSON object ({error}): {excerpt(raw[:80])}; "
                    "write one object a line"
                ) from error
            if not isinstance(row, dict):
                raise DataError(
                    f"{path}: line {number}: {excerpt(row)} is not an object; write one a line"
                )
            yield row


def _jsonl_header(path: Path) -> list[str]:
    return list(next(iter(_lines(path)), {}))


def _read_jsonl(path: Path, columns: Columns) -> pa.Table:
    values: dict[str, list[Any]] = {name: [] for name in columns.names}
    for row in _lines(path):
        for name, column in values.items():
            column.append(row.get(name))
    return pa.table({name: _typed(path, name, column) for name, column in values.items()})


def _typed(path: Path, name: str, values: list[Any]) -> pa.Array:
    """A column of one type: str, int, float or bool, with nulls."""
    first: dict[type, int] = {}
    for row, value in enumerate(values):
        first.setdefault(type(value), row)
    kinds = {kind: row for kind, row in first.items() if kind is not type(None)}
    odd = next((row for kind, row in kinds.items() if kind not in (str, int, float, bool)), None)
    if len(kinds) > 1 or odd is not None:
        rows = [
            f"row {row} is {kind.__name__} {excerpt(values[row])}" for kind, row in kinds.items()
        ]
        raise DataError(
            f"{path}: column {name!r}: {', '.join(rows)} (rows count from 0); write every row as "
            "one and the same of string, whole number or true/false"
        )
    try:
        return pa.array(values, pa.large_string() if str in kinds else None)
    except UnicodeEncodeError as error:
        rows = [f"row {i} {excerpt(v)}" for i, v in enumerate(values) if v and not _is_utf8(v)]
        why = "it holds half of a surrogate pair (\\ud800 to \\udfff): write the whole character"
        raise bad_rows(str(path), name, rows, len(rows), why=why) from error
    except OverflowError as error:
        raise DataError(f"{path}: column {name!r}: a number is beyond 64 bits") from error


def _is_utf8(text: str) -> bool:
    return not any("\ud800" <= letter <= "\udfff" for letter in text)


Header = Callable[[Path], list[str]]
Reader = Callable[[Path, Columns], pa.Table]
FORMATS: dict[str, tuple[Header, Reader]] = {
    ".parquet": (_parquet_header, _read_parquet),
    ".csv": (_csv_header, _read_csv),
    ".jsonl": (_jsonl_header, _read_jsonl),
}


def _format_of(path: Path) -> tuple[Header, Reader]:
    suffix = path.suffix.lower()
    if suffix in UNSAFE:
        raise UnsafeError(
            f"{path}: {suffix} files can run code or crash their reader and are never opened; "
            "convert it to .parquet, .csv or .jsonl"
        )
    if suffix not in FORMATS:
        raise DataError(
            f"{path}: files ending in {suffix!r} are not read; give .parquet, .csv or .jsonl"
        )
    return FORMATS[suffix]
