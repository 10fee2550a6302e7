"""A trainer of the user's own as a group of processes that nobody has to look for afterwards.

The log is the lock: its open file is standard output and error of the first process, and with that of
all it starts, so the lock on it is held as long as any of them lives. Who comes next ends them. What
nobody comes for is ended by a watcher, a shell that waits for the death of whoever called. A program
that left the group and writes elsewhere is known by a variable of its environment.
"""

import json
import os
import platform
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from trainables.errors import AbsentError, DataError, UnavailableError
from trainables.locks import take_lock
from trainables.trainers.living import HAS_PROC, NO_GROUP, OF_CALL, group_of, is_alive, living

LOG = "log.txt"
# What a stopped trainer has to put its state away, and what it has once it is done, in seconds.
GRACE_S = 30.0
_LEFT_OVER_GRACE_S = 5.0
# How long a worker that was told to stop may take to be gone, before it counts as alive, in seconds.
_WORKER_S = 60.0
_GROUP = "group.json"
_POLL_S = 0.01
_LAST_LINE = 300  # letters
# A line on its input: all is well. The end of it without one: the caller is dead. The outer shell
# ends at once, so that the watcher is no child of the caller: Ray ends the children of its workers.
_WATCHER = """
exec 3<&0
{ read -r _ <&3 && exit
  kill -s TERM -- "-$0"
  n=0
  while [ $n -lt "$1" ] && kill -s 0 -- "-$0"; do sleep 1; n=$((n + 1)); done
  kill -s KILL -- "-$0"
} >/dev/null 2>&1 &
"""


def run_words(
    words: Sequence[str], folder: Path, *, cwd: Path, env: Mapping[str, str], hours: float | None
) -> int:
    """Run a program in this folder's log until it ends, and with it all that it started.

    Args:
        words: The program and what it is given; no shell reads them.
        folder: The same at each try of a trial: what an earlier try left running in it is ended first.
        cwd: Its working folder.
        env: Its whole environment.
        hours: The longest it may take; None for no limit.

    Returns:
        Its exit code; below 0 the signal that ended it.

    Raises:
        AbsentError: If there is no such program.
        DataError: If it took longer than it may.
        UnavailableError: If another living worker runs it in this folder.
    """
    end_left_over(folder)
    with _locked_log(folder) as log:
        try:
            child = subprocess.Popen(  # noqa: S603 - what the user asked for, without a shell
                words,
                cwd=cwd,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**env, OF_CALL: str(folder.resolve())},
                start_new_session=True,
            )
        except OSError as error:
            where = shutil.which(words[0]) or words[0]
            raise AbsentError(f"the program {words[0]!r} ({where}): {error.strerror}") from error
    with ends_with_us(child.pid, folder, child.poll):
        return wait_for(child.poll, hours)


def wait_for(poll: Callable[[], int | None], hours: float | None) -> int:
    """What `poll` says once it says something.

    Raises:
        DataError: If it says nothing for so many hours.
    """
    start = time.monotonic()
    pause = 0.001
    while (code := poll()) is None:
        if hours is not None and time.monotonic() - start > hours * 3600:
            raise DataError(f"timed out after {hours * 3600:g} s (--trial-timeout)")
        time.sleep(pause)
        pause = min(2 * pause, 0.1)
    return code


