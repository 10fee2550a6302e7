from io import StringIO

import numpy as np
import pyarrow as pa
from rich.console import Console

from orchestrator.terminal.data_text import print_data, print_inspection
from trainables.data.catalog import load
from trainables.data.dataset import Split
from trainables.data.inspection import inspect_dataset, inspect_splits


def split_of(texts, labels, ids=None):
    inputs = pa.array(
        texts, pa.large_binary() if isinstance(texts[0], bytes) else pa.large_string()
    )
    return Split(
        inputs=inputs, labels=np.array(labels), ids=np.arange(len(texts)) if ids is None else ids
    )


def printed(show, seen, width=200):
    text = StringIO()
    show(seen, Console(file=text, width=width, markup=False))
    return text.getvalue()


TRAIN = split_of(["Hi you", "hi, you!", "b c", "d e"], [0, 1, 1, 0])
TEST = split_of(["HI YOU", "f"], [0, 0])


def test_facts_come_first_and_then_what_to_do():
    seen = inspect_splits("d", {"train": TRAIN, "test": TEST}, ("no", "yes"))
    lines = [" ".join(line.split()) for line in printed(print_inspection, seen).splitlines()]
    assert lines[0] == "d: 4 train, 2 test; 2 classes, the largest 1.0 times the smallest"
    for fact in (
        "rows 4 2",
        "texts with an identical copy 0 0",
        "texts with a copy, but for case, space and signs 2 (50.0%) 0",
        "of these, rows to spare 1 0",
        "groups of copies, those of several labels 1, 1 0, 0",
        "with a copy in training 1 (50.0%)",
        "empty texts 0 0",
        "texts of one word 0 1 (50.0%)",
        "'no' 2 2",
        "'yes' 2 0",
        "test row and training row, by id: 0 copies 0",
    ):
        assert fact in lines
    first = next(i for i, line in enumerate(lines) if line.startswith("warning: "))
    assert all(line.startswith("warning: ") for line in lines[first:])
    assert len(lines) - first == 4


def test_without_a_test_split_it_says_what_is_not_known():
    seen = inspect_splits("d", {"train": TRAIN}, ("no", "yes"))
    text = printed(print_inspection, seen)
    assert "no test split: whether test rows occur in training" in text
    assert "in training " not in text and "no test row" not in text


def test_of_images_it_says_what_was_not_looked_for():
    images = split_of([b"a", b"a", b"b"], [0, 0, 1])
    text = printed(
        print_inspection, inspect_splits("d", {"train": images}, ("no", "yes"), kind="image")
    )
    assert "near copies are looked for in texts alone" in text
    assert "images with an identical copy" in text and "of one word" not in text


def test_names_and_ids_from_outside_reach_the_terminal_escaped():
    ids = np.array(["\x1b[2Ja", "\x1b[2Jb"], dtype=object)
    train = split_of(["x y", "z z"], [0, 1], ids)
    names = ("\x1b[31mred", "[bold]blue[/bold]")
    seen = inspect_splits("\x1b[0md", {"train": train, "test": train}, names)
    for text in (printed(print_inspection, seen), printed(print_data, [seen])):
        assert "\x1b" not in text
    assert "[bold]blue[/bold]" in printed(print_inspection, seen)


def test_of_many_classes_the_largest_and_the_smallest_are_shown():
    labels = np.repeat(np.arange(40), np.arange(40, 0, -1))
    train = split_of([f"text {i}" for i in range(len(labels))], labels)
    seen = inspect_splits("d", {"train": train}, tuple(f"k{i}" for i in range(40)))
    text = printed(print_inspection, seen)
    assert "'k0'" in text and "'k39'" in text and "'k20'" not in text
    assert "20 more, in --json" in text


def test_before_a_plan_stand_size_copies_and_warnings():
    seen = inspect_dataset(load("tickets:400"))
    lines = printed(print_data, [seen]).splitlines()
    assert lines[0].startswith("tickets:400: 400 train, 5,000 test; 6 classes, ")
    assert lines[1].startswith("  copies in training: ")
    assert all(line.startswith("  warning: ") for line in lines[2:])


def test_of_data_without_classes_it_says_so():
    text = printed(
        print_inspection, inspect_splits("d", {"train": split_of(["a b", "c d"], [0, 0])}, ())
    )
    assert "d: 2 train; no classes" in text
    assert not any(word in text for word in ("largest", "label"))
