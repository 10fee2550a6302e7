"""JSON Lines and JSON: objects a line, a list of objects, or columns."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa

from trainables.data.columns import Columns, Field, bad_rows, excerpt
from trainables.data.streams import open_bytes, text_file
from trainables.errors import DataError

# Rows whose keys make the header; the rest is looked through only for a key that is wanted.
_FIRST = 100
_KINDS = {str: "text", int: "number", bool: "number", float: "measure"}


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
        for number, line in enumerate(file, 1):
            if line.strip():
                yield number, line


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    """The objects of a JSON Lines file."""
    for number, line in _numbered_lines(path):
        try:
            row = json.loads(line, object_pairs_hook=_unique_keys)
        except (ValueError, RecursionError) as error:
            remedy = "write one object a line"
            if number == 1 and line.lstrip().startswith("["):
                remedy += ", or give a list of objects a name that ends in .json"
            raise DataError(
                f"{path}: line {number}: not a JSON object ({error}): {excerpt(line[:80])}; {remedy}"
            ) from error
        if not isinstance(row, dict):
            raise DataError(
                f"{path}: line {number}: {excerpt(row)} is not an object; write one a line, or give a list "
                "of objects a name that ends in .json"
            )
        yield row


def _whole(path: Path) -> Iterable[dict[str, Any]]:
    """The objects of a JSON file: of a list, or one a line, or columns, as pandas writes each."""
    if is_json_lines(path):
        return _lines(path)
    with text_file(path) as file:
        try:
            held = json.load(file, object_pairs_hook=_unique_keys)
        except (ValueError, RecursionError) as error:
            if isinstance(error, UnicodeDecodeError):
                raise
            raise DataError(
                f"{path}: not JSON ({error}); write a list of objects, or one object a line"
            ) from error
    return list(_objects(path, held))


def is_json_lines(path: Path) -> bool:
    """Whether a JSON file's first line that is not blank is an object of its own, and not all of the file."""
    with open_bytes(path) as file:
        if file.read(4096).removeprefix(b"\xef\xbb\xbf").lstrip()[:1] != b"{":
            return False
    with text_file(path) as file:
        lines = [line for line in islice(file, _FIRST) if line.strip()]
    try:
        held = json.loads(lines[0]) if lines else {}
    except (ValueError, RecursionError):
        return False
    return len(lines) > 1 or not any(isinstance(value, list | dict) for value in held.values())


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
                kinds[name] = _kind(value)
    for row in rest if set(wanted) - set(kinds) else ():
        for name in wanted:
            if name in row:
                kinds.setdefault(name, _kind(row[name]))
        if not set(wanted) - set(kinds):
            break
    return [Field(name=name, kind=kind) for name, kind in kinds.items()]


def _kind(value: Any) -> str:
    if isinstance(value, list) and value and all(type(one) in (int, float) for one in value):
        return "vectors"
    return "null" if value is None else _KINDS.get(type(value), "other")


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
    if odd := next((name for name in names if not _is_utf8(name)), None):
        raise DataError(f"{path}: key {excerpt(odd)} holds half of a surrogate pair: rename it")
    values: dict[str, list[Any]] = {name: [] for name in names}
    for row in rows:
        for name, column in values.items():
            column.append(row.get(name))
    held = columns.embedding if columns else ""
    return pa.table(
        {
            name: _typed(path, name, column, is_list=columns is None or name == held)
            for name, column in values.items()
        }
    )


def _typed(path: Path, name: str, values: list[Any], *, is_list: bool) -> pa.Array:
    """A column of one type: str, int, float or bool, or lists of numbers, with nulls."""
    first: dict[type, int] = {}
    for row, value in enumerate(values):
        first.setdefault(type(value), row)
    kinds = {kind: row for kind, row in first.items() if kind is not type(None)}
    if is_list and {*kinds} & {list, dict}:
        try:
            return pa.array(values)
        except (pa.ArrowException, TypeError, OverflowError, UnicodeEncodeError) as error:
            raise DataError(
                f"{path}: column {name!r}: {excerpt(str(error))}; write every row alike, as a list of numbers or "
                "an object of the same keys"
            ) from error
    if {*kinds} == {int, float}:  # a program may write 3.0 as 3
        kinds = {float: kinds[float]}
        values = [value if value is None else float(value) for value in values]
    odd = next((row for kind, row in kinds.items() if kind not in (str, int, float, bool)), None)
    if len(kinds) > 1 or odd is not None:
        rows = [
            f"row {row} is {kind.__name__} {excerpt(values[row])}" for kind, row in kinds.items()
        ]
        raise DataError(
            f"{path}: column {name!r}: {', '.join(rows)} (rows count from 0); write every row as "
            "one and the same of string, number or true/false"
        )
    try:
        return pa.array(values, pa.large_string() if str in kinds else None)
    except UnicodeEncodeError as error:
        rows = [f"row {i} {excerpt(v)}" for i, v in enumerate(values) if v and not _is_utf8(v)]
        why = "it holds half of a surrogate pair (\\ud800 to \\udfff): write the whole character"
        raise bad_rows(str(path), name, rows, len(rows), why=why) from error
    except OverflowError as error:
        row = next(i for i, v in enumerate(values) if v is not None and not -(2**63) <= v < 2**63)
        raise DataError(
            f"{path}: column {name!r}: row {row} {excerpt(values[row])} is beyond 64 bits; write it as "
            "a string"
        ) from error


def _is_utf8(text: str) -> bool:
    return not any("\ud800" <= letter <= "\udfff" for letter in text)
