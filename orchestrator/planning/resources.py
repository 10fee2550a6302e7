"""Where a sweep runs: its store, its run folder, and what each trial may use."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from orchestrator.planning.grids import GRIDS
from orchestrator.store.local import ArtifactStore
from orchestrator.store.object_storage import Remote
from orchestrator.store.replicated import SharedStore, Store
from trainables.environment import environment
from trainables.errors import UnavailableError, UsageError
from trainables.keys import key_of

# Of a sweep that names no other.
CACHE = Path("runs/_cache")


class NoGpuError(UnavailableError):
    """What was asked for needs an accelerator."""


def has_gpu() -> bool:
    """Whether this machine has an accelerator, whatever torch makes of it."""
    return any(Path("/proc/driver/nvidia/gpus").glob("*"))


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Where a sweep stops handing out work, though some is left; 0 for no limit.

    Attributes:
        trials: Full-data and pruned runs of this command.
        hours: Of all workers together, each an accelerator's where trials have one.
    """

    trials: int = 0
    hours: float = 0.0

    def reached(self, trials: int, seconds: float) -> str:
        """The limit that is reached, or empty."""
        if 0 < self.trials <= trials:
            return f"--max-trials {self.trials}"
        return f"--max-gpu-hours {self.hours:g}" if 0 < self.hours * 3600 <= seconds else ""


@dataclass(frozen=True, kw_only=True)
class Resources:
    """Where the tasks of a sweep run.

    Attributes:
        cache: Root of the artifact store; of each machine's own part of it where there is a URI.
        storage: URI of an object store that all machines reach; empty for a common folder.
        cpus: Per trial; its threads, too.
        gpus: Per trial; fractions share one.
        address: Of a Ray cluster, or "local".
        at_once: Most trials at a time; 0 for all that fit.
        runs: Folder of run folders.
        limits: Where to stop before all is done.
        environment: What every trial of the sweep must run on: that of the planning machine.
    """

    cache: Path
    storage: str = ""
    cpus: int = 1
    gpus: float = 0.0
    address: str = "local"
    at_once: int = 0
    runs: Path = Path("runs")
    limits: Limits = field(default_factory=Limits)
    environment: Mapping[str, str] = field(init=False)

    def __post_init__(self) -> None:
        """Take the planning machine's environment along to the workers."""
        object.__setattr__(self, "environment", environment(self.cpus, gpu=self.gpus > 0))

    @property
    def is_local(self) -> bool:
        """Whether Ray is started here and ends with the sweep."""
        return self.address == "local"

    @classmethod
    def of(cls, flags: Mapping[str, Any]) -> "Resources":
        """Where the flags of the command line send a sweep: one GPU a trial where there are any.

        Raises:
            ValueError: If they name two places for the store.
        """
        gpus = flags["gpus_per_trial"]
        if gpus is None:
            gpus = float(has_gpu() or flags["address"] != "local")
        storage = flags["storage"]
        is_remote = "://" in storage
        if storage and not is_remote and flags["cache"] != CACHE:
            raise UsageError(
                f"--cache {flags['cache']} beside --storage {storage}: a folder that all machines "
                "mount holds the store itself, in _cache; leave --cache out"
            )
        folder = Path(storage) / "_cache" if storage and not is_remote else flags["cache"]
        return cls(
            # Absolute: Ray's workers have a working directory of their own.
            cache=folder.absolute(),
            storage=storage if is_remote else "",
            runs=Path(storage) if storage and not is_remote else Path("runs"),
            cpus=flags["cpus_per_trial"],
            gpus=gpus,
            address=flags["address"],
            at_once=flags["max_trials_at_once"],
            limits=Limits(trials=flags["max_trials"], hours=flags["max_gpu_hours"]),
        )

    @staticmethod
    def check(flags: Mapping[str, Any]) -> None:
        """Refuse a grid made for accelerators where there is none, unless that was asked for.

        Raises:
            NoGpuError: If there is none.
        """
        grid = GRIDS.get(flags["grid"])
        own = flags["model"] or flags["gpus_per_trial"] is not None or flags["dry_run"]
        if grid and grid.needs_gpu and not own and not Resources.of(flags).gpus:
            raise NoGpuError(
                f"no GPU found, and --grid {flags['grid']} would take days without one; try "
                "--grid demo, --address auto to use a Ray cluster, or --gpus-per-trial 0 to mean "
                "it. Check with: prune-envelope doctor"
            )

    def open_store(self) -> Store:
        """The store, in which only artifacts of this environment are found."""
        local = ArtifactStore(self.cache, environment=key_of(self.environment)[:12])
        return SharedStore(local, Remote(self.storage)) if self.storage else local

    def keep_run(self, folder: Path) -> None:
        """Send what a person reads of a run to the object store, where there is one."""
        if self.storage:
            remote = Remote(self.storage)
            for path in sorted(folder.rglob("*")):
                inside = path.relative_to(folder)
                if path.is_file() and not inside.name.startswith(".") and inside.parts[0] != "ray":
                    remote.send(path, f"runs/{folder.name}/{inside.as_posix()}")
