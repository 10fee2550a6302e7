"""JSON Lines and JSON: objects a line, a list of objects, or columns."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from trainables.data.columns import SHOWN_ROWS, ColumnOrigin, Columns, Field, excerpt
from trainables.data.json_values import is_utf8, turns_text, typed, value_kind
from trainables.data.streams import MAX_LINE, bounded_lines, check_size, open_bytes, text_file
from trainables.errors import DataError

# Rows whose keys make the header; the rest is looked through only for a key that is wanted.
_FIRST = 100
# The largest JSON file that is read whole, in letters: its objects take several times as much.
MAX_JSON = 2**28
# What an empty list or object takes, of which a few letters hold millions; another value or name;
# a letter, if one of its text is beyond ASCII.
_OBJECT_BYTES, _VALUE_BYTES, _LETTER_BYTES = 64, 32, 4
_LONG = 2**20
_ROWS = 65_536


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    row = dict(pairs)
    if len(row) < len(pairs):
        raise ValueError("a key is repeated")
    return row


def json_lines(path: Path) -> Iterator[str]:
    """The lines of a JSON Lines file as they stand there, each with its end; blank ones are passed over."""
    for _, line in _numbered_lines(path):
        yield line


def _numbered_lines(path: Path) -> Iterator[tuple[int, str]]:
    with text_file(path) as file:
        for number, line in enumerate(bounded_lines(path, file), 1):
            if line.strip():
                yield number, line


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    """The objects of a JSON Lines file.

    Raises:
        DataError: At its end, if some lines are no objects.
    """
    bad: list[str] = []
    count = good = size = 0
    for number, line in _numbered_lines(path):
        if len(line) > _LONG:
            _check_objects(path, line)
        try:
            row = json.loads(line, object_pairs_hook=_unique_keys)
            why = "" if isinstance(row, dict) else "not an object"
        except (ValueError, RecursionError) as error:
            why = f"not a JSON object ({error})"
        if why:
            count += 1
            if count <= SHOWN_ROWS:
                bad.append(f"line {number}: {why}: {excerpt(line.rstrip())}")
            continue
        good, size = good + 1, size + len(line)
        if good % _ROWS == 0:
            check_size(path, size, good)
        if not count:
            yield row
    if count:
        raise _bad_lines(path, bad, count, is_all=not good)


def _check_objects(path: Path, text: str) -> None:
    """Refuse text of a packed file that stands for far more objects than its size."""
    objects, values = text.count("[") + text.count("{"), text.count(",") + text.count(":")
    check_size(path, len(text) + _OBJECT_BYTES * objects + _VALUE_BYTES * values)


def _bad_lines(path: Path, shown: list[str], count: int, *, is_all: bool) -> DataError:
    remedy = "write one object a line"
    if is_all and shown[0].startswith("line 1: ") and _opens_with(path, b"["):
        remedy += ", or give a list of objects a name that ends in .json"
    if count == 1:
        return DataError(f"{path}: {shown[0]}; {remedy}")
    more = f" and {count - len(shown):,} more" if count > len(shown) else ""
    return DataError(f"{path}: {count:,} lines are no objects: {', '.join(shown)}{more}; {remedy}")


def _whole(path: Path) -> Iterable[dict[str, Any]]:
    """The objects of a JSON file: of a list, or one a line, or columns, as pandas writes each."""
    if is_json_lines(path):
        return _lines(path)
    if not (_opens_with(path, b"[") or _opens_with(path, b"{")):
        with open_bytes(path) as file:
            first = file.read(40)
        raise DataError(
            f"{path}: not JSON, it begins with {excerpt(first)}; write a list of objects, or one object a line"
        )
    text = _text(path)
    _check_objects(path, text)
    try:
        held = json.loads(text, object_pairs_hook=_unique_keys)
    except (ValueError, RecursionError) as error:
        raise DataError(
            f"{path}: not JSON ({error}); write a list of objects, or one object a line"
        ) from error
    return list(_objects(path, held))


def _text(path: Path) -> str:
    """All of a JSON file."""
    blocks: list[str] = []
    letters, width = 0, 1
    with text_file(path) as file:
        while block := file.read(_LONG):
            blocks.append(block)
            letters, width = letters + len(block), width if block.isascii() else _LETTER_BYTES
            check_size(path, letters * width)
            if letters > MAX_JSON:
                raise DataError(
                    f"{path}: longer than {MAX_JSON:,} letters, the most that are read of a JSON file at once; write "
                    "one object a line, under a name that ends in .jsonl"
                )
    return "".join(blocks)


def _opens_with(path: Path, letter: bytes) -> bool:
    """Whether the first letter of a file that is no space is this one."""
    with open_bytes(path) as file:
        return file.read(4096).removeprefix(b"\xef\xbb\xbf").lstrip()[:1] == letter


def is_json_lines(path: Path) -> bool:
    """Whether a JSON file's first line that is not blank is an object of its own, and not all of the file."""
    if not _opens_with(path, b"{"):
        return False
    with text_file(path) as file:
        lines = (line for line in iter(lambda: file.readline(MAX_LINE + 1), "") if line.strip())
        first, second = next(lines, ""), next(lines, "")
    if len(first) > MAX_LINE:
        return False
    try:
        held = json.loads(first)
    except (ValueError, RecursionError):
        return False
    return bool(second) or not any(isinstance(value, list | dict) for value in held.values())


