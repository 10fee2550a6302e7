"""Every fact against small sets made by hand, against plain Python, and against known truth."""

from collections import defaultdict

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trainables.data.catalog import Source, load
from trainables.data.copies import normal_form
from trainables.data.dataset import Dataset, Split
from trainables.data.inspection import inspect_dataset, inspect_splits
from trainables.data.inspection_facts import (
    CopyCounts,
    LeakedPair,
    NearCounts,
    inspection_from_json,
    inspection_json,
)

LONG = "the quick brown fox jumps over the lazy dog"
NEARLY = "the quick brown fox leaps over the lazy dog"


def split_of(texts, labels, ids=None):
    inputs = pa.array(
        texts, pa.large_binary() if isinstance(texts[0], bytes) else pa.large_string()
    )
    return Split(
        inputs=inputs, labels=np.array(labels), ids=np.arange(len(texts)) if ids is None else ids
    )


def seen_of(train, test=None, names=("no", "yes"), **asked):
    splits = {"train": split_of(*train)} | ({"test": split_of(*test)} if test else {})
    return inspect_splits("d", splits, names, **asked)


def test_rows_and_classes_are_counted_by_split():
    seen = seen_of((["a", "b", "c", "d"], [0, 0, 0, 1]), (["x"], [0]))
    assert {name: split.rows for name, split in seen.splits.items()} == {"train": 4, "test": 1}
    assert seen.splits["train"].class_rows == (3, 1)
    assert seen.splits["test"].class_rows == (1, 0)
    assert seen.imbalance == 3


def test_a_class_without_rows_does_not_make_the_imbalance_endless():
    assert seen_of((["a", "b", "c"], [0, 0, 2]), names=("a", "b", "c")).imbalance == 2


def test_copies_are_counted_to_the_byte_and_by_their_words():
    train = seen_of((["Hi you", "Hi you", "hi, you!", "b", "B", "c"], [0, 0, 1, 1, 1, 0])).splits[
        "train"
    ]
    assert train.identical == CopyCounts(
        groups=1, rows=2, repeats=1, conflicting_groups=0, conflicting_rows=0
    )
    assert train.copies == CopyCounts(
        groups=2, rows=5, repeats=3, conflicting_groups=1, conflicting_rows=3
    )


def test_near_copies_are_counted_beside_copies_and_those_of_other_labels():
    near = seen_of(([LONG, LONG.upper(), NEARLY, "other words than these here"], [0, 0, 1, 0]))
    assert near.splits["train"].near == NearCounts(rows=3, other_label=3)
    alike = seen_of(([LONG, NEARLY, "one more text of some words"], [0, 0, 1]))
    assert alike.splits["train"].near == NearCounts(rows=2, other_label=0)
    assert alike.near_search == "all"


def test_what_training_has_seen_is_named_on_both_sides():
    ids = np.array(["t0", "t1", "t2"], dtype=object)
    splits = {
        "train": split_of(["x y", "a b", LONG], [0, 1, 1], ids),
        "test": split_of(["A, b", "z", NEARLY, "a b"], [1, 0, 0, 0]),
    }
    leak = inspect_splits("d", splits, ("no", "yes")).leaks["test"]
    assert (leak.rows, leak.other_label, leak.near) == (2, 1, NearCounts(rows=1, other_label=1))
    assert leak.pairs == (
        LeakedPair(id=0, train_id="t1", is_near=False, other_label=False),
        LeakedPair(id=2, train_id="t2", is_near=True, other_label=True),
        LeakedPair(id=3, train_id="t1", is_near=False, other_label=True),
    )


def test_a_near_copy_within_the_test_split_is_no_leak():
    leak = seen_of((["some other text of words"], [0]), ([LONG, NEARLY], [0, 0])).leaks["test"]
    assert (leak.rows, leak.near, leak.pairs) == (0, NearCounts(rows=0, other_label=0), ())


def test_validation_rows_that_training_has_seen_are_counted_too():
    splits = {name: split_of(["a b"], [0]) for name in ("train", "test", "validation")}
    leaks = inspect_splits("d", splits, ("no", "yes")).leaks
    assert {name: leak.rows for name, leak in leaks.items()} == {"test": 1, "validation": 1}


