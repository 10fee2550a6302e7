"""What is damaged in a run's folder or its store is made anew by the same command, with a line for each."""

import json
import shutil
from pathlib import Path

import pytest

from analysis.run_files import load_plan
from orchestrator.store import atomic
from orchestrator.store.damaged_files import CHECKS, damaged_files
from orchestrator.store.maintenance import damaged, entries
from tests.faults import corrupt
from tests.serial import command
from tests.sweeps import rows_of

FLAGS = [
    "--grid", "demo", "--dataset", "synthetic:400", "--model", "linear", "--limit-test", "100",
    "--seeds", "2", "--rate", "0.3", "--signal", "redundancy", "--signal", "random", "--epochs", "3",
    "--no-confirm", "--run", "R", "--cache", "C",
]  # fmt: skip
SPOILT = [
    "flipped", "a-folder",
    *(pytest.param(how, marks=pytest.mark.slow) for how in ("truncated", "zeroed", "emptied")),
]  # fmt: skip


def swept(folder, *flags, before=lambda task: None):
    atomic._DIGESTS.clear()  # each command is a process of its own
    ended = command(folder, "sweep", *FLAGS, *flags, before=before)
    assert "Traceback" not in ended.output
    return ended


@pytest.fixture(scope="module")
def calm(tmp_path_factory):
    folder = tmp_path_factory.mktemp("calm")
    ended = swept(folder)
    assert ended.exit_code == 0, ended.output
    return folder


@pytest.fixture
def copied(calm, tmp_path):
    """A finished run with its store, whose outcomes are still the store's blobs."""
    for name in ("R", "C"):
        shutil.copytree(calm / name, tmp_path / name, ignore=shutil.ignore_patterns("ray"))
    for path in (tmp_path / "R" / "outcomes").iterdir():
        (blob,) = (tmp_path / "C").glob(f"blobs/*/{atomic.sha256_of(path)}")
        path.unlink()
        path.hardlink_to(blob)
    return tmp_path


def files_of(run):
    """A file of each kind that a verdict is made from."""
    found = [sorted(run.glob(pattern)) for pattern in CHECKS]
    return [paths[0] for paths in found if paths]


def differs(folder, calm):
    """In what a folder differs from an undisturbed one, but for clock and machine."""
    same = {
        "rows": rows_of(folder / "R") == rows_of(calm / "R"),
        "plan": load_plan(folder / "R").specs == load_plan(calm / "R").specs,
        "envelope": (folder / "R/envelope.csv").read_bytes()
        == (calm / "R/envelope.csv").read_bytes(),
        "run intact": [*damaged_files(folder / "R")] == [],
        "store intact": damaged(entries(folder / "C")) == [],
    }
    return [name for name, is_same in same.items() if not is_same]


def blob_of(folder, kind):
    (entry, *_) = (one for one in entries(folder / "C") if one.kind == kind)
    return entry.blob


