"""Whatever the format and the packing, the same rows are the same data, hostile text included."""

import json

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.trainables.data.written import (
    PACKED,
    SUFFIXES,
    columns_of_rows,
    made_rows,
    pack,
    write_as,
)
from trainables.data.catalog import Source, load
from trainables.data.columns import Columns
from trainables.data.csv_dialects import Dialect
from trainables.data.readers import FORMATS
from trainables.errors import DataError, UnsafeError

HOSTILE = [
    'a "quoted" word', '"', '""', "a,b;c\td|e", "line\nbreak", "cr\r\nlf", "  spaces  ", "'", "\\n",
    'back\\"slash', "\x00nul", "\x01\u202e\u200b", "\u2028x\u2029\x85", "\U0001f469\u200d\U0001f680",
    "e\u0301", "NA", "null", "NaN", "1e5", "-1", "=1+1", "#comment", "{json}", "[1, 2]", "\ufeffbom",
]  # fmt: skip


def held_out(path, **settings):
    return load(Source(name=str(path), test_fraction=0.25, **settings))


def all_texts(dataset):
    by_id = zip(
        [*dataset.train.ids, *dataset.test.ids],
        [*dataset.train.texts, *dataset.test.texts],
        strict=True,
    )
    return [text for _, text in sorted(by_id)]


def test_every_format_is_tried():
    assert set(SUFFIXES) | {".ipc"} == set(FORMATS)


@pytest.mark.parametrize("packed", PACKED)
@pytest.mark.parametrize("suffix", SUFFIXES)
def test_hostile_text_comes_back_as_it_went_in(tmp_path, suffix, packed):
    texts = [f"{text} {k}" if k else text for k in range(3) for text in HOSTILE]
    columns = {"text": texts, "label": [f"class {i % 2}" for i in range(len(texts))]}
    path = write_as(tmp_path / f"mine{suffix}", columns, packed)
    dataset = held_out(path)
    assert all_texts(dataset) == texts
    assert dataset.name == "mine"


@pytest.mark.parametrize("packed", PACKED)
def test_the_same_rows_in_any_format_are_the_same_data(tmp_path, packed):
    columns = columns_of_rows(made_rows())
    paths = [write_as(tmp_path / f"x{suffix}", columns, packed) for suffix in SUFFIXES]
    assert len({held_out(path).sha for path in paths}) == 1


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    texts=st.lists(
        st.text(st.characters(codec="utf-8"), min_size=1, max_size=20).filter(str.strip),
        min_size=8,
        max_size=12,
    ),
    suffix=st.sampled_from([".csv", ".tsv", ".jsonl", ".json"]),
)
def test_any_text_comes_back_as_it_went_in(tmp_path, texts, suffix):
    columns = {"text": texts, "label": [("a", "b")[i % 2] for i in range(len(texts))]}
    path = str(write_as(tmp_path / f"x{suffix}", columns))
    # As it is written: what reads like a record is refused unless it is said to be meant.
    meant = Dialect(quotes=True)
    assert load(Source(name=path, test=path, dialect=meant)).train.texts == texts


@pytest.mark.parametrize("packed", [".gz", ".zst"])
@pytest.mark.parametrize("suffix", [".csv", ".parquet", ".jsonl"])
def test_packed_data_that_are_cut_or_no_such_data_are_refused(tmp_path, suffix, packed):
    whole = write_as(tmp_path / f"x{suffix}", columns_of_rows(made_rows(2000)), packed)
    for content in (whole.read_bytes()[:-40], b"text,label\na,b\n"):
        whole.write_bytes(content)
        with pytest.raises(DataError, match=r"damaged or cut short|is not packed by"):
            held_out(whole)


def test_a_packed_bomb_is_refused_as_it_is_unpacked(tmp_path, monkeypatch):
    monkeypatch.setattr("trainables.data.streams.BOMB_BYTES", 2**22)
    path = pack(tmp_path / "x.csv", b"text,label\n" + b"a" * 2**24 + b",b\n", ".gz")
    with pytest.raises(DataError, match="decode to more than"):
        held_out(path)


def test_a_few_bytes_of_dictionary_are_counted_as_what_they_stand_for(tmp_path, monkeypatch):
    monkeypatch.setattr("trainables.data.streams.BOMB_BYTES", 2**26)
    text = pa.DictionaryArray.from_arrays(np.zeros(2000, dtype=np.int32), ["x" * 10**6])
    path = tmp_path / "bomb.parquet"
    pa.parquet.write_table(pa.table({"text": text, "label": [0, 1] * 1000}), path)
    with pytest.raises(DataError, match="decode to more than"):
        held_out(path)