@contextmanager
def ends_with_us(group: int, folder: Path, poll: Callable[[], int | None]) -> Iterator[None]:
    """Within it, a process group lives no longer than this process; after it, not at all.

    Args:
        group: Its number, which is that of its first process.
        folder: Where its log is.
        poll: The exit code of its first process, or None while it lives; it is asked while the group
            is ended, so that the process does not stay as one that nobody waited for.
    """
    assert group > 1
    assert group != os.getpgrp(), "its first process has not left our group"
    whose = {"group": group, "worker": os.getpid(), "host": platform.node()}
    (folder / _GROUP).write_text(json.dumps(whose), encoding="utf-8")
    watcher = subprocess.Popen(  # noqa: S603 - our own words
        ["/bin/sh", "-c", _WATCHER, str(group), str(int(GRACE_S))],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    watcher.wait()
    try:
        yield
    finally:
        _end(folder, group, _LEFT_OVER_GRACE_S if poll() is not None else GRACE_S, poll)
        assert watcher.stdin
        with suppress(BrokenPipeError):  # a watcher that someone ended
            watcher.stdin.write(b"done\n")
            watcher.stdin.close()
        (folder / _GROUP).unlink(missing_ok=True)


def enter_group(folder: Path) -> None:
    """Make this process, a fork that nobody has used yet, the first of a group with this log.

    Its output goes to the log, and it holds the log's lock.
    """
    os.setsid()
    with _locked_log(folder) as log:
        os.dup2(log, 1)
        os.dup2(log, 2)
    os.environ[OF_CALL] = str(folder.resolve())


def end_left_over(folder: Path) -> None:
    """End what an earlier try, whose worker was killed, left running in a folder.

    Raises:
        UnavailableError: If the worker lives, here or on another machine: that is another sweep.
    """
    log = folder / LOG
    if _is_free(log):
        return
    whose = _whose(folder)
    if whose.get("host", platform.node()) != platform.node():
        raise UnavailableError(
            f"{folder}: this trial is trained on {whose['host']}; let it end there, or end it"
        )
    worker = int(whose.get("worker", 0))
    deadline = time.monotonic() + _WORKER_S
    while worker and worker != os.getpid() and is_alive(worker) and not _is_free(log):
        if time.monotonic() > deadline:
            raise UnavailableError(
                f"{folder}: this trial is trained by process {worker}, of another sweep; let that end"
            )
        time.sleep(_POLL_S)
    # Its number may be another's by now, unless one of it holds the log.
    group = int(whose.get("group", NO_GROUP))
    if HAS_PROC and group not in map(group_of, living(log, NO_GROUP)):
        group = NO_GROUP
    _end(folder, group, GRACE_S)


def last_line(folder: Path) -> str:
    """The last line of a log that says anything, cut to its end; empty where there is none."""
    log = folder / LOG
    try:
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - 16 * _LAST_LINE))
            lines = file.read().decode("utf-8", "replace").splitlines()
    except FileNotFoundError:
        return ""
    told = [
        " ".join("".join(c if c.isprintable() else " " for c in line).split()) for line in lines
    ]
    return next((line[-_LAST_LINE:] for line in reversed(told) if line), "")


def _end(
    folder: Path, group: int, grace_s: float, poll: Callable[[], int | None] = lambda: None
) -> None:
    """End a group and all that hold its log: asked first, and killed if that takes longer than the grace."""
    for number, patience in ((signal.SIGTERM, grace_s), (signal.SIGKILL, GRACE_S)):
        deadline = time.monotonic() + patience
        told: set[int] = set()
        # A process that is gone may have a last thread that is not, and holds the lock.
        while (alive := living(folder / LOG, group)) or not _is_free(folder / LOG):
            for process in alive - told:
                told.add(process)
                with suppress(ProcessLookupError, PermissionError):
                    os.kill(process, number)
            poll()
            if time.monotonic() > deadline:
                break
            time.sleep(_POLL_S)
    poll()
    if alive:
        raise UnavailableError(f"{folder}: processes {sorted(alive)} could not be ended")


@contextmanager
def _locked_log(folder: Path) -> Iterator[int]:
    folder.mkdir(parents=True, exist_ok=True)
    log = os.open(folder / LOG, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    try:
        take_lock(log)
        yield log
    except BlockingIOError as error:
        raise UnavailableError(f"{folder}: another process has just begun this trial") from error
    finally:
        os.close(log)


def _is_free(log: Path) -> bool:
    if not log.exists():
        return True
    file = os.open(log, os.O_RDONLY)
    try:
        # Without locks, /proc tells who writes to it.
        return take_lock(file) or not living(log, NO_GROUP)
    except BlockingIOError:
        return False
    finally:
        os.close(file)


def _whose(folder: Path) -> dict[str, int]:
    try:
        whose: dict[str, int] = json.loads((folder / _GROUP).read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):  # its worker was killed before it had written that
        return {}
    return whose
