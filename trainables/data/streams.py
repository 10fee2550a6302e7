"""The bytes and lines of a user's file, decompressed where its name says so, within a bound."""

import io
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path, PurePath
from typing import Any, BinaryIO

import pyarrow as pa

from trainables.data.columns import excerpt
from trainables.errors import DataError

COMPRESSIONS = {".gz": "gzip", ".zst": "zstd"}
# A few bytes can decode to gigabytes: what is decoded is counted, and refused beyond this size
# where it is also more than MAX_RATIO times the file's.
BOMB_BYTES = 2**27
MAX_RATIO = 200
# What a row takes beside its values: its id, its number, its class, and where each value begins.
ROW_BYTES = 64
# The longest line that is held in memory: a vector of the widest that are read, written in digits.
MAX_LINE = 2**25
_MARKS = {b"\xff\xfe\x00\x00": "utf-32", b"\x00\x00\xfe\xff": "utf-32"}
_MARKS |= {b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}


def format_suffix(path: PurePath) -> str:
    """The ending that names a file's format, in lower case: .csv of x.CSV and of x.csv.gz."""
    suffixes = [suffix.lower() for suffix in path.suffixes]
    if suffixes and suffixes[-1] in COMPRESSIONS:
        suffixes.pop()
    return suffixes[-1] if suffixes else ""


def plain_stem(path: Path) -> str:
    """A file's name without format and compression: x of x.csv.gz."""
    name = path.name
    if path.suffix.lower() in COMPRESSIONS:
        name = name[: -len(path.suffix)]
    return Path(name).stem


def most_bytes(path: Path) -> int:
    """Up to how many bytes a file may decode to."""
    return max(BOMB_BYTES, MAX_RATIO * path.stat().st_size)


def check_size(path: Path, decoded: int, rows: int = 0) -> None:
    """Refuse a file that decodes to far more than its size.

    Args:
        path: The file.
        decoded: Bytes decoded of it so far, or that it says it decodes to.
        rows: As many rows.

    Raises:
        DataError: If those are too many.
    """
    allowed = most_bytes(path)
    if decoded + ROW_BYTES * rows > allowed:
        raise DataError(
            f"{path}: {path.stat().st_size:,} bytes decode to more than {allowed:,}; hardly any data are so "
            "repetitive: check where the file is from, or write it without compression and dictionaries"
        )


class _Decompressed(io.RawIOBase):
    """A compressed file as plain bytes."""

    def __init__(self, path: Path, compression: str) -> None:
        self._path, self._decoded = path, 0
        self._file = pa.OSFile(str(path), "rb")
        self._stream = pa.CompressedInputStream(self._file, compression)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        try:
            block = self._stream.read(len(buffer))
        except (OSError, pa.ArrowException, zlib.error) as error:
            raise DataError(
                f"{self._path}: its compressed data are damaged or cut short "
                f"({excerpt(str(error))}); write or fetch the file again"
            ) from error
        self._decoded += len(block)
        check_size(self._path, self._decoded)
        buffer[: len(block)] = block
        return len(block)

    def close(self) -> None:
        self._file.close()
        super().close()


def open_bytes(path: Path) -> BinaryIO:
    """A file's bytes, decompressed, to be read in order.

    Raises:
        DataError: As they are read, if they are damaged or decode to far too many.
    """
    compression = COMPRESSIONS.get(path.suffix.lower())
    if compression is None:
        return path.open("rb")
    return io.BufferedReader(_Decompressed(path, compression), 2**20)


@contextmanager
def packed_file(path: Path) -> Iterator[Any]:
    """A file to write bytes to, packed where its name says so."""
    compression = COMPRESSIONS.get(path.suffix.lower())
    with pa.OSFile(str(path), "wb") as file:
        if compression is None:
            yield file
            return
        with pa.CompressedOutputStream(file, compression) as packed:
            yield packed


@contextmanager
def text_file(path: Path, *, newline: str = "") -> Iterator[io.TextIOWrapper]:
    """A file's text, line ends as they stand.

    Args:
        path: The file.
        newline: What ends a line; empty for a line feed, a carriage return, or both.

    Raises:
        DataError: As it is read, if it is not UTF-8: the line and the byte are named.
    """
    try:
        with io.TextIOWrapper(open_bytes(path), encoding="utf-8-sig", newline=newline) as file:
            yield file
    except UnicodeDecodeError as error:
        raise _not_utf8(path) from error


def bounded_lines(path: Path, file: Any) -> Iterator[Any]:
    """The lines of an open file, text or bytes, none of them so long that it fills the memory.

    Raises:
        DataError: At a line of more than MAX_LINE letters.
    """
    end = file.read(0)
    for number, line in enumerate(iter(partial(file.readline, MAX_LINE + 1), end), 1):
        if len(line) > MAX_LINE:
            raise DataError(
                f"{path}: line {number} is longer than {MAX_LINE:,} letters, the most that are read: "
                f"{excerpt(line[:40])}; end each row by a line feed, and check where the file is from"
            )
        yield line


def _not_utf8(path: Path) -> DataError:
    with open_bytes(path) as file:
        for line, raw in enumerate(bounded_lines(path, file), 1):
            for mark, name in _MARKS.items():
                if line == 1 and raw.startswith(mark):
                    return DataError(
                        f"{path}: not UTF-8 but {name}, by its first bytes; convert the file to UTF-8 "
                        f"(iconv -f {name} -t utf-8)"
                    )
            try:
                raw.decode("utf-8")
            except UnicodeDecodeError as error:
                return DataError(
                    f"{path}: line {line}: byte 0x{raw[error.start]:02x} is not UTF-8, in "
                    f"{excerpt(raw[max(error.start - 20, 0) : error.start + 20])}; convert the "
                    "file to UTF-8 (iconv -f latin1 -t utf-8, if that is what it is in)"
                )
    return DataError(f"{path}: not UTF-8; convert it to UTF-8")
