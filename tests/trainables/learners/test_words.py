"""Word pieces by way of words are those of the tokenizer by way of texts."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trainables.data.dataset import Dataset, Split
from trainables.learners.tokens import fitted_tokens, tokens_of
from trainables.learners.words import (
    SPECIAL,
    read_words,
    train_pieces,
    whole_tokenizer,
    words_in,
    write_words,
)

HOSTILE = [
    "", " ", "\n", "a", "A b  c", "it's 3.14, n'est-ce pas?", "[CLS] [UNK] ##ing [SEP]", "é e\u0301 É",
    "İstanbul ΑΣ ß ﬁ", "中文 字", "a\u00a0b\u2028c\u3000d\u200be", "\x00\x1fz\x7f", "👩‍👩‍👧 👍🏽", "x" * 101,
    "𝔘𝔫𝔦 ℌ", "tab\tand\rreturn", "a_b-c/d\\e", "\ufeffbom", "ا ل ع", "z̸a̸l̸g̸o̸",
]  # fmt: skip
texts = st.one_of(st.sampled_from(HOSTILE), st.text(max_size=30))
pairs = st.tuples(texts, texts)


def dataset_of(rows):
    """A data set of texts and pairs of texts, each once in training and once in the test split."""
    joined = ["\n".join(row) if isinstance(row, tuple) else row for row in rows]
    firsts = np.array([len(row[0]) if isinstance(row, tuple) else 0 for row in rows])
    labels, ids = np.zeros(len(rows), dtype=np.int64), np.arange(len(rows))
    split = Split(inputs=pa.array(joined, pa.large_string()), labels=labels, ids=ids, first=firsts)
    return Dataset(name="d", kind="text", class_names=("a", "b"), train=split, test=split)


@settings(max_examples=80, deadline=None)
@given(st.lists(st.one_of(texts, pairs), min_size=2, max_size=8), st.integers(4, 20))
def test_pieces_by_words_are_those_that_the_tokenizer_gives_the_texts(
    tmp_path_factory, rows, length
):
    dataset, path = dataset_of(rows), tmp_path_factory.mktemp("words") / "words.arrow"
    write_words(dataset, path)
    words = read_words(path)
    found = fitted_tokens(words, length)
    tokenizer = whole_tokenizer(train_pieces(words["train"].lines.to_pylist()))
    expected = tokens_of(dataset, tokenizer, max_length=length)
    assert found.vocabulary == expected.vocabulary
    for name, pieces in expected.splits.items():
        assert found.splits[name].values.tolist() == pieces.values.tolist()
        assert found.splits[name].offsets.tolist() == pieces.offsets.tolist()


def test_pieces_are_trained_on_words_as_on_the_texts_they_stand_in(small):
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, trainers

    normalizer = normalizers.BertNormalizer(lowercase=True)
    plain = [normalizer.normalize_str(text) for text in [*small.train.texts, *HOSTILE]]
    letters = sorted(set().union(*plain))
    trained = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    trained.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    marks = [*SPECIAL, *(f"##{letter}" for letter in letters)]
    trainer = trainers.WordPieceTrainer(
        vocab_size=8192 + len(letters), min_frequency=2, initial_alphabet=letters,
        special_tokens=marks, show_progress=False,
    )  # fmt: skip
    trained.train_from_iterator(plain, trainer)
    lines = [" ".join(words) for words in words_in([*small.train.texts, *HOSTILE])]
    assert train_pieces(lines) == trained.get_vocab()


@pytest.mark.parametrize("kept", [1, 7])
def test_pieces_are_made_of_the_rows_that_stay(small, tmp_path, kept):
    write_words(small, tmp_path / "words")
    words, keep = read_words(tmp_path / "words"), np.arange(len(small.train)) < kept
    found = fitted_tokens(words, 24, fitted_on=keep)
    alone = train_pieces(words["train"].lines.to_pylist()[:kept])
    assert found.vocabulary == len(alone)
    assert {name: len(p.lengths) for name, p in found.splits.items()} == {
        name: len(split) for name, split in small.splits.items()
    }
