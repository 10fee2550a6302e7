"""Paths of this machine as a page that is sent on may tell them: no home folder, and commands that still work."""

import os
import shlex
from pathlib import Path


def short_path(path: Path | str) -> str:
    """A path without what names this machine or its user.

    One that was given relative stays as it was given; one below the folder that the command runs in is told
    from there, one in the home folder as `~/…`; of any other only its last name.
    """
    given = Path(path)
    if not given.is_absolute():
        return str(given)
    place = Path(os.path.normpath(given))
    for root, start in ((Path.cwd(), ""), (Path.home(), "~/")):
        # Below / lies everything, which says nothing of where a reader is.
        if place.is_relative_to(root) and place != root != Path("/"):
            return start + str(place.relative_to(root))
    return place.name


def pasted_path(path: Path | str) -> str:
    """The same as a word of a command line that works where it was printed.

    Of a folder that is in neither place `PATH/TO/` says what is left to fill in.
    """
    text = short_path(path)
    if Path(path).is_absolute() and "/" not in text and Path(text).absolute() != Path(path):
        text = f"PATH/TO/{text}"
    start, rest = ("~/", text[2:]) if text.startswith("~/") else ("", text)
    return start + shlex.quote(rest)
