"""A part of a split, a file or what the hub gives, and what is wanted of it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import pyarrow as pa

from trainables.data.columns import Columns, Field
from trainables.data.csv_dialects import Dialect
from trainables.data.readers import format_of, header_of, table_of

Target = Literal["class", "number", "optional", "none"]


@dataclass(frozen=True, kw_only=True)
class Part:
    """One file of a split, or all of one on the hub.

    Attributes:
        where: What it is called in messages.
        header: Its columns, given the names that are wanted.
        read: The table of some columns, or of all for None.
        is_typed: Whether it tells numbers from text.
        path: The file, or None.
        class_names: Names of the classes by column that are known of it beside what it says itself.
    """

    where: str
    header: Callable[[Sequence[str]], list[Field]]
    read: Callable[[Columns | None], pa.Table]
    is_typed: bool = True
    path: Path | None = None
    class_names: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def part_of(path: Path, dialect: Dialect) -> Part:
    """A file as a part.

    Raises:
        DataError: If it is of no format that is read.
    """
    return Part(
        where=str(path),
        header=lambda wanted: header_of(path, dialect, wanted),
        read=lambda columns: table_of(path, columns, dialect),
        is_typed=format_of(path).is_typed,
        path=path,
    )


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What is to be read of the files.

    Attributes:
        columns: Which columns hold what, in order of preference; what is empty is guessed.
        target: What the label column holds: classes; any number; classes, if they can be read; or
            nothing that is wanted.
        own_columns: Whether the user's other columns are kept.
        of_language: Whether it is for a language model: conversations, and prompts with their responses, are
            looked for before texts, and texts are no pairs.
    """

    columns: Sequence[Columns]
    target: Target = "class"
    own_columns: bool = False
    of_language: bool = False
