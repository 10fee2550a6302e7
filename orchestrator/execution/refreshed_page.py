"""The page of a run, written anew while its sweep works, by a process of its own."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from trainables.errors import DONE

_ROOT = Path(__file__).resolve().parents[2]
# A process: a large page takes minutes of a core, in which a thread would keep the scheduler waiting.
_WRITE = (
    "import os, sys; os.nice(10); sys.path.append({root!r}); "
    "from analysis.report import app; app({words!r})"
)
# Between two pages it rests so many times as long as the last one took.
_REST = 4.0
_PATIENCE_S = 60.0


class RefreshedPage:
    """Writes RUN/report.html anew from time to time; the page that ends the sweep is not its concern.

    Args:
        folder: The run's.
        every_s: Seconds between two pages, or more where a page takes long.
        examples: With training texts in it.
        say: Prints a line.
        clock: Gives seconds.
    """

    def __init__(
        self,
        folder: Path,
        every_s: float,
        *,
        examples: bool = True,
        say: Callable[[str], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._folder, self._every_s, self._examples = folder, every_s, examples
        self._say, self._clock = say, clock
        self._process: subprocess.Popen[bytes] | None = None
        self._told: Any = None
        self._began, self._next = 0.0, clock() + every_s
        self._seen, self._is_told, self._is_over = 0, False, False

    def look(self, trials: int) -> None:
        """Begin a page where it is time for one and a trial has ended since; never waits."""
        now = self._clock()
        if self._process is not None:
            if self._process.poll() is not None:
                self._ended(now)
        elif not self._is_over and trials > self._seen and now >= self._next:
            self._seen, self._began = trials, now
            self._begin()

    def close(self) -> None:
        """End with the sweep: what is being written may be finished, not what hangs."""
        self._is_over = True
        if self._process is None:
            return
        try:
            self._process.wait(timeout=_PATIENCE_S)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        self._told.close()
        self._process = None

    def _begin(self) -> None:
        words = [str(self._folder), *([] if self._examples else ["--no-examples"])]
        self._told = tempfile.TemporaryFile()  # noqa: SIM115 - it is closed with the process
        self._process = subprocess.Popen(  # noqa: S603 - this Python, our own words
            [sys.executable, "-P", "-c", _WRITE.format(root=str(_ROOT), words=words)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=self._told,
            # Ctrl-C is for the sweep: it lets a page be finished.
            start_new_session=True,
        )

    def _ended(self, now: float) -> None:
        assert self._process is not None, "only a page that was begun can end"
        code = self._process.returncode
        self._told.seek(0)
        lines = self._told.read().decode(errors="replace").split("\n")
        self._told.close()
        self._process = None
        self._next = now + max(self._every_s, _REST * (now - self._began))
        if code != DONE:
            why = next((line for line in reversed(lines) if line.strip()), f"exit code {code}")
            self._say(f"the page is not written anew any more (--refresh-report): {why.strip()}")
            self._is_over = True
        elif not self._is_told:
            self._is_told = True
            self._say(f"report so far, written anew as trials end: {self._folder / 'report.html'}")
