"""The clean process that has imported a user's module and computed nothing; each call is a fork of it.

It speaks with a worker through a socket, a line of JSON a message, and ends when that closes.
"""

import importlib
import importlib.util
import json
import os
import socket
import sys
import traceback
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pyarrow as pa

from trainables.errors import DataError, EnvelopeError, UsageError
from trainables.own_code import (
    INSTALLED,
    SourceLoader,
    file_sha,
    import_failure,
    run_sha,
    source_sha,
    watch_imports,
)
from trainables.suggestions import did_you_mean
from trainables.trainers.child import answer_call
from trainables.trainers.content import with_imported
from trainables.trainers.processes import enter_group
from trainables.trainers.signature import Signature, signature_of

_OURS = Path(__file__).resolve().parents[1]


@dataclass(frozen=True, kw_only=True)
class Described:
    """A trainer's function, found and read.

    Attributes:
        signature: What it takes.
        files: The sha256 of its file and of every module that it imports from the same folder, even if
            only when it is called, by path below that folder.
    """

    signature: Signature
    files: dict[str, str]


def serve(handle: int, name: str, start: str) -> None:
    """Import what `name` says, describe it, and answer calls until the other end closes.

    Args:
        handle: Of the socket.
        name: file.py:function or module:function, found from the working folder.
        start: "fork" to fork for each call; "spawn" to answer one call in this very process.
    """
    channel = socket.socket(fileno=handle)
    os.set_inheritable(handle, False)
    watch_imports()
    try:
        function, folder = find_function(name)
        described = _described(function, name, folder)
        told = asdict(described)
        pa.array(np.zeros(1))  # imports pandas where there is one, half a second for each fork
    except EnvelopeError as error:
        send(channel, {"refused": str(error)})
        return
    except BaseException as error:
        send(channel, {"refused": f"{name}: importing it failed: {import_failure(error)}"})
        traceback.print_exc()
        return
    send(channel, told)
    lines = channel.makefile("rb")
    while line := lines.readline():
        call = json.loads(line)
        loaded = set(local_files(folder))
        unread = {below: sha for below, sha in described.files.items() if below not in loaded}
        if changed := [below for below, sha in unread.items() if file_sha(folder / below) != sha]:
            why = f"{', '.join(changed)} changed since the sweep was planned; start the sweep again"
            send(channel, {"refused": why})
            continue
        # What a call imports by a name that it makes up is in no key.
        known = {*loaded, *described.files}

        def late() -> list[str]:
            _check_run(described.files, folder)
            return sorted({*local_files(folder)} - known)  # noqa: B023 - called within this turn

        if start == "spawn":
            enter_group(Path(call["folder"]))
            send(channel, {"pid": os.getpid()})
            channel.close()
            os._exit(answer_call(function, call, late))
        _fork(channel, function, call, late)


def _check_run(files: Mapping[str, str], folder: Path) -> None:
    """Refuse an answer of code that was another by the time it was imported.

    Raises:
        DataError: If a file was.
    """
    for below, sha in files.items():
        if (run := run_sha(folder / below)) and run != sha:
            raise DataError(
                f"{below} changed while it was read (content {sha[:12]}, then {run[:12]}); start the sweep "
                "again"
            )


def _fork(
    channel: socket.socket,
    function: Callable[..., Any],
    call: dict[str, Any],
    late: Callable[[], list[str]],
) -> None:
    """Answer one call in a fork, and tell its number and how it ended."""
    told, tells = os.pipe()
    child = os.fork()
    if not child:
        os.close(told)
        try:
            enter_group(Path(call["folder"]))
        except BaseException as error:
            os.write(tells, str(error).encode())
            os._exit(1)
        os.write(tells, b"ok")
        os.close(tells)
        # Closed for good, though its lines are still open, so that the server's death is seen at once.
        os.close(channel.fileno())
        os._exit(answer_call(function, call, late))
    os.close(tells)
    said = os.read(told, 1000).decode(errors="replace")
    os.close(told)
    if said != "ok":
        os.waitpid(child, 0)
        send(channel, {"refused": said or "the process of the call could not be started"})
        return
    send(channel, {"pid": child})
    _, status = os.waitpid(child, 0)
    send(channel, {"exit": os.waitstatus_to_exitcode(status)})


