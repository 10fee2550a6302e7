"""The clean process of a function, as a worker sees it: begun, asked, and ended."""

import atexit
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from trainables.errors import UnavailableError, UsageError
from trainables.keys import key_of
from trainables.trainers.contract import Place
from trainables.trainers.signature import Signature

# How long a module may take to be imported, in seconds.
_IMPORT_S = 600.0
_ROOT = Path(__file__).resolve().parents[2]
_SERVE = (
    "import sys; sys.path.append({root!r}); from trainables.trainers.server import serve; "
    "serve({handle}, {name!r}, {start!r})"
)
_THREADS = (
    "OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMEXPR_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS", "RAYON_NUM_THREADS", "POLARS_MAX_THREADS",
)  # fmt: skip


class ServerProcess:
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
        try:
            told = self._imported()
        except BaseException:  # a caller who was interrupted meanwhile leaves no process, either
            self.close()
            raise
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
            while "exit" in (told := self._message()):
                """How an earlier call ended, which was given up and nobody asked of again."""
        except (OSError, EOFError) as error:
            raise UnavailableError(
                f"{self.name}: the process that its calls are forked off has ended: {error}"
            ) from error
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
        # Of a call that ends at once, both what was begun and how it ended may have been read in one go.
        if b"\n" not in self._read:
            try:
                data = self._channel.recv(65_536)
            except BlockingIOError:
                return None
            except OSError:
                data = b""
            self._read += data
            if not data:
                self._ended = 256
        if b"\n" in self._read:
            line, _, self._read = self._read.partition(b"\n")
            self._ended = int(json.loads(line)["exit"])
        return self._ended

    def _imported(self) -> dict[str, Any]:
        try:
            told = self._message()
        except EOFError as error:
            raise UsageError(self._died()) from error
        except TimeoutError as error:
            raise UsageError(
                f"{self.name}: importing it took longer than {_IMPORT_S / 60:.0f} minutes; what trains "
                "belongs into the function, not beside it"
            ) from error
        if "refused" in told:
            raise UsageError(told["refused"])
        return told

    def _message(self) -> dict[str, Any]:
        """What it says next; EOFError where it has ended, TimeoutError where it says nothing in time."""
        while b"\n" not in self._read:
            data = self._channel.recv(65_536)
            if not data:
                raise EOFError("its process is gone")
            self._read += data
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
_SERVERS: dict[str, ServerProcess] = {}


def server_for(name: str, place: Place) -> ServerProcess:
    """The server of a trainer in this process; another one where it has ended."""
    key = key_of([name, str(place.folder), place.threads, place.device])
    if key in _SERVERS and not _SERVERS[key].is_alive:
        _SERVERS.pop(key).close()
    if key not in _SERVERS:
        _SERVERS[key] = ServerProcess(name, place)
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
