"""Scores of one's own are joined by id, and every fault in them is one line."""

import json
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from trainables.data.dataset import Dataset, Split
from trainables.data.given_scores import read_given_scores
from trainables.errors import DataError


def split(ids):
    n = len(ids)
    return Split(
        inputs=pa.array([f"text {i}" for i in range(n)], pa.large_string()),
        labels=np.arange(n) % 2,
        ids=np.array(ids),
    )


DATA = Dataset(
    name="mine", kind="text", class_names=("a", "b"), train=split([7, 3, 5]), test=split([1, 2])
)
NAMED = replace(DATA, train=split(["x", "y", "z"]), test=split(["t", "u"]))


def written(tmp_path, text, name="mine.csv"):
    (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path / name


def test_scores_are_joined_by_id_whatever_their_order(tmp_path):
    given = read_given_scores(written(tmp_path, "score,id\n0.5,5\n0.7,7\n-3e-2,3\n"), DATA)
    assert given.scores.dtype == np.float32
    assert given.scores.tolist() == pytest.approx([0.7, -0.03, 0.5])


def test_every_format_gives_the_same_scores_and_content(tmp_path):
    pairs = {"id": ["z", "x", "y"], "score": [3.0, 1.0, 2.0]}
    pq.write_table(pa.table({**pairs, "more": ["", "", ""]}), tmp_path / "a.parquet")
    lines = [json.dumps({"id": i, "score": s}) for i, s in zip(*pairs.values(), strict=True)]
    files = [
        tmp_path / "a.parquet",
        written(tmp_path, "\n".join(lines), "b.jsonl"),
        written(tmp_path, "id,score\nx,1\ny,2\nz,3\n", "c.csv"),
    ]
    found = [read_given_scores(path, NAMED) for path in files]
    assert {tuple(one.scores.tolist()) for one in found} == {(1.0, 2.0, 3.0)}
    assert len({one.sha for one in found}) == 1


def test_scores_of_test_rows_are_passed_over(tmp_path):
    given = read_given_scores(written(tmp_path, "id,score\n1,9\n2,9\n3,1\n5,2\n7,3\n"), DATA)
    assert given.scores.tolist() == [3, 1, 2]


def test_of_a_data_set_cut_short_scores_may_be_of_rows_left_out(tmp_path):
    path = written(tmp_path, "id,score\n3,1\n5,2\n7,3\n900,4\n")
    assert len(read_given_scores(path, replace(DATA, limited=True)).scores) == 3


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("id,score\n3,1\n5,2\n", "column 'id': 1 of 3 training rows of mine have no score, ids 7;"),
        ("id,score\n3,1\n5,2\n7,3\n3,4\n", r"column 'id': 1 row is bad: row 3 '?3'?.*same id"),
        ("id,score\n3,1\n5,2\n7,3\n8,4\n", "column 'id': 1 row is bad: row 3 '8' .*no row of that id"),
        ("id,score\n3,1\n5,nan\n7,3\n", r"column 'score': 1 row is bad: row 1 \(id '5'\) 'nan'"),
        ("id,score\n3,1\n5,high\n7,3\n", r"column 'score': 1 row is bad: row 1 \(id '5'\) 'high'"),
        ("id,score\n3,1\n5,\n7,3\n", r"column 'score': 1 row is bad: row 1 \(id '5'\)"),
        ("id,score\n3,1\n5,1e300\n7,3\n", r"row 1 .*id '5'.* 1e.300.*beyond 32 bits"),
        ("id,score\n3,1700000000\n5,1700000001\n7,1700000500\n", "32 bits do not tell it .*give ranks"),
        ("id,score\n3,1e-60\n5,1e-50\n7,1\n", "32 bits do not tell it .*give ranks"),
        ("id,score\n,1\n5,2\n7,3\n", "column 'id': 1 row is bad: row 0"),
        ("row,score\n3,1\n5,2\n7,3\n", "no column 'id' among 'row', 'score'"),
        ("id,value\n3,1\n5,2\n7,3\n", "no column 'score' among 'id', 'value'"),
    ],
    ids=[
        "missing", "double", "unknown", "nan", "text", "no score", "too large", "too alike", "too small", "no id",
        "no column of ids", "no column of scores",
    ],
)  # fmt: skip
def test_what_is_wrong_with_scores_is_named_by_file_row_column_and_value(tmp_path, text, says):
    path = written(tmp_path, text)
    with pytest.raises(DataError, match=says) as told:
        read_given_scores(path, DATA)
    assert str(path) in str(told.value) and "\n" not in str(told.value)


@pytest.mark.parametrize("shift", [0.0, -1e3, 1e3])
def test_random_numbers_are_scores_though_two_share_their_first_digits(tmp_path, shift):
    numbers = np.random.default_rng(1).random(10_000) * (1 + abs(shift)) + shift
    assert len(np.unique(numbers.astype(np.float32))) < len(np.unique(numbers))
    data = Dataset(
        name="data", kind="text", class_names=("a", "b"), train=split(list(map(str, range(10_000)))),
        test=split(["t"]),
    )  # fmt: skip
    text = "id,score\n" + "".join(f"{row},{one!r}\n" for row, one in enumerate(numbers.tolist()))
    scores = read_given_scores(written(tmp_path, text), data).scores
    assert np.array_equal(scores, numbers.astype(np.float32))


def test_the_apostrophe_of_a_csv_for_spreadsheets_is_taken_off_an_id(tmp_path):
    data = replace(DATA, train=split(["=1+1", "@b", "-c"]))
    given = read_given_scores(written(tmp_path, "id,score\n'@b,2\n'=1+1,1\n-c,3\n"), data)
    assert given.scores.tolist() == [1, 2, 3]


def test_an_apostrophe_that_the_data_have_stays(tmp_path):
    data = replace(DATA, train=split(["'=a", "b", "c"]))
    given = read_given_scores(written(tmp_path, "id,score\n'=a,1\nb,2\nc,3\n"), data)
    assert given.scores.tolist() == [1, 2, 3]
    with pytest.raises(DataError, match="'b"):
        read_given_scores(written(tmp_path, "id,score\n'=a,1\n'b,2\nb,2\nc,3\n"), data)