def _objects(path: Path, held: Any) -> Iterator[dict[str, Any]]:
    if isinstance(held, dict):
        lists = {key: value for key, value in held.items() if isinstance(value, list)}
        rows = [key for key, value in lists.items() if value and isinstance(value[0], dict)]
        if len(rows) == len(lists) == 1:  # {"data": [{...}, ...]}
            yield from _objects(path, lists[rows[0]])
            return
        yield from _from_columns(path, held)
        return
    if not isinstance(held, list):
        raise DataError(f"{path}: holds {excerpt(held)}; write a list of objects")
    for number, row in enumerate(held):
        if not isinstance(row, dict):
            raise DataError(
                f"{path}: row {number}: {excerpt(row)} is not an object; write a list of objects"
            )
        yield row


def _from_columns(path: Path, held: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Rows of {"text": ["a", ...], ...} or {"text": {"0": "a", ...}, ...}."""
    keys: list[Any] | None = None
    columns: dict[str, list[Any]] = {}
    for name, values in held.items():
        own = list(values) if isinstance(values, dict) else None
        cells = list(values.values()) if isinstance(values, dict) else values
        first = len(next(iter(columns.values()))) if columns else None
        if not isinstance(cells, list) or (columns and (own != keys or len(cells) != first)):
            raise DataError(
                f"{path}: {excerpt(name)} is {excerpt(values)}; write a list of objects, or columns of "
                "equally many values"
            )
        keys, columns[name] = own, cells
    for row in zip(*columns.values(), strict=True):
        yield dict(zip(columns, row, strict=True))


def json_header(path: Path, rows: Iterable[dict[str, Any]], wanted: Sequence[str]) -> list[Field]:
    """The keys of the first rows, and what of wanted stands in a later one."""
    kinds: dict[str, str] = {}
    rest = iter(rows)
    for row in islice(rest, _FIRST):
        for name, value in row.items():
            if kinds.get(name, "null") == "null":
                kinds[name] = value_kind(value)
    for row in rest if set(wanted) - set(kinds) else ():
        for name in wanted:
            if name in row:
                kinds.setdefault(name, value_kind(row[name]))
        if not set(wanted) - set(kinds):
            break
    return [Field(name=name, kind=kind) for name, kind in kinds.items()]


def jsonl_header(path: Path, wanted: Sequence[str]) -> list[Field]:
    """The columns of a JSON Lines file."""
    return json_header(path, _lines(path), wanted)


def whole_json_header(path: Path, wanted: Sequence[str]) -> list[Field]:
    """The columns of a JSON file."""
    return json_header(path, _whole(path), wanted)


def read_jsonl(path: Path, columns: Columns | None) -> pa.Table:
    """The columns of a JSON Lines file; None for all."""
    return _table(path, _lines(path), columns)


def read_whole_json(path: Path, columns: Columns | None) -> pa.Table:
    """The columns of a JSON file; None for all."""
    return _table(path, _whole(path), columns)


def _table(path: Path, rows: Iterable[dict[str, Any]], columns: Columns | None) -> pa.Table:
    if columns is None:
        rows = list(rows)
        names = list(dict.fromkeys(name for row in rows for name in row))
    else:
        names = columns.names
    if odd := next((name for name in names if not is_utf8(name)), None):
        raise DataError(f"{path}: key {excerpt(odd)} holds half of a surrogate pair: rename it")
    values: dict[str, list[Any]] = {name: [] for name in names}
    for row in rows:
        for name, column in values.items():
            column.append(row.get(name))
    held = columns.embedding if columns else ""
    ids = np.array(values[columns.id], dtype=object) if columns and columns.id else None
    if columns and columns.messages:
        values[columns.messages] = [turns_text(turns) for turns in values[columns.messages]]
    return pa.table(
        {
            name: typed(
                ColumnOrigin(where=str(path), column=name, ids=ids),
                column,
                is_list=columns is None or name == held,
            )
            for name, column in values.items()
        }
    )
