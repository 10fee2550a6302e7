"""Rows of a JSON file written again: every value as it stands in the text."""

import json
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from trainables.data.json_files import is_json_lines
from trainables.data.rewriting_text import byte_order_mark, rewrite_jsonl
from trainables.data.row_marks import RowMarks
from trainables.data.streams import open_bytes, packed_file

_SPACE = re.compile(r"[ \t\n\r]*")
_DECODER = json.JSONDecoder()
# Each byte as one letter: all signs of JSON are ASCII, and what is not stands within its strings.
_BYTES = "latin-1"


def rewrite_json(path: Path, out: Path, marks: RowMarks) -> None:
    """Write the rows of a JSON file that stay: objects of a list, or the values of each column."""
    if is_json_lines(path):
        rewrite_jsonl(path, out, marks)
        return
    mark, text = byte_order_mark(path), _text(path)
    containers = _containers(text)
    kept = marks.next(sum(1 for _ in _members(text, containers[0])))
    with packed_file(out) as sink:
        sink.write(mark)
        at = 0
        for container in containers:
            sink.write(text[at:container].encode(_BYTES))
            at = _write_kept(sink, text, container, kept.tolist())
        sink.write(text[at:].encode(_BYTES))


def json_reading(path: Path) -> dict[str, str]:
    """Under which key a JSON file has the list of its rows, as `datasets` calls that; nothing where under none."""
    if is_json_lines(path):
        return {}
    text = _text(path)
    rows = _list_of_rows(text)
    if rows is None:
        return {}
    start = rows[0]
    end = _DECODER.raw_decode(text, start)[1]
    return {"field": json.loads(text[start:end].encode(_BYTES))}


def _text(path: Path) -> str:
    """A file's bytes as letters, without the mark it may begin with."""
    mark = byte_order_mark(path)
    with open_bytes(path) as file:
        return file.read()[len(mark) :].decode(_BYTES)


def _containers(text: str) -> list[int]:
    """Where the list of the rows begins, or where the values of each column do."""
    top = _skip(text, 0)
    if text[top] == "[":
        return [top]
    rows = _list_of_rows(text)
    return [rows[1]] if rows else [value for _, value, _ in _members(text, top, _large_end)]


def _list_of_rows(text: str) -> tuple[int, int] | None:
    """Where the key and the value begin of an object's only list, if that holds objects."""
    top = _skip(text, 0)
    if text[top] != "{":
        return None
    members = _members(text, top, _large_end)
    lists = [(start, value) for start, value, _ in members if text[value] == "["]
    is_rows = len(lists) == 1 and text[_skip(text, lists[0][1] + 1)] == "{"
    return lists[0] if is_rows else None


def _skip(text: str, at: int) -> int:
    """The next place that holds no space."""
    found: Any = _SPACE.match(text, at)
    end: int = found.end()
    return end


def _end(text: str, at: int) -> int:
    """Where a value ends."""
    end: int = _DECODER.raw_decode(text, at)[1]
    return end


def _members(
    text: str, at: int, end_of: Callable[[str, int], int] = _end
) -> Iterator[tuple[int, int, int]]:
    """Of each member of the list or object at a place: where it begins, where its value does, and where it ends."""
    has_keys, at = text[at] == "{", _skip(text, at + 1)
    while text[at] not in "]}":
        start = at
        if has_keys:
            at = _skip(text, _end(text, at))  # at the colon
            at = _skip(text, at + 1)
        end = end_of(text, at)
        yield start, at, end
        at = _skip(text, end)
        if text[at] == ",":
            at = _skip(text, at + 1)


def _large_end(text: str, at: int) -> int:
    """Where a value ends that may be large: of a list or object one member is held at a time."""
    if text[at] not in "[{":
        return _end(text, at)
    inner = at + 1
    for _, _, end in _members(text, at):
        inner = end
    return _skip(text, inner) + 1


def _write_kept(sink: Any, text: str, at: int, kept: Sequence[bool]) -> int:
    """Write the members that stay of the list or object at a place, and say where it ends."""
    sink.write(text[at].encode(_BYTES))
    comma, last, gap = "", at + 1, at + 1
    for is_kept, (_, _, end) in zip(kept, _members(text, at), strict=True):
        if is_kept:  # with the space before it, so that lines stay lines
            sink.write((comma + text[gap:end]).encode(_BYTES))
            comma = ","
        last, gap = end, _skip(text, end) + 1
    end = _skip(text, last) + 1
    sink.write(text[last:end].encode(_BYTES))
    return end
