"""Numbers as a person writes them: Python also takes 1_0, blanks around, and the digits of every script."""

import math
import re
from collections.abc import Sequence

WHOLE = r"[-+]?(?:0|[1-9][0-9]*)"
NUMBER = r"[-+]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]+)?"
# Of more digits no whole number here is meant, and Python reads none of more than 4,300.
_MOST_DIGITS = 400


def whole_number(text: str) -> int:
    """A whole number as written, in ASCII and without a 0 before it.

    Raises:
        ValueError: If it is none.
    """
    if not re.fullmatch(WHOLE, text) or len(text) > _MOST_DIGITS:
        raise ValueError(f"{text[:80]!r} is no whole number")
    return int(text)


def real_number(text: str) -> float:
    """A finite number as written, in ASCII with a point for its decimals.

    Raises:
        ValueError: If it is none.
    """
    found = float(text) if re.fullmatch(NUMBER, text) else math.nan
    if not math.isfinite(found):
        raise ValueError(f"{text[:80]!r} is no number")
    return found


def many(count: int, noun: str, several: str = "") -> str:
    """A count with its noun: 1 trial, 2 trials, 1,000 classes.

    Args:
        count: How many.
        noun: Of one.
        several: Of several, where that is not noun and s, or es behind an s.
    """
    plural = several or (f"{noun}es" if noun.endswith("s") else f"{noun}s")
    return f"{count:,} {noun if count == 1 else plural}"


def first_few(values: Sequence[object], most: int = 5) -> str:
    """The first of several, and how many more there are: 3, 8, 12, 40, 41 and 1,000 more."""
    more = len(values) - most
    return ", ".join(map(str, values[:most])) + (f" and {more:,} more" if more > 0 else "")
