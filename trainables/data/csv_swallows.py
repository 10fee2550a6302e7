"""Values of a CSV that swallowed records: well formed for a parser, and wrong for the person."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
_MOST_LABELS = 65_536
# Characters of a value up to which it can be a word of few.
_SHORT = 16
_SAMPLE = 8_192
# Lines that read like records, from which on a value is refused though most of its lines do not.
_SURE = 3


def _shape(value: str) -> str:
    """How a value with digits is written, such as a0 of c12; other values are only themselves."""
    if not any(letter.isdigit() for letter in value):
        return value
    return re.sub(r"[^\W\d_]+", "a", re.sub(r"\d+", "0", value))


@dataclass(frozen=True, kw_only=True)
class Swallow:
    """A value of several lines that read like records of its file.

    Attributes:
        row: The record it stands in, from 0.
        start: The line on which that begins, from 1.
        end: The line on which it ends.
        count: Lines of it that read like records.
        line: The number of one.
        text: That line.
    """

    row: int
    start: int
    end: int
    count: int
    line: int
    text: str


@dataclass(frozen=True, kw_only=True)
class _Profile:
    """What records of a file look like, by the values that stand in its columns; shape (width,) each.

    Attributes:
        numbers: Whether a column holds numbers alone.
        known: All values of a column of few, and how those with digits are written; or None.
        spaced: Whether a value of it begins with a space.
    """

    numbers: Sequence[bool]
    known: Sequence[set[str] | None]
    spaced: Sequence[bool]

    @property
    def telling(self) -> list[int]:
        """Columns whose values tell a record from prose."""
        both = zip(self.numbers, self.known, strict=True)
        return [k for k, (number, known) in enumerate(both) if number or known is not None]

    def fits(self, values: Sequence[str]) -> bool:
        """Whether values, of a line read without quotes, could be a record."""
        if len(values) != len(self.numbers):
            return False
        for k, value in enumerate(values):
            if value.startswith(" ") and not self.spaced[k]:
                return False
            plain, known = value.strip('"'), self.known[k]
            if self.numbers[k] and not _NUMBER.fullmatch(plain):
                return False
            is_known = known is None or plain in known or _shape(plain) in known
            if not self.numbers[k] and not is_known:
                return False
        return True


@dataclass(kw_only=True)
class Swallows:
    """Looks for values that swallowed records, among the records of a file as they are read.

    Attributes:
        width: Values of a record.
        delimiter: Between them.
        label: Which of them is the class, if one is known to be.
    """

    width: int
    delimiter: str
    label: int | None = None
    _labels: set[str] = field(default_factory=set)
    _sample: list[list[str]] = field(default_factory=list)
    _every: int = 1
    _several: list[tuple[int, int, list[str], list[str]]] = field(default_factory=list)

    def add(self, record: list[str], lines: Sequence[str], row: int, start: int) -> None:
        """Take note of a record.

        Args:
            record: Its values.
            lines: The lines of the file that it stands on.
            row: Its number, from 0.
            start: The number of its first line, from 1.
        """
        if self.label is not None and len(self._labels) < _MOST_LABELS:
            self._labels.add(record[self.label])
        if len(lines) > 1:
            self._several.append((row, start, record, list(lines)))
        elif row % self._every == 0:
            self._sample.append(record)
            if len(self._sample) > _SAMPLE:
                self._sample = self._sample[::2]
                self._every *= 2

    def found(self) -> Swallow | None:
        """The first value that swallowed records; None if none did."""
        if not self._several:
            return None
        profile = self._profile()
        for row, start, record, lines in self._several:
            possible = list(self._possible(record, lines, profile))
            alike = [(at, line) for at, line in possible if profile.fits(self._values(line))]
            if alike and (2 * len(alike) >= len(possible) or len(alike) >= _SURE):
                at, line = alike[0]
                return Swallow(
                    row=row,
                    start=start,
                    end=start + len(lines) - 1,
                    count=len(alike),
                    line=start + at,
                    text=line.rstrip("\r\n"),
                )
        return None

    def _profile(self) -> _Profile:
        columns: list[list[str]] = [[] for _ in range(self.width)]
        for record in [*self._sample, *(one[2] for one in self._several)]:
            for k, value in enumerate(record):
                if "\n" not in value:
                    columns[k].append(value)
        known: list[set[str] | None] = []
        for k, values in enumerate(columns):
            different = set(values)
            is_few = 0 < len(different) <= min(max(2, len(values) // 2), 1_000)
            is_short = all(len(value) <= _SHORT for value in different)
            told = self._labels if k == self.label else different if is_few and is_short else None
            known.append(told if told is None else told | {_shape(value) for value in told})
        return _Profile(
            numbers=[
                any(values) and all(_NUMBER.fullmatch(value) for value in values if value)
                for values in columns
            ],
            known=known,
            spaced=[any(value.startswith(" ") for value in values) for values in columns],
        )

    def _possible(
        self, record: Sequence[str], lines: Sequence[str], profile: _Profile
    ) -> Iterator[tuple[int, str]]:
        """Lines that could be records, by their place; blank ones, and those that are cut, are not.

        The first line holds what stands before the value that opens on it, and the last one what stands
        behind the value that closes on it: that these fit says nothing.
        """
        broken = [k for k, value in enumerate(record) if "\n" in value] or [0]
        for at, line in enumerate(lines):
            is_first, is_last = at == 0, at == len(lines) - 1
            says = [
                k
                for k in profile.telling
                if not (is_first and k <= broken[0]) and not (is_last and k >= broken[-1])
            ]
            if line.strip() and says:
                yield at, line

    def _values(self, line: str) -> list[str]:
        """The values of a line in which quotes are letters."""
        return line.rstrip("\r\n").split(self.delimiter)
