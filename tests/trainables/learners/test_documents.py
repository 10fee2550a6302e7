import subprocess
import sys
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from tests.trainables.learners.test_scored_texts import ASKED, forgetful
from trainables.data.dataset import Dataset, Split
from trainables.data.messages import conversation
from trainables.learners.document_looks import looks_at
from trainables.learners.documents import (
    cutter_of_rows,
    documents_of,
    fitted_documents,
    read_documents,
    write_documents,
)
from trainables.learners.scored_texts import plain_template

TEXTS = [f"the sum of {i} and {j} is {i + j}" for i in range(8) for j in range(6)]


def split(texts, first=None):
    ids = np.arange(len(texts))
    return Split(inputs=texts, labels=np.zeros(len(texts), int), ids=ids, first=first)


def made(train, kind="text", test=None):
    return Dataset(name="made", kind=kind, class_names=(), train=train, test=test or train)


def said(cutter, pieces, rows=slice(None)):
    """What is scored of each row, as text; marks included."""
    ends = pieces.pieces.offsets
    return [
        cutter.tokenizer.decode(
            pieces.pieces.values[a:b][pieces.scored[a:b]].tolist(), skip_special_tokens=False
        )
        for a, b in pairwise(ends)
    ][rows]


def test_all_of_a_text_and_its_end_are_scored():
    data = made(split(TEXTS))
    cutter = cutter_of_rows(data.train, "text")
    documents = documents_of(data, cutter, 64)
    assert said(cutter, documents.splits["train"]) == [f"{text}<|end|>" for text in TEXTS]


def test_of_a_pair_the_response_and_its_end_are_scored():
    texts = [f"{text} ?\nyes, {text}" for text in TEXTS]
    data = made(split(texts, np.array([len(text) + 2 for text in TEXTS])))
    cutter = cutter_of_rows(data.train, "text")
    found = said(cutter, documents_of(data, cutter, 64).splits["train"])
    assert found == [f"yes, {text}<|end|>" for text in TEXTS]


def test_of_a_conversation_what_the_assistant_says_is_scored_with_its_end():
    turns = [
        [{"role": "user", "content": text}, {"role": "assistant", "content": text[::-1]}] * 2
        for text in TEXTS
    ]
    data = made(split([conversation(one) for one in turns]), "messages")
    cutter = cutter_of_rows(data.train, "messages")
    found = said(cutter, documents_of(data, cutter, 400).splits["train"])
    assert found == [f"{text[::-1]}<|end|>" * 2 for text in TEXTS]


def test_a_mark_written_in_a_text_is_text():
    data = made(split([*TEXTS, "a <|end|> b"]))
    cutter = cutter_of_rows(data.train, "text")
    pieces = documents_of(data, cutter, 64).splits["train"].pieces
    last = pieces.values[pieces.offsets[-2] :]
    assert (last == cutter.end).sum() == 2  # before and behind the text


def test_rows_are_cut_on_the_right_and_counted():
    texts = [f"{'long ' * 30}question {i}\nanswer" for i in range(30)] + ["short\nanswer"] * 10
    first = np.array([text.index("\n") for text in texts])
    data = made(split(texts, first))
    look = looks_at(data, cutter_of_rows(data.train, "text"), 16)["train"]
    assert (look.rows, look.cut, look.unscored) == (40, 30, 30)


@pytest.mark.parametrize(("template", "count"), [(plain_template, 0), (forgetful, 2)])
def test_conversations_of_which_a_template_leaves_one_answer_are_counted(template, count):
    data = made(split([*[conversation(ASKED)] * 2, conversation(ASKED[:2])]), "messages")
    cutter = replace(cutter_of_rows(data.train, "messages"), template=template)
    assert looks_at(data, cutter, 64)["train"].last_only == count


def test_the_first_piece_of_a_row_is_never_scored():
    data = made(split(TEXTS))
    one = fitted_documents(data, data.train, 64).splits["train"]
    assert not one.scored[one.pieces.offsets[:-1]].any()


def test_what_is_read_is_what_was_written(tmp_path):
    data = made(split(TEXTS), test=split(TEXTS[:5]))
    documents = fitted_documents(data, data.train, 12)
    write_documents(documents, tmp_path / "documents")
    found = read_documents(tmp_path / "documents")
    assert found.vocabulary == documents.vocabulary
    for name, one in documents.splits.items():
        for what in ("counts", "whole"):
            assert (getattr(found.splits[name], what) == getattr(one, what)).all()
        assert (found.splits[name].pieces.values == one.pieces.values).all()


@pytest.mark.slow
def test_pieces_made_of_rows_are_the_same_in_another_process():
    script = (
        "from tests.trainables.learners.test_documents import TEXTS, split\n"
        "from trainables.learners.documents import cutter_of_rows\n"
        "print(cutter_of_rows(split(TEXTS * 9), 'text').tokenizer.to_str())"
    )
    told = {
        subprocess.run(
            [sys.executable, "-c", script], capture_output=True, text=True, check=True
        ).stdout
        for _ in range(3)
    }
    assert len(told) == 1 and "merges" in told.pop()
