"""Data that are only scored need neither labels nor a test split, and are else those of a sweep."""

from dataclasses import replace

import numpy as np
import pytest

from tests.trainables.data.written import columns_of_rows, made_rows, write_as
from trainables.data import dataset_file
from trainables.data.catalog import Source, load
from trainables.data.columns import Columns
from trainables.data.scored import load_to_score
from trainables.errors import DataError

ROWS = made_rows(60)


@pytest.fixture
def alone(tmp_path):
    return str(write_as(tmp_path / "mine.csv", columns_of_rows(ROWS)))


def test_one_file_is_scored_whole_and_nothing_is_held_out(alone):
    dataset = load_to_score(Source(name=alone))
    assert [*dataset.splits] == ["train"] and len(dataset.train) == 60
    assert dataset.class_names == ("neg", "pos")


def test_a_split_that_the_data_have_is_kept_and_the_content_is_that_of_a_sweep(tmp_path):
    write_as(tmp_path / "train.csv", columns_of_rows(ROWS))
    write_as(tmp_path / "test.csv", columns_of_rows(made_rows(20, seed=1)))
    source = Source(name=str(tmp_path), limit=30, validation_fraction=0.2)
    assert load_to_score(source).sha == load(source).sha


def test_validation_rows_are_those_that_a_sweep_would_hold_out(alone):
    dataset = load_to_score(Source(name=alone, validation_fraction=0.2))
    assert {*dataset.splits} == {"train", "validation"}
    assert {*dataset.train.rows} | {*dataset.validation.rows} == {*range(60)}


def test_rows_without_labels_are_taken_unless_the_column_of_labels_was_named(tmp_path):
    columns = columns_of_rows(ROWS)
    bare = {"text": columns["text"]}
    path = str(write_as(tmp_path / "bare.csv", bare))
    assert load_to_score(Source(name=path)).class_names == ()
    with pytest.raises(DataError, match="queue"):
        load_to_score(Source(name=path, columns=Columns(label="queue")))


def test_a_column_of_labels_that_cannot_be_read_is_left_out_with_a_note(tmp_path):
    columns = columns_of_rows(ROWS) | {"label": ["same"] * 60}
    dataset = load_to_score(Source(name=str(write_as(tmp_path / "one.csv", columns))))
    assert dataset.class_names == ()
    assert any("its classes were not read" in note for note in dataset.notes)


def test_it_is_the_same_when_it_is_read_back(alone, tmp_path):
    dataset = load_to_score(Source(name=alone))
    dataset_file.write(dataset, tmp_path / "kept")
    back = dataset_file.read(tmp_path / "kept")
    assert back.sha == dataset.sha and [*back.splits] == ["train"]


def test_a_test_split_without_rows_is_refused_where_anything_is_measured(alone):
    dataset = load_to_score(Source(name=alone))
    with pytest.raises(DataError, match="the test split holds no rows"):
        replace(dataset, is_scored_only=False)


def test_names_of_the_rows_are_read_without_their_texts(alone, tmp_path):
    dataset = load(Source(name=alone, test_fraction=0.2))
    dataset_file.write(dataset, tmp_path / "kept")
    names = dataset_file.read_names(tmp_path / "kept")
    assert names.ids.to_pylist() == dataset.train.ids.tolist()
    assert names.labels.to_pylist() == dataset.answers(np.arange(len(dataset.train))).tolist()
