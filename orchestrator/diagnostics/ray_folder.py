"""Where Ray keeps its sockets and logs while it runs on this machine: a folder it can write to, of a short name."""

import os
import shutil
from contextlib import suppress
from pathlib import Path

from trainables.errors import UnavailableError

# What Ray appends to it: ray/session_DATE_TIME_MICROSECONDS_PID/sockets/plasma_store. The kernel takes 107 bytes.
_SOCKET = "/ray/session_2026-01-31_23-59-59_123456_4194304/sockets/plasma_store"
_LONGEST = 107 - len(_SOCKET)
_ELSEWHERE = ("/tmp", "/var/tmp", "/dev/shm")  # noqa: S108 - Ray makes a folder for each session in it


def settle_ray_folder() -> None:
    """Choose it for this process: of RAY_TMPDIR alone where that is set, else TMPDIR if Ray can use it.

    Raises:
        UnavailableError: If Ray cannot use what RAY_TMPDIR names, or no folder at all.
    """
    if asked := os.environ.get("RAY_TMPDIR"):
        with suppress(OSError):  # as Ray would make it
            Path(asked).mkdir(parents=True, exist_ok=True)
        if why := _unfit(asked):
            raise UnavailableError(
                f"RAY_TMPDIR={asked}, where Ray is to keep its sockets and logs, {why}; name another folder, or unset it"
            )
        return
    tried = {}
    for folder in filter(None, (os.environ.get("TMPDIR"), *_ELSEWHERE)):
        if not (why := _unfit(folder)):
            os.environ["RAY_TMPDIR"] = folder
            return
        tried[folder] = why
    told = ", ".join(f"{folder} {why}" for folder, why in tried.items())
    raise UnavailableError(
        f"Ray has no folder for its sockets and logs: {told}; name one by RAY_TMPDIR"
    )


def room_in_ray_folder() -> str:
    """What is free there, in words."""
    folder = os.environ.get("RAY_TMPDIR") or _ELSEWHERE[0]
    return f"{shutil.disk_usage(folder).free:,} bytes are free in {folder}, where Ray keeps its sockets and logs"


def _unfit(folder: str) -> str:
    """Why Ray cannot keep its sockets in a folder, or empty."""
    if not Path(folder).is_absolute() or not Path(folder).is_dir():
        return "is no folder here by its full name"
    if (size := len(os.fsencode(folder))) > _LONGEST:
        return f"has a name of {size} bytes, and Ray's sockets in it need one of {_LONGEST} at most"
    # Another user may have made the folder below.
    below = Path(folder) / "ray"
    there = below if below.exists() else Path(folder)
    return "" if os.access(there, os.W_OK | os.X_OK) else "cannot be written to"
