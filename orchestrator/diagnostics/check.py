"""One finding of `doctor`."""

from dataclasses import dataclass
from typing import Literal

Mark = Literal["ok", "warning", "problem"]
MARKS = {"ok": "✓", "warning": "!", "problem": "✗"}


@dataclass(frozen=True, kw_only=True)
class Check:
    """What was checked and found.

    Attributes:
        name: What.
        mark: "ok", "warning" where a sweep runs all the same, else "problem".
        found: In a few words.
        remedy: What to do; empty where all is well.
    """

    name: str
    mark: Mark
    found: str
    remedy: str = ""
