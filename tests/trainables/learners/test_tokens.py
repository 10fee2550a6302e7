import os

import numpy as np
import pytest

from trainables.learners.text import cached_tokens
from trainables.learners.tokens import read_tokens, tokens_of, write_tokens
from trainables.learners.words import train_tokenizer


@pytest.fixture(scope="module")
def tokenizer(small):
    return train_tokenizer(small.train.texts)


@pytest.fixture
def tokens(small, tokenizer, tmp_path):
    write_tokens(tokens_of(small, tokenizer, max_length=24), tmp_path / "tokens.arrow")
    return read_tokens(tmp_path / "tokens.arrow")


def test_pieces_are_those_of_the_tokenizer_cut_to_length(small, tokenizer, tokens):
    pieces = tokens.splits["test"]
    for row in (0, 7, len(small.test) - 1):
        expected = tokenizer.encode(small.test.texts[row]).ids[:24]
        assert pieces.values[pieces.offsets[row] : pieces.offsets[row + 1]].tolist() == expected


def test_every_split_has_every_row(small, tokens):
    assert {name: len(p.lengths) for name, p in tokens.splits.items()} == {
        "train": len(small.train),
        "test": len(small.test),
    }


def test_no_text_is_longer_than_allowed(tokens):
    assert max(p.lengths.max() for p in tokens.splits.values()) <= 24


def test_rows_are_filled_up_with_the_padding_piece(tokens):
    pieces = tokens.splits["train"]
    rows = np.array([3, 1])
    padded = pieces.padded(rows, 30, tokens.pad)
    assert padded.shape == (2, 30)
    assert (padded[0, pieces.lengths[3] :] == tokens.pad).all()
    assert (padded[0, : pieces.lengths[3]] != tokens.pad).all()


def test_word_pieces_are_the_same_every_time_they_are_trained(small, tokenizer):
    assert train_tokenizer(small.train.texts).get_vocab() == tokenizer.get_vocab()


def test_word_pieces_of_real_text_are_the_same_every_time(real_data):
    from trainables.data.catalog import Source, load

    sms = load(Source(name="sms_spam", data_dir=real_data))
    assert (
        train_tokenizer(sms.train.texts).get_vocab() == train_tokenizer(sms.train.texts).get_vocab()
    )


def test_the_test_split_has_no_say_in_the_word_pieces(small, tokenizer):
    assert "zzqx" not in tokenizer.get_vocab()
    vocabulary = set(tokenizer.get_vocab())
    letters = {letter for text in small.train.texts for letter in text.lower()}
    assert {piece for piece in vocabulary if len(piece) == 1} <= letters


def test_data_are_cut_into_pieces_once(small, specs, filled):
    cache = filled()
    full, pruned = specs("tiny")
    for spec in (full, pruned, specs("tiny", seed=9)[0]):
        cached_tokens(spec, small, cache)
    assert cache.made["tokens"] == 1


def test_the_file_is_mapped_and_not_copied(tokens):
    assert not tokens.splits["train"].values.flags.owndata
    assert not tokens.splits["train"].values.flags.writeable


def test_images_are_refused_by_a_learner_of_text(small, specs, filled):
    from dataclasses import replace

    import pyarrow as pa

    images = [
        replace(split, inputs=pa.array([b"\x89PNG"] * len(split), pa.large_binary()))
        for split in (small.train, small.test)
    ]
    pictures = replace(small, kind="image", train=images[0], test=images[1], truth={})
    with pytest.raises(ValueError, match="holds images; learner tiny reads text"):
        cached_tokens(specs("tiny")[0], pictures, filled())


def test_cores_left_to_the_tokenizer_change_no_piece(small, tokenizer, monkeypatch):
    monkeypatch.setitem(os.environ, "TOKENIZERS_PARALLELISM", "true")
    assert train_tokenizer(small.train.texts).get_vocab() == tokenizer.get_vocab()
