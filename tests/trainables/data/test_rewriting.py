"""What stays of a data set is written row for row as its files have it, whatever stands in them."""

import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.trainables.data.pruning import arrow_is_trusted, pruned  # noqa: F401 - a fixture
from tests.trainables.data.written import (
    PACKED,
    columns_of_rows,
    made_rows,
    pack,
    write_as,
)
from trainables.data.catalog import Source
from trainables.data.columns import Columns
from trainables.data.csv_dialects import Dialect
from trainables.data.rewriting_arrow import _body_codec
from trainables.data.streams import open_bytes

pytestmark = pytest.mark.usefixtures("arrow_is_trusted")
HOSTILE = (
    "", " ", '"', '""', "a,b", "a;b\tc|d", "\n", "\r", "\r\n", "a\nb,pos\nc,neg", "\u2028\u2029\x85",
    "\x0b\x0c\x1c\x1d", "👩‍👩‍👧", "e\u0301", "\ufeff", "007", "1e5", "-0", "NaN", "null", " lead", "trail ",
    "1,neg\r\n2,pos", '"quoted", "twice"', "\\n\\u0041", "{}", "[1]", "#", "'", "\x01\x1f\x7f", "x" * 70_000,
)  # fmt: skip
pieces = st.lists(st.sampled_from(HOSTILE) | st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=5), max_size=4).map("".join)  # fmt: skip
rows_of_text = st.lists(st.tuples(pieces, pieces), min_size=6, max_size=14)
some = settings(
    max_examples=15,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
READ = Columns(text=("text", "note"), label="label", id="id")


def columns_of(rows, *, numbered):
    """Columns of hostile texts; every second class, and ids that are numbers or texts."""
    ids = list(range(7, 7 + len(rows))) if numbered else [f"0{k}" for k in range(len(rows))]
    return {
        "note": [note for note, _ in rows],
        "id": ids,
        "text": [f"{k} {text}" for k, (_, text) in enumerate(rows)],
        "label": [("neg", "pos")[k % 2] for k in range(len(rows))],
    }


def half(n):
    """The first two rows, so that both classes stay, and then every third."""
    return sorted({0, 1, *range(2, n, 3)})


def fresh(tmp_path):
    """A folder that no other example has written to."""
    return tmp_path / f"{len(list(tmp_path.iterdir()))}"


@pytest.fixture
def test_rows(tmp_path):
    """A folder with test rows, to which examples write their training rows."""
    rows = made_rows(12)
    columns = {"note": [""] * 12, "id": list(range(12)), **columns_of_rows(rows)}
    return write_as(tmp_path / "test.jsonl", columns)


def record(values, delimiter, end, style):
    """One record of a CSV in one of the ways in which it can be written."""
    quoted = ['"' + str(value).replace('"', '""') + '"' for value in values]
    if style == 0:
        return delimiter.join(quoted) + end
    plain = [
        str(value) if not set(str(value)) & {'"', delimiter, "\r", "\n"} else mark
        for value, mark in zip(values, quoted, strict=True)
    ]
    return delimiter.join(plain) + end


@some
@given(
    rows=rows_of_text,
    delimiter=st.sampled_from(",;\t|"),
    ends=st.sampled_from(["\n", "\r\n", "mixed"]),
    has_mark=st.booleans(),
    is_open=st.booleans(),
)
def test_records_of_a_csv_are_kept_byte_for_byte(
    rows, delimiter, ends, has_mark, is_open, tmp_path, test_rows
):
    columns = columns_of(rows, numbered=False)
    ends = ["\n", "\r\n"] if ends == "mixed" else [ends]
    records = [
        record(values, delimiter, ends[k % len(ends)], k % 2)
        for k, values in enumerate(zip(*columns.values(), strict=True))
    ]
    head = "\ufeff" * has_mark + delimiter.join(columns) + ends[0]
    if is_open:
        records[-1] = records[-1].rstrip("\r\n")
    folder = fresh(tmp_path)
    folder.mkdir()
    (folder / "mine.csv").write_bytes((head + "".join(records)).encode())
    source = Source(
        name=str(folder / "mine.csv"),
        test=str(test_rows),
        columns=READ,
        dialect=Dialect(delimiter=delimiter, quotes=True),
    )
    stays = half(len(rows))
    pruned(folder / "OUT", source, stays)
    expected = head + "".join(records[row] for row in stays)
    assert (folder / "OUT/data/train.csv").read_bytes() == expected.encode()


@some
@given(rows=rows_of_text, ends=st.sampled_from(["\n", "\r\n"]), escaped=st.booleans())
def test_lines_of_json_are_kept_byte_for_byte(rows, ends, escaped, tmp_path, test_rows):
    columns = columns_of(rows, numbered=True)
    lines = [
        json.dumps(dict(zip(columns, values, strict=True)), ensure_ascii=escaped)[:-1]
        + f', "amount": {amount}}}{ends}'
        for values, amount in zip(
            zip(*columns.values(), strict=True), ["1e5", "1.10", "-0.0", "1E+2"] * 4, strict=False
        )
    ]
    folder = fresh(tmp_path)
    folder.mkdir()
    (folder / "mine.jsonl").write_bytes(f"{ends}{ends.join(lines)}".encode())
    source = Source(name=str(folder / "mine.jsonl"), test=str(test_rows), columns=READ)
    stays = half(len(rows))
    pruned(folder / "OUT", source, stays)
    expected = "".join(lines[row] for row in stays)
    assert (folder / "OUT/data/train.jsonl").read_bytes() == expected.encode()


LAYOUTS = {
    "list": lambda rows, _: f"[\n  {','.join(chr(10) + row for row in rows)}\n]",
    "tight": lambda rows, _: f"[{','.join(rows)}]",
    "under a key": lambda rows, _: f'{{"version": "\\u0031", "d\\u00e9 é": [{" , ".join(rows)} ], "x": 1.0}}',
    "lines": lambda rows, _: "\n".join(rows),
    "columns": lambda _, columns: (
        "{" + ", ".join(f"{name} : [{' , '.join(own)}]" for name, own in columns.items()) + " }"
    ),
    "columns by row": lambda _, columns: (
        "{" + ",\n".join(
            f"{name}:" + "{" + ",".join(f'"{k}": {one}' for k, one in enumerate(own)) + "}"
            for name, own in columns.items()
        ) + "}"
    ),
}  # fmt: skip


def read_as_written(content):
    """JSON with all its numbers as they stand there, a list of rows whatever the layout."""
    try:
        held = json.loads(content, parse_float=str, parse_int=str)
    except ValueError:
        lines = [line for line in content.split("\n") if line]
        return [json.loads(line, parse_float=str, parse_int=str) for line in lines]
    if isinstance(held, dict):
        inner = [value for value in held.values() if isinstance(value, list)]
        if len(inner) == 1:
            return inner[0]
        columns = {k: [*v.values()] if isinstance(v, dict) else v for k, v in held.items()}
        return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    return held


@some
@given(rows=rows_of_text, layout=st.sampled_from(sorted(LAYOUTS)), escaped=st.booleans())
def test_values_of_json_keep_their_own_text(rows, layout, escaped, tmp_path, test_rows):
    columns = columns_of(rows, numbered=True)
    texts = {
        json.dumps(name): [json.dumps(value, ensure_ascii=escaped) for value in values]
        for name, values in columns.items()
    }
    texts['"amount"'] = (["1e5", "1.10", "-0.0", "100000000000000000000.5"] * 4)[: len(rows)]
    cells = list(zip(*texts.values(), strict=True))
    objects = ["{" + ", ".join(map(": ".join, zip(texts, row, strict=True))) + "}" for row in cells]
    folder = fresh(tmp_path)
    folder.mkdir()
    path = folder / "mine.json"
    path.write_bytes(LAYOUTS[layout](objects, texts).encode())
    source = Source(name=str(path), test=str(test_rows), columns=READ)
    stays = half(len(rows))
    before = read_as_written(path.read_text("utf-8"))
    pruned(folder / "OUT", source, stays)
    after = read_as_written((folder / "OUT/data/train.json").read_text("utf-8"))
    assert after == [before[row] for row in stays]
    assert [list(row) for row in after] == [list(before[row]) for row in stays]


def typed(texts):
    """Columns of all kinds of types, rows of hostile text."""
    n = len(texts)
    numbers = pa.array(range(n), pa.int32())
    tensors = pa.FixedShapeTensorArray.from_numpy_ndarray(np.ones((n, 2, 3), np.float32))
    return pa.table(
        {
            "id": numbers,
            "text": pa.array([f"{k} {text}" for k, text in enumerate(texts)], pa.large_string()),
            "label": pa.array([("neg", "pos")[k % 2] for k in range(n)]).dictionary_encode(),
            "empty": pa.nulls(n),
            "maybe": pa.array([text or None for text in texts], pa.string()),
            "tags": pa.array([[text, None] * (k % 3) for k, text in enumerate(texts)]),
            "inner": pa.array([{"a": k, "b": [{"c": text}]} for k, text in enumerate(texts)]),
            "pairs": pa.array([[(text, k)] for k, text in enumerate(texts)], pa.map_(pa.string(), pa.int8())),
            "when": pa.array(range(n), pa.timestamp("ns", "Europe/Paris")),
            "price": pa.array([None, *range(1, n)], pa.int64()).cast(pa.decimal128(21, 2)),
            "half": pa.array(np.arange(n, dtype=np.float16)),
            "bits": pa.array([text.encode() for text in texts], pa.binary()),
            "view": pa.array(texts, pa.string_view()),
            "tensor": tensors,
        }
    ).replace_schema_metadata({"pandas": '{"columns": []}', "mine": "kept"})  # fmt: skip


def rows_of(table, stays):
    """Some rows of a table that holds types of which none can be taken by number."""
    return pa.concat_tables([table.slice(row, 1) for row in stays])


def unpacked(path):
    with open_bytes(path) as file:
        return file.read()


@some
@given(
    rows=rows_of_text,
    codec=st.sampled_from(["NONE", "SNAPPY", "GZIP", "ZSTD", "LZ4", "BROTLI"]),
    size=st.integers(1, 5),
    packed=st.sampled_from(PACKED),
)
def test_parquet_keeps_types_metadata_codec_and_groups(rows, codec, size, packed, tmp_path):
    table, folder = typed([text for _, text in rows]), fresh(tmp_path)
    folder.mkdir()
    for split in ("train", "test"):
        with pa.BufferOutputStream() as sink:
            pq.write_table(
                table, sink, compression=codec, row_group_size=size, use_dictionary=["maybe"]
            )
            pack(folder / f"{split}.parquet", sink.getvalue().to_pybytes(), packed)
    source = Source(name=str(folder), columns=Columns(text=("text",), label="label", id="id"))
    stays = half(len(rows))
    pruned(folder / "OUT", source, stays)
    out = unpacked(folder / f"OUT/data/train.parquet{packed}")
    file = pq.ParquetFile(pa.BufferReader(out))
    before = pq.ParquetFile(pa.BufferReader(unpacked(folder / f"train.parquet{packed}"))).read()
    assert file.read().equals(rows_of(before, stays), check_metadata=True)
    groups = [file.metadata.row_group(k) for k in range(file.metadata.num_row_groups)]
    sizes = [len(stays[start : start + size]) for start in range(0, len(stays), size)]
    assert [one.num_rows for one in groups] == sizes
    assert {one.column(0).compression for one in groups} == {codec.replace("NONE", "UNCOMPRESSED")}
    assert "RLE_DICTIONARY" not in groups[0].column(0).encodings


@some
@given(
    rows=rows_of_text,
    codec=st.sampled_from([None, "lz4", "zstd"]),
    size=st.integers(1, 5),
    is_file=st.booleans(),
)
def test_arrow_keeps_types_metadata_codec_and_batches(rows, codec, size, is_file, tmp_path):
    table, folder = typed([text for _, text in rows]), fresh(tmp_path)
    folder.mkdir()
    options = pa.ipc.IpcWriteOptions(compression=codec)
    new = pa.ipc.new_file if is_file else pa.ipc.new_stream
    for split in ("train", "test"):
        with new(str(folder / f"{split}.arrow"), table.schema, options=options) as writer:
            writer.write_table(table, max_chunksize=size)
    source = Source(name=str(folder), columns=Columns(text=("text",), label="label", id="id"))
    stays = half(len(rows))
    pruned(folder / "OUT", source, stays)
    out = folder / "OUT/data/train.arrow"
    assert (out.read_bytes()[:6] == b"ARROW1") == is_file
    reader = (pa.ipc.open_file if is_file else pa.ipc.open_stream)(str(out))
    assert reader.read_all().equals(rows_of(table, stays), check_metadata=True)
    assert _body_codec(out, is_file=is_file) == codec
