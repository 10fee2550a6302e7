"""Which columns of a table hold what, and whether every text, image and id in them is fit."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from trainables.errors import DataError
from trainables.plain_text import quoted

SHOWN_ROWS = 5
MAX_EMPTY = 0.01
# A whole number of at most 18 digits, as a program writes it.
WHOLE = r"^(0|-?[1-9][0-9]{0,17})$"
Kind = Literal["text", "messages", "image", "vectors", "table"]
MAX_BYTES: dict[Kind, int] = {
    "text": 10**6, "messages": 10**6, "image": 64 * 2**20, "vectors": 4 * 2**20, "table": 64 * 2**20
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Field:
    """A column as its file has it.

    Attributes:
        name: Its name.
        kind: "text", "number" (whole, or true and false), "measure" (any number), "image",
            "vectors" (a list of numbers a row), "messages" (a list of turns a row), "null" or "other".
    """

    name: str
    kind: str


@dataclass(frozen=True, kw_only=True)
class Columns:
    """Which columns of a table hold what.

    Attributes:
        text: Columns whose text is joined by a newline, empty ones left out; or one of images.
        label: The class.
        id: The user's own id, or empty for the row number.
        embedding: Vectors, made beforehand; a name that ends in .npy is a file of them.
        messages: Conversations, in the place of text.
        prompt: What a response answers, in the place of text; with a response.
        response: What is learned.
    """

    text: tuple[str, ...] = ()
    label: str = ""
    id: str = ""
    embedding: str = ""
    messages: str = ""
    prompt: str = ""
    response: str = ""

    @property
    def of_language(self) -> bool:
        """Whether a language model alone reads them: conversations, or prompts with their responses."""
        return bool(self.messages or self.prompt or self.response)

    @property
    def inputs(self) -> tuple[str, ...]:
        """Columns that are joined to the inputs; none where there are vectors alone."""
        if self.messages:
            return (self.messages,)
        return (self.prompt, self.response) if self.response else self.text

    @property
    def names(self) -> list[str]:
        """All that is read of a table, each once."""
        vectors = "" if self.embedding.endswith(".npy") else self.embedding
        every = [
            *self.text,
            self.messages,
            self.prompt,
            self.response,
            self.label,
            self.id,
            vectors,
        ]
        return [name for name in dict.fromkeys(every) if name]


def excerpt(value: object) -> str:
    """A value as it may stand in a message: control characters escaped, 80 characters at most."""
    if isinstance(value, str | bytes):
        value = value[:81]  # of a value of megabytes no more is looked at
    shown = quoted(value.item() if isinstance(value, np.generic) else value)
    return shown if len(shown) <= 80 else shown[:77] + "..."


def bad_rows(where: str, column: str, rows: Iterable[str], total: int, *, why: str) -> DataError:
    """The error that lists the first bad rows (as text: number, id, value) and how many there are."""
    shown = list(rows)[:SHOWN_ROWS]
    more = f" and {total - len(shown):,} more" if total > len(shown) else ""
    count = "1 row is bad" if total == 1 else f"{total:,} rows are bad"
    return DataError(
        f"{where}: column {column!r}: {count}: {', '.join(shown)}{more} (rows count from 0); {why}"
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class ColumnOrigin:
    """Where a value is from, for messages.

    Attributes:
        where: The file.
        column: Its column.
        ids: The user's own ids, shape (n,), or None where rows have only their numbers.
    """

    where: str
    column: str
    ids: NDArray[Any] | None = None

    def row(self, row: int, value: object) -> str:
        """One row by number, id and value."""
        return self.row_shown(row, excerpt(value))

    def row_shown(self, row: int, shown: str) -> str:
        """One row by number, id and what is shown of it."""
        named = "" if self.ids is None else f" (id {excerpt(self.ids[row])})"
        return f"row {row}{named} {shown}"


def refuse(origin: ColumnOrigin, values: pa.Array, bad: Any, why: str) -> None:
    """Raise the error that lists the rows where bad (n,) is true, if there are any."""
    rows = np.flatnonzero(np.asarray(pc.fill_null(bad, False))).tolist()
    refuse_rows(origin, rows, {row: values[row].as_py() for row in rows[:SHOWN_ROWS]}, why)


def refuse_rows(origin: ColumnOrigin, rows: Sequence[int], values: Any, why: str) -> None:
    """Raise the error that lists some rows by number, id and value, if there are any."""
    if rows:
        shown = [origin.row(row, values[row]) for row in rows[:SHOWN_ROWS]]
        raise bad_rows(origin.where, origin.column, shown, len(rows), why=why)


def first_lengths(table: pa.Table, columns: Columns) -> NDArray[np.int64]:
    """Characters of the first of the texts that are joined, shape (n,)."""
    lengths: Any = pc.utf8_length(pc.fill_null(flat(table[columns.inputs[0]]), ""))
    return np.asarray(lengths).astype(np.int64)


def inputs_of(table: pa.Table, columns: Columns, origin: ColumnOrigin) -> tuple[pa.Array, Kind]:
    """The texts or encoded images of a table, shape (n,), every row checked.

    Raises:
        DataError: If a row is null, not UTF-8 or huge, or more than 1 % of the rows are empty.
    """
    names = columns.inputs
    holds_images = is_image(table.schema.field(names[0]).type)
    kind: Kind = "image" if holds_images else "text"
    several = len(names) > 1
    if holds_images and several:
        raise DataError(f"{origin.where}: {names} holds images; name one column of them")
    parts = [_input(table, replace(origin, column=name), is_optional=several) for name in names]
    inputs = _joined(parts) if several else parts[0]
    size = pc.binary_length(inputs)
    why = f"at most {MAX_BYTES[kind]:,} bytes are read: cut the {kind}, or remove the row"
    refuse(origin, inputs, pc.greater(size, MAX_BYTES[kind]), why)
    empty = is_empty(inputs)
    if empty.sum() > MAX_EMPTY * len(inputs):
        why = f"more than {MAX_EMPTY:.0%} of the rows are empty: fill or remove them"
        refuse(origin, inputs, pa.array(empty), why)
    return inputs, kind


def is_empty(inputs: pa.Array) -> NDArray[np.bool_]:
    """Whether a text holds nothing but space, or an image no byte, shape (n,)."""
    if pa.types.is_large_string(inputs.type):
        inputs = pc.utf8_trim_whitespace(inputs)
    empty: NDArray[np.bool_] = np.asarray(pc.binary_length(inputs)) == 0
    return empty


def is_image(kind: Any) -> bool:
    """Whether a type is that of Hugging Face's Image: a struct with the encoded bytes."""
    if not pa.types.is_struct(kind) or kind.get_field_index("bytes") < 0:
        return False
    stored = kind.field("bytes").type
    return bool(pa.types.is_binary(stored) or pa.types.is_large_binary(stored))


