"""A user's file is read as it stands, or refused with the row and what to do."""

import json
import os
import pickle

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from trainables.data.catalog import Source, load
from trainables.data.columns import Columns
from trainables.errors import DataError, UnsafeError

ROWS = [(f"text number {i}", "pos" if i % 2 else "neg") for i in range(20)]
TABLE = {"text": [t for t, _ in ROWS], "label": [k for _, k in ROWS]}


def csv_of(rows, header="text,label"):
    return "\n".join([header, *(f"{text},{label}" for text, label in rows)]) + "\n"


def load_bytes(tmp_path, content, suffix=".csv", **settings):
    path = tmp_path / f"mine{suffix}"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return load(Source(name=str(path), test_fraction=0.2, **settings))


def load_table(tmp_path, table, **settings):
    path = tmp_path / "mine.parquet"
    pq.write_table(table if isinstance(table, pa.Table) else pa.table(table), path)
    return load(Source(name=str(path), test_fraction=0.2, **settings))


@pytest.mark.parametrize("blank", [("", ""), (None, None), (None, ""), ("", None)])
def test_a_row_of_which_every_joined_text_is_empty_stays_a_row(tmp_path, blank):
    titles, bodies = [f"title {i}" for i in range(200)], [f"body {i}" for i in range(200)]
    titles[7], bodies[7] = blank
    table = {"title": titles, "body": bodies, "label": ["a", "b"] * 100}
    dataset = load_table(tmp_path, table, columns=Columns(text=("title", "body"), label="label"))
    texts = {}
    for split in dataset.splits.values():
        texts |= dict(zip(split.rows.tolist(), split.texts, strict=True))
    expected = {i: f"title {i}\nbody {i}" for i in range(200)} | {7: ""}
    assert texts == expected


def changed(name, row, value):
    return {**TABLE, name: [*TABLE[name][:row], value, *TABLE[name][row + 1 :]]}


def test_csv_jsonl_and_parquet_of_the_same_rows_are_the_same_data(tmp_path):
    lines = "\n".join(json.dumps({"text": t, "label": k}) for t, k in ROWS)
    shas = {
        load_bytes(tmp_path, csv_of(ROWS)).sha,
        load_bytes(tmp_path, lines, ".jsonl").sha,
        load_table(tmp_path, TABLE).sha,
    }
    assert len(shas) == 1


def test_a_csv_text_na_stays_text(tmp_path):
    rows = [("NA", "neg"), ("null", "pos"), *ROWS]
    dataset = load_bytes(tmp_path, csv_of(rows))
    assert {"NA", "null"} <= {*dataset.train.texts, *dataset.test.texts}


