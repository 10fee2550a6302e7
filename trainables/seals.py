"""Checksums that files carry of their own content: what does not fit its own is refused, never read."""

import hashlib
import json
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from trainables.errors import DamagedError

# Files that name this schema version or a later one carry a checksum; earlier releases wrote none.
SEALED_SINCE = 5
_CHECK = "check"
UNFIT = "does not fit the checksum that it carries: it was damaged, or edited by hand"


def with_check(record: Mapping[str, Any]) -> dict[str, Any]:
    """A record of plain JSON, and the checksum of it as its last entry.

    Raises:
        TypeError: If there is something in it that JSON has no form for.
        ValueError: If a number in it is not finite.
    """
    plain: dict[str, Any] = json.loads(json.dumps(record, allow_nan=False))
    return plain | {_CHECK: _checksum(plain)}


def seal(record: Mapping[str, Any]) -> bytes:
    """Canonical JSON that carries its own checksum; errors are those of `with_check`."""
    return json.dumps(with_check(record), sort_keys=True).encode()


def unseal(data: bytes | str) -> dict[str, Any] | None:
    """What `seal` was given, or None if this is not what it wrote."""
    try:
        record = json.loads(data)
        check = record.pop(_CHECK)
        return dict(record) if check == _checksum(record) else None
    except (ValueError, TypeError, LookupError, AttributeError, RecursionError):
        return None


def read_sealed(data: bytes | str) -> dict[str, Any]:
    """The record of a JSON text, without its checksum; one of an earlier release has none.

    Raises:
        DamagedError: If it is no such text, or does not fit its checksum.
    """
    record = unseal(data)
    if record is not None:
        return record
    try:
        plain = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise DamagedError(f"holds no JSON: {error}") from error
    if not isinstance(plain, dict):
        raise DamagedError("holds no JSON object")
    version = plain.get("schema_version")
    if _CHECK in plain or (isinstance(version, int) and version >= SEALED_SINCE):
        raise DamagedError(UNFIT)
    return plain


def _checksum(record: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(record, sort_keys=True).encode()).hexdigest()


def file_bytes(path: Path) -> bytes:
    """The bytes of a file.

    Raises:
        DamagedError: If something else lies in its place: a folder, or a pipe, which nobody may ever write to.
        FileNotFoundError: If nothing does.
    """
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise DamagedError("is no file")
        return path.read_bytes()
    except (IsADirectoryError, NotADirectoryError) as error:
        raise DamagedError("is no file") from error
