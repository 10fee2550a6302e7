"""Faults on demand: a step of the file system that fails, a killed writer, a bad or a full disk."""

import contextlib
import errno
import multiprocessing
import os
import resource
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import pytest

# What a store does to a disk goes through these; pathlib calls them as well.
STEPS = ("open", "mkdir", "chmod", "fsync", "rename", "replace", "link", "unlink")
ERRORS = {"enospc": errno.ENOSPC, "eio": errno.EIO}
FAULTS = ("kill", "lost-bytes", "lost-names", *ERRORS)


def in_fresh_process(function: Callable[..., Any], *args: Any) -> Any:
    """Calls a function where no thread of torch or ray runs yet, so that it may fork."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return pool.submit(function, *args).result()


def fork(function: Callable[[], object]) -> int:
    """Starts a function in a child; it ends with 0, or with 1 if the function raises."""
    child = os.fork()
    if child == 0:
        try:
            function()
        except BaseException:
            os._exit(1)
        os._exit(0)
    return child


def kill(child: int) -> None:
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)


class FailingDisk:
    """Counts the steps of this process on a disk and lets one of them fail, for good.

    The faults: `kill` ends the process before the step. `lost-bytes` and `lost-names` are power
    cuts there, after which the bytes of files that were not fsynced are gone, or the names in
    folders that were not. A name of ERRORS raises that error, once.
    """

    def __init__(self, root: Path, fault: str, step: int) -> None:
        self.root, self.fault, self.step = root, fault, step
        self.done = 0
        # Size by inode; what was there before this process is on the disk.
        self.synced = {seen.st_ino: seen.st_size for seen in map(os.lstat, root.rglob("*"))}
        self.loose: dict[Path, bytes | None] = {}  # names not on the disk, and what had them before
        for name in STEPS:
            setattr(os, name, self.watched(name, getattr(os, name)))

    def watched(self, name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def step(*args: Any, **kwargs: Any) -> Any:
            # Clearing up after an error is not what is tested: if that fails too, litter remains.
            if sys._getframe(1).f_globals["__name__"] == "shutil":
                return call(*args, **kwargs)
            self.done += 1
            if self.done == self.step:
                self.fail(args[0])
            before = None
            if name in {"unlink", "rename", "replace"}:
                before = self.forget(Path(args[0 if name == "unlink" else 1]))
            result = call(*args, **kwargs)
            self.note(name, args, before)
            return result

        return step

    def forget(self, path: Path) -> bytes | None:
        """A file that goes leaves its inode to another; what it held."""
        if not path.is_file():
            return None
        if (seen := path.lstat()).st_nlink == 1:
            self.synced.pop(seen.st_ino, None)
        return path.read_bytes()

    def note(self, name: str, args: tuple[Any, ...], before: bytes | None) -> None:
        if name == "fsync":
            seen = os.fstat(args[0])
            self.synced[seen.st_ino] = seen.st_size
            self.loose = {
                path: had
                for path, had in self.loose.items()
                if path.parent.exists() and path.parent.stat().st_ino != seen.st_ino
            }
        elif name in {"mkdir", "rename", "replace", "link"}:
            self.loose.setdefault(Path(args[0 if name == "mkdir" else 1]), before)

    def fail(self, target: Any) -> None:
        if self.fault in ERRORS:
            code = ERRORS[self.fault]
            raise OSError(code, os.strerror(code), *([] if isinstance(target, int) else [target]))
        self.cut_power()
        os.kill(os.getpid(), signal.SIGKILL)

    def cut_power(self) -> None:
        if self.fault == "lost-bytes":
            for path in self.root.rglob("*"):
                if path.is_file():
                    path.chmod(0o600)
                    os.truncate(path, self.synced.get(path.stat().st_ino, 0))
        if self.fault == "lost-names":
            for path, had in self.loose.items():
                if path.is_dir():
                    shutil.rmtree(path)
                elif had is None:
                    path.unlink(missing_ok=True)
                else:
                    path.write_bytes(had)


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What one fault at one step came to."""

    step: int
    ended: str  # killed, raised, survived (the fault), untouched (by it: the last step is passed)
    found: object  # what a reader gets next
    litter: int  # unfinished files
    mended: object  # what a reader gets after a second writer, in good health
    rejected: int  # files in quarantine at the end


def crash_points(
    root: Path,
    fault: str,
    write: Callable[[Path], object],
    read: Callable[[Path], object],
    prepare: Callable[[Path], object] = Path.mkdir,
) -> list[Outcome]:
    """Writes under a fault at the first step, at the second, and so on until none is left.

    `prepare` makes the folder, and what is there before the writer comes.
    """
    outcomes: list[Outcome] = []
    for step in count(1):
        folder = root / str(step)
        prepare(folder)
        ended = _write_failing(folder, fault, step, write)
        litter = len([*folder.glob("tmp/*"), *folder.rglob("*.tmp"), *folder.rglob(".*.partial")])
        found = read(folder)
        write(folder)
        rejected = len(list(folder.glob("quarantine/*")))
        outcomes.append(
            Outcome(
                step=step,
                ended=ended,
                found=found,
                litter=litter,
                mended=read(folder),
                rejected=rejected,
            )
        )
        if ended == "untouched":
            return outcomes
    raise AssertionError


def _write_failing(folder: Path, fault: str, step: int, write: Callable[[Path], object]) -> str:
    def run() -> None:
        disk = FailingDisk(folder, fault, step)
        try:
            write(folder)
        except OSError:
            os._exit(2)
        if disk.done >= step:
            os._exit(3)
        disk.step = -1
        disk.cut_power()  # what was reported done must outlive it

    status = os.waitpid(fork(run), 0)[1]
    if os.WIFSIGNALED(status):
        return "killed"
    return {0: "untouched", 2: "raised", 3: "survived"}[os.waitstatus_to_exitcode(status)]


def corrupt(path: Path, how: str, at: int = 0) -> None:
    """Spoils a file as a bad disk does: behind the back of its time stamp."""
    seen = path.stat()
    path.chmod(0o644)
    data = bytearray(path.read_bytes())
    if how == "flipped":
        data[at // 8 % len(data)] ^= 1 << at % 8
    elif how == "truncated":
        data = data[: at % len(data)]
    elif how == "zeroed":
        data[at % len(data) : at % len(data) + 4096] = bytes(min(4096, len(data) - at % len(data)))
    elif how == "emptied":
        data = bytearray()
    path.write_bytes(data)
    os.utime(path, ns=(seen.st_atime_ns, seen.st_mtime_ns))
    if how in {"deleted", "a-folder"}:
        path.unlink()
    if how == "a-folder":
        path.mkdir()


@contextlib.contextmanager
def small_disk(folder: Path, mib: int = 1) -> Iterator[Path]:
    """A disk of a few MiB, mounted at a folder; skips where mounting is not allowed."""
    folder.mkdir(exist_ok=True)
    _mount("-t", "tmpfs", "-o", f"size={mib}m", "tmpfs", str(folder))
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def make_read_only(disk: Path) -> None:
    """Remounts a small_disk."""
    _mount("-o", "remount,ro", str(disk))


def _mount(*args: str) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root may mount a disk")
    done = subprocess.run(["mount", *args], capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"no mount here: {done.stderr.strip()}")


@contextlib.contextmanager
def largest_file(size: int) -> Iterator[None]:
    """Lets this process write no file beyond a size, as a full disk or a quota does."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
