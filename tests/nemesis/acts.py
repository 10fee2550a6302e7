"""ACTS: what the nemesis does to a sweep; each returns what it hit, or nothing where there was nothing."""

import os
import shutil
import signal
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from tests.faults import corrupt
from tests.nemesis.world import World

WORKER = "ray::ImplicitFunc"
SPOILS = ("flipped", "truncated", "zeroed", "emptied", "deleted", "a-folder")
DAY_S = 86_400


def _kill(numbers: list[int], number: int = signal.SIGKILL) -> str:
    for process in numbers:
        with suppress(ProcessLookupError):
            os.kill(process, number)
    return " ".join(map(str, numbers))


def kill_worker(world: World) -> str:
    workers = world.processes(WORKER)
    return _kill([world.rng.choice(workers)] if workers else [])


def kill_workers(world: World) -> str:
    return _kill(world.processes(WORKER))


def kill_driver(world: World) -> str:
    assert world.driver
    if world.driver.process.poll() is not None:
        return ""
    world.driver.is_killed = True
    world.driver.process.kill()
    world.driver.process.wait()
    return str(world.driver.process.pid)


def kill_everything(world: World) -> str:
    """A machine that loses its power, but for its disk."""
    assert world.driver
    world.driver.is_killed = world.driver.process.poll() is None
    return _kill(world.processes())


def kill_head(world: World) -> str:
    return _kill(world.processes("/gcs_server"))


def kill_raylet(world: World) -> str:
    return _kill(world.processes("/raylet"))


def stop_driver(world: World) -> str:
    assert world.driver
    running = world.driver.process.poll() is None and world.run.exists()
    return _kill([world.driver.process.pid] if running else [], signal.SIGTERM)


def fill_disk(world: World) -> str:
    if not world.has_disk:
        return ""
    balloon = world.folder / "disk" / "balloon"
    free = shutil.disk_usage(balloon.parent).free
    with suppress(OSError), balloon.open("wb", buffering=0) as file:
        while True:
            file.write(bytes(65_536))
    time.sleep(2)
    balloon.unlink()
    return f"{free} bytes for 2 s"


def _spoil(world: World, paths: list[Path], hows: tuple[str, ...] = SPOILS) -> str:
    try:
        whole = sorted(path for path in paths if path.is_file() and path.stat().st_size)
        if not whole:
            return ""
        path, how = world.rng.choice(whole), world.rng.choice(hows)
        corrupt(path, how, at=world.rng.randrange(8 * path.stat().st_size))
        if path.is_file():
            os.utime(
                path
            )  # behind the time stamp a process that has verified it does not look again
    except (FileNotFoundError, ValueError, ZeroDivisionError):  # it is being written
        return ""
    return f"{path.relative_to(world.folder)} {how}"


def spoil_blob(world: World) -> str:
    return _spoil(world, [*world.cache.glob("blobs/*/*")])


def spoil_ref(world: World) -> str:
    return _spoil(world, [*world.cache.glob("refs/*/*/*/*.json")])


def spoil_version(world: World) -> str:
    return _spoil(world, [world.cache / "VERSION"])


def spoil_row(world: World) -> str:
    return _spoil(world, [*world.run.glob("trials/*.json")])


def spoil_plan(world: World) -> str:
    return _spoil(world, [world.run / "plan.json"])


def spoil_run_file(world: World) -> str:
    """Any other file of the run's folder."""
    kept = {"plan.json", ".lock", ".owner"}
    found = [path for path in world.run.rglob("*") if path.name not in kept]
    return _spoil(world, [path for path in found if path.parent.name not in ("trials", "ray")])


def spoil_progress(world: World) -> str:
    return _spoil(world, [*world.cache.glob("progress/*/*/*")])


def drop_kind(world: World) -> str:
    """All refs of one kind: warm-ups, evidence, scores, results."""
    kinds = sorted({path.name for path in world.cache.glob("refs/*/*")})
    if not kinds:
        return ""
    kind = world.rng.choice(kinds)
    refs = list(world.cache.glob(f"refs/*/{kind}/*/*.json"))
    for ref in refs:
        ref.unlink(missing_ok=True)
    return f"{len(refs)} {kind}"


def second_on_same_run(world: World) -> str:
    world.rivals.append(world.start())
    return world.rivals[-1].log.name


def second_on_same_cache(world: World) -> str:
    world.rivals.append(world.start("rival"))
    return world.rivals[-1].log.name


def move_clock(world: World) -> str:
    world.clock_s = world.rng.choice((-3600.0, 3600.0, -400.0 * DAY_S, 400.0 * DAY_S))
    return f"{world.clock_s:+g} s at the next start"


def move_times(world: World) -> str:
    """File times as after a copy, on a machine with another clock."""
    paths = [path for path in sorted(world.cache.rglob("*")) if path.is_file()]
    at = world.rng.choice((0.0, time.time() - 3600, time.time() + 3600, time.time() + 400 * DAY_S))
    for path in paths:
        with suppress(FileNotFoundError):
            os.utime(path, (at, at))
    return f"{len(paths)} files at {at:.0f}"


@dataclass(frozen=True, kw_only=True)
class Act:
    """One thing the nemesis does.

    Attributes:
        do: The function.
        again: Computations that are under way and may be begun once more for it.
        spoils: Whether values may have to be computed once more for it.
        rivals: Whether two commands compute side by side for it.
    """

    do: Callable[[World], str]
    again: int = 0
    spoils: bool = False
    rivals: bool = False


# Two workers, and in each a value that is made of another, that is made of another.
_WORKER, _ALL = 3, 6

ACTS: Mapping[str, Act] = {
    "kill_worker": Act(do=kill_worker, again=_WORKER),
    "kill_workers": Act(do=kill_workers, again=_ALL),
    "kill_driver": Act(do=kill_driver, again=_ALL),
    "kill_everything": Act(do=kill_everything, again=_ALL),
    "kill_head": Act(do=kill_head, again=_ALL),
    "kill_raylet": Act(do=kill_raylet, again=_ALL),
    "stop_driver": Act(do=stop_driver, again=_ALL),
    "fill_disk": Act(do=fill_disk, again=_ALL),
    "spoil_blob": Act(do=spoil_blob, spoils=True),
    "spoil_ref": Act(do=spoil_ref, spoils=True),
    "spoil_version": Act(do=spoil_version, again=_ALL),
    "spoil_row": Act(do=spoil_row),
    "spoil_plan": Act(do=spoil_plan),
    "spoil_run_file": Act(do=spoil_run_file),
    "spoil_progress": Act(do=spoil_progress),
    "drop_kind": Act(do=drop_kind, spoils=True),
    "second_on_same_run": Act(do=second_on_same_run),
    "second_on_same_cache": Act(do=second_on_same_cache, rivals=True),
    "move_clock": Act(do=move_clock),
    "move_times": Act(do=move_times),
}
