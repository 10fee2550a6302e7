"""A trainer that is a function: found, read, and called in a fork of a clean process."""

import atexit
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from trainables.errors import DataError, UnavailableError, UsageError
from trainables.keys import key_of
from trainables.spec import Setting
from trainables.trainers.child import ANSWER, DONE, read_arrow, write_arrow
from trainables.trainers.contract import Answered, Call, Place, Trainer
from trainables.trainers.processes import end_left_over, ends_with_us, last_line, wait_for
from trainables.trainers.signature import TABLES, Signature, settings_given

# How long a module may take to be imported, in seconds.
_IMPORT_S = 600.0
_ROOT = Path(__file__).resolve().parents[2]
_SERVE = (
    "import sys; sys.path.append({root!r}); from trainables.trainers.server import serve; "
    "serve({handle}, {name!r}, {start!r})"
)
_IN_FORK = ("Cannot re-initialize CUDA in forked subprocess", "CUDA driver initialization failed")
_THREADS = (
    "OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMEXPR_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS", "RAYON_NUM_THREADS", "POLARS_MAX_THREADS",
)  # fmt: skip


class Server:
    """The process that has imported a module, as a worker sees it.

    Attributes:
        signature: What the function takes.
        files: The sha256 of each of its files, by path.
    """

    def __init__(self, name: str, place: Place) -> None:
        """Start it.

        Raises:
            UsageError: If the module cannot be imported, or the function is no trainer.
        """
        self.name, self._start = name, place.start
        self._said = tempfile.TemporaryFile()  # noqa: SIM115 - it is closed with the server
        ours, theirs = socket.socketpair()
        words = _SERVE.format(root=str(_ROOT), handle=theirs.fileno(), name=name, start=place.start)
        self._process = subprocess.Popen(  # noqa: S603 - this Python, our own words
            [sys.executable, "-P", "-u", "-c", words],
            cwd=place.folder,
            env=environment_of(place),
            stdin=subprocess.DEVNULL,
            stdout=self._said,
            stderr=self._said,
            pass_fds=[theirs.fileno()],
            start_new_session=place.start == "fork",
        )
        theirs.close()
        self._channel = ours
        self._ended: int | None = None
        self._read = b""
        ours.settimeout(_IMPORT_S)
        told = self._message()
        if "refused" in told:
            self.close()
            raise UsageError(told["refused"])
        self.signature = Signature(**told["signature"])
        self.files: dict[str, str] = told["files"]
        ours.setblocking(False)

    def close(self) -> None:
        """End it; a fork that is left is not its concern."""
        self._channel.close()
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
        self._said.close()

    @property
    def is_alive(self) -> bool:
        """Whether it can take another call."""
        return self._process.poll() is None

    def begin(self, call: Mapping[str, Any]) -> int:
        """Have a call begun; the number of its process."""
        self._ended = None
        self._channel.setblocking(True)
        try:
            self._channel.sendall(json.dumps(call).encode() + b"\n")
            told = self._message()
        except OSError as error:
            raise UnavailableError(f"{self.name}: its server ended: {error}") from error
        finally:
            self._channel.setblocking(False)
        if "refused" in told:
            raise UnavailableError(f"{self.name}: {told['refused']}")
        return int(told["pid"])

    def poll(self) -> int | None:
        """The exit code of the call, or None while it runs; 256 where the server itself ended."""
        if self._ended is not None:
            return self._ended
        if self._start == "spawn":
            self._ended = self._process.poll()
            return self._ended
        try:
            data = self._channel.recv(65_536)
        except BlockingIOError:
            return None
        except OSError:
            data = b""
        self._read += data
        if b"\n" in self._read:
            line, _, self._read = self._read.partition(b"\n")
            self._ended = int(json.loads(line)["exit"])
        elif not data:
            self._ended = 256
        return self._ended

    def _message(self) -> dict[str, Any]:
        try:
            while b"\n" not in self._read:
                data = self._channel.recv(65_536)
                if not data:
                    raise UsageError(self._died())
                self._read += data
        except TimeoutError as error:
            self.close()
            raise UsageError(
                f"{self.name}: importing it took longer than {_IMPORT_S / 60:.0f} minutes; what trains "
                "belongs into the function, not beside it"
            ) from error
        line, _, self._read = self._read.partition(b"\n")
        told: dict[str, Any] = json.loads(line)
        return told

    def _died(self) -> str:
        code = self._process.wait()
        self._said.seek(0)
        lines = self._said.read().decode("utf-8", "replace").split("\n")
        last = next((line.strip() for line in reversed(lines) if line.strip()), "")
        return f"{self.name}: importing it {ended_words(code)}" + f"; it said: {last}" * bool(last)


