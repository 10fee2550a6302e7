"""Training rows altered on purpose: what is altered, what stays, and what is known of each row."""

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from trainables.data.catalog import Source, load
from trainables.data.copies import copy_groups, normal_form, occurs_in
from trainables.data.dataset import Dataset, Split
from trainables.data.dataset_file import read, write
from trainables.data.stress import alterations_text, stressed
from trainables.errors import UsageError

ALTERATIONS = ({"imbalance": 4.0}, {"flip_labels": 0.1}, {"inject_copies": 0.2})
ALL = {"imbalance": 4.0, "flip_labels": 0.1, "inject_copies": 0.2}


def source(**asked):
    return Source(name="x", **asked)


def data(n=400, *, classes=2, ids=None, kind="text"):
    """Rows of six words each, of which every tenth repeats the one before."""
    rng = np.random.default_rng(1)
    words = np.array([f"w{i}" for i in range(400)])
    texts = [" ".join(words[rng.integers(400, size=6)]) for _ in range(n)]
    texts = [texts[i - 1] if i % 10 == 9 else text for i, text in enumerate(texts)]
    inputs = pa.array(texts, pa.large_string())
    if kind == "image":
        inputs = pa.array([text.encode() for text in texts], pa.large_binary())
    whole = Split(
        inputs=inputs,
        labels=np.arange(n) // 10 % classes,
        ids=np.arange(n) if ids is None else np.asarray(ids, dtype=object),
    )
    names = tuple(f"class {k}" for k in range(classes))
    parts = (whole.take(np.arange(n) < n - 100), whole.take(np.arange(n) >= n - 100))
    return Dataset(name="x", kind=kind, class_names=names, train=parts[0], test=parts[1])


@pytest.mark.parametrize("asked", ALTERATIONS, ids=lambda one: next(iter(one)))
def test_every_alteration_and_its_seed_are_in_the_key(asked):
    plain = data()
    (name, amount), *_ = asked.items()
    shas = {
        stressed(plain, source(**{name: value}, seed=seed)).sha
        for value in (amount, amount / 2)
        for seed in (0, 1)
    }
    assert len({plain.sha, *shas}) == 5
    assert stressed(plain, source(**asked)).sha == stressed(plain, source(**asked)).sha


@pytest.mark.parametrize("asked", [*ALTERATIONS, ALL])
def test_what_is_tested_and_validated_on_stays_as_it_is(asked):
    plain = replace(data(), validation=data().test)
    altered = stressed(plain, source(**asked))
    assert altered.test is plain.test and altered.validation is plain.validation
    assert altered.class_names == plain.class_names


def test_nothing_asked_changes_nothing():
    plain = data()
    assert stressed(plain, source()) is plain and alterations_text(source()) == ""


def test_the_share_of_labels_asked_for_is_flipped_in_every_class():
    plain = data(700, classes=3)
    altered = stressed(plain, source(flip_labels=0.1))
    wrong = altered.train.labels != plain.train.labels
    assert np.bincount(plain.train.labels[wrong]).tolist() == [20, 20, 20]
    assert np.array_equal(altered.truth["is_wrong"], wrong)
    assert np.array_equal(altered.truth["true_label"], plain.train.labels)
    assert set(zip(plain.train.labels[wrong], altered.train.labels[wrong], strict=True)) == {
        (a, b) for a in range(3) for b in range(3) if a != b
    }


def test_a_class_is_never_flipped_away():
    plain = data()
    few = plain.train.take(np.r_[0, 10:20])  # class 0 has one row
    altered = stressed(replace(plain, train=few), source(flip_labels=0.9))
    assert altered.train.labels[0] == 0 and (altered.train.labels[1:] == 0).sum() == 9


