"""Rows of Parquet and Arrow files written again: schema, metadata, compression and groups as they were."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.ipc
import pyarrow.parquet as pq

from trainables.data.arrow_files import arrow_batches, parquet_batches
from trainables.data.row_marks import RowMarks
from trainables.data.streams import open_bytes, packed_file

# A group that is larger is cut, so that it fits in memory.
_GROUP_BYTES = 2**28
_CODECS = ("lz4", "zstd")


def rewrite_parquet(path: Path, out: Path, marks: RowMarks) -> None:
    """Write the rows of a Parquet file that stay, in groups of as many rows as its own have."""
    with (
        parquet_batches(path) as (file, batches),
        packed_file(out) as sink,
        _parquet_writer(file, sink) as writer,
    ):
        about = file.metadata
        groups = [about.row_group(k).num_rows for k in range(about.num_row_groups)]
        for group in _grouped(batches, marks, rows=max(groups, default=0) or 1):
            writer.write_table(pa.Table.from_batches(group, file.schema_arrow))


def _grouped(
    batches: Iterator[pa.RecordBatch], marks: RowMarks, *, rows: int
) -> Iterator[list[pa.RecordBatch]]:
    """The rows that stay in groups of so many rows, or of fewer if they are large."""
    held: list[pa.RecordBatch] = []
    count = size = 0
    for batch in batches:
        for part in marks.taken(batch):
            rest = part
            while rest.num_rows:
                piece = rest.slice(0, rows - count)
                rest = rest.slice(piece.num_rows)
                held.append(piece)
                count, size = count + piece.num_rows, size + piece.nbytes
                if count == rows or size >= _GROUP_BYTES:
                    yield held
                    held, count, size = [], 0, 0
    if held:
        yield held


def _parquet_writer(file: pq.ParquetFile, sink: Any) -> pq.ParquetWriter:
    """A writer of files like one that was read."""
    about, leaves = file.metadata, range(file.metadata.num_columns)
    paths = [file.schema.column(k).path for k in leaves]
    codecs: dict[str, str] = {}
    coded: list[str] = []
    if about.num_row_groups:
        stored = [about.row_group(0).column(k) for k in leaves]
        codecs = {path: _codec(one.compression) for path, one in zip(paths, stored, strict=True)}
        coded = [
            path
            for path, one in zip(paths, stored, strict=True)
            if any("DICTIONARY" in kind for kind in one.encodings)
        ]
    one_codec = len(set(codecs.values())) == 1
    return pq.ParquetWriter(
        sink,
        file.schema_arrow,
        compression=next(iter(codecs.values())) if one_codec else codecs or "snappy",
        use_dictionary=coded if about.num_row_groups else True,
        use_deprecated_int96_timestamps=any(
            file.schema.column(k).physical_type == "INT96" for k in leaves
        ),
        use_compliant_nested_type=not any(".list.item" in path for path in paths),
        store_schema=b"ARROW:schema" in (about.metadata or {}),
    )


def _codec(name: str) -> str:
    return "none" if name == "UNCOMPRESSED" else name.lower()


def rewrite_arrow(path: Path, out: Path, marks: RowMarks) -> None:
    """Write the rows of an Arrow file that stay: as a file or a stream, packed within as it is, batch by batch."""
    with arrow_batches(path) as (reader, is_file, batches), packed_file(out) as sink:
        options = pa.ipc.IpcWriteOptions(compression=_body_codec(path, is_file=is_file))
        if is_file:
            writer = pa.ipc.new_file(sink, reader.schema, options=options, metadata=reader.metadata)
        else:
            writer = pa.ipc.new_stream(sink, reader.schema, options=options)
        with writer:
            for batch in batches:
                for part in marks.taken(batch):
                    writer.write_batch(part)


def _body_codec(path: Path, *, is_file: bool) -> str | None:
    """By what the batches of an Arrow file are packed within, as its first message of rows says; None for nothing.

    Source: https://github.com/apache/arrow/blob/main/format/Message.fbs
    """
    with open_bytes(path) as file:
        file.read(8 if is_file else 0)  # a file is a stream behind its mark
        reader = pa.ipc.MessageReader.open_stream(pa.PythonFile(file, "r"))
        while True:
            try:
                message = reader.read_next_message()
            except StopIteration:
                return None
            if message.type == "record batch":
                break
    head = message.metadata.to_pybytes()
    batch = _child(head, _number(head, 0, 4), 2)
    packing = batch and _child(head, batch, 3)
    if not packing:
        return None
    codec = _slot(head, packing, 0)
    return _CODECS[head[codec] if codec else 0]


def _number(head: bytes, at: int, size: int) -> int:
    return int.from_bytes(head[at : at + size], "little")


def _slot(head: bytes, table: int, field: int) -> int:
    """Where a field of a table of FlatBuffers stands; 0 where it is left out."""
    names = table - int.from_bytes(head[table : table + 4], "little", signed=True)
    at = 4 + 2 * field
    offset = _number(head, names + at, 2) if at < _number(head, names, 2) else 0
    return table + offset if offset else 0


def _child(head: bytes, table: int, field: int) -> int:
    """Where the table stands that a field of a table names; 0 where it is left out."""
    at = _slot(head, table, field)
    return at + _number(head, at, 4) if at else 0