@pytest.mark.parametrize("delimiter", [";", "\t", "|", ","])
def test_a_delimiter_is_found_or_given(tmp_path, delimiter):
    rows = [(f"{text}, and more", label) for text, label in made_rows()]
    path = tmp_path / "x.csv"
    lines = [f'"{text}"{delimiter}{label}' for text, label in rows]
    path.write_text("\n".join([f"text{delimiter}label", *lines]))
    found, given_ = held_out(path), held_out(path, dialect=Dialect(delimiter=delimiter))
    assert found.sha == given_.sha
    assert set(all_texts(found)) == {text for text, _ in rows}


def test_a_semicolon_in_every_text_does_not_part_a_file_of_commas(tmp_path):
    columns = columns_of_rows([(f"{text}; more", label) for text, label in made_rows()])
    assert all(
        text.endswith("; more")
        for text in held_out(write_as(tmp_path / "x.csv", columns)).train.texts
    )


def test_a_given_delimiter_goes_before_what_would_be_found(tmp_path):
    path = tmp_path / "x.csv"
    path.write_text("text,label\n" + "".join(f"a{i}\tb,{'cd'[i % 2]}\n" for i in range(40)))
    with pytest.raises(DataError, match="one column alone"):
        held_out(path, dialect=Dialect(delimiter=";"))


@pytest.mark.parametrize("orient", ["records", "columns", "lines", "data", "list"])
def test_json_is_read_in_the_forms_that_pandas_and_others_write(tmp_path, orient):
    frame = pd.DataFrame(columns_of_rows(made_rows()))
    records = frame.to_dict("records")
    content = {
        "records": frame.to_json(orient="records", indent=1),
        "columns": frame.to_json(),
        "lines": frame.to_json(orient="records", lines=True),
        "data": json.dumps({"version": 1, "data": records}),
        "list": json.dumps(frame.to_dict("list")),
    }[orient]
    path = tmp_path / "x.json"
    path.write_text(content)
    assert all_texts(held_out(path)) == frame["text"].tolist()


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("[1, 2]", "row 0: 1 is not an object"),
        ('[{"text": "a"}', "not JSON"),
        ('{"text": ["a", "b"], "label": ["x"]}', "equally many"),
        ('"text"', "write a list of objects"),
        ('[{"text": "a", "text": "b"}]', "key is repeated"),
        ("{}", "no column"),
    ],
)
def test_json_of_another_form_is_refused(tmp_path, content, says):
    path = tmp_path / "x.json"
    path.write_text(content)
    with pytest.raises(DataError, match=says):
        held_out(path)


def test_a_key_that_the_first_lines_lack_is_found(tmp_path):
    rows = [{"text": "x", "label": "a"}] * 150 + [
        {"text": text, "label": "ab"[i % 2], "title": f"t{i}"}
        for i, (text, _) in enumerate(made_rows())
    ]
    path = tmp_path / "x.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)))
    dataset = held_out(path, columns=Columns(text=("title", "text")))
    assert {"x", f"t0\n{made_rows()[0][0]}"} <= set(all_texts(dataset))


@pytest.mark.parametrize("form", ["stream", "file"])
def test_an_arrow_file_whose_offsets_lie_is_refused(tmp_path, form):
    suffix = ".arrow" if form == "stream" else ".feather"
    columns = columns_of_rows(made_rows(400))
    path = write_as(tmp_path / f"x{suffix}", columns)
    content = bytearray(path.read_bytes())
    ends = np.cumsum([len(text) for text in columns["text"]]).astype("<i4")
    at = bytes(content).index(ends[:20].tobytes())
    content[at + 40 : at + 44] = np.array([2**31 - 9], dtype="<i4").tobytes()
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"x\.(arrow|feather)"):
        held_out(path)


@pytest.mark.parametrize("name", ["x.arrow", "x.feather", "x.parquet"])
@pytest.mark.parametrize("content", [b"x", b"ARROW1" + b"\0" * 50, b"\xff" * 64, b"PAR1" * 20])
def test_what_is_no_such_file_is_refused_by_name(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match=f"{name}: (cannot be read as|by its first bytes it is)"):
        held_out(tmp_path / name)


def test_a_file_that_crashes_its_reader_ends_in_another_process(tmp_path, monkeypatch):
    crash = "import os, signal; os.kill(os.getpid(), signal.SIGSEGV)"
    monkeypatch.setattr("trainables.data.arrow_files._CHECK", crash)
    path = write_as(tmp_path / "x.arrow", columns_of_rows(made_rows()))
    with pytest.raises(UnsafeError, match="signal 11"):
        held_out(path)


@pytest.mark.parametrize(
    ("name", "remedy"),
    [("x.xlsx", "sheet as .csv"), ("x.zip", "unpack"), ("x.txt", "write a table"), ("x", "give .parquet"),
     ("x.bz2", "gzip or zstd"), ("x.npy", "--embedding-column"), ("x.csv.bz2", "gzip or zstd")],
)  # fmt: skip
def test_a_file_of_another_format_is_called_one_and_says_what_to_do(tmp_path, name, remedy):
    (tmp_path / name).write_bytes(b"PK whatever")
    with pytest.raises(DataError, match=rf"(?s)files .*are not read.*{remedy}"):
        held_out(tmp_path / name)


