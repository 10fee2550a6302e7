"""Which processes live that a call of a trainer has started, by group, log or environment."""

import os
from contextlib import suppress
from pathlib import Path

# The folder of a call, in the environment of all that it starts.
OF_CALL = "PRUNE_ENVELOPE_CALL"
NO_GROUP = -1  # 0 is the group of the kernel's own processes
HAS_PROC = Path("/proc/self/stat").exists()


def living(log: Path, group: int) -> set[int]:
    """The living processes of a group, and those that have left it, as torchrun's do, by log or environment.

    Without /proc, below 0, the group as a whole.
    """
    if not HAS_PROC:
        return {-group} if group > 1 and is_alive(-group) else set()
    target = str(log.resolve())
    mark = f"{OF_CALL}={log.resolve().parent}".encode()
    found = set()
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it is another user's, or has just ended
            stat = (folder / "stat").read_text(encoding="utf-8", errors="replace")
            state, _, its_group = stat.rpartition(")")[2].split()[:3]
            its = group > 1 and int(its_group) == group
            its = its or _writes(folder, target)
            if state != "Z" and (its or mark in (folder / "environ").read_bytes().split(b"\0")):
                found.add(int(folder.name))
    # Never ourselves, nor the first process of a machine.
    return found - {1, os.getpid()}


def _writes(process: Path, target: str) -> bool:
    """Whether a process may write to a file; who reads it, as `tail` does, is left alone."""
    for entry in (process / "fd").iterdir():
        with suppress(OSError):
            if str(entry.readlink()) == target:
                told = (process / "fdinfo" / entry.name).read_text(encoding="utf-8")
                flags = next(line.split()[1] for line in told.splitlines() if "flags" in line)
                if int(flags, 8) & os.O_ACCMODE:
                    return True
    return False


def group_of(process: int) -> int:
    """The process group of a process; NO_GROUP where there is no such process."""
    try:
        return os.getpgid(process)
    except ProcessLookupError:
        return NO_GROUP


def is_alive(process: int) -> bool:
    """Whether a process lives; below 0, of a group of that number any does."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    try:
        state = Path(f"/proc/{process}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    except OSError:
        return True
    return state[0] != "Z"
