"""Class names that a person may have meant to be one: they differ in space, case or Unicode form."""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

_PASSED_OVER: dict[str, Callable[[str], str]] = {
    "Unicode form": lambda name: unicodedata.normalize("NFKC", name),
    "case": str.casefold,
    "inner space": lambda name: re.sub(r"(?<=\S)\s+(?=\S)", " ", name),
    "outer space": str.strip,
}


@dataclass(frozen=True, kw_only=True)
class Spelling:
    """Class names that are one when something is passed over.

    Attributes:
        names: Two or more.
        differ_by: What: outer space, inner space, case, Unicode form.
    """

    names: tuple[str, ...]
    differ_by: tuple[str, ...]


def label_spellings(names: Sequence[str]) -> tuple[Spelling, ...]:
    """The groups of names that differ only in space, case or Unicode form, in order of appearance."""
    groups: dict[str, list[str]] = defaultdict(list)
    for name in names:
        groups[_plain(name, _PASSED_OVER)].append(name)
    return tuple(
        Spelling(names=tuple(group), differ_by=_differences(group))
        for group in groups.values()
        if len(group) > 1
    )


def _plain(name: str, passed_over: Sequence[str] | dict[str, Callable[[str], str]]) -> str:
    for what in passed_over:
        name = _PASSED_OVER[what](name)
    # What lower case decomposes is composed again.
    return unicodedata.normalize("NFKC", name) if "Unicode form" in passed_over else name


def _differences(names: Sequence[str]) -> tuple[str, ...]:
    """The fewest things that make the names one when passed over, the first such where there are several."""
    every = [*_PASSED_OVER]
    least = every
    for chosen in range(1, 2 ** len(every)):
        some = [what for bit, what in enumerate(every) if chosen >> bit & 1]
        if len(some) < len(least) and len({_plain(name, some) for name in names}) == 1:
            least = some
    return tuple(least)
