"""Which numbers a flag takes, and what is said of all others: on a command line and in a YAML file alike."""

import math
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import typer

from trainables.written_numbers import NUMBER, WHOLE, whole_number

_PERCENT = re.compile(r"([0-9]+(\.[0-9]*)?|\.[0-9]+) ?%")
_BOUNDS = ("gt", "ge", "lt", "le")


@dataclass(frozen=True, kw_only=True)
class Range:
    """The numbers that a flag takes; all are finite.

    Attributes:
        is_whole: Whether only whole ones.
        gt: They are above it, where it is set.
        ge: Likewise, at least it.
        lt: Below it.
        le: At most it.
        word: What may be said in place of a number; empty for nothing.
    """

    is_whole: bool = False
    gt: float | None = None
    ge: float | None = None
    lt: float | None = None
    le: float | None = None
    word: str = ""

    @property
    def text(self) -> str:
        """The range as the end of "give ..."."""
        low = f"above {self.gt:g}" if self.gt is not None else ""
        low = f"from {self.ge:,}" if self.ge is not None else low
        high = f"and below {self.lt:g}" if self.lt is not None else ""
        high = f"up to {self.le:,}" if self.le is not None else high
        noun = "a whole number" if self.is_whole else "a number"
        return " ".join(filter(None, (noun, low, high, f"or {self.word}" * bool(self.word))))

    def refusal(self, value: object) -> str:
        """Why a value is none of them, with what to give; empty where it is one.

        Args:
            value: As a YAML file or Python has it: text that looks like a number is none.
        """
        if isinstance(value, bool) or not isinstance(value, int | float):
            if isinstance(value, str) and re.fullmatch(NUMBER, value):
                return "text, as it stands in quotes; give a number without them"
            if isinstance(value, str) and (share := _PERCENT.fullmatch(value)):
                return f"no number; write {float(share[1]) / 100:g}"
            return f"no number; give {self.text}, such as {self._example()}"
        if self.is_whole and not isinstance(value, int):
            return f"no whole number; give {self.text}, such as {self._example()}"
        if not math.isfinite(value) or not self._holds(value):
            meant = f": did you mean {value / 100:g}?" if self._is_percent(value) else ""
            return f"out of range; give {self.text}{meant}"
        return ""

    def parsed(self, text: object) -> int | float | str:
        """The number that a command line has as text, or the word in its place.

        Raises:
            typer.BadParameter: If it is none, or none of these.
        """
        value: object = text
        if self.word and text == self.word:
            return self.word
        if isinstance(text, str) and re.fullmatch(NUMBER, text):
            is_int = self.is_whole and re.fullmatch(WHOLE, text)
            value = whole_number(text) if is_int and len(text) < 20 else float(text)
        if why := self.refusal(value):
            raise typer.BadParameter(f"{ascii(text) if isinstance(text, str) else text} is {why}")
        assert isinstance(value, int | float)
        return value

    def _holds(self, value: float) -> bool:
        return (
            (self.gt is None or value > self.gt)
            and (self.ge is None or value >= self.ge)
            and (self.lt is None or value < self.lt)
            and (self.le is None or value <= self.le)
        )

    def _is_percent(self, value: float) -> bool:
        return self.lt == 1 and 1 <= value < 100

    def _example(self) -> str:
        if self.lt == 1:
            return "0.1"
        least = 1 if self.ge is None else max(1, self.ge)
        return f"{least:g}"


def _parts(annotation: Any) -> Iterator[Any]:
    """A kind with all that it is made of."""
    yield annotation
    for inner in get_args(annotation):
        yield from _parts(inner)


def takes_text(annotation: Any) -> bool:
    """Whether a field of a pydantic model holds text or a path, or a list of them."""
    return bool({str, Path} & {kind for kind in _parts(annotation) if isinstance(kind, type)})


def takes_several(annotation: Any) -> bool:
    """Whether a field of a pydantic model holds a list."""
    return any(get_origin(kind) is list for kind in _parts(annotation))


def range_of(annotation: Any, metadata: Iterable[Any]) -> Range | None:
    """The range that a field of a pydantic model states; None where it holds no number.

    Args:
        annotation: Of the field: a number, None, or a list of them.
        metadata: What pydantic keeps beside it.
    """
    parts = list(_parts(annotation))
    kinds = {kind for kind in parts if kind is int or kind is float}
    if not kinds:
        return None
    told = [*metadata, *(bound for part in parts for bound in getattr(part, "metadata", ()))]
    found = {name: getattr(one, name) for one in told for name in _BOUNDS if hasattr(one, name)}
    typed = [getattr(one, "json_schema_input_type", None) for one in metadata]
    words = [
        get_args(one)[0] for kind in typed for one in _parts(kind) if get_origin(one) is Literal
    ]
    return Range(is_whole=kinds == {int}, word="".join(words), **found)


def number(allowed: Range, *names: str, about: str, metavar: str | None = None) -> Any:
    """An option that takes a number.

    Args:
        allowed: Which.
        names: Of the flag, where they are not those of the parameter.
        about: Its help.
        metavar: What stands for the number there.
    """
    return typer.Option(
        *names, help=about, metavar=metavar, parser=allowed.parsed, min=allowed.ge, max=allowed.le
    )
