"""The version of a store: which release can read its folder."""

from pathlib import Path

from orchestrator.store.atomic import StoreError
from trainables.keys import key_of
from trainables.seals import file_bytes

# The next one carries `with_checksum`, as every later one: a damaged file is then not taken for another release's.
VERSION = "prune-envelope store 1"


def with_checksum(version: str) -> str:
    """A version and a checksum of it, as the file of a release after the first has it."""
    return f"{version} {key_of(version)[:16]}"


def is_version_damaged(path: Path) -> bool:
    """Whether a store's file VERSION is neither this release's nor that of another one.

    Raises:
        StoreError: If it is that of another release.
    """
    try:
        found = file_bytes(path).decode(errors="replace").strip()
    except FileNotFoundError:
        return False
    except ValueError:
        return True
    if found == VERSION:
        return False
    told = found.rpartition(" ")[0]
    if found != with_checksum(told):
        return True
    raise StoreError(
        f"{path} says {told[:80]!r} but this release reads {VERSION!r}; choose another folder, or the "
        "release that wrote this one"
    )
