"""A twin that stays is one that the definition of copies and near copies gives."""

from itertools import pairwise

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trainables.data.copies import normal_form
from trainables.data.near_copies import FEWEST_WORDS
from trainables.data.twins import twins_of


def are_near(one, other):
    """By the definition: sets of words and word pairs with a Jaccard index of 11/20 or more."""
    words = [one.split(" "), other.split(" ")]
    sets = [{*each, *pairwise(each)} for each in words]
    shared = len(sets[0] & sets[1])
    long = min(map(len, words)) >= FEWEST_WORDS
    return long and 20 * shared >= 11 * (len(sets[0]) + len(sets[1]) - shared)


def survivor_by_hand(forms, keep, row):
    others = [other for other in np.flatnonzero(keep) if other != row]
    copies = [other for other in others if forms[other] == forms[row]]
    near = [other for other in others if are_near(forms[row], forms[other])]
    return bool(copies), set(copies or near)


texts = st.lists(
    st.lists(st.sampled_from(["a", "A", "b", "c", "d", "e", "f!"]), min_size=1, max_size=8).map(" ".join),
    min_size=1,
    max_size=12,
)  # fmt: skip


@settings(max_examples=80, deadline=None)
@given(texts, st.randoms(use_true_random=False))
def test_a_surviving_twin_is_a_copy_or_else_a_near_copy_that_stays(written, rng):
    inputs = pa.array(written, pa.large_string())
    keep = np.array([rng.random() < 0.5 for _ in written])
    twins = twins_of(inputs)
    found, is_copy = twins.surviving(keep)
    forms = normal_form(inputs).to_pylist()
    everyone = np.ones(len(forms), bool)
    for row in range(len(forms)):
        copied, allowed = survivor_by_hand(forms, keep, row)
        assert (found[row] in allowed) if allowed else found[row] == -1
        assert is_copy[row] == copied
        has_copy = survivor_by_hand(forms, everyone, row)[0]
        assert twins.have[0][row] == has_copy
        assert twins.have[1][row] == any(
            are_near(forms[row], other) for other in forms if other != forms[row]
        )


def test_inputs_that_are_no_text_have_copies_alone():
    inputs = pa.array([b"one", b"two", b"one"], pa.large_binary())
    twins = twins_of(inputs)
    assert not twins.is_complete
    assert twins.surviving(np.array([False, True, True]))[0].tolist() == [2, -1, -1]


@pytest.mark.parametrize(("most_words", "twin"), [(None, 1), (11, -1)])
def test_in_too_many_words_only_copies_are_looked_for(most_words, twin):
    inputs = pa.array(["a b c d e f", "a b c d e g", "x"], pa.large_string())
    twins = twins_of(inputs, most_words=most_words)
    assert twins.surviving(np.array([False, True, True]))[0][0] == twin
