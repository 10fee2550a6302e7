"""Parquet, and Arrow files as `save_to_disk` writes them, read batch by batch within a bound."""

import os
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.ipc
import pyarrow.parquet as pq

from trainables.data.columns import Columns, Field, is_image, is_text
from trainables.data.decoded_sizes import (
    MAX_ROWS,
    batch_rows,
    check_claims,
    check_footer,
    decoded_bytes,
    repeating,
)
from trainables.data.language_columns import is_list_of_turns
from trainables.data.streams import COMPRESSIONS, check_size, most_bytes, open_bytes
from trainables.data.unchanged import Stamp, file_stamp
from trainables.errors import DataError, UnsafeError

# Rows that are decoded at once where values are stored once and repeated.
_FEW = 64
# The offsets of an Arrow file are not looked at as it is opened, and wrong ones crash their reader:
# another process reads all of it first, and ends in our place.
_CHECK = "import sys; from trainables.data.arrow_files import check_arrow; check_arrow(sys.argv[1])"
# How long that may take: to start, and a byte.
_PATIENCE_S, _SLOWEST = 60, 10 * 2**20
# What ends a stream of Arrow batches.
_END = b"\xff\xff\xff\xff\x00\x00\x00\x00"
# Files that were read so, by path and stamp.
_CHECKED: set[tuple[Path, Stamp]] = set()


@contextmanager
def _stored(path: Path) -> Iterator[Any]:
    """What a Parquet file is opened from, however often: its path, or its bytes unpacked."""
    if path.suffix.lower() in COMPRESSIONS:
        with open_bytes(path) as packed:
            yield pa.py_buffer(packed.read())
        return
    check_footer(path)
    yield path


@contextmanager
def _parquet(stored: Any, coded: Sequence[str] = ()) -> Iterator[pq.ParquetFile]:
    """A Parquet file, some columns of it read as numbers of the values that they repeat."""
    source = pa.BufferReader(stored) if isinstance(stored, pa.Buffer) else stored
    with pq.ParquetFile(source, read_dictionary=list(coded)) as file:
        yield file


@contextmanager
def parquet_batches(path: Path) -> Iterator[tuple[pq.ParquetFile, Iterator[pa.RecordBatch]]]:
    """A Parquet file and its rows, whole and as they are, in batches that fit in memory."""
    with _stored(path) as stored, _parquet(stored) as file:
        size = batch_rows(file, file.schema_arrow.names)
        yield file, file.iter_batches(batch_size=size, use_threads=False)


def parquet_header(path: Path) -> list[Field]:
    """The columns of a Parquet file and what they hold."""
    with _stored(path) as stored, _parquet(stored) as file:
        check_claims(path, file, ())
        return fields_of(file.schema_arrow)


def fields_of(schema: pa.Schema) -> list[Field]:
    """The columns of a table and what they hold."""
    return [Field(name=field.name, kind=_kind(field.type)) for field in schema]


def _kind(kind: Any) -> str:
    if isinstance(kind, pa.BaseExtensionType):
        kind = kind.storage_type
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    checks = {
        "text": is_text,
        "image": is_image,
        "number": lambda one: pa.types.is_integer(one) or pa.types.is_boolean(one),
        "measure": pa.types.is_floating,
        "null": pa.types.is_null,
        "vectors": _is_vectors,
        "messages": is_list_of_turns,
    }
    return next((name for name, check in checks.items() if check(kind)), "other")


def _is_vectors(kind: Any) -> bool:
    checks = (pa.types.is_list, pa.types.is_large_list, pa.types.is_fixed_size_list)
    if not any(check(kind) for check in checks):
        return False
    inner = kind.value_type
    return _is_vectors(inner) or bool(pa.types.is_floating(inner))


def read_parquet_file(path: Path, columns: Columns | None) -> pa.Table:
    """The columns of a Parquet file; None for all."""
    with _stored(path) as stored, _parquet(stored) as file:
        schema = file.schema_arrow
        names = columns.names if columns else _once(schema.names)
        check_claims(path, file, names)
        coded = repeating(file, names)
        with _parquet(stored, coded) as again:
            size = batch_rows(file, names, by_number=coded)
            batches = again.iter_batches(batch_size=size, columns=names)
            return _table(path, batches, schema, names)


def _once(names: list[str]) -> list[str]:
    return [name for name in names if names.count(name) == 1]


def _table(
    path: Path, batches: Iterable[pa.RecordBatch], schema: pa.Schema, names: list[str]
) -> pa.Table:
    """Batches as one table, dictionaries decoded before they are counted: each value has its size."""
    size, read, rows = 0, [], 0
    fields = [schema.field(name) for name in names]
    plain = pa.schema([pa.field(field.name, _decoded(field.type)) for field in fields])
    for whole in batches:
        batch = whole.select(names)
        # Counted first: a short batch of dictionary codes, or of views of one text, can stand for gigabytes.
        size += decoded_bytes(batch, path, rows)
        check_size(path, size)
        rows += batch.num_rows
        if rows > MAX_ROWS:
            raise DataError(f"{path}: holds more than {MAX_ROWS:,} rows; no more are read")
        step = _FEW if any(map(pa.types.is_dictionary, batch.schema.types)) else batch.num_rows
        read += [
            batch.slice(start, step).cast(plain) for start in range(0, batch.num_rows, step or 1)
        ]
    return pa.Table.from_batches(read, plain).replace_schema_metadata(schema.metadata)


