"""A store that is read, and never written to: what is made is made beside it and forgotten."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from orchestrator.store.local import ArtifactStore
from orchestrator.store.replicated import Store
from trainables.errors import UnavailableError


class Overlay:
    """A cache for a dry run.

    Args:
        store: Is read.
        folder: Where what it lacks is made; the caller takes it away.
    """

    def __init__(self, store: Store, folder: Path) -> None:
        self._below, self._above = store, ArtifactStore(folder, environment=store.environment)

    def has(self, kind: str, key: str) -> bool:
        """Whether an artifact is in one of the two."""
        return self._above.has(kind, key) or self._below.has(kind, key)

    def get(
        self, kind: str, key: str, make: Callable[[Path], object], *, about: Any = None
    ) -> Path:
        """The artifact's file; where there is none, it is made beside the store."""
        found = self._below.find(kind, key)
        return found or self._above.get(kind, key, make, about=about)

    def put(
        self, kind: str, key: str, make: Callable[[Path], object], *, about: Any = None
    ) -> Path:
        """As `get`, but made in any case."""
        return self._above.put(kind, key, make, about=about)

    def facts(self, kind: str, key: str) -> Mapping[str, Any]:
        """What the `make` of an artifact returned."""
        return self._below.facts(kind, key) or self._above.facts(kind, key)

    def progress(self, key: str) -> Path:
        """A folder for an unfinished trial's own state: a dry run trains none.

        Raises:
            UnavailableError: Always.
        """
        raise UnavailableError(f"a dry run trains nothing, and {key[:10]} would have to be trained")

    def keep_progress(self, key: str) -> None:
        """Nothing: there is none."""

    def clear_progress(self, key: str) -> None:
        """Nothing: there is none."""
