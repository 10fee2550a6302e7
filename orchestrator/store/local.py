"""The artifact store: made once, written whole, read by every trial."""

import errno
import logging
import os
import shutil
import socket
import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from io import FileIO
from pathlib import Path
from typing import Any

from filelock import FileLock

from orchestrator.store import atomic
from orchestrator.store.atomic import StoreDivergedError, StoreError, atomic_write
from orchestrator.store.names import checked_name
from orchestrator.store.quarantine import put_in_quarantine
from orchestrator.store.version import VERSION, is_version_damaged
from trainables.own_folders import file_mode, mark
from trainables.seals import seal, unseal
from trainables.whole_file import sync

Make = Callable[[Path], object]
About = Mapping[str, Any] | None

logger = logging.getLogger(__name__)


class ArtifactStore:
    """A folder of finished values: refs by key, each naming a read-only blob by its SHA-256.

    An entry is absent or whole: its ref is linked into place last, when all it names is on the
    disk, and the first writer of a key wins. That needs no lock; a lock only saves computing twice.
    Kinds, keys and environments are up to 128 of a-z, 0-9, '.', '_', '-', the first one of a-z, 0-9.

    Args:
        root: The folder, made at the first write; all of it on one file system.
        environment: Class of machines and versions that may share values; entries of another one
            are not found. Empty stands for any.
        strict: Raise where two computations of a key differ, instead of a logged warning.
        lock_timeout_s: How long to wait for another's computation before doing it as well.

    Attributes:
        made: How often this object called a `make`, by kind.

    Raises:
        StoreError: If another version of the store wrote the folder.
    """

    def __init__(
        self,
        root: Path,
        *,
        environment: str = "",
        strict: bool = False,
        lock_timeout_s: float = 600,
    ) -> None:
        self.root = Path(os.path.realpath(root))
        self._refs = str(self.root / "refs")
        self.environment = checked_name("environment", environment or "any")
        self.strict = strict
        self.lock_timeout_s = lock_timeout_s
        self.made: Counter[str] = Counter()
        self._intact: set[tuple[str, str]] = set()
        if is_version_damaged(version := self.root / "VERSION"):
            put_in_quarantine(self.root, version, "damaged")

    def __getstate__(self) -> dict[str, Any]:
        """A copy in another process counts its own."""
        return self.__dict__ | {"made": Counter()}

    def has(self, kind: str, key: str) -> bool:
        """Whether the entry was committed; `find` and `holds` tell whether it is still intact."""
        return self.ref(kind, key).is_file()

    def holds(self, kind: str, key: str) -> bool:
        """Whether the entry is there, its bytes verified when this object is first asked for it."""
        if (kind, key) in self._intact:
            return self.has(kind, key)
        found = self.find(kind, key) is not None
        self._intact |= {(kind, key)} if found else set()
        return found

    def keys(self, kind: str) -> list[str]:
        """The keys of a kind, sorted."""
        refs = (self.root / "refs" / self.environment / checked_name("kind", kind)).glob("*/*.json")
        return sorted(ref.stem for ref in refs)

    def about(self, kind: str, key: str) -> dict[str, Any] | None:
        """The entry's ref: its names, sha256, size, about and made_by; None if there is none."""
        ref = self._ref(kind, key)
        try:
            with FileIO(ref) as file:
                text = file.readall()
        except FileNotFoundError:
            return None
        except IsADirectoryError:
            text = b""
        record = unseal(text)
        if record is not None and self._names(kind, key).items() <= record.items():
            return record
        put_in_quarantine(self.root, Path(ref), "not-its-ref")
        return None

    def facts(self, kind: str, key: str) -> Mapping[str, Any]:
        """What the entry's `make` returned, such as the seconds it took: not part of the value."""
        return dict((self.about(kind, key) or {}).get("facts", {}))

    def find(self, kind: str, key: str) -> Path | None:
        """The entry's file, its bytes verified, or None.

        A file is hashed when a process first uses it, and again when its inode, size or time
        differ. One that fails goes to `quarantine/` with a warning, and the entry is absent.
        """
        record = self.about(kind, key)
        if record is None:
            return None
        blob = self.blob(record["sha256"])
        fault = atomic.fault(blob, blob.name, record["size"])
        if fault is None:
            return blob
        put_in_quarantine(self.root, self.ref(kind, key), fault)
        # Looked at again, because another process may have put a good one there by now.
        if atomic.fault(blob, blob.name, record["size"]) not in {None, "missing"}:
            put_in_quarantine(self.root, blob, fault)
        return None

    def get(self, kind: str, key: str, make: Make, *, about: About = None) -> Path:
        """The entry's verified file, computed first if it is not there.

        Args:
            kind: What it is, such as `scores`.
            key: Names everything the value depends on.
            make: Writes the value as one file at the path it is given. A mapping of plain JSON
                that it returns is kept in the ref: what `facts` gives back.
            about: Plain JSON kept in the ref, such as the spec the key was made from.

        Raises:
            StoreError: If there is no room; or if the folder is read-only and lacks the entry, and
                then before `make` is called.
            FileNotFoundError: If `make` returned without its file.
            StoreDivergedError: If strict, and the key was given other bytes in the meantime.
        """
        found = self.find(kind, key)
        if found is not None:
            return found
        record = self._record(kind, key, about)
        with self._workspace() as folder, self._lock(kind, key):
            return self.find(kind, key) or self._commit(folder, record, make)

    def put(self, kind: str, key: str, make: Make, *, about: About = None) -> Path:
        """Computes the entry in any case, without a lock; arguments and errors are those of `get`.

        Returns:
            The file committed first for this key, which may be another's.
        """
        record = self._record(kind, key, about)
        with self._workspace() as folder:
            return self._commit(folder, record, make)

    def progress(self, key: str) -> Path:
        """A folder for a trial's own unfinished state; write its files by `atomic_write`."""
        folder = self.root / "progress" / self.environment / checked_name("key", key)
        with atomic.store_errors(self.root):
            mark(self.root, "cache")
            atomic.make_folder(folder)
        return folder

    def keep_progress(self, key: str) -> None:
        """Nothing: what a trial saved lies in this folder already."""

    def refresh(self) -> None:
        """Nothing: a folder shows at once what is in it."""

    def clear_progress(self, key: str) -> None:
        """Removes a trial's unfinished state, all of it at once."""
        with self._workspace() as away:
            self.progress(key).rename(away / "progress")

    def _names(self, kind: str, key: str) -> dict[str, str]:
        named = {"kind": checked_name("kind", kind), "key": checked_name("key", key)}
        return {"environment": self.environment} | named

    def _record(self, kind: str, key: str, about: About) -> dict[str, Any]:
        record = self._names(kind, key) | {"about": None if about is None else dict(about)}
        seal(record)  # refuses what is not JSON, before an hour is spent on the value
        return record

    def ref(self, kind: str, key: str) -> Path:
        """Where the entry's ref is."""
        return Path(self._ref(kind, key))

    def _ref(self, kind: str, key: str) -> str:
        """As `ref`, in a text: a plan asks for tens of thousands, which it takes longer to parse than to open."""
        environment, kind, key = self._names(kind, key).values()
        return f"{self._refs}/{environment}/{kind}/{key[:2]}/{key}.json"

    def blob(self, sha256: str) -> Path:
        """Where a blob is."""
        return self.root / "blobs" / sha256[:2] / checked_name("sha256", sha256)

    @contextmanager
    def _workspace(self) -> Iterator[Path]:
        """A folder of our own on the store's file system, gone afterwards."""
        folder = self.root / "tmp" / uuid.uuid4().hex
        try:
            with atomic.store_errors(self.root):
                mark(self.root, "cache")
                atomic.make_folder(folder)
                if not (self.root / "VERSION").exists():
                    atomic_write(self.root / "VERSION", f"{VERSION}\n".encode())
                yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    @contextmanager
    def _lock(self, kind: str, key: str) -> Iterator[None]:
        path = self.root / "locks" / self.environment / kind / f"{key}.lock"
        # A marker file in the place of a lock would outlive its holder.
        lock = FileLock(
            path, timeout=self.lock_timeout_s, mode=file_mode(path), fallback_to_soft=False
        )
        try:
            atomic.make_folder(path.parent)
            lock.acquire()
        except (OSError, NotImplementedError) as error:  # its Timeout is an OSError
            # The commit is safe without it: at worst the value is computed twice.
            atomic.warn_once(f"computing {kind}/{key} without its lock", str(error))
        try:
            yield
        finally:
            lock.release()

    def _commit(self, folder: Path, record: dict[str, Any], make: Make) -> Path:
        kind, key = record["kind"], record["key"]
        value, draft = folder / "value", folder / "ref"
        self.made[kind] += 1
        facts = make(value)
        if value.is_symlink() or not value.is_file():
            raise FileNotFoundError(
                f"make of {kind}/{key} left no plain file at the path it was given; "
                "write the value there, as one file"
            )
        size = value.stat().st_size
        blob = self._keep(value, size)
        now = datetime.now(UTC).isoformat(timespec="seconds")
        made_by = {"host": socket.gethostname(), "pid": os.getpid(), "time": now}
        record |= {"sha256": blob.name, "size": size, "made_by": made_by}
        record["facts"] = dict(facts) if isinstance(facts, Mapping) else {}
        atomic.write_new(draft, seal(record))
        return self._publish(draft, blob, (kind, key))

    def _keep(self, value: Path, size: int) -> Path:
        """Moves a value to the name of its checksum, where a torn one may lie."""
        value.chmod(file_mode(value) & 0o440)
        sync(value)
        blob = self.blob(atomic.sha256_of(value, fresh=True))
        atomic.make_folder(blob.parent)
        fault = atomic.fault(blob, blob.name, size)
        if fault is not None:
            if fault != "missing":
                put_in_quarantine(self.root, blob, fault)
            value.rename(blob)
        sync(blob.parent)
        return blob

    def _publish(self, draft: Path, blob: Path, names: tuple[str, str]) -> Path:
        """Links the ref into place, which is the commit; returns the blob of whoever was first."""
        ref = self.ref(*names)
        atomic.make_folder(ref.parent)
        # find puts an unusable ref aside, and then the name is free.
        for _ in range(3):
            first: Path | None = blob
            try:
                atomic.link_first(draft, ref)
            except FileExistsError:
                first = self.find(*names)
            if first is not None:
                sync(ref.parent)
                if first != blob:
                    self._diverged(ref, first.name, blob.name)
                return first
        raise StoreError(errno.EEXIST, f"{ref} is unusable and cannot be put aside; remove it")

    def _diverged(self, ref: Path, first: str, second: str) -> None:
        message = (
            f"{ref} stands for {first} but was computed again as {second}; the key leaves out "
            "something the value depends on, or the computation is not deterministic"
        )
        if self.strict:
            raise StoreDivergedError(message)
        logger.warning("%s; the first is kept", message)
