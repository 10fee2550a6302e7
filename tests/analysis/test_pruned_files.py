"""prune.json is read as it was written, and what is not one is refused by its name."""

import json
from dataclasses import replace

import pytest

from analysis.pruned_files import FOLDER, ClassCount, PrunedFile, PruneRecord, read_pruned
from trainables.errors import DataError
from trainables.spec import TrialSpec

SPEC = TrialSpec(
    dataset="mine", data_sha="d" * 64, model="linear", model_sha="linear", learner="linear", seed=9,
    signal="redundancy", settings=(("k", 5),), selector="global", rate=0.3, protocol="restart",
    scored_by=(1, 2, 3),
)  # fmt: skip
RECORD = PruneRecord(
    version="1", made="2026-01-02T03:04:05+00:00", command="prune-envelope prune r out", run="r",
    dataset="mine", data_sha="d" * 64, read_from="mine.csv", spec=SPEC, words="redundancy, 30 %",
    files=(PrunedFile(split="train", path="data/train.csv", rows=7, sha256="a" * 64, reading={"sep": ";"}),),
    list_sha="b" * 64, n_train=10, n_kept=7, classes=(ClassCount(name="yes", kept=3, rows=5),),
    protected=("no",), agreement={1: 0.5, 12: 1.0}, state="confirmed",
)  # fmt: skip


@pytest.mark.parametrize("warrant", [None, {"verdict": "within", "seeds": [1, 2]}])
def test_a_record_is_read_as_it_was_written(warrant):
    record = replace(RECORD, warrant=warrant)
    assert PruneRecord.from_json(record.to_json()) == record


def test_the_rate_is_what_went_and_not_what_was_asked_for():
    assert replace(RECORD, n_kept=8).rate == pytest.approx(0.2)


def test_the_folder_s_path_stands_in_the_run_s_copy_alone():
    assert "out" not in json.loads(RECORD.to_json())
    assert json.loads(replace(RECORD, out="/a").to_json())["out"] == "/a"


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format": 1}', "null", '{"format": 99}'])
def test_what_is_no_record_is_refused_by_the_name_of_its_file(text, tmp_path):
    (tmp_path / FOLDER).mkdir()
    (tmp_path / FOLDER / "abc.json").write_text(text)
    with pytest.raises(DataError, match=r"abc\.json: "):
        read_pruned(tmp_path)


def test_records_are_read_the_oldest_first(tmp_path):
    (tmp_path / FOLDER).mkdir()
    for name, made in (("a", "2026-03"), ("b", "2026-01")):
        text = replace(RECORD, made=made).to_json()
        (tmp_path / FOLDER / f"{name}.json").write_text(text)
    assert [one.made for one in read_pruned(tmp_path)] == ["2026-01", "2026-03"]


def test_a_run_without_pruned_files_has_none(tmp_path):
    assert read_pruned(tmp_path) == []
