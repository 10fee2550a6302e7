"""Columns that a language model is trained on: conversations, or prompts with their responses."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from trainables.data.columns import (
    MAX_BYTES,
    SHOWN_ROWS,
    ColumnOrigin,
    Columns,
    Field,
    bad_rows,
    checked_utf8,
    excerpt,
    flat,
    is_empty,
    is_text,
    refuse,
)
from trainables.data.messages import FIELDS, conversation
from trainables.errors import DataError

# What the hub's data sets of instructions call them.
_PROMPTED = (
    ("prompt", "response"), ("prompt", "completion"), ("prompt", "answer"), ("prompt", "output"),
    ("question", "answer"), ("instruction", "response"), ("instruction", "output"),
)  # fmt: skip
# A part of the prompt, with which an instruction alone is half of it.
_MORE = "input"
_TURNS = 'give every row a list of turns, such as [{"role": "user", "content": "..."}, ...]'


def is_list_of_turns(kind: Any) -> bool:
    """Whether a column's type is that of conversations: lists of a role and a text."""
    checks = (pa.types.is_list, pa.types.is_large_list, pa.types.is_fixed_size_list)
    if not any(check(kind) for check in checks) or not pa.types.is_struct(kind.value_type):
        return False
    names = {kind.value_type.field(at).name for at in range(kind.value_type.num_fields)}
    return any({*pair} <= names for pair in FIELDS)


def with_language(header: Sequence[Field], asked: Columns, where: str) -> Columns:
    """Columns with conversations, or else prompts and responses, where those are found by what they are.

    Args:
        header: The file's columns.
        asked: Columns whose inputs are not named.
        where: The file, for messages.

    Raises:
        DataError: If prompts stand in two columns.
    """
    turns = [field.name for field in header if field.kind == "messages"]
    if len(turns) == 1:
        return replace(asked, messages=turns[0])
    texts = {field.name.strip().lower(): field.name for field in header if field.kind == "text"}
    for prompt, response in _PROMPTED if not turns else ():
        if {prompt, response} <= {*texts}:
            if prompt == "instruction" and _MORE in texts:
                raise DataError(
                    f"{where}: its prompts stand in {excerpt(texts[prompt])} and {excerpt(texts[_MORE])}; join them "
                    "in one column, and name it with --prompt-column"
                )
            return replace(asked, prompt=texts[prompt], response=texts[response])
    return asked


def conversations_of(table: pa.Table, origin: ColumnOrigin) -> pa.Array:
    """The conversations of a column in one form, shape (n,), large_string, every row checked.

    Args:
        table: Holds the column: lists of turns, or texts of JSON that hold such.
        origin: Where it is from.

    Raises:
        DataError: If a row is no conversation; the first such rows are told with what is wrong in each.
    """
    column = flat(table[origin.column])
    if is_text(column.type):
        column = checked_utf8(column, origin)
        _check_size(origin, column)
    elif not is_list_of_turns(column.type):
        raise DataError(
            f"{origin.where}: column {origin.column!r} holds {column.type}, not conversations; {_TURNS}"
        )
    refuse(origin, column, pc.is_null(column), f"it is null: remove the row, or {_TURNS}")
    found: list[str] = []
    bad: list[str] = []
    count = 0
    for row, cell in enumerate(column):
        turns = cell.as_py()
        try:
            found.append(conversation(turns))
        except DataError as error:
            count += 1
            if count <= SHOWN_ROWS:
                bad.append(origin.row_shown(row, f"{excerpt(turns)} {error}"))
    if count:
        raise bad_rows(origin.where, origin.column, bad, count, why=_TURNS)
    inputs = pa.array(found, pa.large_string())
    _check_size(origin, inputs)
    return inputs


def _check_size(origin: ColumnOrigin, texts: pa.Array) -> None:
    most = MAX_BYTES["messages"]
    why = f"at most {most:,} bytes are read: cut the conversation, or remove the row"
    refuse(origin, texts, pc.greater(pc.binary_length(texts), most), why)


def check_responses(table: pa.Table, columns: Columns, origin: ColumnOrigin) -> None:
    """Refuse rows without a response: there is nothing to learn in them.

    Raises:
        DataError: If there are such.
    """
    column = flat(table[columns.response])
    if not is_text(column.type):
        return  # refused with the texts
    empty = is_empty(pc.fill_null(checked_utf8(column, origin), ""))
    its_own = replace(origin, column=columns.response)
    refuse(
        its_own,
        column,
        pa.array(np.asarray(empty)),
        "it is an empty response, from which nothing is learned: fill or remove the row",
    )