@pytest.mark.parametrize("how", SPOILT)
def test_every_file_of_a_run_is_put_aside_and_made_anew_by_the_same_command(
    how, copied, calm, caplog
):
    spoilt = [path for path in files_of(copied / "R") if path.parent.name != "outcomes"]
    assert len(spoilt) >= 6
    for path in spoilt:
        corrupt(path, how, at=8 * (path.stat().st_size // 3))
    assert swept(copied).exit_code == 0
    kept = {
        str(path.relative_to(copied / "R" / "damaged"))
        for path in (copied / "R/damaged").rglob("*")
    }
    for path in spoilt:
        name = path.relative_to(copied / "R")
        assert str(name) in kept and str(Path("damaged") / name) in caplog.text
    assert differs(copied, calm) == []


@pytest.mark.parametrize("how", ["flipped", pytest.param("a-folder", marks=pytest.mark.slow)])
def test_a_result_whose_file_is_damaged_is_found_at_the_plan_and_made_in_the_same_command(
    how, copied, calm
):
    corrupt(blob_of(copied, "result"), how, at=99)
    ended = swept(copied)
    assert ended.exit_code == 0 and "5 already done, 1 to run" in ended.stdout
    assert differs(copied, calm) == []


def test_an_outcome_that_run_and_store_have_lost_is_made_by_its_trial_anew(copied, calm):
    corrupt(blob_of(copied, "outcome"), "flipped", at=99)
    ended = swept(copied)
    assert ended.exit_code == 0 and ended.stdout.count(" ok trial ") == 1
    assert differs(copied, calm) == []
    outcomes = {path.name for path in (calm / "R/outcomes").iterdir()}
    assert {path.name for path in (copied / "R/outcomes").iterdir()} == outcomes


def test_an_outcome_that_the_store_has_is_copied_again(copied, calm):
    path = min((copied / "R/outcomes").iterdir())
    data = path.read_bytes()
    path.unlink()
    path.write_bytes(data[:-1])
    ended = swept(copied)
    assert ended.exit_code == 0 and "nothing to do" in ended.stdout
    assert path.read_bytes() == data and differs(copied, calm) == []


@pytest.mark.parametrize("how", ["no-ref", pytest.param("flipped", marks=pytest.mark.slow)])
def test_what_trials_rest_on_is_made_again_where_it_goes_on_the_way(how, tmp_path, calm):
    spoilt = {}

    def spoil(task):
        kinds = {"score": ("data", "warm", "features"), "trial": ("scores", "evidence")}
        for one in entries(tmp_path / "C") if task.kind in kinds else ():
            if one.kind in kinds[task.kind] and one.kind not in spoilt:
                spoilt[one.kind] = one.ref
                atomic._DIGESTS.clear()  # the worker is another process
                one.ref.unlink() if how == "no-ref" else corrupt(one.blob, how, at=999)

    ended = swept(tmp_path, before=spoil)
    assert ended.exit_code == 0, ended.output
    assert {*spoilt} == {"data", "warm", "features", "scores", "evidence"}
    assert [one for one in differs(tmp_path, calm) if one != "store intact"] == []


def test_a_row_under_the_name_of_another_is_not_read_and_is_made_anew(copied, calm):
    one, other = sorted((copied / "R/trials").glob("*.json"))[:2]
    one.write_bytes(other.read_bytes())
    ended = command(copied, "status", "R")
    assert ended.exit_code == 4 and "holds the row of another trial" in ended.stderr
    assert swept(copied).exit_code == 0 and differs(copied, calm) == []


READERS = {
    "report": ["report", "R"],
    "gate": ["report", "R", "--gate", "synthetic:400>=0.1"],
    "table": ["table", "R"],
    "status": ["status", "R"],
    "prune": ["prune", "R", "OUT", "--no-warrant"],
}


@pytest.mark.parametrize("name", READERS)
@pytest.mark.parametrize("what", ["trials/*.json", "plan.json"])
def test_a_command_that_reads_refuses_what_is_damaged_and_says_what_mends_it(
    what, name, copied, calm
):
    path = min((copied / "R").glob(what))
    text = path.read_text()
    path.write_text(text.replace('"lr": 0.', '"lr": 1.', 1))
    assert path.read_text() != text
    ended = command(copied, *READERS[name])
    assert ended.exit_code == 4, ended.output
    assert str(path.relative_to(copied)) in ended.stderr and ended.stderr.count("\n") == 1
    assert (
        "it was damaged, or edited by hand; give the command that made the run again"
        in ended.stderr
    )
    assert (json.loads((calm / "R/plan.json").read_text())["command"] in ended.stderr) == (
        what != "plan.json"
    )


def test_a_table_that_was_copied_alone_is_read_and_one_changed_bit_of_it_is_not(copied):
    shutil.copytree(
        copied / "R",
        copied / "alone",
        ignore=lambda _, names: [n for n in names if n != "trials.parquet"],
    )
    assert command(copied, "table", "alone").exit_code == 0
    corrupt(copied / "alone/trials.parquet", "flipped", at=9999)
    ended = command(copied, "table", "alone")
    assert ended.exit_code == 4 and "alone/trials.parquet" in ended.stderr


def test_a_dry_run_moves_nothing(copied):
    (copied / "R/plan.json").write_text("[]")
    assert swept(copied, "--dry-run").exit_code == 0
    assert (copied / "R/plan.json").read_text() == "[]" and not (copied / "R/damaged").exists()