def test_a_csv_of_nothing_but_na_texts_is_text(tmp_path):
    words = ("NA", "null", "NaN")
    rows = [(words[i // 2 % 3], k) for i, (_, k) in enumerate(ROWS)]
    dataset = load_bytes(tmp_path, csv_of(rows))
    assert {*dataset.train.texts, *dataset.test.texts} == {*words}


def test_byte_order_mark_crlf_and_quoted_newlines_are_read(tmp_path):
    content = "\ufefftext,label\r\n" + "".join(f'"a\n{i}",{i % 2}\r\n' for i in range(20))
    assert (
        "a\n3"
        in load_bytes(tmp_path, content).train.texts + load_bytes(tmp_path, content).test.texts
    )


def test_control_characters_and_emoji_are_data(tmp_path):
    odd = "\x01 \u202e \u200b \U0001f469\u200d\U0001f680"
    dataset = load_table(tmp_path, changed("text", 3, odd))
    assert odd in dataset.train.texts + dataset.test.texts


def test_csv_numbers_are_classes_in_numeric_order(tmp_path):
    dataset = load_bytes(tmp_path, csv_of([(f"t{i}", (2, 10)[i % 2]) for i in range(20)]))
    assert dataset.class_names == ("2", "10")


def test_numbers_with_leading_zeros_stay_strings(tmp_path):
    dataset = load_bytes(tmp_path, csv_of([(f"t{i}", ("01", "1")[i % 2]) for i in range(20)]))
    assert dataset.class_names == ("01", "1")


def test_several_text_columns_are_joined_by_newlines_and_empty_ones_left_out(tmp_path):
    table = {
        "title": [f"t{i}" for i in range(20)],
        "body": [None if i % 2 else "" if i % 3 else "b" for i in range(20)],
        "label": [i % 2 for i in range(20)],
    }
    dataset = load_table(tmp_path, table, columns=Columns(text=("title", "body")))
    texts = {*dataset.train.texts, *dataset.test.texts}
    assert {"t0\nb", "t1", "t2"} <= texts


def test_dictionary_encoded_text_and_labels_are_read(tmp_path):
    table = pa.table({name: pa.array(v).dictionary_encode() for name, v in TABLE.items()})
    assert load_table(tmp_path, table).sha == load_table(tmp_path, TABLE).sha


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "0 bytes"),
        (b"text,label\n", "no rows"),
        (b"text,text,label\na,b,c\n", "twice"),
        (b"text,label\na,1\nb,2,3\nc,1\n", r"row 1 \(line 3\) has 3 values"),
        (b'text,label\na,1\n"b,2\nc,1\n', "close every quote"),
        (b"text,label\na,1\ncaf\xe9,2\n", "line 3: byte 0xe9"),
        ("text,label\na,1\n".encode("utf-16"), "not UTF-8"),
        (b"text\na\nb\n", "one column alone"),
        (b"text,label\na,1.5\nb,2.0\n", "cast them"),
        (b"text,label\na,\nb,2\n", "label is empty"),
        (b"text,label\na,1\nb,1\n", "two classes"),
        (b"text,label\na,-1\nb,1\n", "unlabelled"),
        (b"text,label\n ,0\nb,1\n", "empty"),
    ],
)
def test_a_bad_csv_is_refused_and_says_why(tmp_path, content, says):
    with pytest.raises(DataError, match=says):
        load_bytes(tmp_path, content)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b'{"text": "a", "label": 0}\n{"text": "b", "la', "line 2"),
        (b'{"text": "a", "text": "b", "label": 0}\n', "key is repeated"),
        (b'{"text": "a", "label": 0}\n{"text": 5, "label": 1}\n', "row 1 5 .*not a string, and 1 other"),
        (b'{"text": "a", "label": 0}\n{"text": "\\ud800", "label": 1}\n', "row 1"),
        (b'{"text": "a", "label": 0}\n{"label": 1}\n', "row 1 None"),
        (b'{"text": "a", "label": NaN}\n{"text": "b", "label": 1.0}\n', "row 0 nan"),
        (b'{"text": "a", "label": 0}\n{"text": "b", "label": "x"}\n', "row 1 'x' .*not a whole number"),
        (b'[1, 2]\n', "not an object"),
        (b'{"text": "a", "label": 99999999999999999999999}\n', "64 bits"),
        (b'{"text": {"x": 1}, "label": 0}\n', "row 0 {.*not a string"),
        (b"[" * 200_000, "line 1"),
    ],
)  # fmt: skip
def test_a_bad_jsonl_is_refused_and_says_why(tmp_path, content, says):
    with pytest.raises(DataError, match=says):
        load_bytes(tmp_path, content, ".jsonl")


@pytest.mark.parametrize(
    ("columns", "says"),
    [
        (changed("text", 7, None), "row 7 None"),
        (changed("text", 7, "x" * 2_000_000), "row 7 .*1,000,000 bytes"),
        (changed("label", 7, None), "no label"),
        ({**TABLE, "label": [i % 2 + 0.5 for i in range(20)]}, "measurements"),
        ({**TABLE, "label": [[1]] * 20}, "list"),
        ({**TABLE, "text": [[1]] * 20}, "not text"),
        ({**TABLE, "text": [b"caf\xe9"] * 20}, "binary, not text"),
    ],
    ids=["null", "huge", "no label", "float label", "list label", "list text", "bytes"],
)
def test_a_bad_parquet_row_is_refused_and_says_why(tmp_path, columns, says):
    with pytest.raises(DataError, match=says):
        load_table(tmp_path, columns)


