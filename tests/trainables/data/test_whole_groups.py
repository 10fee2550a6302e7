"""Rows held out: copies stay on one side, and the classes keep their shares as far as groups allow."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trainables.data.catalog import Source, load
from trainables.data.copies import copy_groups, occurs_in
from trainables.data.dataset import Split
from trainables.data.subsampling import held_rows, per_class, proportional
from trainables.errors import DataError, UsageError

# A group's class and its rows; then the order of all rows.
_groups = st.lists(st.tuples(st.integers(0, 3), st.integers(1, 9)), min_size=1, max_size=25)
_fraction, _seed = st.floats(0.01, 0.99), st.integers(0, 99)


def split_of(groups, labels):
    inputs = pa.array([f"text {group}" for group in groups], pa.large_string())
    return Split(inputs=inputs, labels=labels, ids=np.arange(len(labels)))


def in_order(pairs, seed):
    """The rows of groups of one class each, mixed: group and class of each."""
    rows = [(group, k) for group, (k, size) in enumerate(pairs) for _ in range(size)]
    return np.random.default_rng(seed).permutation(rows).T


def shares(groups, labels, fraction):
    """Rows that may be held out, and how many of each class are to be: by plain counting."""
    several = {k for k in set(labels) if len(set(groups[labels == k])) > 1}
    lone = {g for g, k in zip(groups, labels, strict=True) if k not in several}
    free = np.array([g not in lone for g in groups])
    classes = set(labels[free])
    count = max(round(fraction * free.sum()), len(classes))
    return free, count, proportional(labels[free], count) if count else np.zeros(0, int)


@settings(deadline=None)
@given(_groups, _fraction, _seed)
def test_copies_stay_on_one_side_and_every_class_of_two_groups_is_on_both(pairs, fraction, seed):
    groups, labels = in_order(pairs, seed)
    held = held_rows(split_of(groups, labels), fraction, np.random.default_rng(seed))
    assert not set(groups[held]) & set(groups[~held])
    for k in set(labels):
        sides = {bool(side) for side in held[labels == k]}
        assert sides == ({True, False} if len(set(groups[labels == k])) > 1 else {False})


@settings(deadline=None)
@given(_groups, _fraction, _seed)
def test_the_shares_are_kept_as_far_as_groups_allow(pairs, fraction, seed):
    groups, labels = in_order(pairs, seed)
    held = held_rows(split_of(groups, labels), fraction, np.random.default_rng(seed))
    free, count, quotas = shares(groups, labels, fraction)
    sizes = np.bincount(groups)
    smallest = {k: min(sizes[groups[labels == k]]) for k in set(labels[free])}
    beyond = sum(max(0, smallest[k] - quotas[k]) for k in smallest)
    assert held.sum() <= count + beyond
    if held.sum() <= count - sizes.max():  # then no class that is short could give another group
        for k in smallest:
            is_short = (held & (labels == k)).sum() < quotas[k]
            assert not is_short or len(set(groups[(labels == k) & ~held])) == 1


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 8), st.integers(0, 3)), min_size=1, max_size=60), _fraction
)
def test_where_copies_differ_in_class_training_keeps_every_class(rows, fraction):
    groups, labels = np.array(rows).T
    held = held_rows(split_of(groups, labels), fraction, np.random.default_rng(0))
    assert not set(groups[held]) & set(groups[~held])
    assert set(labels[~held]) == set(labels)
    trained = {k: set(groups[(labels == k) & ~held]) for k in set(labels)}
    free = shares(groups, labels, fraction)[0]
    for k in set(labels[free]) - set(labels[held]):  # each of its groups is the last of some class
        for group in set(groups[free & (labels == k)]):
            assert any(trained[j] == {group} for j in set(labels[groups == group]))


@settings(deadline=None)
@given(st.lists(st.integers(0, 3), min_size=2, max_size=80), st.floats(0.01, 0.5), _seed)
def test_without_copies_the_draw_is_that_of_rows_by_class(labels, fraction, seed):
    labels = np.array(labels)
    several = np.flatnonzero(np.bincount(labels)[labels] > 1)
    count = max(round(fraction * len(several)), len(set(labels[several])))
    quotas = proportional(labels[several], count)
    expected = np.zeros(len(labels), dtype=bool)
    expected[several] = per_class(labels[several], quotas, np.random.default_rng(seed))
    split = split_of(np.arange(len(labels)), labels)
    held = held_rows(split, fraction, np.random.default_rng(seed))
    whole = quotas >= np.bincount(labels[several]) if len(several) else np.zeros(0, bool)
    assert np.array_equal(held, expected) or whole[whole].size


def test_a_group_is_drawn_as_often_as_a_single_row_is():
    """One text of ten rows among two hundred of one: not ten times as often."""
    groups = np.concatenate([np.zeros(10, int), np.arange(1, 191)])
    split = split_of(groups, np.zeros(200, int))
    drawn = [held_rows(split, 0.2, np.random.default_rng(seed))[0] for seed in range(400)]
    assert 0.1 < np.mean(drawn) < 0.25


def copied(rows, path, times=4):
    """Texts, each so many times, in two classes."""
    lines = [f'"{"good" if i % 2 else "bad"} words {i}",{i % 2}' for i in range(rows)] * times
    path.write_text("\n".join(["text,label", *lines]), encoding="utf-8")
    return str(path)


@pytest.mark.parametrize("seed", range(4))
def test_no_text_held_out_for_testing_is_in_the_training_split(tmp_path, seed):
    source = Source(name=copied(30, tmp_path / "x.csv"), test_fraction=0.3, seed=seed)
    whole = load(source)
    assert not occurs_in(whole.test.inputs, whole.train.inputs).any()
    assert len(whole.test) == 36 and set(whole.test.labels) == {0, 1}
    assert any(
        "36 rows were held out, by class, copies on one side together" in n for n in whole.notes
    )
    assert load(source).sha == whole.sha


def test_nor_is_one_held_out_for_validation(tmp_path):
    source = Source(name=copied(30, tmp_path / "x.csv"), test_fraction=0.3, validation_fraction=0.2)
    whole = load(source)
    assert whole.validation is not None
    groups = copy_groups(pa.concat_arrays([split.inputs for split in whole.splits.values()]))
    ends = np.cumsum([len(split) for split in whole.splits.values()])[:-1]
    train, test, validation = (set(part) for part in np.split(groups, ends))
    assert not train & test and not train & validation and not test & validation


def test_what_was_asked_for_and_cannot_be_is_told(tmp_path):
    lines = [f"same text,{i % 2}" for i in range(90)] + [f"other {i},{i % 2}" for i in range(10)]
    (tmp_path / "x.csv").write_text("\n".join(["text,label", *lines]), encoding="utf-8")
    whole = load(Source(name=str(tmp_path / "x.csv"), test_fraction=0.3))
    assert len(whole.test) == 10
    assert any("(30 asked for; the largest group has 90 rows)" in note for note in whole.notes)


def test_where_each_class_is_one_text_nothing_can_be_held_out(tmp_path):
    lines = ["good,0", "Good!,0", "bad,1", "bad,1"]
    (tmp_path / "x.csv").write_text("\n".join(["text,label", *lines]), encoding="utf-8")
    with pytest.raises(DataError, match="none of its 4 rows can be held out"):
        load(Source(name=str(tmp_path / "x.csv"), test_fraction=0.5))
    with pytest.raises(UsageError, match="test_fraction is"):
        Source(name="x", test_fraction=1.0)
