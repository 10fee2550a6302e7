import json
import os
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from filelock import FileLock
from typer.testing import CliRunner

from analysis.run_files import Plan
from orchestrator.__main__ import app
from orchestrator.cli.status import read_progress
from orchestrator.store.run_folder import Run
from orchestrator.store.running import Lane, Running, write_running
from trainables.records import to_json
from trainables.result import TrialResult
from trainables.spec import TrialSpec

FULL = TrialSpec(
    dataset="[imdb]", data_sha="d", model="tiny", model_sha="tiny", learner="tiny", seed=1
)
SPECS = [replace(FULL, seed=seed) for seed in range(6)]


@pytest.fixture
def run(tmp_path):
    """A run of six trials: four done a minute apart, one failed, one not begun."""
    place = Run(tmp_path / "run")
    place.folder.mkdir()
    place.write_plan(Plan(grid="own", specs=tuple(SPECS)))
    (place.folder / "trials").mkdir()
    for minute, spec in enumerate(SPECS[:4]):
        row = TrialResult(spec=spec, accuracy=0.9, finished=f"2026-01-01T12:0{minute}:00+00:00")
        place.row(spec).write_text(to_json(row), encoding="utf-8")
    place.write_failure(SPECS[4], "CUDA out of memory")
    return place.folder


def invoke(*args):
    return CliRunner().invoke(app, ["status", *map(str, args)])


def test_trials_are_counted_by_how_they_stand(run):
    found = read_progress(run)
    assert (found.planned, found.done, found.failed, found.left) == (6, 4, 1, 1)
    assert found.worker == ""
    assert found.seconds_left is None
    ((name, error),) = found.failures
    assert "[imdb] full s4" in name and error == "CUDA out of memory"


def test_a_finished_run_says_that_nothing_works_on_it(run):
    printed = invoke(run)
    assert printed.exit_code == 0
    assert "nothing works on it" in printed.output
    assert "4 of 6 done, 1 failed, 1 left\n" in printed.output
    assert "[imdb] full s4: CUDA out of memory" in printed.output


def test_a_running_one_names_who_and_guesses_the_rest(run):
    (run / ".owner").write_text("pid 7 on here")
    holder = "from filelock import FileLock; import sys, time\n"
    holder += (
        "lock = FileLock(sys.argv[1]); lock.acquire(); print('held', flush=True); time.sleep(60)"
    )
    command = [sys.executable, "-c", holder, str(run / ".lock")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout.readline() == "held\n"
        found = read_progress(run, now=datetime(2026, 1, 1, 12, 3, tzinfo=UTC))
        assert found.worker == "pid 7 on here"
        low, high = found.seconds_left
        assert low < 60 < high
        write_running(run, Running(at=42.0, lanes=(Lane(what="imdb all rows", began=2.0),)))
        printed = invoke(run).output
        assert "running, pid 7 on here" in printed and "imdb all rows · 40 s" in printed
        child.kill()


def test_a_lock_whose_holder_is_dead_is_nobodys(run):
    (run / ".owner").write_text(f"pid {os.getpid()} on here")
    (run / ".lock").touch()
    assert read_progress(run).worker == ""
    with FileLock(run / ".lock", timeout=0):
        pass


def test_the_last_words_of_a_sweep_that_was_killed_are_not_read(run):
    write_running(run, Running(at=42.0, lanes=(Lane(what="imdb all rows", began=2.0),)))
    assert read_progress(run).running is None
    assert "imdb all rows" not in invoke(run).output


def test_few_finished_trials_are_no_pace(run):
    for spec in SPECS[:2]:
        (run / "trials" / f"{spec.result_key}.json").unlink()
    with FileLock(run / ".lock"):
        pass
    assert read_progress(run).seconds_left is None


def test_json_is_one_object(run):
    found = json.loads(invoke(run, "--json").output)
    assert (found["done"], found["failed"], found["worker"]) == (4, 1, "")


def test_watching_a_run_nobody_works_on_ends_after_a_while(run, monkeypatch):
    waited = []
    monkeypatch.setattr("orchestrator.cli.status.time.sleep", waited.append)
    output = invoke(run, "--watch").output
    assert output.count("4 of 6 done") == 1 and sum(waited) == 60
    assert "nothing works on it yet; waiting for one" in output


def test_watching_begun_before_the_sweep_waits_for_its_plan(run, tmp_path, monkeypatch):
    later = tmp_path / "later"

    def begin(seconds):
        if not later.exists():
            run.rename(later)

    monkeypatch.setattr("orchestrator.cli.status.time.sleep", begin)
    output = invoke(later, "--watch").output
    assert "no sweep has begun in it yet" in output and output.count("4 of 6 done") == 1


def test_what_is_no_run_is_exit_4(tmp_path):
    ended = invoke(tmp_path)
    assert ended.exit_code == 4


def test_grids_are_listed_with_their_counts_and_unknown_ones_refused():
    listed = CliRunner().invoke(app, ["grids"])
    assert listed.exit_code == 0
    assert "72" in listed.output and "1,175" in listed.output
    one = CliRunner().invoke(app, ["grids", "paper"])
    assert "imdb, ag_news: warm-up 5/15/25%, pruned 10/20/30%" in one.output
    assert CliRunner().invoke(app, ["grids", "papr"]).exit_code == 2