def test_copies_stand_behind_the_rows_and_name_what_they_repeat():
    plain = data()
    altered = stressed(plain, source(inject_copies=0.2))
    n, copy_of = len(plain.train), altered.truth["duplicate_of"]
    assert len(altered.train) == n + 60 and len(set(copy_of[n:])) == 60
    assert altered.train.take(np.arange(n)).texts == plain.train.texts
    old, new = plain.train.texts, altered.train.texts[n:]
    apart = [sum(a != b for a, b in zip(old[r].split(), t.split(), strict=True)) for r, t in zip(copy_of[n:], new, strict=True)]  # fmt: skip
    assert sorted(set(apart)) == [0, 1] and sum(apart) == 30
    assert np.array_equal(altered.train.labels[n:], plain.train.labels[copy_of[n:]])
    group = altered.truth["group"]
    assert np.array_equal(group[n:], group[copy_of[n:]])


def test_rows_that_were_copies_before_count_as_copies_too():
    altered = stressed(data(), source(inject_copies=0.2))
    group, before = altered.truth["group"][:300], copy_groups(altered.train.inputs)[:300]
    assert np.array_equal(group[:, None] == group, before[:, None] == before)
    assert "The 30 rows that repeated another already count as copies, too" in altered.notes[0]


def test_a_copy_with_a_word_changed_is_a_copy_of_no_other_row_and_leaks_nothing():
    """Texts of four words out of three, nearly all there are: a word changed is mostly another row."""
    texts = [f"{a} {b} {c} {d}" for a in "xyz" for b in "xyz" for c in "xyz" for d in "xyz"]
    whole = Split(
        inputs=pa.array(texts, pa.large_string()), labels=np.arange(81) % 2, ids=np.arange(81)
    )
    is_train = np.arange(81) % 3 > 0
    plain = replace(data(), train=whole.take(is_train), test=whole.take(~is_train))
    altered = stressed(plain, source(inject_copies=1.0))
    assert not occurs_in(plain.test.inputs, altered.train.inputs).any()
    forms = np.asarray(normal_form(altered.train.inputs))
    for form in set(forms):
        assert len(set(altered.truth["group"][forms == form])) == 1


def test_texts_of_few_words_are_copied_as_they_are():
    plain = data()
    short = replace(
        plain.train, inputs=pa.array([f"one {i} two" for i in range(300)], pa.large_string())
    )
    altered = stressed(replace(plain, train=short), source(inject_copies=0.5))
    assert set(altered.train.texts[300:]) < set(short.texts)
    assert "word changed" not in altered.notes[0]


def test_images_are_copied_byte_for_byte():
    plain = data(kind="image")
    altered = stressed(plain, source(inject_copies=0.2, flip_labels=0.1))
    copies = altered.train.inputs.to_pylist()[300:]
    assert [
        plain.train.inputs[int(r)].as_py() for r in altered.truth["duplicate_of"][300:]
    ] == copies


@pytest.mark.parametrize("ids", [None, "text", "taken"])
def test_the_ids_of_copies_are_no_other_rows_and_tell_where_they_are_from(ids):
    own = {
        None: None,
        "text": [f"k{i}" for i in range(400)],
        "taken": [f"k{i}" if i % 2 else f"k{i + 1}#copy1" for i in range(400)],
    }[ids]
    altered = stressed(data(ids=own), source(inject_copies=1.0))
    found, copy_of = altered.train.ids, altered.truth["duplicate_of"][300:]
    assert len(set(found)) == 600
    if ids is None:
        assert found.dtype == np.int64 and found[300:].min() > found[:300].max()
        assert "their ids 300 to 599" in altered.notes[0]
    else:
        assert all(
            new.startswith(f"{found[r]}#copy") for new, r in zip(found[300:], copy_of, strict=True)
        )


def test_numbers_that_have_no_larger_ones_become_texts():
    plain = data()
    high = replace(plain.train, ids=np.arange(300) + np.iinfo(np.int64).max - 299)
    altered = stressed(replace(plain, train=high), source(inject_copies=0.1))
    assert altered.train.ids[-1] == f"{high.ids[altered.truth['duplicate_of'][-1]]}#copy1"


