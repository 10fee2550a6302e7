import pytest

from orchestrator.planning.missing import (
    Missing,
    come_with_vectors,
    look_at_sources,
    with_flags,
)
from orchestrator.planning.plan import plan_sweep
from orchestrator.planning.request import Request
from orchestrator.planning.resources import Resources
from trainables.data.catalog import Source
from trainables.data.columns import Columns
from trainables.errors import DataError, MissingError, UnreachedError, UsageError

HEADER = "Ticket No.,Created At,Subject Line,Body Text,Queue"
COMMAND = "prune-envelope sweep --dataset t.csv --model gone/model"


@pytest.fixture
def tickets(tmp_path):
    """A file of columns that nobody could guess by their names."""
    words = ["printer is broken again please help", "where is my refund for the last invoice"]
    rows = (
        f"TCK-{i},2026-01-{i % 28 + 1:02d},{words[i % 2][:15]},{words[i % 2]} {i},{'AB'[i % 2]}x"
        for i in range(60)
    )
    path = tmp_path / "t.csv"
    path.write_text("\n".join([HEADER, *rows]) + "\n")
    return path


@pytest.fixture
def offline(monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)


def planned(tmp_path, **asked):
    resources = Resources(cache=tmp_path / "cache", runs=tmp_path / "runs")
    return plan_sweep(Request(**asked), resources, run=None, command=COMMAND)


def test_one_call_names_all_that_a_new_file_lacks_and_the_command_that_has_it(
    tickets, tmp_path, offline
):
    with pytest.raises(MissingError) as caught:
        planned(tmp_path, datasets=(str(tickets),), model="gone/model")
    head, *lines, above, command = caught.value.lines
    assert head == "4 things are missing or wrong:" and caught.value.exit_code == 4
    assert [line for line in lines if "no column of texts" in line and "'Body Text' (" in line]
    assert [line for line in lines if "'Queue' (2 values: 'Ax', 'Bx')" in line]
    assert [line for line in lines if "--test FILE names one, --test-fraction 0.2" in line]
    assert [line for line in lines if "model gone/model is no folder here, offline mode" in line]
    assert above == "with all of it:" and command.split("t.csv")[1] == (
        " --text-column 'Body Text' --label-column Queue --test-fraction 0.2 --model linear"
    )


def test_the_suggested_columns_plan(tickets, tmp_path):
    columns = Columns(text=("Body Text",), label="Queue")
    sweep = planned(
        tmp_path, datasets=(str(tickets),), model="linear", columns=columns, test_fraction=0.2
    )
    assert len(sweep.wholes) == 1


def test_all_signals_that_are_not_known_are_told(tmp_path):
    asked = {"datasets": ("synthetic:60",), "model": "linear"}
    with pytest.raises(MissingError) as caught:
        planned(tmp_path, **asked, signals=("nosuch", "keep_one,x=3", "redundancy"))
    assert caught.value.exit_code == 2
    assert "unknown signal 'nosuch'" in caught.value.lines[1]
    assert "keep_one has no setting 'x'" in caught.value.lines[2]


def test_one_thing_that_is_wrong_is_told_as_ever(tickets, tmp_path):
    columns = Columns(text=("Body Text",), label="Queue")
    with pytest.raises(UsageError, match="no test split"):
        planned(tmp_path, datasets=(str(tickets),), model="linear", columns=columns)


def test_data_are_read_though_the_model_is_not_there(tmp_path, offline):
    path = tmp_path / "bad.csv"
    path.write_text("text,label\n" + "some words,a\nother words,b\n" * 9 + "more words,\n")
    with pytest.raises(MissingError, match=r"(?s)gone/model.*bad.csv.*1 row is bad"):
        planned(tmp_path, datasets=(str(path),), model="gone/model", test_fraction=0.2)


def test_a_model_alone_that_is_not_there_is_one_line(tmp_path, offline):
    with pytest.raises(UnreachedError, match="no folder here, offline mode is on"):
        planned(tmp_path, datasets=("synthetic:60",), model="gone/model")


def test_flags_that_were_typed_make_way(tickets):
    flags = {"--text-column": "Body Text", "--label-column": "Queue"}
    typed = "sweep --label-column=Que --text-column Bod --dataset a.csv -n"
    assert with_flags(typed, flags) == (
        "sweep --dataset a.csv -n --text-column 'Body Text' --label-column Queue"
    )


def test_a_file_that_is_not_there_is_told_beside_the_rest(tmp_path):
    missing = Missing(command="")
    look_at_sources([Source(name=str(tmp_path / "gone.csv"))], missing)
    with pytest.raises(DataError, match=r"gone\.csv"):
        missing.end()


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        (Columns(embedding="vector"), True),
        (Columns(embedding="vector", text=("text",)), False),
    ],
)
def test_data_of_vectors_alone_are_known_by_their_columns(columns, expected):
    source = Source(name="t.csv")
    assert come_with_vectors([source], {"t.csv": columns}) is expected
    asked = Source(name="t.csv", columns=Columns(embedding="vector"))
    assert come_with_vectors([asked], {})