def test_a_parquet_string_that_is_not_utf8_is_named(tmp_path):
    raw = pa.array([b"good"] * 19 + [b"caf\xe9"]).cast(pa.binary())
    text = pa.Array.from_buffers(pa.string(), 20, raw.buffers())
    with pytest.raises(DataError, match="row 19"):
        load_table(tmp_path, pa.table({"text": text, "label": TABLE["label"]}))


def test_ids_used_twice_are_refused(tmp_path):
    table = {**TABLE, "id": [*range(19), 4]}
    with pytest.raises(DataError, match=r"row 19 4 .*same id"):
        load_table(tmp_path, table, columns=Columns(id="id"))


def test_a_bad_row_is_named_by_the_users_own_id(tmp_path):
    table = {**changed("text", 7, None), "id": [f"x{i}" for i in range(20)]}
    with pytest.raises(DataError, match=r"row 7 \(id 'x7'\)"):
        load_table(tmp_path, table, columns=Columns(id="id"))


def test_at_most_five_bad_rows_are_listed_with_the_total(tmp_path):
    table = {"text": [None] * 50, "label": [0, 1] * 25}
    table["text"] = pa.array(table["text"], pa.string())
    with pytest.raises(DataError, match=r"50 rows are bad: .*row 4 None and 45 more"):
        load_table(tmp_path, table)


def test_a_column_of_ids_taken_for_labels_is_refused(tmp_path):
    rows = [(f"t{i}", f"name{i}") for i in range(200)]
    with pytest.raises(DataError, match="looks like an id"):
        load_bytes(tmp_path, csv_of(rows))


def test_pickles_are_never_opened(tmp_path):
    class Trap:
        def __reduce__(self):
            return (os.mkdir, (str(tmp_path / "sprung"),))

    with pytest.raises(UnsafeError, match="run code"):
        load_bytes(tmp_path, pickle.dumps(Trap()), ".pkl")
    assert not (tmp_path / "sprung").exists()


@pytest.mark.parametrize("suffix", [".npz", ".pt", ".py", ".h5"])
def test_formats_that_can_run_code_or_crash_are_refused(tmp_path, suffix):
    with pytest.raises(UnsafeError, match="never opened"):
        load_bytes(tmp_path, b"x", suffix)


@pytest.mark.parametrize("content", [b"PAR1", b"PAR1" * 50, b"hello" * 100])
def test_what_is_no_parquet_is_refused(tmp_path, content):
    with pytest.raises(DataError, match="cannot be read as parquet"):
        load_bytes(tmp_path, content, ".parquet")


def test_a_file_that_decodes_to_far_more_than_its_size_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("trainables.data.streams.BOMB_BYTES", 2**24)
    bomb = pa.DictionaryArray.from_arrays(np.arange(200) % 1, ["x" * 500_000])
    table = pa.table({"text": bomb.cast(pa.large_string()), "label": [0, 1] * 100})
    with pytest.raises(DataError, match="decode to more than"):
        load_table(tmp_path, table)


def test_a_pipe_and_a_folder_named_like_a_file_are_refused(tmp_path):
    os.mkfifo(tmp_path / "pipe.csv")
    (tmp_path / "folder.parquet").mkdir()
    for name, says in (("pipe.csv", "not a regular file"), ("folder.parquet", "no train")):
        with pytest.raises(DataError, match=says):
            load(str(tmp_path / name))


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(DataError, match=r"gone\.csv"):
        load(str(tmp_path / "gone.csv"))


@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
@given(row=st.integers(0, 9_999), bad=st.sampled_from(["null", "surrogate", "huge", "label"]))
def test_one_poisoned_row_of_ten_thousand_is_found(tmp_path, row, bad):
    rows = [{"text": f"text {i}", "label": i % 2} for i in range(10_000)]
    poison = {"null": None, "surrogate": "\udcff", "huge": "x" * 1_000_001}
    rows[row] |= {"label": -1} if bad == "label" else {"text": poison[bad]}
    with pytest.raises(DataError, match=rf"row {row}\b"):
        load_bytes(tmp_path, "\n".join(map(json.dumps, rows)), ".jsonl")
