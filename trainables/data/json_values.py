"""Values of JSON as columns: what one holds, and many of one type."""

import json
from collections import Counter
from typing import Any

import pyarrow as pa

from trainables.data.columns import ColumnOrigin, excerpt, refuse_rows
from trainables.data.messages import is_turns
from trainables.errors import DataError

_WORDS = {str: "a string", int: "a whole number", float: "a number", bool: "true or false"}
_KINDS = {str: "text", int: "number", bool: "number", float: "measure"}


def value_kind(value: Any) -> str:
    """What a value is, as `Field.kind` has it."""
    if is_turns(value):
        return "messages"
    if isinstance(value, list) and value and all(type(one) in (int, float) for one in value):
        return "vectors"
    return "null" if value is None else _KINDS.get(type(value), "other")


def turns_text(turns: Any) -> str | None:
    """Turns of a conversation as text, in which no two rows need have the same keys."""
    if turns is None or isinstance(turns, str):
        return turns
    return json.dumps(turns, ensure_ascii=False)


def typed(origin: ColumnOrigin, values: list[Any], *, is_list: bool) -> pa.Array:
    """A column of one type: str, int, float or bool, or lists of numbers, with nulls."""
    kinds = Counter(map(type, values))
    kinds.pop(type(None), None)
    if is_list and {*kinds} & {list, dict}:
        try:
            return pa.array(values)
        except (pa.ArrowException, TypeError, OverflowError, UnicodeEncodeError) as error:
            raise DataError(
                f"{origin.where}: column {origin.column!r}: {excerpt(str(error))}; write every row alike, as a "
                "list of numbers or an object of the same keys"
            ) from error
    if {*kinds} == {int, float}:  # a program may write 3.0 as 3
        kinds = Counter([float])
        values = [value if value is None else float(value) for value in values]
    fit = [kind for kind, _ in kinds.most_common() if kind in _WORDS]
    usual = fit[0] if fit else str
    others = f", and {kinds[usual]:,} other rows are" if kinds[usual] else ""
    refuse_rows(
        origin,
        [row for row, v in enumerate(values) if v is not None and type(v) is not usual],
        values,
        f"not {_WORDS[usual]}{others}: write every row as one and the same of string, number or true/false",
    )
    try:
        return pa.array(values, pa.large_string() if usual is str else None)
    except UnicodeEncodeError:
        rows = [row for row, v in enumerate(values) if v and not is_utf8(v)]
        why = "it holds half of a surrogate pair (\\ud800 to \\udfff): write the whole character"
        refuse_rows(origin, rows, values, why)
        raise
    except OverflowError:
        rows = [row for row, v in enumerate(values) if v is not None and not -(2**63) <= v < 2**63]
        refuse_rows(origin, rows, values, "it is beyond 64 bits: write it as a string")
        raise


def is_utf8(text: str) -> bool:
    """Whether a text can be written as UTF-8."""
    return not any("\ud800" <= letter <= "\udfff" for letter in text)
