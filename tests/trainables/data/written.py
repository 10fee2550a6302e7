"""The same rows as a file of any format, packed or not: what the tests of reading read."""

import csv
import json
import random
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

PACKED = ("", ".gz", ".zst")
SUFFIXES = (".parquet", ".csv", ".tsv", ".jsonl", ".json", ".arrow", ".feather")


def made_rows(n=120, labels=("neg", "pos"), seed=0):
    """Texts of words that tell their class and of words that do not."""
    rng, common, rows = random.Random(seed), [f"c{j}" for j in range(30)], []
    for i in range(n):
        k = i % len(labels)
        own = [f"w{k}x{j}" for j in range(12)]
        words = [
            rng.choice(own if rng.random() < 0.4 else common) for _ in range(rng.randint(4, 12))
        ]
        rows.append((" ".join(words), labels[k]))
    return rows


def columns_of_rows(rows):
    return {"text": [text for text, _ in rows], "label": [label for _, label in rows]}


def pack(path, content, suffix=""):
    """Write bytes, packed as a suffix says, to a path with that suffix behind it."""
    out = Path(f"{path}{suffix}")
    if not suffix:
        out.write_bytes(content)
        return out
    kind = {".gz": "gzip", ".zst": "zstd"}[suffix]
    with pa.CompressedOutputStream(str(out), kind) as stream:
        stream.write(content)
    return out


def write_as(path, columns, packed=""):
    """Write columns as the format that a path names; the path written to."""
    path, names = Path(path), list(columns)
    rows = list(zip(*columns.values(), strict=True))
    table = pa.table(columns)
    sink = pa.BufferOutputStream()
    if path.suffix == ".parquet":
        pq.write_table(table, sink)
        content = sink.getvalue().to_pybytes()
    elif path.suffix in (".arrow", ".feather"):
        new = pa.ipc.new_stream if path.suffix == ".arrow" else pa.ipc.new_file
        with new(sink, table.schema) as writer:
            writer.write_table(table)
        content = sink.getvalue().to_pybytes()
    elif path.suffix in (".csv", ".tsv"):
        plain = path.with_name("plain")
        with plain.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file, delimiter="\t" if path.suffix == ".tsv" else ",")
            writer.writerows([names, *rows])
        content = plain.read_bytes()
        plain.unlink()
    else:
        objects = [dict(zip(names, row, strict=True)) for row in rows]
        lines = "\n".join(map(json.dumps, objects))
        content = (json.dumps(objects) if path.suffix == ".json" else lines).encode()
    return pack(path, content, packed)