@pytest.mark.parametrize("codec", ["utf-16", "utf-16-be", "utf-32"])
def test_other_unicode_is_told_with_the_command_that_converts_it(tmp_path, codec):
    text = "\ufefftext,label\n" if codec.endswith("be") else "text,label\n"
    (tmp_path / "x.csv").write_bytes((text + "a,b\n" * 9).encode(codec))
    with pytest.raises(DataError, match=f"iconv -f {codec[:6]} -t utf-8"):
        held_out(tmp_path / "x.csv")


def test_a_file_that_grows_as_it_is_read_is_refused(tmp_path, monkeypatch):
    path = write_as(tmp_path / "x.csv", columns_of_rows(made_rows()))
    from trainables.data import csv_files

    found = csv_files.found

    def growing(read, dialect):
        with path.open("a") as file:
            file.write("one more,neg\n")
        return found(read, dialect)

    monkeypatch.setattr(csv_files, "found", growing)
    with pytest.raises(DataError, match="changed while it was read"):
        held_out(path)


@pytest.mark.parametrize(
    ("made", "name", "says"),
    [
        ("x.csv.gz", "y.csv", "packed by gzip; give it a name that ends in .gz"),
        ("x.jsonl.zst", "y.jsonl", "packed by zstd"),
        ("x.parquet", "y.csv", "Parquet; give it a name that ends in .parquet"),
        ("x.parquet", "y.parquet.gz", "Parquet; give it a name that ends in .parquet"),
        ("x.feather", "y.parquet", "an Arrow file"),
        ("x.csv.gz", "y.csv.zst", "packed by gzip"),
    ],
)
def test_a_file_of_another_format_than_its_name_says_is_called_what_it_is(
    tmp_path, made, name, says
):
    suffix = "." + made.split(".")[1]
    packed = next((one for one in PACKED if one and made.endswith(one)), "")
    write_as(tmp_path / f"x{suffix}", columns_of_rows(made_rows()), packed).rename(tmp_path / name)
    with pytest.raises(DataError, match=f"by its first bytes it is .*{says}|it is {says}"):
        held_out(tmp_path / name)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n", "git lfs pull"),
        (b"PK\x03\x04 a sheet", "save the sheet as .csv"),
        (b"<!DOCTYPE html><html>", "a web page"),
        (b"%PDF-1.7", "a PDF"),
    ],
)
@pytest.mark.parametrize("suffix", [".csv", ".parquet", ".jsonl"])
def test_what_is_no_table_at_all_is_called_what_it_is(tmp_path, content, says, suffix):
    (tmp_path / f"x{suffix}").write_bytes(content)
    with pytest.raises(DataError, match=says):
        held_out(tmp_path / f"x{suffix}")


def test_an_arrow_stream_that_is_cut_between_two_batches_is_refused(tmp_path):
    table, path = pa.table(columns_of_rows(made_rows(40))), tmp_path / "x.arrow"
    with pa.ipc.new_stream(str(path), table.schema) as writer:
        writer.write_table(table, max_chunksize=10)
    path.write_bytes(path.read_bytes()[:-8])
    with pytest.raises(DataError, match="its end is missing, it was cut short"):
        held_out(path)


def test_columns_of_json_are_not_thrown_away_for_a_list_of_objects(tmp_path):
    columns = columns_of_rows(made_rows(40))
    path = tmp_path / "x.json"
    path.write_text(json.dumps({**columns, "spans": [{"text": "META", "label": "m"}] * 3}))
    with pytest.raises(DataError, match="'spans' is"):
        held_out(path)
    path.write_text(json.dumps({**columns, "spans": [{"text": "META", "label": "m"}] * 40}))
    assert all_texts(held_out(path)) == columns["text"]


def test_a_list_in_a_jsonl_says_what_it_can_be_called(tmp_path):
    (tmp_path / "x.jsonl").write_text(json.dumps([{"text": "a", "label": 1}], indent=1))
    with pytest.raises(DataError, match=r"a name that ends in \.json"):
        held_out(tmp_path / "x.jsonl")


@pytest.mark.parametrize(
    ("packed", "says"), [(".gz", "not packed by gzip"), (".zst", "not packed by zstd")]
)
def test_what_is_not_packed_is_told_not_to_be(tmp_path, packed, says):
    write_as(tmp_path / "x.csv", columns_of_rows(made_rows())).rename(tmp_path / f"x.csv{packed}")
    with pytest.raises(DataError, match=says):
        held_out(tmp_path / f"x.csv{packed}")