# One for each trainer that this process has called.
_SERVERS: dict[str, Server] = {}


def _server(name: str, place: Place) -> Server:
    """The server of a trainer in this process; another one where it has ended."""
    key = key_of([name, str(place.folder), place.threads, place.device])
    if key in _SERVERS and not _SERVERS[key].is_alive:
        _SERVERS.pop(key).close()
    if key not in _SERVERS:
        _SERVERS[key] = Server(name, place)
    return _SERVERS[key]


@atexit.register
def close_servers() -> None:
    """End all servers of this process."""
    while _SERVERS:
        _SERVERS.popitem()[1].close()


def environment_of(place: Place) -> dict[str, str]:
    """The environment that a trainer's process starts with."""
    found = {
        **os.environ,
        **dict.fromkeys(_THREADS, str(place.threads)),
        "TOKENIZERS_PARALLELISM": "false",
        "PYTHONHASHSEED": "0",
        "CUBLAS_WORKSPACE_CONFIG": ":4096:8",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    if place.device == "cpu":
        found["CUDA_VISIBLE_DEVICES"] = ""
    return found


@dataclass(frozen=True, kw_only=True)
class Named:
    """A function trainer as it is written: a name and settings."""

    name: str
    settings: tuple[tuple[str, str], ...]


def read_name(text: str) -> Named:
    """FILE.py:FUNCTION or MODULE:FUNCTION, each with ,NAME=VALUE behind it where it has settings.

    Raises:
        UsageError: If it is neither.
    """
    name, *pairs = text.split(",")
    where, colon, function = name.rpartition(":")
    if not (colon and where and function.isidentifier()):
        plain = name if name.endswith(".py") else "train.py"
        raise UsageError(
            f"--trainer {text!r}; write FILE.py:FUNCTION or MODULE:FUNCTION, such as {plain}:fit"
        )
    written = []
    for pair in pairs:
        setting, equals, value = pair.partition("=")
        if not (setting and equals and value):
            raise UsageError(
                f"--trainer {text!r}: setting {pair!r}; write NAME=VALUE, such as depth=5"
            )
        written.append((setting, value))
    return Named(name=name, settings=tuple(written))


def function_trainer(text: str, place: Place) -> Trainer:
    """The trainer that --trainer names.

    Raises:
        UsageError: If it cannot be imported, is no trainer, or has no such setting.
    """
    named = read_name(text)
    found = _server(named.name, place)
    settings = settings_given(named.name, found.signature.settings, named.settings)
    return _trainer(named.name, settings, found, place)


def function_of_spec(
    learner: str, settings: tuple[tuple[str, Setting], ...], sha: str, place: Place
) -> Trainer:
    """The trainer that a spec names, which must be what it was when the spec was made.

    Raises:
        DataError: If its files have changed since.
    """
    server = _server(learner, place)
    _check_files(server, sha)
    return _trainer(learner, settings, server, place)


def _check_files(server: Server, sha: str) -> None:
    if key_of(server.files) != sha:
        raise DataError(
            f"{server.name}: its files have changed since the sweep was planned "
            f"({', '.join(server.files)}); start the sweep again"
        )


def _trainer(
    name: str, settings: tuple[tuple[str, Setting], ...], server: Server, place: Place
) -> Trainer:
    return Trainer(
        learner=name,
        settings=settings,
        sha=key_of(server.files),
        files=tuple(server.files),
        takes=server.signature.takes,
        must=server.signature.must,
        train=partial(_call, name, dict(settings), place, key_of(server.files)),
    )


def _call(
    name: str, settings: Mapping[str, Setting], place: Place, sha: str, call: Call
) -> Answered:
    """One call in a fork of the server, or in a process of its own.

    Raises:
        DataError: If the function ends without an answer, or its files are not those of `sha`.
        UnavailableError: If no process can be started.
    """
    server = Server(name, place) if place.start == "spawn" else _server(name, place)
    _check_files(server, sha)
    call.folder.mkdir(parents=True, exist_ok=True)
    for left in (ANSWER, DONE):
        (call.folder / left).unlink(missing_ok=True)
    asked = _asked(call, server.signature.takes, settings)
    try:
        end_left_over(call.folder)
        group = server.begin(asked)
        with ends_with_us(group, call.folder, server.poll):
            code = wait_for(server.poll, call.hours)
    except DataError as error:
        raise DataError(f"{name} {error}{_of_log(call)}") from error
    finally:
        if place.start == "spawn":
            server.close()
        for path in asked["tables"].values():
            Path(path).unlink(missing_ok=True)
    return _answered(name, code, call)


def _asked(call: Call, takes: Sequence[str], settings: Mapping[str, Setting]) -> dict[str, Any]:
    """A call as the server is told of it; its tables are written."""
    paths = {}
    for table in TABLES:
        if table in takes and table in call.tables:
            paths[table] = str(call.folder / f"{table}.arrow")
            write_arrow(call.tables[table], Path(paths[table]))
    values = {
        "seed": call.seed,
        "scratch": str(call.scratch),
        "threads": call.threads,
        "device": call.device,
        "passes": call.passes,
    }
    return {
        "folder": str(call.folder),
        "tables": paths,
        "given": {key: value for key, value in values.items() if key in takes},
        "reports": "report" in takes,
        "settings": dict(settings),
    }


def _answered(name: str, code: int, call: Call) -> Answered:
    done = call.folder / DONE
    if code == 256:
        raise DataError(
            f"{name}: the process that its calls are forked off was ended{_of_log(call)}"
        )
    if code or not done.exists():
        raise DataError(f"{name} {ended_words(code)}{_remedy(call)}{_of_log(call)}")
    told = json.loads(done.read_text(encoding="utf-8"))
    if "fault" in told:
        raise DataError(f"{name}: {told['fault']}")
    late = told.pop("late")
    warnings: tuple[str, ...] = ()
    if late:
        warnings = (
            f"{name} imported {', '.join(late)} only while it ran, so their content is in no key: "
            "import them at the top of its file",
        )
    return Answered(table=read_arrow(call.folder / ANSWER), log=call.log, warnings=warnings, **told)


def ended_words(code: int) -> str:
    """How a process without an answer ended, in words.

    Args:
        code: Its exit code; below 0 the signal that ended it.
    """
    if code < 0:
        known = {one.value: one.name for one in signal.Signals}
        why = ", as the system does where memory runs out" if code == -9 else ""
        return f"was ended by {known.get(-code, f'signal {-code}')}{why}"
    if code:
        return f"failed (exit code {code})"
    return "ended by exit code 0 without an answer"


def _remedy(call: Call) -> str:
    text = call.log.read_text(encoding="utf-8", errors="replace") if call.log.exists() else ""
    if any(words in text for words in _IN_FORK):
        return "; its module starts CUDA when it is imported: give --trainer-start spawn"
    return ""


def _of_log(call: Call) -> str:
    last = last_line(call.folder)
    return f"; its log ends: {last}; log: {call.log}" if last else f"; log: {call.log}"
