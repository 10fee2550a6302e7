"""The text the package makes: repeatable, learnable, and true to what it says of itself."""

import numpy as np
import pytest

from trainables.data.catalog import load
from trainables.data.planting import Plants
from trainables.data.synthetic import synthetic


@pytest.fixture(scope="module")
def made():
    return synthetic()


def cosines(texts):
    """Word-count cosines, shape (n, n)."""
    vocabulary: dict[str, int] = {}
    counts = np.zeros((len(texts), 4000), dtype=np.float32)
    for row, text in enumerate(texts):
        for word in text.split():
            counts[row, vocabulary.setdefault(word, len(vocabulary))] += 1
    counts /= np.linalg.norm(counts, axis=1, keepdims=True)
    return counts @ counts.T


def test_equal_seeds_give_equal_data_and_others_do_not(made):
    assert synthetic().sha == made.sha != synthetic(seed=1).sha


def test_the_default_is_what_it_was():
    # Every demo result rests on these texts: a change here must raise SPEC_VERSION.
    assert synthetic(n_train=100, n_test=50).sha.startswith("b251bcad54ca5d9b")


def test_sizes_are_as_asked():
    small = synthetic(n_train=300, n_test=120, n_classes=3)
    assert (len(small.train), len(small.test), len(small.class_names)) == (300, 120, 3)


def test_texts_have_12_to_24_words(made):
    lengths = {len(text.split()) for text in made.train.texts + made.test.texts}
    assert (min(lengths), max(lengths)) == (12, 24)


def test_the_largest_class_is_about_four_times_the_smallest(made):
    sizes = np.bincount(made.truth["true_label"])
    assert 3 < sizes.max() / sizes.min() < 5


def test_no_test_text_occurs_in_the_training_split(made):
    assert not set(made.test.texts) & set(made.train.texts)


def test_copies_have_their_sources_true_label(made):
    source = made.truth["duplicate_of"]
    copies = source >= 0
    assert (made.truth["true_label"][copies] == made.truth["true_label"][source[copies]]).all()


def test_copies_differ_from_their_source_by_two_words_at_most(made):
    texts, source = made.train.texts, made.truth["duplicate_of"]
    changes = [
        sum(a != b for a, b in zip(texts[row].split(), texts[source[row]].split(), strict=True))
        for row in np.flatnonzero(source >= 0)
    ]
    assert set(changes) == {0, 1, 2}


def test_copies_are_nearer_to_their_source_than_other_texts_to_any(made):
    near = cosines(made.train.texts)
    np.fill_diagonal(near, 0)
    source, group = made.truth["duplicate_of"], made.truth["group"]
    copies = np.flatnonzero(source >= 0)
    alone = np.bincount(group, minlength=len(group))[group] == 1
    assert np.quantile(near[copies, source[copies]], 0.1) > np.quantile(near[alone].max(1), 0.99)


def test_nothing_is_planted_where_nothing_is_asked_for():
    plain = synthetic(plants=Plants(imbalance=1, duplicates=0, wrong=0))
    assert (plain.truth["duplicate_of"] == -1).all()
    assert not plain.truth["is_wrong"].any()


def test_it_is_loaded_by_name_and_size(made):
    assert load("synthetic").sha == made.sha
    assert len(load("synthetic:300").train) == 300


@pytest.mark.parametrize("sizes", [{"n_train": 5}, {"n_test": 1}, {"n_classes": 1}])
def test_sizes_that_leave_a_class_empty_are_refused(sizes):
    with pytest.raises(ValueError, match="10 training rows a class"):
        synthetic(**sizes)


def test_a_centroid_of_words_finds_most_classes_and_more_data_helps(made):
    train, test = made.train, made.test
    near = cosines(train.texts + test.texts)[len(train) :, : len(train)] ** 3

    def accuracy(rows):
        votes = np.stack([near[:, rows][:, train.labels[rows] == k].sum(1) for k in range(4)])
        return (votes.argmax(0) == test.labels).mean()

    every = np.arange(len(train))
    some = np.random.default_rng(0).permutation(every)[: len(every) // 4]
    assert 0.7 < accuracy(every) < 0.98
    assert accuracy(every) > accuracy(some) + 0.02