@pytest.mark.parametrize(
    ("text", "empty", "one_word"),
    [("", 1, 0), (" \n", 1, 0), ("word", 0, 1), ("word!", 0, 1), ("two words", 0, 0),
     ("\U0001f600", 0, 1), ("\u660e\u5929\u89c1", 0, 0), ("...", 0, 0)],
)  # fmt: skip
def test_empty_and_one_word_texts_are_counted(text, empty, one_word):
    train = seen_of((["some words", text], [0, 1])).splits["train"]
    assert (train.empty, train.one_word) == (empty, one_word)


def test_images_are_told_by_their_bytes_and_near_ones_are_not_looked_for():
    seen = seen_of(([b"A", b"a", b"A", b""], [0, 1, 1, 0]), ([b"a"], [1]), kind="image")
    assert (seen.kind, seen.near_search) == ("image", "none")
    train = seen.splits["train"]
    assert train.copies == train.identical
    assert (train.copies.rows, train.copies.conflicting_groups, train.empty) == (2, 1, 1)
    assert train.near is None and seen.leaks["test"].near is None
    assert seen.leaks["test"].rows == 1


def test_in_too_many_words_near_copies_are_not_looked_for():
    train = ([LONG, NEARLY], [0, 1])
    assert seen_of(train, most_words=17).near_search == "size"
    assert seen_of(train, most_words=17).splits["train"].near is None
    assert seen_of(train, most_words=18).near_search == "all"


@pytest.mark.parametrize("name", ["synthetic:400", "tickets:400"])
def test_what_was_seen_is_read_again_from_its_json(name):
    seen = inspect_dataset(load(name))
    assert inspection_from_json(inspection_json(seen)) == seen


WORDS = st.lists(st.sampled_from(["a", "B", "b", "c!", "d"]), max_size=3).map(" ".join)
ROWS = st.lists(st.tuples(WORDS, st.integers(0, 2)), min_size=1, max_size=12)


@settings(max_examples=80, deadline=None)
@given(ROWS, ROWS)
def test_plain_python_counts_the_same(train, test):
    seen = seen_of(
        tuple(zip(*train, strict=True)), tuple(zip(*test, strict=True)), names=("a", "b", "c")
    )

    def form(text):
        return normal_form(pa.array([text], pa.large_string()))[0].as_py()

    groups = defaultdict(list)
    for text, label in train:
        groups[form(text)].append(label)
    several = [labels for labels in groups.values() if len(labels) > 1]
    other = [labels for labels in several if len(set(labels)) > 1]
    assert seen.splits["train"].copies == CopyCounts(
        groups=len(several),
        rows=sum(map(len, several)),
        repeats=sum(map(len, several)) - len(several),
        conflicting_groups=len(other),
        conflicting_rows=sum(map(len, other)),
    )
    leaked = [(groups[form(text)], label) for text, label in test if form(text) in groups]
    assert seen.leaks["test"].rows == len(leaked)
    assert seen.leaks["test"].other_label == sum({label} != set(found) for found, label in leaked)


# Rows in groups, groups, groups of several labels, test rows in train: counted by a loop in plain Python.
KNOWN = {
    "sms_spam": (485, 201, 0, 148),
    "yahoo_health22": (19_166, 5_311, 3_547, 3_348),
    "sst2": (17_003, 8_252, 154, 2),
}


@pytest.mark.parametrize("name", KNOWN)
def test_the_real_sets_are_seen_as_they_are_known_to_be(real_data, name):
    seen = inspect_dataset(load(Source(name=name, data_dir=real_data)))
    copies = seen.splits["train"].copies
    found = (copies.rows, copies.groups, copies.conflicting_groups, seen.leaks["test"].rows)
    assert found == KNOWN[name]
    assert inspection_from_json(inspection_json(seen)) == seen


def test_a_data_set_is_seen_by_all_its_splits():
    rows = split_of(["a b", "c d"], [0, 1])
    dataset = Dataset(
        name="d", kind="text", class_names=("x", "y"), train=rows, test=rows, validation=rows
    )
    assert [*inspect_dataset(dataset).splits] == ["train", "test", "validation"]
