"""The folder of a pruned data set is whole or absent, whatever happens, and nothing is overwritten."""

import os
import signal
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
from orchestrator.pruning.folder import check_out, check_space, whole_folder, write_folder
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


def full(out):
    out.mkdir()
    (out / ".hidden").write_text("mine")


def link(out):
    full(out.parent / "there")
    out.symlink_to(out.parent / "there")


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (full, "is not empty"),
        (link, "is not empty"),
        (lambda out: out.write_text("x"), "is no folder"),
    ],
)
def test_what_is_there_is_never_overwritten(tmp_path, make, said):
    make(tmp_path / "out")
    with pytest.raises(UsageError, match=said):
        check_out(tmp_path / "out")


def test_what_comes_there_meanwhile_is_not_overwritten(tmp_path, opened, survivors):
    out = check_out(tmp_path / "out")
    with pytest.raises(UsageError, match="was filled meanwhile"), whole_folder(out):
        full(tmp_path / "out")
    assert (out / ".hidden").read_text() == "mine"
    assert [path.name for path in tmp_path.iterdir() if "partial" in path.name] == []


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


def killed_at(stage, out):
    """Writes a folder in a process that is killed at a stage of it; what there is afterwards."""
    child = os.fork()
    if child == 0:
        try:
            with whole_folder(out) as draft:
                if stage == 0:
                    os.kill(os.getpid(), signal.SIGKILL)
                (draft / "data").mkdir()
                (draft / "data" / "train.csv").write_text("a")
                if stage == 1:
                    os.kill(os.getpid(), signal.SIGKILL)
                (draft / "prune.json").write_text("{}")
                if stage == 2:
                    folder._put = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
        finally:
            os._exit(0)
    _, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status)


@pytest.mark.parametrize("stage", [0, 1, 2])
def test_killed_at_any_moment_it_leaves_no_folder_and_the_next_takes_the_rest_away(tmp_path, stage):
    out = tmp_path / "o[u]t"
    other = tmp_path / ".o[u]t2.abc.partial"
    other.mkdir()
    assert killed_at(stage, out)
    assert not out.exists()
    (left,) = tmp_path.glob(".o[[]u]t.*.partial")
    assert not killed_at(None, out)
    assert not left.exists() and sorted(path.name for path in out.iterdir()) == [
        "data",
        "prune.json",
    ]
    assert other.exists()  # of another folder


def test_two_commands_do_not_write_one_folder(tmp_path):
    out = tmp_path / "out"
    with whole_folder(out) as draft:
        with (
            pytest.raises(UnavailableError, match="being written by another command"),
            whole_folder(out),
        ):
            pass
        assert draft.exists()
    assert out.is_dir()


def test_too_little_room_is_told_before(tmp_path, opened, monkeypatch):
    usage = folder.shutil.disk_usage(tmp_path)
    monkeypatch.setattr(folder.shutil, "disk_usage", lambda _: usage._replace(free=100))
    with pytest.raises(UnavailableError, match=r"0\.00 GB free.*larger disk"):
        check_space(tmp_path / "far" / "out", opened, 10)


@pytest.mark.parametrize(
    ("place", "said"),
    [
        ("file/out", "is a file, so that"),
        ("file/deep/out", "is a file, so that"),
        ("n" * 230, "its name is too long; one of 213 bytes"),
        (f"{'ü' * 128}/out", "its name is too long"),
        ("run/out", "holds what a run goes on from"),
        ("run/pruned", "holds what a run goes on from"),
        ("link/out", "holds what a run goes on from"),
        ("loop", "is no folder"),
    ],
)
def test_where_no_folder_could_be_put_is_told_before_anything_is_run(tmp_path, place, said):
    (tmp_path / "file").write_text("x")
    (tmp_path / "run").mkdir()
    (tmp_path / "link").symlink_to("run")
    (tmp_path / "loop").symlink_to("loop")
    with pytest.raises(UsageError, match=said):
        check_out(tmp_path / place, own=(tmp_path / "run",))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "link", "loop", "run"]


def test_a_name_as_long_as_is_told_has_room(tmp_path):
    with whole_folder(check_out(tmp_path / ("n" * 213))) as draft:
        assert len(draft.name) == 255


def test_the_place_of_a_mounted_disk_is_refused_and_a_folder_in_it_named(tmp_path, monkeypatch):
    (tmp_path / "out").mkdir()
    monkeypatch.setattr(os.path, "ismount", lambda path: path == tmp_path / "out")
    with pytest.raises(UsageError, match=r"where a disk is mounted.*out/pruned"):
        check_out(tmp_path / "out")
    check_out(tmp_path / "out/pruned")


@pytest.mark.parametrize("is_there", [True, False])
def test_a_place_that_cannot_be_written_to_is_told_before(tmp_path, monkeypatch, is_there):
    out = tmp_path / "out"
    if is_there:
        out.mkdir()
    monkeypatch.setattr(os, "access", lambda path, _: path != tmp_path)
    with pytest.raises(UnavailableError, match="cannot be written to") as told:
        check_out(out)
    assert (f"or {out / 'pruned'}" in str(told.value)) == is_there


@pytest.mark.parametrize("mode", [0o700, 0o750, 0o2770])
def test_an_empty_folder_stays_as_private_as_it_was(tmp_path, mode):
    out = tmp_path / "out"
    out.mkdir()
    out.chmod(mode)
    with whole_folder(out) as draft:
        assert draft.stat().st_mode == out.stat().st_mode
        (draft / "a").write_text("a")
    assert out.stat().st_mode & 0o7777 == mode and (out / "a").exists()
