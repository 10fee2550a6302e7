from dataclasses import replace

import numpy as np
import pytest

from trainables.data.catalog import Source, load
from trainables.data.dataset_file import read, write
from trainables.data.subsets import SubsetOrder, of_size, subsets_of
from trainables.errors import UsageError
from trainables.selection.selectors import keep_stratified

SIZES = (20, 50, 100, 0)


@pytest.fixture(scope="module")
def whole():
    return load("synthetic:200")


@pytest.fixture(scope="module")
def subsets(whole):
    return subsets_of(whole, SIZES, (11, 17))


def ids_of(dataset):
    return set(dataset.train.ids.tolist())


def test_a_larger_subset_contains_a_smaller_one_of_its_seed(whole, subsets):
    for seed in (11, 17):
        small, middle, large = (ids_of(one.dataset) for one in subsets if one.seed == seed)
        assert small < middle < large < ids_of(whole)
        assert [len(small), len(middle), len(large)] == [20, 50, 100]


def test_seeds_draw_other_rows(subsets):
    first = {one.seed: ids_of(one.dataset) for one in subsets if len(one.dataset.train) == 50}
    assert len(first[11] & first[17]) < 25


def test_every_prefix_has_the_classes_shares_that_a_stratified_cut_keeps(whole):
    labels = whole.train.labels
    order = SubsetOrder(dataset=whole, seed=3)
    alike, draws = np.zeros(len(labels), np.float32), np.random.default_rng(0).random(len(labels))
    for rows in range(order.least, len(labels) + 1):
        stay = keep_stratified(alike, labels, 1 - rows / len(labels), draws)
        taken = np.bincount(labels[order.rows[:rows]])
        assert abs(taken - np.bincount(labels[stay])).max() <= 1
        assert abs(taken - rows * np.bincount(labels) / len(labels)).max() <= 1


def test_the_fewest_rows_leave_no_class_empty_and_one_less_does(whole):
    order = SubsetOrder(dataset=whole, seed=3)
    classes = len(np.unique(whole.train.labels))
    assert len(np.unique(order.take(order.least).train.labels)) == classes
    assert len(np.unique(whole.train.labels[order.rows[: order.least - 1]])) == classes - 1


@pytest.mark.parametrize("rows", [1, 201])
def test_a_size_that_cannot_be_had_is_refused_with_the_sizes_that_can(whole, rows):
    with pytest.raises(
        UsageError, match=rf"--size {rows} of synthetic:200: it has 200 .* to 200, or all"
    ):
        of_size(whole, rows, seed=0)


def test_a_subset_keeps_test_rows_truth_and_the_numbers_of_its_rows(whole, subsets):
    part = subsets[1].dataset
    assert part.test is whole.test and part.limited and part.name == "synthetic:200, 50 rows"
    rows = part.part_of.rows
    assert part.train.ids.tolist() == whole.train.ids[rows].tolist()
    assert part.truth["is_wrong"].tolist() == whole.truth["is_wrong"][rows].tolist()


def test_a_subset_is_no_other_data_set_of_the_same_rows(subsets):
    part = subsets[1].dataset
    assert part.sha != replace(part, part_of=None).sha
    assert len({one.dataset.sha for one in subsets}) == len(subsets)


def test_what_is_written_of_a_subset_is_read_back(subsets, tmp_path):
    part = subsets[0].dataset
    write(part, tmp_path / "part.parquet")
    again = read(tmp_path / "part.parquet")
    assert again.sha == part.sha
    assert again.part_of.sha == part.part_of.sha
    assert again.part_of.rows.tolist() == part.part_of.rows.tolist()


def test_a_source_is_cut_to_its_size_after_all_else():
    asked = Source(name="synthetic:200", flip_labels=0.2, size=50)
    cut, all_of_it = load(asked), load(replace(asked, size=0))
    assert len(cut.train) == 50 and cut.limited
    assert cut.notes[0] == all_of_it.notes[0] and "50 of 200 train rows" in cut.notes[-1]
    label = dict(zip(all_of_it.train.ids.tolist(), all_of_it.train.labels.tolist(), strict=True))
    assert [label[i] for i in cut.train.ids.tolist()] == cut.train.labels.tolist()


def test_numbers_to_predict_are_drawn_without_classes(whole):
    numbers = replace(
        whole,
        class_names=(),
        truth={},
        train=replace(whole.train, labels=np.zeros(200, dtype=np.int64), targets=np.arange(200.0)),
        test=replace(
            whole.test,
            labels=np.zeros(len(whole.test), dtype=np.int64),
            targets=np.ones(len(whole.test)),
        ),
    )
    order = SubsetOrder(dataset=numbers, seed=0)
    assert order.least == 1 and len(order.take(7).train) == 7