def _decoded(kind: Any) -> Any:
    plain = kind.value_type if pa.types.is_dictionary(kind) else kind
    if pa.types.is_binary_view(plain):
        return pa.large_binary()
    return pa.large_string() if is_text(plain) else plain


@contextmanager
def arrow_batches(path: Path) -> Iterator[tuple[Any, bool, Iterator[pa.RecordBatch]]]:
    """A reader of an Arrow file, whether it is of the file format (Feather) or a stream, and its batches."""
    with open_bytes(path) as file:
        is_file = file.read(6) == b"ARROW1"
    if path.suffix.lower() in COMPRESSIONS:
        with open_bytes(path) as packed:
            source: Any = pa.BufferReader(packed.read())
    else:
        source = pa.OSFile(str(path), "rb")
    with source:
        if is_file:
            reader = pa.ipc.open_file(source)
            yield reader, True, (reader.get_batch(k) for k in range(reader.num_record_batches))
        else:
            stream = pa.ipc.open_stream(source)
            _check_end(path)
            yield stream, False, iter(stream)


def _check_end(path: Path) -> None:
    """Refuse a stream without the mark of its end: one that is cut between two batches reads like a whole."""
    last = b""
    with open_bytes(path) as file:
        while block := file.read(2**20):
            last = (last + block)[-len(_END) :]
    if last != _END:
        raise DataError(f"{path}: its end is missing, it was cut short; write or fetch it again")


def arrow_header(path: Path) -> list[Field]:
    """The columns of an Arrow file and what they hold.

    Raises:
        UnsafeError: If reading the file crashes.
    """
    if (seen := (path, file_stamp(path))) not in _CHECKED:
        _check_apart(path)
        _CHECKED.add(seen)
    with arrow_batches(path) as (reader, *_):
        return fields_of(reader.schema)


def _check_apart(path: Path) -> None:
    """Read all of an Arrow file in another process.

    Raises:
        UnsafeError: If that crashes.
        ArrowInvalid: If it cannot be read.
    """
    try:
        ended = subprocess.run(  # noqa: S603 - our own program
            [sys.executable, "-c", _CHECK, str(path)],
            check=False,
            capture_output=True,
            text=True,
            # The system's own allocator: others set aside more than they use, which a limit would count.
            env={
                **os.environ,
                "PYTHONPATH": os.pathsep.join(entry for entry in sys.path if entry),
                "ARROW_DEFAULT_MEMORY_POOL": "system",
            },
            timeout=_PATIENCE_S + path.stat().st_size / _SLOWEST,
        )
    except subprocess.TimeoutExpired as error:
        raise UnsafeError(
            f"{path}: not read through within {error.timeout:.0f} s: damaged, or made to last; write it again "
            "as .parquet"
        ) from error
    if ended.returncode < 0:
        raise UnsafeError(
            f"{path}: reading it crashes (signal {-ended.returncode}): damaged, or made to do so; write "
            "it again as .parquet"
        )
    if ended.returncode:
        said = (ended.stderr.strip().splitlines() or ["no word"])[-1]
        kind, _, message = said.partition(": ")
        if kind.endswith(".DataError"):
            raise DataError(message)
        raise pa.ArrowInvalid(message or said)


def check_arrow(name: str) -> None:
    """Read all of an Arrow file and look at every offset and string in it.

    Raises:
        ArrowInvalid: If one is wrong.
        DataError: If it decodes to far more than its size.
    """
    path = Path(name)
    _limit_memory(2 * most_bytes(path))
    size = rows = 0
    try:
        with arrow_batches(path) as (*_, batches):
            for batch in batches:
                rows += batch.num_rows
                size += batch.get_total_buffer_size()
                check_size(path, size, rows)
                batch.validate(full=True)
    except MemoryError:
        check_size(path, 2 * most_bytes(path))
        raise


def _limit_memory(more: int) -> None:
    """Let this process take so many bytes more than it has, where the system can be told so."""
    with suppress(OSError, ValueError, ImportError):
        import resource

        held = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (held + more, resource.RLIM_INFINITY))


def read_arrow(path: Path, columns: Columns | None) -> pa.Table:
    """The columns of an Arrow file that `arrow_header` has looked through; None for all."""
    with arrow_batches(path) as (reader, _, batches):
        names = columns.names if columns else _once(reader.schema.names)
        return _table(path, batches, reader.schema, names)