def _input(table: pa.Table, origin: ColumnOrigin, *, is_optional: bool) -> pa.Array:
    column = flat(table[origin.column])
    if is_image(column.type):
        column = pc.struct_field(column, "bytes").cast(pa.large_binary())
        refuse(origin, column, pc.is_null(column), "give every row an image's bytes")
        return column
    if pa.types.is_null(column.type):
        column = column.cast(pa.large_string())
    if not is_text(column.type):
        raise DataError(
            f"{origin.where}: column {origin.column!r} holds {column.type}, not text; name another "
            "column with --text-column, or write it as UTF-8 strings"
        )
    column = checked_utf8(column, origin)
    if not is_optional:
        refuse(origin, column, pc.is_null(column), "it is null: fill or remove the row")
    return column


def checked_utf8(column: pa.Array, origin: ColumnOrigin) -> pa.Array:
    """A column of text as large_string, which Parquet readers do not check to be UTF-8.

    Raises:
        DataError: If a row is not.
    """
    texts = column.cast(pa.large_string())
    try:
        texts.validate(full=True)
    except pa.ArrowInvalid:
        stored = texts.cast(pa.large_binary())
        bad = pa.array([not _is_utf8(value) for value in stored.to_pylist()])
        refuse(origin, stored, bad, "it is not UTF-8: decode it before writing the file")
        raise
    return texts


def _is_utf8(value: bytes | None) -> bool:
    try:
        return value is None or value.decode("utf-8") is not None
    except UnicodeDecodeError:
        return False


def is_text(kind: Any) -> bool:
    """Whether a type is one of Arrow's three of UTF-8 strings."""
    checks = (pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view)
    return any(check(kind) for check in checks)


def flat(column: pa.ChunkedArray) -> pa.Array:
    """A column as one array, dictionaries decoded."""
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if pa.types.is_string(column.type):  # its 32-bit offsets could overflow in one array
        column = column.cast(pa.large_string())
    return column.combine_chunks()


def _joined(parts: list[pa.Array]) -> pa.Array:
    """Texts joined by a newline, empty and null ones left out."""
    kept = [pc.if_else(pc.equal(part, ""), None, part) for part in parts]
    # pyarrow 26 gives no element at all, not an empty one, for a row of which every part is null.
    blank = pc.is_null(pc.coalesce(*kept))
    kept[-1] = pc.if_else(blank, "", kept[-1])
    newline = pa.scalar("\n", pa.large_string())
    return pc.binary_join_element_wise(*kept, newline, null_handling="skip")
