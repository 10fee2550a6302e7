"""Exit codes, and errors in one line instead of a traceback."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

DONE, BUG, USAGE, INCOMPLETE, ABSENT, GATE, UNSAFE = range(7)
INTERRUPTED, TERMINATED = 130, 143


@contextmanager
def explained() -> Iterator[None]:
    """End the process with the right code and one line on stderr for what a user can mend.

    An error of ours keeps its traceback and gives exit code 1.
    """
    from trainables.data.dataset import DataError, UnsafeError

    try:
        yield
    except UnsafeError as error:
        _end(error, UNSAFE)
    except (DataError, OSError) as error:
        _end(error, ABSENT)
    except ValueError as error:
        _end(error, USAGE)
    except KeyboardInterrupt:
        _end("stopped; the same command goes on from here", INTERRUPTED)


def _end(error: object, code: int) -> None:
    print(f"error: {error}", file=sys.stderr)  # noqa: T201 - the one place that speaks to stderr
    raise SystemExit(code)
