"""Where a sweep runs: its store, its run folder, and what each trial may use."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from orchestrator.store.local import ArtifactStore
from orchestrator.store.object_storage import Remote
from orchestrator.store.replicated import SharedStore, Store
from trainables.environment import environment
from trainables.keys import key_of
from trainables.trainers.contract import Place


def accelerators_here() -> int:
    """Accelerators of this machine, whatever torch makes of them."""
    return len([*Path("/proc/driver/nvidia/gpus").glob("*")])


def has_gpu() -> bool:
    """Whether this machine has an accelerator."""
    return accelerators_here() > 0


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Where a sweep stops handing out work, though some is left; 0 for no limit.

    Attributes:
        trials: Full-data and pruned runs of this command.
        hours: Of accelerators, where trials have one; else of all workers together.
        used_s: Of them what this command has used before, in seconds.
    """

    trials: int = 0
    hours: float = 0.0
    used_s: float = 0.0

    def reached(self, trials: int, seconds: float) -> str:
        """The limit that is reached, or empty."""
        if 0 < self.trials <= trials:
            return f"--max-trials {self.trials}"
        is_over = 0 < self.hours * 3600 <= seconds + self.used_s
        return f"--max-gpu-hours {self.hours:g}" if is_over else ""


@dataclass(frozen=True, kw_only=True)
class Resources:
    """Where the tasks of a sweep run.

    Attributes:
        cache: Root of the artifact store; of each machine's own part of it where there is a URI.
        storage: URI of an object store that all machines reach; empty for a common folder.
        cpus: Per trial; its threads, too.
        gpus: Per trial; fractions share one.
        chooses_share: Whether nobody said how many, so that a plan may let trials share one.
        address: Of a Ray cluster, or "local".
        at_once: Most trials at a time; 0 for all that fit.
        runs: Folder of run folders.
        limits: Where to stop before all is done.
        trial_timeout_s: After which a task is ended; 0 for never.
        cluster_timeout_s: After which a sweep ends that has no machine a trial fits on.
        place: Where and how a trainer of the user's own is called.
        environment: What every trial of the sweep must run on: that of the planning machine.
    """

    cache: Path
    storage: str = ""
    cpus: int = 1
    gpus: float = 0.0
    chooses_share: bool = False
    address: str = "local"
    at_once: int = 0
    runs: Path = Path("runs")
    limits: Limits = field(default_factory=Limits)
    trial_timeout_s: float = 0.0
    cluster_timeout_s: float = 600.0
    place: Place = field(default_factory=Place)
    environment: Mapping[str, str] = field(init=False)

    def __post_init__(self) -> None:
        """Take the planning machine's environment along to the workers."""
        object.__setattr__(self, "environment", environment(self.cpus, gpu=self.gpus > 0))

    @property
    def is_local(self) -> bool:
        """Whether Ray is started here and ends with the sweep."""
        return self.address == "local"

    @property
    def stacks(self) -> Path:
        """Where a worker leaves where it was when its time was over."""
        return self.cache / "log"

    def open_store(self) -> Store:
        """The store, in which only artifacts of this environment are found."""
        local = ArtifactStore(self.cache, environment=key_of(self.environment)[:12])
        return SharedStore(local, Remote(self.storage)) if self.storage else local

    def upload_run(self, folder: Path) -> None:
        """Send what a person reads of a run to the object store, where there is one."""
        if self.storage:
            remote = Remote(self.storage)
            for path in sorted(folder.rglob("*")):
                inside = path.relative_to(folder)
                if path.is_file() and not inside.name.startswith(".") and "ray" not in inside.parts:
                    remote.send(path, f"runs/{folder.name}/{inside.as_posix()}")
