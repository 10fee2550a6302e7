"""What is said of a data set is true of it, word for word."""

import numpy as np
import pyarrow as pa
import pytest

from orchestrator.planning.data_words import data_notes, data_size, data_warnings, share_of
from trainables.data.dataset import Split
from trainables.data.inspection import inspect_splits

FINE = (["one two", "three four", "five six", "seven eight"], [0, 0, 1, 1])
LONG = "the quick brown fox jumps over the lazy dog"
NEARLY = "the quick brown fox leaps over the lazy dog"


def split_of(texts, labels):
    return Split(
        inputs=pa.array(texts, pa.large_string()),
        labels=np.array(labels),
        ids=np.arange(len(texts)),
    )


def seen_of(
    train=FINE, test=(["nine ten", "eleven twelve"], [0, 1]), names=("no", "yes"), **others
):
    splits = {"train": train} | ({"test": test} if test else {}) | others
    return inspect_splits("d", {name: split_of(*rows) for name, rows in splits.items()}, names)


def test_a_data_set_without_faults_needs_no_words():
    assert data_warnings(seen_of()) == data_notes(seen_of()) == ()


def test_its_size_is_one_line():
    assert data_size(seen_of()) == "4 train, 2 test; 2 classes, the largest 1.0 times the smallest"


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (
            {"train": (["a b", "A b", "c d", "e f"], [0, 1, 1, 0])},
            "2 of 4 training texts (50.0%) have a copy with another label (1 of 1 group of copies): no "
            "model can learn both; correct the labels, or remove the groups",
        ),
        (
            {"names": ("neg", " neg ")},
            "labels 'neg' and ' neg ' differ only by outer space: they are 2 classes; write them alike "
            "if they are one",
        ),
        (
            {"test": (["ONE two", "x y"], [1, 0])},
            "1 of 2 test texts (50.0%) occurs in the training split, 1 with another label there: accuracy "
            "on them is memory; give a clean one (--test FILE), or see the two accuracies in the report",
        ),
        (
            {"validation": (["one two", "three four"], [0, 0])},
            "2 of 2 validation texts (100.0%) occur in the training split: what is measured on them is "
            "memory; give a clean one",
        ),
        (
            {"train": ([LONG, "a b", "c d"], [0, 0, 1]), "test": ([NEARLY, "x y"], [0, 1])},
            "1 of 2 test texts (50.0%) is a near copy of training texts: `prune-envelope inspect` "
            "with the flags of these data and --json names them",
        ),
        (
            {"train": (["a b", " ", "c d", "e f"], [0, 0, 1, 1])},
            "1 of 4 training texts (25.0%) is empty: fill or remove the rows",
        ),
        (
            {"test": (["word", "word two"], [0, 1])},
            "one word alone: 1 of 2 test texts (50.0%); check that --text-column names the right column",
        ),
        (
            {"test": (["x y", "z z"], [0, 0])},
            "class 'yes' has no test row: what pruning costs there cannot be seen; add test rows",
        ),
        (
            {"train": (["a b", "c d", "e f"], [0, 0, 1])},
            "class 'yes' has one training row: dropped, the class is gone; add rows",
        ),
        (
            {"names": ("no", "yes", "maybe")},
            "class 'maybe' has no training row: nothing can be learned of it",
        ),
    ],
)
def test_each_fault_is_told_with_what_to_do(asked, said):
    assert said in data_warnings(seen_of(**asked))


def test_copies_are_noted_though_they_are_no_fault():
    (note,) = data_notes(seen_of(train=(["a b", "A b", LONG, NEARLY, "c d"], [0, 0, 1, 1, 1])))
    assert note == (
        "2 of 5 training texts (40.0%) have a copy: 1 group, 1 row to spare; "
        "2 of 5 (40.0%) a near copy"
    )


def test_many_classes_without_test_rows_are_one_sentence():
    names = tuple(f"k{i}" for i in range(9))
    texts = [f"text {i}" for i in range(18)]
    seen = seen_of(train=(texts, [*range(9)] * 2), test=(["x y"], [0]), names=names)
    (said,) = data_warnings(seen)
    assert said.startswith("8 classes have no test row ('k1', 'k2', 'k3', 'k4', 'k5' and 3 more): ")


def test_names_from_outside_are_escaped():
    names = ("\x1b[31mred", "\x1b[31mRED")
    (said,) = data_warnings(seen_of(names=names))
    assert "\x1b" not in said and r"\x1b[31mred" in said


@pytest.mark.parametrize(
    ("count", "total", "text"),
    [(0, 9, "0.0%"), (1, 3000, "below 0.1%"), (1, 2000, "0.1%"), (1, 8, "12.5%"), (3, 3, "100.0%"),
     (2999, 3000, "above 99.9%")],
)  # fmt: skip
def test_a_share_that_is_not_nothing_does_not_read_so(count, total, text):
    assert share_of(count, total) == text
