"""The artifact store of machines that share an object store instead of a disk."""

import logging
import shutil
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from orchestrator.store import atomic
from orchestrator.store.local import About, ArtifactStore, Make
from orchestrator.store.object_storage import Remote

logger = logging.getLogger(__name__)


class SharedStore:
    """A store on this machine's disk, filled from a remote one and sent to it.

    Committed here first and then there, blob before ref, so that what another machine finds is
    whole; every fetched byte is verified as if it were read from a bad disk. The first ref there
    wins. Of two machines that send at the same instant the second replaces the first: keys name
    all that decides a value, so the two are equal.

    Args:
        local: On this machine's own disk.
        remote: What all machines reach.
    """

    def __init__(self, local: ArtifactStore, remote: Remote) -> None:
        self._local, self._remote = local, remote

    @property
    def root(self) -> Path:
        """The folder on this machine."""
        return self._local.root

    @property
    def environment(self) -> str:
        """Class of machines and versions that share values."""
        return self._local.environment

    @property
    def made(self) -> Counter[str]:
        """How often this machine's object called a `make`, by kind."""
        return self._local.made

    def refresh(self) -> None:
        """Ask the remote store anew: something has just been finished."""
        self._remote.refresh()

    def has(self, kind: str, key: str) -> bool:
        """Whether the entry was committed, here or anywhere a few seconds ago."""
        if self._local.has(kind, key):
            return True
        return self._name(self._local.ref(kind, key)) in self._remote.names(self._refs())

    def holds(self, kind: str, key: str) -> bool:
        """Whether the entry is there: verified as far as it lies here, else as the remote store has it."""
        record = self._local.about(kind, key)
        if record is not None and self._local.blob(record["sha256"]).exists():
            return self._local.holds(kind, key)
        return self.has(kind, key)

    def keys(self, kind: str) -> list[str]:
        """The keys of a kind, sorted, of all machines."""
        below = f"{self._refs()}/{kind}/"
        far = {
            Path(name).stem for name in self._remote.names(self._refs()) if name.startswith(below)
        }
        return sorted(far.union(self._local.keys(kind)))

    def about(self, kind: str, key: str) -> dict[str, Any] | None:
        """The entry's ref, or None."""
        record = self._local.about(kind, key)
        if record is None and self._fetch(self._local.ref(kind, key)):
            record = self._local.about(kind, key)
        return record

    def facts(self, kind: str, key: str) -> Mapping[str, Any]:
        """What the entry's `make` returned."""
        facts: Mapping[str, Any] = (self.about(kind, key) or {}).get("facts", {})
        return facts

    def find(self, kind: str, key: str) -> Path | None:
        """The entry's file on this machine, fetched if need be, its bytes verified; or None."""
        for _ in range(2):  # once more where what lay here was damaged and is put aside
            record = self.about(kind, key)
            if record is None:
                return None
            blob = self._local.blob(record["sha256"])
            if not blob.exists():
                self._fetch(blob)
            if found := self._local.find(kind, key):
                return found
        return None

    def get(self, kind: str, key: str, make: Make, *, about: About = None) -> Path:
        """The entry's verified file, computed first if no machine has it; as `ArtifactStore.get`."""
        return self.find(kind, key) or self._sent(
            self._local.get(kind, key, make, about=about), kind, key
        )

    def put(self, kind: str, key: str, make: Make, *, about: About = None) -> Path:
        """Computes the entry in any case; as `ArtifactStore.put`."""
        return self._sent(self._local.put(kind, key, make, about=about), kind, key)

    def progress(self, key: str) -> Path:
        """A folder for a trial's unfinished state; with what another machine left of it."""
        folder = self._local.progress(key)
        if not any(folder.iterdir()):
            for name in self._remote.names(self._name(folder)):
                self._fetch(self.root / name)
        return folder

    def keep_progress(self, key: str) -> None:
        """Send a trial's unfinished state, so that any machine can go on with it."""
        folder = self._local.progress(key)
        self._remote.refresh()
        sent = self._remote.names(self._name(folder))
        here = {self._name(path): path for path in folder.iterdir() if path.suffix != ".tmp"}
        for name in here.keys() - sent:
            self._remote.send(here[name], name)
        # Only when the newer state is whole there may the older one go.
        for name in sent - here.keys():
            self._remote.remove_file(name)

    def clear_progress(self, key: str) -> None:
        """Removes a trial's unfinished state, here and there."""
        folder = self._local.progress(key)
        self._remote.remove(self._name(folder))
        self._local.clear_progress(key)

    def _refs(self) -> str:
        return f"refs/{self.environment}"

    def _name(self, path: Path) -> str:
        return path.relative_to(self.root).as_posix()

    def _fetch(self, path: Path) -> bool:
        atomic.make_folder(path.parent)
        return self._remote.fetch(self._name(path), path)

    def _sent(self, path: Path, kind: str, key: str) -> Path:
        """Send a committed entry, unless another machine was first: then that one counts."""
        ref, blob = self._local.ref(kind, key), path.resolve()
        name = self._name(ref)
        if self._remote.exists(name):
            return self._first(ref, kind, key) or path
        if not self._remote.exists(self._name(blob)):
            self._remote.send(blob, self._name(blob))
        self._remote.send(ref, name)
        self._remote.refresh()
        return path

    def _first(self, ref: Path, kind: str, key: str) -> Path | None:
        own = self._local.about(kind, key)
        aside = ref.with_suffix(".own")
        shutil.copyfile(ref, aside)
        self._fetch(ref)
        found = self.find(kind, key)
        if found is None:
            aside.replace(ref)
        elif own and own["sha256"] != found.name:
            logger.warning("%s was computed elsewhere as %s; that one counts", ref, found.name)
        aside.unlink(missing_ok=True)
        return found


Store = ArtifactStore | SharedStore
