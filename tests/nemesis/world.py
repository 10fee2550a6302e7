"""A sweep under way in a folder of its own, with all processes that belong to it."""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.faults import small_disk

ROOT = Path(__file__).parents[2]
WATCH = Path(__file__).parent / "watch"
DISK_MIB = 64
# A command that was not killed ends with one of these, and says how to go on.
WELL = (0, 3, 4, 130, 143)
PATIENCE_S = 240


@dataclass
class Command:
    """A command that was started: its process, the first of a session, and what it prints."""

    process: subprocess.Popen
    log: Path
    is_killed: bool = False

    def complaints(self) -> list[str]:
        """What is wrong with how it ended."""
        code, text = self.process.wait(PATIENCE_S), self.log.read_text(errors="replace")
        if self.is_killed:
            return []
        ended = f"{self.log.name} ended with {code}"
        if "Traceback" in text:
            return [f"{ended} and a traceback: {text[-600:]}"]
        if code not in WELL:
            return [f"{ended}: {text[-600:]}"]
        if code and not ("same command" in text or "error: " in text or "failed:" in text):
            return [f"{ended} and does not say how to go on: {text[-600:]}"]
        return []


@dataclass
class World:
    """Where a sweep and its faults happen.

    Attributes:
        folder: Holds `disk` with run and cache, logs, and the history of the store.
        flags: Of the sweep.
        rng: Draws every fault.
        has_disk: Whether `disk` is one of DISK_MIB, that can be filled.
        clock_s: How far the clock of the next command is off.
        schedule: What was done to it.
        complaints: What was wrong on the way.
    """

    folder: Path
    flags: tuple[str, ...]
    rng: random.Random
    has_disk: bool
    clock_s: float = 0.0
    driver: Command | None = None
    rivals: list[Command] = field(default_factory=list)
    started: list[Command] = field(default_factory=list)
    schedule: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)
    seen: int = 0

    @property
    def run(self) -> Path:
        return self.folder / "disk" / "run"

    @property
    def cache(self) -> Path:
        return self.folder / "disk" / "cache"

    @property
    def history(self) -> Path:
        return self.folder / "history"

    def start(
        self, run: str = "run", *, is_watched: bool = True, is_blind: bool = False
    ) -> Command:
        """Give the command; a blind one takes every file of its store for what was written."""
        log = self.folder / f"log-{len(self.started)}"
        words = ["--run", f"disk/{run}", "--cache", "disk/cache"]
        path = f"{WATCH}:{ROOT}" if is_watched else str(ROOT)
        told = {"CHAOS_HISTORY": str(self.history), "CHAOS_CLOCK_S": str(self.clock_s)}
        # Ray lets its workers wait for all others by default: on a busy machine a storm would never end.
        told["RAY_worker_niceness"] = "0"
        if is_blind:
            told["CHAOS_BLIND"] = "1"
        with log.open("wb") as out:
            process = subprocess.Popen(
                [sys.executable, "-m", "orchestrator.sweep", *self.flags, *words],
                cwd=self.folder, env=os.environ | {"PYTHONPATH": path} | told, stdout=out,
                stderr=out, start_new_session=True,
            )  # fmt: skip
        self.started.append(Command(process, log))
        return self.started[-1]

    def go_on(self) -> Command:
        """The command under way, given again where it has ended."""
        if self.driver is None or self.driver.process.poll() is not None:
            if self.driver:
                self.complaints += self.driver.complaints()
            self.driver = self.start()
        return self.driver

    def events(self) -> list[list[str]]:
        """What the store did, in order; a line that a kill tore is none."""
        text = self.history.read_text(errors="replace") if self.history.exists() else ""
        return [words for words in map(str.split, text.splitlines()) if len(words) == 5]

    def wait_for(self, more: int, patience_s: float = 25.0) -> None:
        """Wait until the store has done more, the command has ended, or nothing happens."""
        aim, until = self.seen + more, time.monotonic() + patience_s
        while len(self.events()) < aim and time.monotonic() < until:
            if self.driver is None or self.driver.process.poll() is not None:
                break
            time.sleep(0.05)
        self.seen = len(self.events())

    def processes(self, *names: str, of: list[Command] | None = None) -> list[int]:
        """Processes of commands, by the end of their program's name or the start of their title."""
        commands = [self.driver] if of is None and self.driver else of or []
        sessions = {command.process.pid for command in commands}
        found = []
        for process in Path("/proc").glob("[0-9]*"):
            try:
                number = int(process.name)
                title = (process / "cmdline").read_bytes().split(b"\0")[0].decode(errors="replace")
                state = (process / "stat").read_text().rpartition(")")[2].split()[0]
                named = not names or title.startswith(names) or title.endswith(names)
                if named and title and state != "Z" and os.getsid(number) in sessions:
                    found.append(number)
            except OSError:  # it has just ended
                continue
        return sorted(found)

    def calm_down(self) -> None:
        """No more faults: one more command ends well, or finds what was spoilt, and the next one does."""
        self.clock_s = 0.0
        for command in [self.driver, *self.rivals]:
            if command is not None:
                self.complaints += command.complaints()
        for _ in range(2):
            last = self.start()
            self.complaints += last.complaints()
            if last.process.returncode == 0:
                break
        else:
            self.complaints.append(
                f"it did not end with 0 in two commands without faults: {last.log.read_text()[-600:]}"
            )

    def end_all(self) -> list[str]:
        """What still runs a minute after the last command; it is killed."""
        until = time.monotonic() + 60
        while (left := self.processes(of=self.started)) and time.monotonic() < until:
            time.sleep(0.2)
        names = []
        for one in left:
            with suppress(OSError):  # it has just ended
                names.append(Path(f"/proc/{one}/cmdline").read_bytes()[:80].decode())
        self.kill_all()
        return names

    def kill_all(self) -> None:
        """Kill what is left of all commands."""
        for one in self.processes(of=self.started):
            with suppress(ProcessLookupError):  # it has just ended
                os.kill(one, signal.SIGKILL)


@contextmanager
def world_in(folder: Path, flags: tuple[str, ...], seed: int) -> Iterator[World]:
    """A world, with a small disk where this user may mount one; none of its processes outlives it."""
    (folder / "disk").mkdir(parents=True)
    with ExitStack() as stack:
        has_disk = True
        try:
            stack.enter_context(small_disk(folder / "disk", DISK_MIB))
        except pytest.skip.Exception:
            has_disk = False
        world = World(folder=folder, flags=flags, rng=random.Random(seed), has_disk=has_disk)
        try:
            yield world
        finally:
            world.kill_all()
