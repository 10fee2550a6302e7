"""Where artifacts are kept, as trainables see it."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol

from trainables.errors import AbsentError


class Cache(Protocol):
    """Where artifacts are kept: made once, verified, found by kind and key."""

    def has(self, kind: str, key: str) -> bool:
        """Whether an artifact is there."""

    def get(
        self, kind: str, key: str, make: Callable[[Path], object], *, about: Any = None
    ) -> Path:
        """The artifact's file; where there is none, `make` writes it and returns facts of it."""

    def put(
        self, kind: str, key: str, make: Callable[[Path], object], *, about: Any = None
    ) -> Path:
        """As `get`, but made in any case."""

    def facts(self, kind: str, key: str) -> Mapping[str, Any]:
        """What the `make` of an artifact returned: what may differ from one making to another."""

    def progress(self, key: str) -> Path:
        """A folder for an unfinished trial's own state."""

    def keep_progress(self, key: str) -> None:
        """Let other machines go on with it, too."""

    def clear_progress(self, key: str) -> None:
        """Forget it."""


def put_there(cache: Cache, kind: str, key: str, what: str) -> Path:
    """The file of an artifact that the sweep itself put into the cache.

    Args:
        cache: Where it is.
        kind: Of the artifact.
        key: Of the same.
        what: It, as a sentence begins with it.

    Raises:
        AbsentError: If it is not there.
    """

    def absent(_: Path) -> None:
        raise AbsentError(
            f"{what} (content {key[:12]}) is not in the cache; start the sweep again, it puts it there; "
            "machines of a cluster must share --cache"
        )

    return cache.get(kind, key, absent)
