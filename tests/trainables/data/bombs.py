"""Small files that decode to gigabytes, one a way of hiding them; run as a program, it loads each and tells."""

import json
import struct
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from trainables.data.catalog import Source, load
from trainables.data.columns import Columns
from trainables.errors import DataError

N = 2_000
LONG = "x" * 10**6


def _table(text):
    return pa.table({"text": text, "label": np.arange(len(text)) % 2})


def _repeated(n=N, value=LONG):
    return pa.DictionaryArray.from_arrays(np.zeros(n, dtype=np.int32), [value])


def _views(n=N):
    """Views that all look at one text."""
    views = np.zeros(n, dtype=[("length", "<i4"), ("start", "S4"), ("at", "<i8")])
    views["length"], views["start"] = len(LONG), b"xxxx"
    buffers = [None, pa.py_buffer(views.tobytes()), pa.py_buffer(LONG.encode())]
    return pa.Array.from_buffers(pa.string_view(), n, buffers)


def _parquet(text, **options):
    sink = pa.BufferOutputStream()
    pq.write_table(_table(text), sink, **options)
    return sink.getvalue().to_pybytes()


def _arrow(text, **options):
    table, sink = _table(text), pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema, options=pa.ipc.IpcWriteOptions(**options)) as file:
        file.write_table(table)
    return sink.getvalue().to_pybytes()


def _packed(kind, head, unit, total):
    sink = pa.BufferOutputStream()
    block = unit * (2**20 // len(unit))
    with pa.CompressedOutputStream(sink, kind) as file:
        file.write(head)
        for _ in range(total // len(block)):
            file.write(block)
    return sink.getvalue().to_pybytes()


def _one_vector_of_millions():
    one = pa.array(np.ones(10**7, dtype=np.float32))
    ends = pa.array([10**7 * k for k in range(9)], pa.int32())
    values = pa.concat_arrays([one] * 8)
    sink = pa.BufferOutputStream()
    rows = pa.table({"vectors": pa.ListArray.from_arrays(ends, values), "label": [0, 1] * 4})
    pq.write_table(rows, sink)
    return sink.getvalue().to_pybytes()


def _nulls(n):
    table, sink = pa.table({"text": pa.nulls(n), "label": pa.nulls(n)}), pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as file:
        file.write_table(table)
    return sink.getvalue().to_pybytes()


def _large_footer():
    return b"PAR1" + bytes(2**25) + struct.pack("<I", 2**25) + b"PAR1"


def _claimed_rows():
    whole = _parquet(["a", "b"] * 30)
    size = struct.unpack("<I", whole[-8:-4])[0]
    # 60 rows, as a number of Thrift's compact form, become 10^9.
    foot = whole[-8 - size : -8].replace(b"\x16\x78\x19", b"\x16\x80\xa8\xd6\xb9\x07\x19")
    return whole[: -8 - size] + foot + struct.pack("<I", len(foot)) + b"PAR1"


MADE = {
    "repeated.parquet": lambda: _parquet(_repeated()),
    "repeated_text.parquet": lambda: _parquet(_repeated(300).cast(pa.large_string())),
    "begins_alike.parquet": lambda: _parquet(
        pa.array([f"{LONG}{k}" for k in range(300)]),
        use_dictionary=False,
        column_encoding={"text": "DELTA_BYTE_ARRAY"},
        compression="zstd",
    ),
    "one_run.parquet": lambda: _parquet(
        pa.DictionaryArray.from_arrays(np.zeros(5_000_000, dtype=np.int8), ["a word"])
    ),
    "zeros.parquet": lambda: _parquet(pa.nulls(5_000_000, pa.string()), row_group_size=5_000_000),
    "packed_page.parquet": lambda: _parquet(
        pa.array([LONG] * 300), use_dictionary=False, compression="zstd"
    ),
    "vector.parquet": _one_vector_of_millions,
    "footer.parquet": _large_footer,
    "claims.parquet": _claimed_rows,
    "packed.parquet.zst": lambda: _packed("zstd", b"PAR1", b"\0", 2**29),
    "repeated.arrow": lambda: _arrow(_repeated()),
    "views.arrow": lambda: _arrow(_views()),
    "packed_batch.arrow": lambda: _arrow(pa.array([LONG] * 300), compression="zstd"),
    "nulls.arrow": lambda: _nulls(10**9),
    "packed.arrow.zst": lambda: _packed("zstd", b"ARROW1", b"\0", 2**29),
    "zeros.csv.gz": lambda: _packed("gzip", b"text,label\n", b"\0", 2**26),
    "one_value.csv.zst": lambda: _packed("zstd", b'text,label\na,b\n"', b"x" * 99 + b"\n", 2**26),
    "one_line.jsonl.zst": lambda: _packed("zstd", b'{"text": "', b"x", 2**26),
    "lists.jsonl.zst": lambda: _packed("zstd", b'{"text": [', b"[],", 2**26),
    "lists.json.zst": lambda: _packed("zstd", b"[", b"[],", 2**25),
    "numbers.json.zst": lambda: _packed("zstd", b'[{"x": [', b"0.1,", 3 * 2**25),
    "names.jsonl.zst": lambda: _packed("zstd", b'{"text": 0', b',"k":0', 2**24),
    "beyond_ascii.json.zst": lambda: _packed("zstd", b'["\xf0\x9f\x98\x80', b"x", 3 * 2**25),
    "deep.json": lambda: b"[" * 100_000,
    "deep.jsonl": lambda: b'{"text": ' + b"[" * 100_000,
    "sparse.csv": lambda: 10**10,
    "sparse.jsonl": lambda: 10**10,
    "sparse.json": lambda: 10**10,
}
REFUSED = (
    "decode to more than", "at most", "is longer than", "has not closed", "not a JSON object", "not JSON",
    "claims", "not JSON",
)  # fmt: skip


def write_all(folder):
    """Every bomb as a file of its name."""
    for name, make in MADE.items():
        content = make()
        if isinstance(content, int):
            with (folder / name).open("wb") as file:
                file.truncate(content)
        else:
            (folder / name).write_bytes(content)


def main(folder):
    """Load every file of a folder; print what became of each, and the most memory that was taken until then, in MiB."""
    start, said, mib = _peak_mib(), {}, {}
    for name in MADE:
        columns = Columns(embedding="vectors" if name.startswith("vector.") else "")
        try:
            load(Source(name=str(folder / name), columns=columns, test_fraction=0.2))
            said[name] = "taken"
        except DataError as error:
            said[name] = str(error)
        pa.default_memory_pool().release_unused()  # each is measured for itself
        mib[name] = _peak_mib() - start  # of this one, if more than of all before it
    print(json.dumps({"said": said, "mib": mib}))


def _peak_mib():
    """The most memory that this process took; what the one took that started it is no part of it."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmHWM")).split()[1]) / 2**10


if __name__ == "__main__":
    main(Path(sys.argv[1]))
