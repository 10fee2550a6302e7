"""Tables go to a command whole, and its answer is read only where it is."""

import json

import numpy as np
import pyarrow as pa
import pytest

from trainables.errors import DataError, UsageError
from trainables.trainers.formats import FORMATS, read_answer_file, write_table

TABLE = pa.table(
    {
        "id": [3, 4],
        "name": ['caf\N{LATIN SMALL LETTER E WITH ACUTE}, "x"\n', ""],
        "size": [0.5, None],
    }
)
WRITABLE = [suffix for suffix, known in FORMATS.items() if known.write]


@pytest.mark.parametrize("suffix", WRITABLE)
def test_a_table_that_is_written_is_read_back_equal(suffix, tmp_path):
    path = tmp_path / f"train{suffix}"
    write_table(TABLE, path)
    assert read_answer_file(path).equals(TABLE)


@pytest.mark.parametrize("suffix", WRITABLE)
def test_a_table_without_rows_can_be_written(suffix, tmp_path):
    write_table(TABLE.slice(0, 0), tmp_path / f"train{suffix}")


@pytest.mark.parametrize(
    ("suffix", "cells", "instead"),
    [
        (".csv", [b"\x00\xff"], "use {train.arrow} or {train.parquet}"),
        (".csv", [[1.0, 2.0]], "use {train.arrow} or {train.jsonl}"),
        (".csv", [{"a": 1}], "use {train.arrow} or {train.jsonl}"),
        (".jsonl", [b"\x00\xff"], "use {train.arrow} or {train.parquet}"),
        (".jsonl", [{"bytes": b"\x00", "path": ""}], "use {train.arrow} or {train.parquet}"),
    ],
)
def test_a_format_that_cannot_hold_a_column_is_refused_with_those_that_can(
    suffix, cells, instead, tmp_path
):
    with pytest.raises(UsageError, match="'picture'") as refused:
        write_table(pa.table({"picture": cells}), tmp_path / f"train{suffix}")
    assert instead in str(refused.value)


@pytest.mark.parametrize(
    ("array", "column"), [(np.array([1, 0]), "predicted"), (np.full((2, 3), 1 / 3), "probs")]
)
def test_an_array_is_one_column_by_its_shape(array, column, tmp_path):
    np.save(tmp_path / "answer.npy", array)
    assert read_answer_file(tmp_path / "answer.npy").column_names == [column]


def test_an_array_of_objects_is_not_read(tmp_path):
    np.save(tmp_path / "answer.npy", np.array([{}, None], dtype=object), allow_pickle=True)
    with pytest.raises(DataError, match=r"no whole \.npy file"):
        read_answer_file(tmp_path / "answer.npy")


def whole(suffix, tmp_path):
    path = tmp_path / f"whole{suffix}"
    if suffix == ".npy":
        np.save(path, np.arange(100.0))
    else:
        write_table(pa.table({"predicted": np.arange(100.0) + 0.5}), path)
    return path.read_bytes()


@pytest.mark.parametrize("suffix", FORMATS)
@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.99])
def test_a_file_that_was_not_finished_is_refused(suffix, share, tmp_path):
    data = whole(suffix, tmp_path)
    path = tmp_path / f"answer{suffix}"
    # Cut between two lines it is found by its number of rows.
    path.write_bytes(data[: int(share * len(data))].rstrip(b"\n"))
    with pytest.raises(DataError, match=f"no whole \\{suffix} file") as refused:
        read_answer_file(path)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("suffix", FORMATS)
def test_a_file_that_is_empty_or_not_there_is_refused(suffix, tmp_path):
    path = tmp_path / f"answer{suffix}"
    with pytest.raises(DataError, match="wrote no answer"):
        read_answer_file(path)
    path.touch()
    with pytest.raises(DataError, match="wrote an empty answer"):
        read_answer_file(path)


@pytest.mark.parametrize("suffix", FORMATS)
def test_a_file_of_another_format_is_refused(suffix, tmp_path):
    path = tmp_path / f"answer{suffix}"
    path.write_bytes(b"\x00\x01 no such thing \xff\n")
    with pytest.raises(DataError) as refused:
        read_answer_file(path)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("suffix", [".csv", ".jsonl"])
@pytest.mark.parametrize("encoding", ["latin-1", "utf-16"])
def test_another_encoding_is_named_with_its_line(suffix, encoding, tmp_path):
    text = {
        ".csv": "predicted\nyes\ncaf\xe9\n",
        ".jsonl": '{"predicted": "yes"}\n{"predicted": "caf\xe9"}\n',
    }
    path = tmp_path / f"answer{suffix}"
    path.write_bytes(text[suffix].encode(encoding))
    with pytest.raises(DataError, match=r"line \d is not UTF-8"):
        read_answer_file(path)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a,b\n1,2\n3\n", "Expected 2 columns, got 1"),
        ("a,a\n1,2\n", "column 'a' twice"),
    ],
)
def test_a_ragged_csv_is_refused(text, told, tmp_path):
    (tmp_path / "answer.csv").write_text(text)
    with pytest.raises(DataError, match=told):
        read_answer_file(tmp_path / "answer.csv")


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        (['{"a": 1}', "{"], "line 2"),
        (["[1]"], "line 1.*is no object"),
        (['{"a": 1}', '{"b": 1}'], r"line 2 has the columns \['b'\]"),
        (['{"a": 1}', '{"a": "x"}'], "column 'a'"),
        (["", '{"a": 1}'], "line 1"),
    ],
)
def test_a_line_of_json_that_does_not_fit_is_named(lines, told, tmp_path):
    (tmp_path / "answer.jsonl").write_text("\n".join([*lines, ""]))
    with pytest.raises(DataError, match=told):
        read_answer_file(tmp_path / "answer.jsonl")


def test_a_mark_of_byte_order_is_no_part_of_a_name(tmp_path):
    (tmp_path / "answer.csv").write_bytes(b"\xef\xbb\xbfpredicted\n1\n")
    (tmp_path / "answer.jsonl").write_bytes(
        b"\xef\xbb\xbf" + json.dumps({"predicted": 1}).encode() + b"\n"
    )
    for suffix in (".csv", ".jsonl"):
        assert read_answer_file(tmp_path / f"answer{suffix}").column_names == ["predicted"]
