"""Three tiny calls tell what a trainer does with its seed, and whether its answers will do."""

import sys
from itertools import count
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from trainables.data.dataset import Dataset, Split
from trainables.data.user_tables import user_tables
from trainables.errors import DataError
from trainables.trainers import probe
from trainables.trainers.command import command_trainer
from trainables.trainers.contract import Answered, Place, Trainer
from trainables.trainers.probe import ROWS, Probed, probe_trainer


def split_of(n, classes):
    labels = np.zeros(n, dtype=int)
    labels[: 2 * classes] = np.arange(2 * classes) % classes  # all but the first are rare
    return Split(inputs=pa.array([f"text {i}" for i in range(n)], pa.large_string()), labels=labels,
                 ids=np.arange(n))  # fmt: skip


def dataset_of(n=1000, classes=3):
    names = tuple(f"class {k}" for k in range(classes))
    return Dataset(name="some", kind="text", class_names=names, train=split_of(n, classes),
                   test=split_of(n, classes))  # fmt: skip


def trainer_of_function(answer, calls=None, starting=0.0):
    """A trainer that answers with a column made of the call and its number."""
    numbers = count()

    def train(call):
        if calls is not None:
            calls.append(call)
        table = pa.table(answer(call, next(numbers)))
        return Answered(table=table, seconds_starting=starting, log=call.log)

    return Trainer(learner="train.py:fit", sha="x", train=train)


def probed(answer, dataset=None, **more):
    dataset = dataset or dataset_of()
    place = Place(folder=Path.cwd())
    return probe_trainer(trainer_of_function(answer, **more), dataset, user_tables(dataset), place)


def losses(value):
    return lambda call, number: {
        "speed": np.full(len(call.tables["test"]), float(value(call, number)))
    }


def test_a_trainer_that_repeats_itself_and_heeds_its_seed_has_nothing_to_be_told():
    found = probed(losses(lambda call, _: call.seed))
    assert (found.repeats, found.varies, found.notes(200)) == (True, True, [])


def test_one_that_is_not_deterministic_is_told():
    found = probed(losses(lambda _, number: number))
    assert found.warnings == tuple(found.notes(200))
    assert "train.py:fit is not deterministic" in found.warnings[0]


def test_one_that_ignores_its_seed_is_told():
    found = probed(losses(lambda *_: 1.0))
    assert found.warnings == ()
    assert "train.py:fit ignores its seed: its run noise is 0" in found.notes(200)[0]


def test_equal_classes_alone_are_no_proof():
    found = probed(lambda call, _: {"predicted": ["class 1"] * len(call.tables["test"])})
    assert "it may ignore its seed" in found.notes(200)[0]


def test_its_calls_see_some_rows_of_all_classes_in_their_order_and_no_test_answers():
    calls = []
    probed(losses(lambda call, _: call.seed), dataset_of(5000, 60), calls=calls)
    train, test = calls[0].tables["train"], calls[0].tables["test"]
    assert [call.seed for call in calls] == [0, 0, 1]
    assert len({call.scratch for call in calls}) == 3
    assert len(set(train["label"].to_pylist())) == 60
    assert ROWS == len(train) == len(test)
    assert train["id"].to_pylist() == sorted(train["id"].to_pylist())
    assert "label" not in test.column_names


def test_a_small_data_set_is_taken_whole():
    calls = []
    probed(losses(lambda call, _: call.seed), dataset_of(20), calls=calls)
    assert calls[0].tables["train"]["id"].to_pylist() == list(range(20))


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (lambda *_: {"predicted": ["class 1"] * 3}, "answered 3 rows; the test set has 200"),
        (lambda call, _: {"predicted": ["clas 1"] * len(call.tables["test"])}, "the classes are"),
    ],
)
def test_a_wrong_answer_is_found_before_anything_is_scheduled(answer, told):
    with pytest.raises(
        DataError, match=f"a first call, on 200 rows: .*{told}.*nothing was scheduled"
    ):
        probed(answer)


def test_a_slow_first_call_stays_the_only_one(monkeypatch):
    monkeypatch.setattr(probe, "_SLOW_S", -1.0)
    calls = []
    found = probed(losses(lambda *_: 1.0), calls=calls)
    assert len(calls) == 1
    assert "not looked at" in found.notes(200)[0]


def test_a_trial_is_estimated_in_proportion_to_its_rows_behind_its_start():
    found = Probed(who="x", rows=200, starting_s=2.0, working_s=1.0, repeats=True, varies=True,
                   only_classes=False, is_command=True)  # fmt: skip
    assert found.trial_s(1000) == pytest.approx(7.0)
    assert "2.0 s of each trial pass before the command reads its rows" in found.notes(1000)[0]
    assert found.notes(100_000) == []


def test_a_command_of_wrong_columns_is_told_with_the_last_line_of_its_log(tmp_path):
    (tmp_path / "train.py").write_text(
        "import sys, csv\nfor row in csv.DictReader(open(sys.argv[1])): float(row['price'])\n"
    )
    dataset, place = dataset_of(), Place(folder=tmp_path)
    trainer = command_trainer(f"{sys.executable} train.py {{train.csv}} {{out}} {{seed}}", place)
    with pytest.raises(DataError, match="its log ends: KeyError: 'price' \\(nothing was scheduled"):
        probe_trainer(trainer, dataset, user_tables(dataset), place)