def test_copies_carry_the_label_of_their_row_flipped_or_not():
    altered = stressed(data(), source(flip_labels=0.3, inject_copies=1.0))
    copy_of = altered.truth["duplicate_of"][300:]
    for values in (altered.train.labels, altered.truth["is_wrong"], altered.truth["true_label"]):
        assert np.array_equal(values[300:], values[copy_of])
    assert altered.truth["is_wrong"][:300].sum() == 90


def test_one_alteration_more_leaves_the_draws_of_the_others():
    alone = stressed(data(), source(flip_labels=0.1))
    beside = stressed(data(), source(flip_labels=0.1, inject_copies=0.2))
    assert np.array_equal(beside.train.labels[:300], alone.train.labels)


def test_classes_are_cut_to_the_ratio_the_first_the_largest():
    plain = data(700, classes=3)
    altered = stressed(plain, source(imbalance=4))
    assert np.bincount(altered.train.labels).tolist() == [200, 100, 50]
    assert "from 200 of 'class 0', the first, down to 50 of 'class 2'" in altered.notes[0]
    assert not altered.truth


@pytest.mark.parametrize("name", ["synthetic", "tickets"])
def test_data_that_came_with_the_truth_keep_it_and_add_to_it(name):
    plain, altered = load(name), load(Source(name=name, flip_labels=0.1, inject_copies=0.2))
    n = len(plain.train)
    assert np.array_equal(altered.truth["duplicate_of"][:n], plain.truth["duplicate_of"])
    assert np.array_equal(altered.truth["true_label"][:n], plain.truth["true_label"])
    wrong = altered.train.labels != altered.truth["true_label"]
    assert np.array_equal(altered.truth["is_wrong"], wrong) and wrong[:n].sum() > 0.12 * n
    assert "Before that, the package made these texts" in altered.notes[0]
    assert not any(note.startswith("the package made") for note in altered.notes)


def test_the_truth_survives_the_file_of_the_store(tmp_path):
    altered = stressed(data(), source(**ALL))
    write(altered, tmp_path / "x.parquet")
    back = read(tmp_path / "x.parquet")
    assert back.sha == altered.sha
    assert {k: v.tolist() for k, v in back.truth.items()} == {
        k: v.tolist() for k, v in altered.truth.items()
    }


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        ({"imbalance": 0.5}, "imbalance is 0.5"),
        ({"imbalance": float("nan")}, "imbalance is nan"),
        ({"imbalance": float("inf")}, "imbalance is inf"),
        ({"flip_labels": 1.0}, "flip_labels is 1"),
        ({"flip_labels": -0.1}, "flip_labels is -0.1"),
        ({"inject_copies": 1.5}, "inject_copies is 1.5"),
        ({"inject_copies": float("nan")}, "inject_copies is nan"),
    ],
)
def test_amounts_that_no_data_could_meet_are_refused(asked, why):
    with pytest.raises(UsageError, match=why):
        source(**asked)


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        ({"imbalance": 400}, "class 'class 0' has 150, .*give less than 300"),
        ({"imbalance": 1.0001}, "removes no row"),
        ({"flip_labels": 0.001}, "comes to no row of any class; the largest has 150"),
        ({"inject_copies": 0.001}, "of 300 rows comes to no copy"),
    ],
)
def test_an_alteration_that_would_alter_nothing_or_lose_a_class_is_refused(asked, why):
    with pytest.raises(UsageError, match=why):
        stressed(data(), source(**asked))


def test_a_class_without_training_rows_is_named_and_gets_no_label():
    plain = replace(data(), class_names=("class 0", "class 1", "absent"))
    with pytest.raises(UsageError, match=r"class 'absent' has 0, .*leave it out"):
        stressed(plain, source(imbalance=2))
    assert set(stressed(plain, source(flip_labels=0.5)).train.labels) == {0, 1}


def test_what_is_altered_reads_as_a_sentence():
    assert alterations_text(source(**ALL)) == (
        "classes made 4 to 1, 10% of labels flipped, copies of 20% of rows added"
    )
