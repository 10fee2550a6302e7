"""Every row of a split knows its number in the user's own files, however the split was cut."""

from dataclasses import replace

import numpy as np
import pytest

from tests.trainables.data.written import columns_of_rows, made_rows, write_as
from trainables.data import dataset_file
from trainables.data.catalog import Source, load

ROWS = made_rows(120, labels=("neg", "pos", "odd"))


@pytest.fixture(scope="module")
def one_file(tmp_path_factory):
    return write_as(tmp_path_factory.mktemp("one") / "mine.csv", columns_of_rows(ROWS))


@pytest.fixture(scope="module")
def shards(tmp_path_factory):
    folder = tmp_path_factory.mktemp("shards")
    for k in range(3):
        part = columns_of_rows(ROWS[40 * k : 40 * k + 40])
        write_as(folder / f"train-0000{k}-of-00003.jsonl", part)
    write_as(folder / "test.csv", columns_of_rows(made_rows(30, ("neg", "pos", "odd"), seed=1)))
    return folder


def stands_there(split, texts):
    """Whether each row's text is that of its row in the files."""
    return [texts[row] for row in split.rows] == split.texts


@pytest.mark.parametrize(
    "cut",
    [
        {"test_fraction": 0.2},
        {"test_fraction": 0.2, "validation_fraction": 0.1},
        {"test_fraction": 0.2, "limit": 50, "limit_test": 10},
        {"test_fraction": 0.2, "validation_fraction": 0.2, "limit": 60, "imbalance": 3.0},
    ],
    ids=str,
)
def test_rows_cut_out_of_one_file_keep_their_number_in_it(one_file, cut):
    dataset = load(Source(name=str(one_file), **cut))
    texts = [text for text, _ in ROWS]
    assert all(stands_there(split, texts) for split in dataset.splits.values())
    numbers = np.concatenate([split.rows for split in dataset.splits.values()])
    assert len(np.unique(numbers)) == len(numbers)


def test_rows_of_shards_are_counted_through_all_of_them(shards):
    dataset = load(str(shards))
    np.testing.assert_array_equal(dataset.train.rows, np.arange(120))
    np.testing.assert_array_equal(dataset.test.rows, np.arange(30))


def test_rows_taken_from_shards_keep_their_number_through_all_of_them(shards):
    dataset = load(Source(name=str(shards), limit=45))
    assert stands_there(dataset.train, [text for text, _ in ROWS])


def test_copies_of_a_stress_test_are_in_no_file(one_file):
    dataset = load(Source(name=str(one_file), test_fraction=0.2, inject_copies=0.25))
    copies = np.flatnonzero(dataset.train.rows < 0)
    assert len(copies) == round(0.25 * (len(dataset.train) - len(copies)))
    assert stands_there(dataset.train.take(dataset.train.rows >= 0), [text for text, _ in ROWS])


def test_data_that_the_package_made_have_no_rows_of_files():
    assert load("synthetic:60").train.rows is None


def test_the_hash_of_a_data_set_does_not_know_its_rows(one_file):
    dataset = load(Source(name=str(one_file), test_fraction=0.2))
    bare = replace(dataset, train=replace(dataset.train, rows=None))
    moved = replace(dataset, train=replace(dataset.train, rows=dataset.train.rows + 7))
    assert dataset.sha == bare.sha == moved.sha


def test_the_file_a_data_set_is_kept_in_is_the_same_whatever_its_rows(one_file, tmp_path):
    dataset = load(Source(name=str(one_file), test_fraction=0.2))
    dataset_file.write(dataset, tmp_path / "a")
    dataset_file.write(replace(dataset, train=replace(dataset.train, rows=None)), tmp_path / "b")
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
