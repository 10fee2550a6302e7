"""The folder of a pruned data set is whole or absent, whatever happens, and nothing is overwritten."""

from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from analysis.guards import Criterion
from analysis.pruned_files import PruneRecord, read_pruned
from analysis.run_files import Plan
from orchestrator.planning.request import Request
from orchestrator.planning.resources import Resources
from orchestrator.pruning import folder
from orchestrator.pruning.folder import check_list, check_out, check_space, write_folder
from orchestrator.pruning.opened import OpenedRun
from orchestrator.pruning.survivors import Survivors
from tests.pruned_folders import RECORD
from trainables.arrays import rows_sha
from trainables.data.catalog import Source, load
from trainables.data.columns import Columns
from trainables.errors import DataError, UnavailableError, UsageError
from trainables.spec import TrialSpec

LINES = ["nr;say;kind", *(f"r{i};word {i} ;{'ab'[i % 3 == 0]}" for i in range(60))]
COLUMNS = Columns(text=("say",), label="kind", id="nr")


@pytest.fixture
def opened(tmp_path):
    (tmp_path / "in").mkdir()
    path = tmp_path / "in" / "mine.csv"
    path.write_text("\n".join(LINES) + "\n")
    source = Source(name=str(path), columns=COLUMNS, test_fraction=0.4)
    (tmp_path / "run").mkdir()
    return OpenedRun(
        folder=tmp_path / "run",
        plan=Plan(),
        request=Request(datasets=(str(path),)),
        resources=Resources(cache=tmp_path / "cache", runs=tmp_path / "runs"),
        by=Criterion(),
        source=source,
        dataset=load(source),
    )


@pytest.fixture
def survivors(opened):
    n = len(opened.dataset.train)
    scores = np.random.default_rng(0).random(n).astype(np.float32)
    spec = TrialSpec(
        dataset="mine", data_sha=opened.dataset.sha, model="linear", model_sha="linear", learner="linear",
        seed=9, signal="random", selector="global", rate=0.25, protocol="restart", scored_by=(1, 2),
    )  # fmt: skip
    return Survivors(spec=spec, keep=scores >= np.quantile(scores, 0.25), scores=scores)


def written(out, opened, survivors, card="card"):
    record = replace(
        RECORD, spec=survivors.spec, list_sha=rows_sha(survivors.keep), data_sha=opened.dataset.sha,
        n_train=len(survivors.keep), n_kept=int(survivors.keep.sum()), warrant=None,
    )  # fmt: skip
    return write_folder(check_out(out), opened, survivors, record, lambda _: card)


def test_it_holds_the_rows_that_stay_as_they_stood_and_all_that_is_said_of_them(
    tmp_path, opened, survivors
):
    record = written(tmp_path / "out", opened, survivors)
    train = opened.dataset.train
    lines = (tmp_path / "out/data/train.csv").read_text().splitlines()
    assert lines == [LINES[0], *(LINES[1 + row] for row in train.rows[survivors.keep])]
    held_out = (tmp_path / "out/data/test.csv").read_text().splitlines()[1:]
    removed = pq.read_table(tmp_path / "out/removed.parquet")
    kept = pq.read_table(tmp_path / "out/kept.parquet")
    gone = [LINES[1 + row] for row in removed["row"].to_pylist()]
    assert Counter([*lines[1:], *held_out, *gone]) == Counter(LINES[1:])
    assert kept["row"].to_pylist() == train.rows[survivors.keep].tolist()
    assert kept["id"].to_pylist() == [
        LINES[1 + row].split(";")[0] for row in kept["row"].to_pylist()
    ]
    assert kept["class"].to_pylist() == [line.split(";")[2] for line in lines[1:]]
    text = (tmp_path / "out/prune.json").read_text()
    assert PruneRecord.from_json(text) == record and record.out == ""
    assert read_pruned(opened.folder) == [replace(record, out=str(tmp_path / "out"))]
    assert (tmp_path / "out/README.md").read_text() == "card"
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert names == {"data", "kept.parquet", "removed.parquet", "prune.json", "README.md"}


def test_the_same_list_written_twice_is_the_same_bytes_and_both_places_are_known(
    tmp_path, opened, survivors
):
    one, two = (written(tmp_path / name, opened, survivors) for name in ("a", "b"))
    assert (one.files, one.kept_sha256, one.removed_sha256) == (
        two.files, two.kept_sha256, two.removed_sha256,
    )  # fmt: skip
    assert {Path(record.out).name for record in read_pruned(opened.folder)} == {"a", "b"}


@pytest.mark.parametrize("make", [lambda out: out.mkdir(), lambda out: None])
def test_an_empty_folder_may_be_there(tmp_path, opened, survivors, make):
    make(tmp_path / "out")
    written(tmp_path / "out", opened, survivors)
    assert (tmp_path / "out/prune.json").exists()


@pytest.mark.parametrize("name", ["write_splits", "check_written", "removed_rows"])
def test_an_error_leaves_nothing(tmp_path, opened, survivors, monkeypatch, name):
    def broken(*_):
        raise DataError("no")

    monkeypatch.setattr(folder, name, broken)
    before = {path.name for path in tmp_path.iterdir()}
    with pytest.raises(DataError, match="no"):
        written(tmp_path / "out", opened, survivors)
    assert {path.name for path in tmp_path.iterdir()} == before
    assert read_pruned(opened.folder) == []


def test_a_list_that_leaves_no_row_of_a_class_is_refused_before_anything_is_run(opened, survivors):
    check_list(opened, survivors)
    labels = opened.dataset.train.labels
    with pytest.raises(DataError, match="no training row of class 'a' stays"):
        check_list(opened, replace(survivors, keep=labels != 0))


def test_too_little_room_is_told_before(tmp_path, opened, monkeypatch):
    usage = folder.shutil.disk_usage(tmp_path)
    monkeypatch.setattr(folder.shutil, "disk_usage", lambda _: usage._replace(free=100))
    with pytest.raises(UnavailableError, match=r"100 bytes free.* kB; free some"):
        check_space(tmp_path / "far" / "out", opened, 10)


@pytest.mark.parametrize("place", ["run/out", "run/pruned", "link/out", "run/../run/out"])
def test_a_place_that_is_the_run_s_own_is_refused(tmp_path, place):
    (tmp_path / "run").mkdir()
    (tmp_path / "link").symlink_to("run")
    with pytest.raises(UsageError, match="holds what a run goes on from"):
        check_out(tmp_path / place, own=(tmp_path / "run",))
    assert not [*(tmp_path / "run").iterdir()]


def test_a_place_is_where_its_links_lead(tmp_path):
    (tmp_path / "link").symlink_to("there")
    assert check_out(tmp_path / "link") == tmp_path / "there"
