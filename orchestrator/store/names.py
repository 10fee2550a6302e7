"""What kinds, keys and environments of a store may be called."""

import re

# Lower case only: two keys that differ in case alone would be one file on macOS.
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,127}")


def checked_name(what: str, name: str) -> str:
    """A name that may be part of a path.

    Raises:
        ValueError: If it is none.
    """
    if not _NAME.fullmatch(name):
        raise ValueError(
            f"{what} is {name!r}; use up to 128 of a-z, 0-9, '.', '_' and '-', "
            "beginning with a letter or a digit"
        )
    return name
