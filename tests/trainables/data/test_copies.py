"""Copies are told by their words, and an independent recomputation in plain Python agrees."""

import re
import unicodedata

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainables.data.copies import copy_groups, normal_form, occurs_in


def texts_of(*texts):
    return pa.array(texts, pa.large_string())


def by_hand(text):
    return re.sub(r"[^\w]+", " ", unicodedata.normalize("NFKC", text).lower()).strip()


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Hello,  World!", "hello world"),
        ("caf\u00e9", "cafe\u0301"),
        ("\uff26\uff35\uff2c\uff2c width", "full WIDTH"),
        ("line\nbreak\t", "line break"),
        ("...", " ? "),
        ("don't", "don\u2019t"),
    ],
)
def test_texts_of_the_same_words_are_copies(one, other):
    assert copy_groups(texts_of(one, other)).tolist() == [0, 0]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("\U0001f600", "\U0001f622"),
        ("a b", "ab"),
        ("1.5", "15"),
        ("na\u00efve", "naive"),
        ("", "a"),
    ],
)
def test_texts_of_other_words_or_signs_are_not(one, other):
    assert copy_groups(texts_of(one, other)).tolist() == [0, 1]


def test_what_is_no_text_is_told_by_its_bytes():
    images = pa.array([b"A", b"a", b"A"], pa.large_binary())
    assert copy_groups(images).tolist() == [0, 1, 0]
    assert occurs_in(images, images[:1]).tolist() == [True, False, True]


@given(st.lists(st.text(alphabet="aBc\u00e9\u00df\uff21 .,!_-'\n1", max_size=12), min_size=1))
def test_plain_python_agrees(texts):
    expected = [by_hand(text) for text in texts]
    assert normal_form(texts_of(*texts)).to_pylist() == expected


@pytest.mark.parametrize(
    ("name", "grouped", "leaked", "groups"),
    [("sms_spam", 485, 148, 201), ("yahoo_health22", 19_166, 3_348, 5_311)],
)
def test_the_real_sets_have_as_many_copies_as_counted_by_hand(
    real_data, name, grouped, leaked, groups
):
    train, test = (
        pq.read_table(real_data / name / f"{split}.parquet")["text"].cast(pa.large_string())
        for split in ("train", "test")
    )
    sizes = np.bincount(copy_groups(train.combine_chunks()))
    assert (sizes[sizes > 1].sum(), (sizes > 1).sum()) == (grouped, groups)
    assert occurs_in(test.combine_chunks(), train.combine_chunks()).sum() == leaked
