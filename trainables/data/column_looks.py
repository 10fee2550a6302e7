"""Which columns of a file could hold its texts and its classes, by what their rows hold."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from trainables.data.columns import Columns, Field
from trainables.data.parts import Part
from trainables.errors import EnvelopeError

# Rows that are looked at, evenly over the file.
_LOOKED_AT = 2_000
# Words of a text on average: shorter ones are rather names, or numbers of tickets. Of scripts that put
# no spaces between words, characters.
_LEAST_WORDS, _LEAST_LETTERS = 2.5, 8
# Rows of a class on average, and classes at most.
_LEAST_ROWS, _MOST_CLASSES = 5, 300
_UNSPACED = r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Khmer}\p{Lao}\p{Myanmar}]"
_SHOWN, _LONGEST = 4, 24


@dataclass(frozen=True, kw_only=True)
class ColumnLook:
    """What the rows of a column hold, of those that were looked at.

    Attributes:
        name: Of the column.
        rows: With a value.
        different: Values.
        words: Of a value, on average.
        letters: Characters of a value, on average, where they are of such a script; else 0.
        examples: The commonest values, the first first.
    """

    name: str
    rows: int
    different: int
    words: float
    letters: float
    examples: tuple[str, ...]

    @property
    def is_text(self) -> bool:
        """Whether a person may have written it."""
        return self.words >= _LEAST_WORDS or self.letters >= _LEAST_LETTERS

    @property
    def is_class(self) -> bool:
        """Whether rows share few values, and none is a date."""
        few = 2 <= self.different <= min(_MOST_CLASSES, self.rows / _LEAST_ROWS)
        return few and not self.is_text and not any(map(_is_date, self.examples))

    @property
    def told(self) -> str:
        """The column with what it holds, in a few words."""
        if self.is_class:
            values = ", ".join(_short(one) for one in self.examples[:_SHOWN])
            more = ", ..." if self.different > _SHOWN else ""
            return f"{self.name!r} ({self.different} values: {values}{more})"
        if self.words < _LEAST_WORDS:
            return f"{self.name!r} ({self.letters:.0f} characters a row)"
        return f"{self.name!r} ({self.words:.0f} words a row)"


@dataclass(frozen=True, kw_only=True)
class Candidates:
    """The columns that could be meant, the likeliest first.

    Attributes:
        texts: Of texts, the longest first.
        classes: Of classes, the fewest first.
    """

    texts: tuple[ColumnLook, ...] = ()
    classes: tuple[ColumnLook, ...] = ()


def candidates_in(part: Part, columns: Columns) -> Candidates:
    """The columns of a file that could hold its texts or its classes; none where its rows cannot be read.

    Args:
        part: The file.
        columns: Those whose part is known already.
    """
    try:
        header = part.header(columns.names)
        names = [one.name for one in _unknown(header, columns)]
        table = part.read(Columns(text=tuple(names))) if names else None
    except EnvelopeError:  # reading it to the end will say what is wrong
        return Candidates()
    if table is None or not table.num_rows:
        return Candidates()
    rows = np.unique(np.linspace(0, table.num_rows - 1, _LOOKED_AT).astype(np.int64))
    looks = [_look(name, table[name].take(pa.array(rows))) for name in names]
    texts = sorted((one for one in looks if one.is_text), key=lambda one: -one.words)
    classes = sorted((one for one in looks if one.is_class), key=lambda one: one.different)
    return Candidates(texts=tuple(texts), classes=tuple(classes))


def _short(value: str) -> str:
    return repr(value if len(value) <= _LONGEST else f"{value[:_LONGEST]}...")


def _unknown(header: Sequence[Field], columns: Columns) -> list[Field]:
    kinds = {"text", "number"}
    return [one for one in header if one.kind in kinds and one.name not in columns.names]


def _look(name: str, values: pa.ChunkedArray) -> ColumnLook:
    written = values.cast(pa.large_string())
    filled = written.filter(pc.not_equal(pc.fill_null(written, ""), ""))
    counts = sorted(pc.value_counts(filled).to_pylist(), key=lambda one: -one["counts"])
    words = pc.add(pc.count_substring_regex(filled, r"\s\S"), 1)
    unspaced = pc.any(pc.match_substring_regex(filled, _UNSPACED)).as_py()
    return ColumnLook(
        name=name,
        rows=len(filled),
        different=len(counts),
        words=pc.mean(words).as_py() or 0.0,
        letters=pc.mean(pc.utf8_length(filled)).as_py() or 0.0 if unspaced else 0.0,
        examples=tuple(one["values"] for one in counts[: _SHOWN + 1]),
    )


def _is_date(text: str) -> bool:
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return not text.isdecimal()
