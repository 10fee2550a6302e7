"""Files that everybody can read: tables under readable names, Parquet or a CSV that no spreadsheet runs."""

import hashlib
import json
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, TextIO

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from analysis.csv_lines import csv_lines
from orchestrator.store.atomic import make_folder, store_errors
from trainables.whole_file import whole_file

FORMATS = ("parquet", "csv")
# Rows that are made into lines, or into lists of numbers, at once.
ROWS_AT_ONCE = 16_384
# Bytes of a name; file systems take 255, and an ending and a hash come behind it.
_LONGEST = 120
# What a table's metadata is kept under.
_ABOUT = b"prune_envelope"


def file_name(text: str) -> str:
    """A text as a file may be called on any system: letters, digits and . , = + - _ alone.

    Two texts may come to one name; `file_names` tells those apart.
    """
    plain = re.sub(r"[^\w.,=+-]+", "_", unicodedata.normalize("NFC", text)).strip("._- ")
    return plain.encode()[:_LONGEST].decode(errors="ignore") or "_"


def file_names(texts: Mapping[str, str]) -> dict[str, str]:
    """A name of its own for each text, also where a disk does not tell upper from lower case.

    Args:
        texts: By something that differs between any two, such as a key; of names that would be the
            same, each gets a hash of that behind it.
    """
    plain = {key: file_name(text) for key, text in texts.items()}
    alike = [name.casefold() for name in plain.values()]
    return {
        key: name if alike.count(name.casefold()) == 1 else f"{name}-{_short(key)}"
        for key, name in plain.items()
    }


def _short(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()[:8]


def write_readable(
    path: Path, schema: pa.Schema, batches: Iterable[pa.RecordBatch], about: Mapping[str, Any]
) -> int:
    """Write a table whole or not at all, some rows at a time; how many there were.

    Args:
        path: The file; one that is there is replaced. Its ending is a row of FORMATS.
        schema: The columns.
        batches: The rows; nothing but the batch at hand is kept in memory.
        about: What decided the rows, plain JSON; kept in a Parquet file's metadata.

    Raises:
        StoreError: If there is no room, or the folder cannot be written to.
    """
    with store_errors(path.parent):
        make_folder(path.parent.absolute())
        with whole_file(path) as draft:
            if path.suffix == ".csv":
                return _write_csv(draft, schema, batches)
            return _write_parquet(draft, schema, batches, about)


def _write_parquet(
    draft: Path, schema: pa.Schema, batches: Iterable[pa.RecordBatch], about: Mapping[str, Any]
) -> int:
    note = {_ABOUT: json.dumps(about, sort_keys=True)}
    count = 0
    with pq.ParquetWriter(draft, schema.with_metadata(note), compression="zstd") as writer:
        for batch in batches:
            writer.write_batch(batch)
            count += len(batch)
    return count


def _write_csv(draft: Path, schema: pa.Schema, batches: Iterable[pa.RecordBatch]) -> int:
    count = 0
    with draft.open("w", encoding="utf-8", newline="") as file:
        _write_lines(file, csv_lines(schema.names, (), exact=True))
        for batch in batches:
            rows = _rows(batch)
            _write_lines(file, csv_lines(schema.names, rows, exact=True)[1:])
            count += len(batch)
    return count


def _write_lines(file: TextIO, lines: Iterable[str]) -> None:
    file.writelines(f"{line}\n" for line in lines)


def _rows(batch: pa.RecordBatch) -> Iterator[dict[str, Any]]:
    """The rows of a batch; float32 in as many digits as tell it from any other."""
    columns = {}
    for field, column in zip(batch.schema, batch.columns, strict=True):
        if pa.types.is_float32(field.type):
            texts = np.asarray(column.fill_null(0)).astype(str).tolist()
            known = column.is_valid().to_pylist()
            columns[field.name] = [t if k else None for t, k in zip(texts, known, strict=True)]
        else:
            columns[field.name] = column.to_pylist()
    for values in zip(*columns.values(), strict=True):
        yield dict(zip(columns, values, strict=True))


def read_about(path: Path) -> dict[str, Any]:
    """What decided the rows of a Parquet file that `write_readable` wrote."""
    found: dict[str, Any] = json.loads(pq.read_schema(path).metadata[_ABOUT])
    return found
