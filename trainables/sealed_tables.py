"""Parquet files that carry the checksum of their own bytes."""

import hashlib
import io
import re
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from trainables.errors import DamagedError
from trainables.seals import SEALED_SINCE, UNFIT, file_bytes

_OF, _VERSION, _MARK = b"of", b"schema_version", b"prune-envelope-check"
_BLANK = b"0" * 64
# In the footer the value follows its key after a type and a length of one or two bytes.
_SLOT = re.compile(re.escape(_MARK) + rb".{1,4}?([0-9a-f]{64})", re.DOTALL)


def sealed_parquet(table: pa.Table, *, of: str = "", compression: str = "zstd") -> bytes:
    """A table as the bytes of a Parquet file that carries the checksum of all its other bytes.

    Args:
        table: With metadata of its own.
        of: What it is of, such as a trial's key: it is then not taken for another's. Empty for nothing.
        compression: Of its columns.
    """
    told = {_VERSION: str(SEALED_SINCE).encode(), _MARK: _BLANK}
    told |= {_OF: of.encode()} if of else {}
    marked = table.replace_schema_metadata({**(table.schema.metadata or {}), **told})
    sink = io.BytesIO()
    pq.write_table(marked, sink, compression=compression)
    data = sink.getvalue()
    slot = _slot(data)
    assert slot is not None, "the mark was just written"
    return data[: slot[0]] + hashlib.sha256(data).hexdigest().encode() + data[slot[1] :]


def open_sealed(path: Path, *, of: str = "") -> pq.ParquetFile:
    """The Parquet file that `sealed_parquet` gave, its bytes verified; one of an earlier release has no checksum.

    Args:
        path: The file.
        of: What it must be of, where it says that; empty for anything.

    Raises:
        DamagedError: If it is no such file, is of something else, or does not fit its checksum.
        FileNotFoundError: If it is not there.
    """
    data = file_bytes(path)
    slot = _slot(data)
    if slot is not None:
        digest = hashlib.sha256(data[: slot[0]])
        digest.update(_BLANK + data[slot[1] :])
        if data[slot[0] : slot[1]] != digest.hexdigest().encode():
            raise DamagedError(UNFIT)
    try:
        file = pq.ParquetFile(pa.BufferReader(data))
        told = file.schema_arrow.metadata or {}
        is_sealed = slot is not None or int(told.get(_VERSION, b"0")) < SEALED_SINCE
    except (OSError, ValueError, pa.ArrowException) as error:
        raise DamagedError(f"is no Parquet file: {error}") from error
    if not is_sealed:
        raise DamagedError(UNFIT)
    if of and told.get(_OF, of.encode()) != of.encode():
        raise DamagedError(f"is of {told[_OF].decode(errors='replace')[:12]}, not of {of[:12]}")
    return file


def _slot(data: bytes) -> tuple[int, int] | None:
    """Where the checksum of a Parquet file stands; None where there is none."""
    # Behind the data: a text in them may look like it.
    start = data.rfind(_MARK)
    found = _SLOT.match(data, start) if start >= 0 else None
    return found.span(1) if found else None
