"""Commands, and the standard streams they speak by: what nobody takes is dropped, and ends nothing."""

import atexit
import errno
import io
import os
import select
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import typer

from trainables.errors import ABSENT, DONE

# Python takes a second to take these apart at its end, module by module.
_SLOW_TO_LEAVE = {"ray", "torch"}


class CommandLine(typer.Typer):
    """What is called from a command line; errors keep Python's own traceback, without values in it."""

    def __init__(self, **options: Any) -> None:
        options.setdefault("add_completion", False)
        super().__init__(pretty_exceptions_enable=False, **options)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Run what the command line says, and end the process; words given by a program end no process of its."""
        is_process = not args and threading.current_thread() is threading.main_thread()
        try:
            with settled_streams():
                return super().__call__(*args, **kwargs)
        except SystemExit as ended:
            code = DONE if ended.code is None else ended.code
            if is_process and sys.modules.keys() & _SLOW_TO_LEAVE and isinstance(code, int):
                _end_at_once(code)
            raise


def _end_at_once(code: int) -> None:
    """End the process as Python does, but for its modules: the kernel takes all of that at once."""
    # A second Ctrl-C while Ray is left: all is printed by now, and what runs still ends with this process.
    with suppress(KeyboardInterrupt):
        # It ends the idle threads of pools, too, for which a join would wait for ever.
        threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):
            stream.flush()
    os._exit(code)


class _Descriptor(io.FileIO):
    """The descriptor of a stream; once it does not take something, all of it is dropped.

    Attributes:
        lost: Why, or None.
    """

    lost: OSError | None = None

    def write(self, data: Any, /) -> int:
        """Write some, or drop all."""
        while self.lost is None:
            try:
                # None where it cannot take more at once, which another program may have set of a pipe.
                if (count := super().write(data)) is not None:
                    return count
            except OSError as error:
                self.lost = error
                break
            wait = select.poll()
            wait.register(self.fileno(), select.POLLOUT)
            wait.poll()
        return memoryview(data).nbytes


@contextmanager
def settled_streams() -> Iterator[None]:
    """Let a command go on to its own end, whatever becomes of what it prints.

    A reader that goes away (`| head -1`) has what it wants. Any other fault of standard output is said at
    the end, by exit code 4 where all else is done. A stream that is closed is nobody's.

    Raises:
        SystemExit: As the command ends, or by 4.
    """
    _open_closed()
    out = _settle("stdout")
    _settle("stderr")
    ended: SystemExit | None = None
    try:
        yield
    except SystemExit as error:
        ended = error
    with suppress(ValueError):  # a library may have closed it
        sys.stdout.flush()
    lost = out.lost if out else None
    if lost is not None and lost.errno != errno.EPIPE:
        sys.stderr.write(
            f"error: standard output: {lost.strerror}; part of what was printed is missing, and nothing of what "
            "was written to files\n"
        )
        if ended is None or ended.code in (None, DONE):
            raise SystemExit(ABSENT)
    if ended is not None:
        raise ended


def _open_closed() -> None:
    """Open what is closed of the three: the next file that is opened would take its place, and what is printed."""
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        try:
            os.fstat(number)
        except OSError:
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)
        if getattr(sys, name) is None:
            mode = "w" if number else "r"
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115, PTH123


def _settle(name: str) -> _Descriptor | None:
    """Put a stream that drops in the place of Python's own; None where it is another program's."""
    stream = getattr(sys, name)
    if stream is not getattr(sys, f"__{name}__") or not isinstance(stream, io.TextIOWrapper):
        return None
    stream.flush()
    descriptor = _Descriptor(stream.fileno(), "wb", closefd=False)
    # What an encoding lacks is escaped.
    settled = io.TextIOWrapper(
        io.BufferedWriter(descriptor),
        encoding=stream.encoding,
        errors="backslashreplace",
        line_buffering=stream.line_buffering,
    )
    setattr(sys, name, settled)
    return descriptor
