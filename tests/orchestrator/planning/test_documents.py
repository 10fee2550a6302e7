from dataclasses import replace

import pytest

from orchestrator.planning.documents import check_documents, documents_notes, memory_notes
from trainables.data.catalog import Source, load
from trainables.errors import UsageError
from trainables.learners.document_looks import DocumentsLook
from trainables.learners.pretrained import named_model
from trainables.training_settings import Training

MODEL = named_model("causal_lm")
LOOK = DocumentsLook(rows=200, of=1000, cut=0, unscored=0, median_pieces=31, scored_share=0.33)


def told(**seen):
    data = load(Source(name="instructions:60", target="none"))
    return [*documents_notes({"sha": {"train": replace(LOOK, **seen)}}, {"sha": data}, 16)]


def test_a_plan_says_how_long_rows_are_and_how_much_of_them_is_predicted():
    (note,) = told()
    assert "half of the rows have 31 word pieces or more, 33% of them predicted" in note


def test_rows_that_are_cut_or_have_nothing_to_predict_are_counted():
    _, cut, unscored = told(cut=7, unscored=3)
    assert "7 of 200 train rows looked at have more than 16 word pieces" in cut
    assert "3 of 200 train rows looked at have no piece left to predict" in unscored


def test_conversations_of_which_the_last_answer_alone_is_predicted_are_told():
    _, note = told(last_only=9)
    assert "of 9 of 200 train rows looked at the last answer alone is predicted" in note


def test_rows_of_which_nothing_is_left_to_predict_are_refused():
    data = load(Source(name="instructions:60", target="none"))
    with pytest.raises(UsageError, match=r"no row of train keeps a piece to predict.*--max-length"):
        check_documents(MODEL, [data], 2)


def test_a_classifier_has_no_rows_that_are_predicted():
    assert check_documents(named_model("tiny"), [load(Source(name="synthetic:60"))], 8) == {}


@pytest.mark.parametrize(("rows", "is_told"), [(1, False), (10**6, True)])
def test_logits_that_do_not_fit_into_memory_are_told(rows, is_told):
    large = replace(MODEL, vocabulary=50_257)
    training = Training(batch_size=rows, max_length=128)
    assert bool([*memory_notes(large, training, gpu=False, is_local=True)]) == is_told
