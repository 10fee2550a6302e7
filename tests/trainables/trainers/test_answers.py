"""Every fault of an answer is one line that names column, first bad row, what is there and what may be."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from trainables.data.dataset import Dataset, Split
from trainables.errors import DataError
from trainables.trainers.answers import Expected, outcome_of
from trainables.trainers.child import answer_table

LABELS = np.array([0, 1, 0, 1])


def expected(values=("ham", "spam"), *, numbers=False, **more):
    rows = [f"text {i}" for i in range(4)]
    targets = {"targets": np.arange(4.0)} if numbers else {}
    labels = np.zeros(4) if numbers else LABELS
    split = Split(inputs=rows, labels=labels, ids=[10, 11, 12, 13], **targets)
    names = () if numbers else tuple(str(value) for value in values)
    dataset = Dataset(name="mail", kind="text", class_names=names, train=split, test=split)
    return Expected(who="train.py:fit", dataset=dataset, values=values, **more)


def outcome(returned, **settings):
    return outcome_of(answer_table(returned), expected(**settings)).columns


PROBS = np.array([[0.9, 0.1], [0.2, 0.8], [0.4, 0.6], [0.0, 1.0]])


@pytest.mark.parametrize(
    ("returned", "values"),
    [
        (["ham", "spam", "ham", "spam"], ("ham", "spam")),
        (np.array(["ham", "spam", "ham", "spam"]), ("ham", "spam")),
        (np.array(["ham", "spam", "ham", "spam"], dtype=object), ("ham", "spam")),
        (
            pd.Series(["ham", "spam", "ham", "spam"], dtype="category", index=[9, 8, 7, 6]),
            ("ham", "spam"),
        ),
        (pa.array(["ham", "spam", "ham", "spam"]).dictionary_encode(), ("ham", "spam")),
        ([0, 1, 0, 1], ("ham", "spam")),
        (np.array([1, 2, 1, 2]), (1, 2)),
        (np.array([1.0, 2.0, 1.0, 2.0]), (1, 2)),
        (["1", "2", "1", "2"], (1, 2)),
        ([5, 7, 5, 7], (5, 7)),
        (np.ma.array([5, 7, 5, 7]), (5, 7)),
        (np.array([5, 7, 5, 7], dtype=">i8"), (5, 7)),
        (np.array([False, True, False, True]), (False, True)),
        (["False", "True", "False", "True"], (False, True)),
        ({"predicted": ["ham", "spam", "ham", "spam"]}, ("ham", "spam")),
        (pd.DataFrame({"predicted": ["ham", "spam", "ham", "spam"]}), ("ham", "spam")),
        (pa.table({"id": [10, 11, 12, 13], "predicted": [0, 1, 0, 1]}), ("ham", "spam")),
    ],
)
def test_classes_are_understood_however_they_are_written(returned, values):
    found = outcome(returned, values=values)
    assert found["predicted"].tolist() == LABELS.tolist()


def test_probabilities_give_the_class_and_the_loss_of_the_truth():
    for returned in (PROBS, PROBS.tolist(), {"probs": PROBS.astype(np.float32)}):
        found = outcome(returned)
        assert found["predicted"].tolist() == [0, 1, 1, 1]
        np.testing.assert_allclose(found["loss"], -np.log([0.9, 0.8, 0.4, 1.0]), atol=1e-6)
        assert "probs" not in found
    assert outcome(PROBS, needs=("probs",))["probs"].shape == (4, 2)


def test_a_probability_of_nothing_is_a_finite_loss():
    found = outcome(np.array([[0.0, 1.0]] * 4))
    assert np.isfinite(found["loss"]).all()


def test_probabilities_of_a_csv_are_columns_by_class():
    parts = {"probs.spam": PROBS[:, 1], "probs.ham": PROBS[:, 0]}
    assert outcome(parts)["predicted"].tolist() == [0, 1, 1, 1]


def test_numbers_are_taken_flat_or_as_one_column():
    for returned in (np.arange(4), np.arange(4.0)[:, None], [0.0, 1.0, 2.0, 3.0]):
        assert outcome(returned, numbers=True)["predicted"].tolist() == [0, 1, 2, 3]


def test_columns_of_ones_own_are_kept_as_numbers():
    found = outcome({"exact_match": np.array([True, False, True, True]), "weight": [1, 2, 0, 1]})
    assert found["exact_match"].tolist() == [1, 0, 1, 1]
    assert found["weight"].tolist() == [1, 2, 0, 1]


@pytest.mark.parametrize(
    ("returned", "why"),
    [
        (None, "returned None; return one answer a test row"),
        ({}, "dict without a column"),
        ("ham", "is str, 'ham'"),
        (3, "is int, 3"),
        (np.float64(0.5), "is float64|shape \\(\\)"),
        ({"ham", "spam"}, "is set"),
        (np.zeros((4, 2, 2)), r"shape \(4, 2, 2\)"),
        ([[0.5, 0.5], [1.0]] * 2, r"column probs, row 1 \(id 11\): \[1.0\]; it has 1 numbers; there are 2"),
        (["ham", 3, "ham", "spam"], "no number and no text"),
        ({"predicted": [0, 1, 0, 1], "weight": [1.0]}, "predicted 4, weight 1 rows"),
        ({"predicted": [[0], [1], [0], [1]]}, r"column predicted, row 0 .*: \[0\]; give one class a row"),
        (["ham"] * 3, "answered 3 rows; the test set has 4"),
        (["ham"] * 5, "answered 5 rows; the test set has 4"),
        (["ham", "spma", "ham", "spam"], r"column predicted, row 1 \(id 11\): 'spma'; the classes are 'ham', 'spam'"),
        (["ham", None, "ham", "spam"], r"column predicted, row 1 \(id 11\): None; every row needs a value"),
        (np.ma.array([0, 1, 0, 1], mask=[0, 0, 1, 0]), r"predicted, row 2 \(id 12\): None; every row needs"),
        (np.ma.array(PROBS, mask=PROBS == 1), r"column probs, row 3 .*: \[.*nan.*\]; every number is finite"),
        (["ham", "Spam", "ham", "spam"], "row 1 .*'Spam'"),
        ([0, 1, 2, 1], "row 2 .*: 2; the classes are"),
        ([0.1, 0.9, 0.2, 0.8], r"row 0 .*: 0.1; .*probabilities are of shape \(n, c\)"),
        (np.array([0.0, np.nan, 0.0, 1.0]), "column predicted, row 1"),
        (PROBS * 2, "row 0 .*a row sums to 1, within 0.001, not to 2"),
        (PROBS * [1, -1], "probabilities are 0 or more"),
        (PROBS * [np.nan, 1], "every number is finite"),
        (PROBS[:, :1], "there are 2 classes"),
        (np.ones((4, 3)) / 3, "it has 3 numbers; there are 2 classes"),
        ({"probs": [0.1, 0.2, 0.3, 0.4]}, "give a list of one number a class"),
        ({"id": [10, 11, 13, 12], "predicted": [0, 1, 0, 1]}, r"column id, row 2 .*: 13; the test set has 12 there"),
        ({"id": [10, 11, 12, 13]}, "gave ids alone"),
        ({"loss": [0.1, 0.2, 0.3, 0.4]}, "answers of the test set are held back"),
        ({"predicted": [0, 1, 0, 1], "weight": [1, -1, 1, 1]}, "column weight, row 1 .*weights are 0 or more"),
        ({"predicted": [0, 1, 0, 1], "weight": [0, 0, 0, 0]}, "0 in every row"),
        ({"bleu": [0.1, np.inf, 0.1, 0.1]}, "column bleu, row 1 .*: inf; every number is finite"),
        ({"bleu": ["a", "b", "c", "d"]}, "column bleu, row 0 .*give a number a row"),
        ({"probs.ham": [1, 1, 1, 1]}, "give probs.ham, probs.spam, one column a class"),
    ],
)  # fmt: skip
def test_a_fault_of_an_answer_is_one_line(returned, why):
    with pytest.raises(DataError, match=why) as caught:
        outcome(returned)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("returned", "why"),
    [
        (np.array([1.0, np.nan, 2.0, 3.0]), r"column predicted, row 1 \(id 11\): (nan|None)"),
        (["1", "2", "3", "4"], "give a number a row"),
        (np.ones((4, 2)) / 2, "has no classes; give numbers of shape"),
    ],
)
def test_numbers_that_are_none_are_refused(returned, why):
    with pytest.raises(DataError, match=why):
        outcome(returned, numbers=True)


def test_what_the_metric_needs_must_be_there():
    with pytest.raises(
        DataError, match=r"gave predicted; the metric needs loss: return probabilities"
    ):
        outcome(["ham"] * 4, needs=("loss",))


def test_a_trainer_that_saw_the_answers_may_compute_a_loss():
    found = outcome({"loss": [0.1, 0.2, 0.3, 0.4]}, shows_answers=True, needs=("loss",))
    assert found["loss"].tolist() == [0.1, 0.2, 0.3, 0.4]
