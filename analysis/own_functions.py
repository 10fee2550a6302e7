"""Functions of the user's own that a metric is made of."""

import importlib
import importlib.util
import math
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from analysis.contributions import NoValueError
from trainables.errors import UsageError
from trainables.own_code import SourceLoader, import_failure, watch_imports
from trainables.suggestions import did_you_mean


def number_from(function: Callable[..., Any], text: str, *given: Any) -> float:
    """What a user's function gives for answers and columns.

    Raises:
        NoValueError: If it raises, or gives no finite number.
    """
    try:
        value = float(function(*given))
    except Exception as error:
        raise NoValueError(f"metric {text}: {type(error).__name__}: {error}") from error
    if not math.isfinite(value):
        raise NoValueError(
            f"metric {text} gave {value} for {len(given[0])} test rows; it must be finite"
        )
    return value


def own_function(where: str, attribute: str, text: str) -> Callable[..., Any]:
    """A user's function, of a file or of a module that can be imported from here.

    Args:
        where: FILE.py, or the module.
        attribute: Its name there.
        text: As it was asked for.

    Raises:
        UsageError: If it is not there, or importing it fails.
    """
    watch_imports()
    try:
        if where.endswith(".py"):
            path = Path(where).resolve()
            if not path.is_file():
                raise UsageError(f"metric {text!r}: there is no file {path}")
            name = f"metric_{path.stem}"
            loader = SourceLoader(name, str(path))
            spec = importlib.util.spec_from_file_location(name, path, loader=loader)
            assert spec is not None and spec.loader is not None, "the name ends in .py"
            module = importlib.util.module_from_spec(spec)
            spec.loader.exec_module(module)
        else:
            here = str(Path.cwd())
            if here not in sys.path:
                sys.path.append(here)
            module = importlib.import_module(where)
    except UsageError:
        raise
    except Exception as error:
        raise UsageError(f"metric {text!r}: {import_failure(error)}") from error
    function = getattr(module, attribute, None)
    if not callable(function):
        named = [one for one in vars(module) if callable(getattr(module, one))]
        raise UsageError(
            f"metric {text!r}: {where} has no function {attribute!r}.{did_you_mean(attribute, named)}"
        )
    found: Callable[..., Any] = function
    return found
