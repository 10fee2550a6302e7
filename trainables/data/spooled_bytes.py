"""Encoded images of any number: in memory while they are few bytes, else in a file that is mapped."""

import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from trainables.errors import UnavailableError

# Bytes of a split that are held in memory.
MOST = 2**28
# Bytes that are moved at once.
_BLOCK = 2**25
# Where many systems keep temporary files on a disk; /tmp of some is memory.
_ON_DISK = Path("/var/tmp")  # noqa: S108 - each file in it is made for its owner alone, and has no name
_PARTS: ContextVar[int] = ContextVar("parts", default=1)


@contextmanager
def held_among(parts: int) -> Iterator[None]:
    """While so many parts of one split are read one after another: together they hold no more than one."""
    token = _PARTS.set(max(parts, 1))
    try:
        yield
    finally:
        _PARTS.reset(token)


class BytesSpool:
    """Values of rows, written one behind another."""

    def __init__(self) -> None:
        self._most = MOST // _PARTS.get()
        self._held: list[Any] = []
        self._held_size = self._size = 0
        self._lengths: list[NDArray[np.int64]] = []
        self._valid: list[NDArray[np.bool_]] = []
        self._file: BinaryIO | None = None

    def append(self, values: pa.Array) -> None:
        """Add rows, of binary or large_binary."""
        values = values.cast(pa.large_binary())
        if not len(values):
            return
        _, offsets, data = values.buffers()
        ends = np.frombuffer(offsets, dtype=np.int64)[values.offset :][: len(values) + 1]
        self._lengths.append(np.diff(ends))
        self._valid.append(np.asarray(values.is_valid()))
        if data is not None:
            self._add(memoryview(data)[int(ends[0]) : int(ends[-1])])

    def append_one(self, value: bytes) -> None:
        """Add a row."""
        self._lengths.append(np.array([len(value)], dtype=np.int64))
        self._valid.append(np.ones(1, dtype=bool))
        self._add(memoryview(value))

    def _add(self, block: memoryview) -> None:
        self._held.append(block)
        self._held_size += len(block)
        self._size += len(block)
        if self._size > self._most and self._held_size > min(_BLOCK, self._most):
            self._flush()

    def _flush(self) -> None:
        try:
            self._file = self._file or _nameless_file()
            for block in self._held:
                self._file.write(block)
        except OSError as error:
            raise UnavailableError(
                f"{_folder()}: {self._size:,} bytes of images cannot be kept there ({error.strerror}); set TMPDIR to a "
                "folder on a disk with more room"
            ) from error
        self._held, self._held_size = [], 0

    def array(self) -> pa.Array:
        """All rows, shape (n,), large_binary."""
        lengths = np.concatenate(self._lengths) if self._lengths else np.zeros(0, dtype=np.int64)
        valid = np.concatenate(self._valid) if self._valid else np.zeros(0, dtype=bool)
        ends = np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(lengths)])
        if self._file is None:
            data = pa.py_buffer(b"".join(self._held))
        else:
            self._flush()
            data = _mapped(self._file)
        known = None if valid.all() else pa.array(valid).buffers()[1]
        buffers = [known, pa.py_buffer(ends), data]
        return pa.Array.from_buffers(pa.large_binary(), len(lengths), buffers)


def _folder() -> Path:
    named = os.environ.get("TMPDIR")
    if named or not os.access(_ON_DISK, os.W_OK):
        return Path(tempfile.gettempdir())
    return _ON_DISK


def _nameless_file() -> BinaryIO:
    file: BinaryIO = tempfile.TemporaryFile(dir=_folder(), prefix="prune-envelope-")  # noqa: SIM115
    return file


def _mapped(file: BinaryIO) -> pa.Buffer:
    """A file's bytes, mapped: they are there as long as the buffer is."""
    import mmap

    file.flush()
    with file:
        return pa.py_buffer(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))


def joined_arrays(arrays: Sequence[pa.Array]) -> pa.Array:
    """Arrays of one type one behind another; many bytes in a file."""
    if not pa.types.is_large_binary(arrays[0].type) or _size(arrays) <= MOST:
        return pa.concat_arrays(arrays)
    spool = BytesSpool()
    for array in arrays:
        for block in _blocks(array, np.arange(len(array))):
            spool.append(array.slice(int(block[0]), len(block)))
    return spool.array()


def taken(inputs: pa.Array, rows: NDArray[np.int64]) -> pa.Array:
    """Some rows, shape (k,), in that order; many bytes in a file."""
    if not pa.types.is_large_binary(inputs.type) or _size([inputs]) <= MOST:
        return inputs.take(pa.array(rows, pa.int64()))
    spool = BytesSpool()
    for block in _blocks(inputs, rows):
        spool.append(inputs.take(pa.array(block, pa.int64())))
    return spool.array()


def _size(arrays: Sequence[pa.Array]) -> int:
    return sum(int(pc.sum(pc.binary_length(array)).as_py() or 0) for array in arrays)


def _blocks(inputs: pa.Array, rows: NDArray[np.int64]) -> Iterator[NDArray[np.int64]]:
    """Rows in blocks that fit in memory."""
    lengths = np.asarray(pc.fill_null(pc.binary_length(inputs), 0))[rows]
    yield from np.split(rows, np.flatnonzero(np.diff(np.cumsum(lengths) // _BLOCK)) + 1)
