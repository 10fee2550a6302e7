"""What a table says of its rows, read from the docstrings of their functions."""

import inspect
from collections.abc import Callable
from typing import Any


def about(function: Callable[..., Any]) -> str:
    """The first line of a function's docstring."""
    return _lines(function)[0]


def source(function: Callable[..., Any]) -> str:
    """What a function's docstring has under References, as one line; empty if nothing."""
    lines = _lines(function)
    if "References:" not in lines:
        return ""
    after = lines[lines.index("References:") + 1 :]
    return " ".join(line.strip() for line in after if line.strip())


def _lines(function: Callable[..., Any]) -> list[str]:
    return (inspect.getdoc(function) or "").splitlines() or [""]
