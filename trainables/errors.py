"""Errors that a user can mend, and how a command ends by them: one line and an exit code."""

import errno
import logging
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from textwrap import wrap

from trainables.plain_text import shown

DONE, BUG, USAGE, INCOMPLETE, ABSENT, GATE, UNSAFE = range(7)
INTERRUPTED, TERMINATED = 130, 143

# What the operating system says of a file that a user named, rather than of a fault of ours.
_OF_A_FILE = {
    errno.ENOENT, errno.EACCES, errno.EPERM, errno.ENOTDIR, errno.EISDIR, errno.ENAMETOOLONG,
    errno.ELOOP, errno.EROFS, errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.ESTALE,
}  # fmt: skip

# Is there to be copied: no line of a terminal ends within it but where it has no end.
_COMMAND = re.compile(r"`[^`]*`|(?:prune-envelope|python -m) .*$")
_AGAIN = "The same command goes on from here"


class EnvelopeError(Exception):
    """Base of every error of ours; its message says what was got, what is allowed, what to do.

    Attributes:
        exit_code: What a command that ends by it returns.
    """

    exit_code = BUG


class UsageError(EnvelopeError, ValueError):
    """What was asked for cannot be: a name, a value, or two that contradict each other."""

    exit_code = USAGE


class DataError(EnvelopeError, ValueError):
    """Data, or a file that a run left, that are not valid."""

    exit_code = ABSENT


class DamagedError(DataError):
    """A file that a command of ours wrote, and that is not what was written."""


class ReleaseError(DataError):
    """A file of another release, which this one does not read or go on from."""


class UnsafeError(DataError):
    """What could run code, crash its reader or harm others is refused, whatever was asked."""

    exit_code = UNSAFE


class UnavailableError(EnvelopeError, OSError):
    """A machine, disk, network or library does not give what a command needs."""

    exit_code = ABSENT


class AbsentError(UnavailableError, FileNotFoundError):
    """A file, folder, data set or model that was named is not there."""


class UnreachedError(AbsentError, DataError):
    """A model or data set of the hub that has no copy here, and the hub cannot be asked for it."""

    is_unreached = True


class MissingError(EnvelopeError, ValueError):
    """Several things that were asked for are not there or cannot be, told at once.

    Attributes:
        lines: What is told, a line each.
        is_unreached: Whether nothing is wrong but that the hub cannot be asked.
    """

    def __init__(self, lines: Sequence[str], exit_code: int, *, is_unreached: bool = False) -> None:
        super().__init__("\n".join(lines))
        self.lines = tuple(lines)
        self.is_unreached = is_unreached
        self.exit_code = exit_code


class NotShownError(EnvelopeError, ValueError):
    """What is asked for rests on a finding that a run has not shown."""

    exit_code = GATE


@contextmanager
def explained() -> Iterator[None]:
    """End the process with the right code and one line on stderr for what a user can mend.

    What is logged goes to stderr likewise, printable and without secrets. Anything else, a builtin error that nobody foresaw included, is a bug of ours: it keeps its
    traceback, with which Python ends by exit code 1.
    """
    if logging.lastResort:
        logging.lastResort.setFormatter(_PlainFormatter())
    try:
        yield
    except EnvelopeError as error:
        if error.exit_code == BUG:
            raise
        _end(error, error.exit_code)
    except OSError as error:
        if error.filename is None and error.errno in {errno.ENOSPC, errno.EDQUOT}:
            _end(f"no room on a disk: {_free_words()}; free more. {_AGAIN}", ABSENT)
        if error.filename is None or error.errno not in _OF_A_FILE:
            raise
        _end(f"{error.filename}: {error.strerror}", ABSENT)
    except KeyboardInterrupt:
        _end("stopped; the same command goes on from here", INTERRUPTED)


class _PlainFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return shown(super().format(record))


def _free_words() -> str:
    """What is free where a command writes that nobody named; a library's error may name no file."""
    places = {Path(tempfile.gettempdir()), Path.cwd()}
    free = {place: shutil.disk_usage(place).free for place in places}
    return ", ".join(f"{count:,} bytes are free in {place}" for place, count in free.items())


def _fitted(text: str, width: int) -> str:
    """A text on lines that end between words, and not within a command."""
    fitted = []
    for line in text.splitlines():
        kept = _COMMAND.sub(lambda found: found[0].replace(" ", "\0"), line)
        indent = " " * (len(line) - len(line.lstrip()))
        fitted += wrap(
            kept.lstrip(),
            width,
            initial_indent=indent,
            subsequent_indent=f"{indent}  ",
            break_long_words=False,
            break_on_hyphens=False,
        ) or [""]
    return "\n".join(fitted).replace("\0", " ")


def _end(error: object, code: int) -> None:
    encoding = sys.stderr.encoding or "utf-8"
    lines = error.lines if isinstance(error, MissingError) else (str(error),)
    text = "\n".join(map(shown, (f"error: {lines[0]}", *lines[1:])))
    if sys.stderr.isatty():
        text = _fitted(text, shutil.get_terminal_size().columns)
    told = text.encode(encoding, "backslashreplace").decode(encoding)
    print(told, file=sys.stderr)  # noqa: T201 - the one place that speaks to stderr
    raise SystemExit(code)