def send(channel: socket.socket, message: dict[str, Any]) -> None:
    """Send one message, a line of JSON."""
    channel.sendall(json.dumps(message).encode() + b"\n")


def find_function(name: str) -> tuple[Callable[..., Any], Path]:
    """The function that a name means, and the folder whose modules count as the user's.

    Raises:
        UsageError: If the file or the function is not there.
    """
    where, _, attribute = name.rpartition(":")
    if where.endswith(".py"):
        path = Path(where).resolve()
        if not path.is_file():
            raise UsageError(f"--trainer {name}: there is no file {path}")
        module, folder = _of_file(path), path.parent
    else:
        here = str(Path.cwd())
        sys.path.insert(0, here)
        try:
            module = importlib.import_module(where)
        except ModuleNotFoundError as error:
            if error.name is None or error.name != where.partition(".")[0]:
                raise
            raise UsageError(
                f"--trainer {name}: there is no module {error.name!r} that can be imported from {here}; "
                "give FILE.py:FUNCTION or MODULE:FUNCTION"
            ) from error
        folder = _folder_of(module)
    function = getattr(module, attribute, None)
    if function is None:
        own = [
            key
            for key, value in vars(module).items()
            if callable(value) and getattr(value, "__module__", "") == module.__name__
        ]
        has = f"it has {', '.join(own[:10])}" if own else "it has none"
        raise UsageError(
            f"--trainer {name}: {where} has no function {attribute!r}; {has}.{did_you_mean(attribute, own)}"
        )
    return function, folder


def _of_file(path: Path) -> ModuleType:
    """The module of a file, which finds those beside it as a script does."""
    sys.path.insert(0, str(path.parent))
    sys.argv = [str(path)]
    name = path.stem if path.stem not in sys.modules else f"trainer_{path.stem}"
    found = importlib.util.spec_from_file_location(name, path, loader=SourceLoader(name, str(path)))
    assert found is not None and found.loader is not None, "the name ends in .py"
    module = importlib.util.module_from_spec(found)
    sys.modules[name] = module
    found.loader.exec_module(module)
    return module


def _folder_of(module: ModuleType) -> Path:
    """Of a package that of its outermost, of a single module that it lies in."""
    top = sys.modules[module.__name__.partition(".")[0]]
    return Path(str(top.__file__ or module.__file__)).resolve().parent


def local_files(folder: Path) -> dict[str, Path]:
    """The files of all modules imported from a folder, by their path below it; none that is installed."""
    found = {}
    for module in [*sys.modules.values()]:
        file = getattr(module, "__file__", None)
        if not isinstance(file, str):
            continue
        path = Path(file).resolve()
        if not path.is_relative_to(folder) or path.is_relative_to(_OURS) or not path.is_file():
            continue  # a module that a library makes may name a file that is nowhere
        below = path.relative_to(folder)
        if not INSTALLED & {*below.parts}:
            found[below.as_posix()] = path
    return found


def _described(function: Callable[..., Any], name: str, folder: Path) -> Described:
    signature = signature_of(function, name)
    files = local_files(folder)
    if INSTALLED & {folder.name}:  # a module of its own among all that is installed
        own = Path(str(sys.modules[function.__module__].__file__)).resolve()
        files = {below: path for below, path in files.items() if path == own}
    else:
        named = {
            path.relative_to(folder).as_posix(): path
            for path in with_imported(files.values(), folder)
            if path.is_relative_to(folder)
        }
        files |= {b: path for b, path in named.items() if not INSTALLED & {*Path(b).parts}}
    return Described(
        signature=signature,
        files={below: source_sha(path) for below, path in sorted(files.items())},
    )
