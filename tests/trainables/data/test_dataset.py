"""A data set is its content: hashed by rows, and the same after it was written and read."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from trainables.data.catalog import load
from trainables.data.dataset import Dataset, Split
from trainables.data.dataset_file import read, write
from trainables.errors import DataError


def split_of(texts, labels, ids=None):
    return Split(inputs=texts, labels=labels, ids=range(len(texts)) if ids is None else ids)


def tiny(**changes):
    values = {
        "name": "tiny",
        "kind": "text",
        "class_names": ("a", "b"),
        "train": split_of(["one", "two", "", "four"], [0, 1, 0, 1]),
        "test": split_of(["five", "six"], [1, 0]),
    }
    return Dataset(**{**values, **changes})


CHANGES = {
    "text": {"train": split_of(["one", "two", "", "fouR"], [0, 1, 0, 1])},
    "cut": {"train": split_of(["onet", "wo", "", "four"], [0, 1, 0, 1])},
    "label": {"train": split_of(["one", "two", "", "four"], [0, 1, 1, 1])},
    "id": {"train": split_of(["one", "two", "", "four"], [0, 1, 0, 1], [0, 1, 2, 9])},
    "id type": {"train": split_of(["one", "two", "", "four"], [0, 1, 0, 1], list("0123"))},
    "order": {"train": split_of(["two", "one", "", "four"], [1, 0, 0, 1], [1, 0, 2, 3])},
    "class name": {"class_names": ("a", "c")},
    "one more class": {"class_names": ("a", "b", "c")},
    "test text": {"test": split_of(["five", "six "], [1, 0])},
    "validation": {"validation": split_of(["x"], [0])},
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_changing_the_content_changes_the_sha(change):
    assert tiny(**change).sha != tiny().sha


def test_name_notes_and_truth_do_not_change_the_sha():
    other = tiny(name="x", notes=("n",), limited=True, truth={"is_wrong": np.zeros(4, bool)})
    assert other.sha == tiny().sha


def test_the_sha_is_what_it_was():
    # Keys of stored results rest on it: a change here must raise SPEC_VERSION.
    assert tiny().sha.startswith("bacb1aceac0bcd62")


def test_chunks_slices_and_narrow_strings_do_not_change_the_sha():
    texts = ["one", "two", "", "four"]
    forms = [
        pa.chunked_array([texts[:1], [], texts[1:]]),
        pa.array(["zero", *texts, "five"]).slice(1, 4),
        pa.chunked_array([pa.array(["zero", *texts], pa.large_string())]).slice(1),
    ]
    for form in forms:
        assert tiny(train=split_of(form, [0, 1, 0, 1])).sha == tiny().sha


def test_a_taken_part_equals_the_part_made_anew():
    taken = tiny().train.take(np.array([True, False, True, False]))
    assert tiny(train=taken).sha == tiny(train=split_of(["one", ""], [0, 0], [0, 2])).sha


@pytest.mark.parametrize(
    "dataset",
    [
        tiny(),
        tiny(validation=split_of(["x"], [0], ["v"]), notes=("one", "two"), limited=True),
        tiny(train=split_of(["a", "b"], [0, 1], ["x", "y"])),
        tiny(kind="image", train=split_of([b"\xff", b""], [0, 1]), test=split_of([b"\0"], [1])),
    ],
    ids=["plain", "validation", "own ids", "image"],
)
def test_what_is_written_is_read_back(tmp_path, dataset):
    write(dataset, tmp_path / "x.parquet")
    again = read(tmp_path / "x.parquet")
    assert again.sha == dataset.sha
    for name in ("name", "kind", "class_names", "notes", "limited"):
        assert getattr(again, name) == getattr(dataset, name)


def test_the_truth_is_read_back(tmp_path):
    made = load("synthetic:100")
    write(made, tmp_path / "x.parquet")
    again = read(tmp_path / "x.parquet").truth
    assert {k: v.tolist() for k, v in again.items()} == {
        k: v.tolist() for k, v in made.truth.items()
    }


def test_equal_data_are_written_as_equal_bytes(tmp_path):
    chunked = split_of(pa.chunked_array([["one"], ["two", "", "four"]]), [0, 1, 0, 1])
    write(tiny(), tmp_path / "a")
    write(tiny(train=chunked), tmp_path / "b")
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


@pytest.mark.parametrize("content", [b"", b"hello", None])
def test_reading_what_was_not_written_here_is_refused(tmp_path, content):
    path = tmp_path / "x.parquet"
    pq.write_table(pa.table({"text": ["a"], "label": [0]}), path)
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(DataError, match="not a data set this package wrote"):
        read(path)


@pytest.mark.parametrize("change", [
    {"train": split_of([], [])}, {"train": split_of(["x"], [2])}, {"train": split_of([b"x"], [0])},
    {"truth": {"is_wrong": np.zeros(3)}},
])  # fmt: skip
def test_data_that_do_not_fit_together_are_refused(change):
    with pytest.raises(ValueError, match="tiny"):
        tiny(**change)
