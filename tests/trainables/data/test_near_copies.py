"""Near copies are those that a search of all pairs finds, and those that are planted."""

import random
from itertools import combinations, pairwise

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trainables.data.copies import normal_form
from trainables.data.near_copies import FEWEST_WORDS, near_pairs
from trainables.data.synthetic import synthetic

BASE = [
    "the",
    "quick",
    "brown",
    "fox",
    "jumps",
    "over",
    "the",
    "lazy",
    "dog",
    "near",
    "a",
    "quiet",
    "river",
    "bank",
]


def texts_of(texts):
    return pa.array(texts, pa.large_string())


def all_pairs(texts):
    """Every pair of texts held against each other, by the definition, in plain Python."""
    words = [text.split(" ") for text in texts]
    sets = [{*one, *pairwise(one)} for one in words]
    long = [row for row, one in enumerate(words) if len(one) >= FEWEST_WORDS]
    return [
        (i, j)
        for i, j in combinations(long, 2)
        if 20 * (shared := len(sets[i] & sets[j])) >= 11 * (len(sets[i]) + len(sets[j]) - shared)
    ]


def found_pairs(texts, **settings):
    found = near_pairs(texts_of(texts), **settings)
    return list(zip(found.left.tolist(), found.right.tolist(), strict=True))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(st.sampled_from("abcdefgh"), min_size=1, max_size=12), unique_by=tuple))
def test_all_pairs_held_against_each_other_give_the_same(words):
    texts = [" ".join(text) for text in words]
    assert found_pairs(texts) == all_pairs(texts)


@pytest.mark.parametrize("name", ["sms_spam", "ag_news", "sst2"])
def test_the_same_of_two_thousand_real_texts(real_data, name):
    column = pq.read_table(real_data / name / "train.parquet")["text"].cast(pa.large_string())
    texts = list(dict.fromkeys(normal_form(column.combine_chunks()[:2000]).to_pylist()))
    expected = all_pairs(texts)
    assert len(expected) >= 3
    assert found_pairs(texts) == expected


@pytest.mark.parametrize(
    "other",
    [
        [*BASE[:4], "leaps", *BASE[5:]],
        [*BASE[:4], *BASE[5:]],
        [*BASE[:6], "very", *BASE[6:]],
        BASE[:-1],
        [*BASE, "in", "the", "evening"],
        [*BASE[:2], BASE[3], BASE[2], *BASE[4:]],
        [*BASE[:3], "fux", *BASE[4:9], "neer", *BASE[10:]],
    ],
    ids=["swapped", "dropped", "added", "cut", "appended", "turned round", "two typos"],
)
def test_a_text_with_a_little_changed_is_a_near_copy(other):
    assert found_pairs([" ".join(BASE), " ".join(other)]) == [(0, 1)]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("please send me the invoice", "please send me the receipt for march"),
        ("call me back", "call me back now"),
        ("how do i lose weight", "how do i gain weight"),
        (
            "your order 1 of monday went to paris by train",
            "your order 2 of friday went to rome by ship",
        ),
    ],
)
def test_short_texts_and_filled_in_forms_are_not(one, other):
    assert found_pairs([one, other]) == []


def test_scripts_without_spaces_are_told_by_their_letters():
    one = (
        "\u6211\u4eec\u660e\u5929\u4e0b\u5348\u4e09\u70b9\u5728\u8f66\u7ad9\u89c1\u9762\u597d\u5417"
    )
    other = one.replace("\u4e09", "\u56db")
    assert found_pairs([one, other, one[::-1]]) == [(0, 1)]


def test_of_planted_copies_and_originals_no_other_is_found():
    made = synthetic(n_train=1200)
    texts, groups = made.train.texts, made.truth["group"]
    forms = list(dict.fromkeys(texts))
    group = dict(zip(texts, groups, strict=True))
    pairs = found_pairs(forms)
    assert all(group[forms[i]] == group[forms[j]] for i, j in pairs)
    found = {text for pair in pairs for text in (forms[pair[0]], forms[pair[1]])}
    several = [text for text in forms if sum(group[other] == group[text] for other in forms) > 1]
    assert np.mean([text in found for text in several]) > 0.99


def test_where_too_many_are_alike_it_says_so_and_still_finds_nearly_all_that_have_one():
    rng = random.Random(0)
    texts = list(
        dict.fromkeys(
            f"error from host {rng.randrange(99)} lost its connection to the database after "
            f"{rng.randrange(999)} seconds"
            for _ in range(400)
        )
    )
    found = near_pairs(texts_of(texts), budget=5_000)
    assert not found.is_complete
    assert near_pairs(texts_of(texts)).is_complete
    assert {*zip(found.left.tolist(), found.right.tolist(), strict=True)} < {*all_pairs(texts)}
    assert len(np.unique(np.append(found.left, found.right))) > 0.95 * len(texts)


def test_nothing_is_found_in_nothing():
    assert found_pairs([]) == found_pairs([""]) == found_pairs(["", "a b c d e f"]) == []
