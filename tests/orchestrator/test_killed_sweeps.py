"""A sweep of a command that is killed with -9 at three moments, and given again, ends as a calm one."""

import os
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from pyarrow.parquet import read_table

from tests.processes import lives

SCRIPT = Path(__file__).parents[1] / "trainables" / "trainers" / "killed_trainer.py"
COLUMNS = ["seed", "rate", "accuracy", "kept_sha"]


def sweep_of(folder, control):
    """The command line of a sweep of two trials, one after another."""
    command = shlex.join([sys.executable, str(SCRIPT)])
    files = "{train.csv} {test.csv} {out.csv} {seed} {scratch}"
    return [
        sys.executable, "-m", "orchestrator", "sweep", "--dataset", str(folder / "rows.csv"),
        "--test-fraction", "0.5", "--trainer-command", f"{command} {files} {control}",
        "--no-probe", "--signal", "random", "--rate", "0.3", "--seeds", "1", "--no-confirm",
        "--max-trials-at-once", "1", "--run", str(folder / "run"), "--cache", str(folder / "cache"),
    ]  # fmt: skip


def table_of(run):
    rows = read_table(run / "trials.parquet")
    return rows.select([name for name in COLUMNS if name in rows.column_names]).to_pylist()


@pytest.mark.slow
def test_a_sweep_killed_at_three_moments_ends_with_the_table_of_a_calm_one(tmp_path):
    control = tmp_path / "control"
    control.mkdir()
    folders = [tmp_path / "calm", tmp_path / "killed"]
    for folder in folders:
        folder.mkdir()
        rows = "".join(f"word{i} word{i % 7},{'ab'[i % 2]}\n" for i in range(80))
        (folder / "rows.csv").write_text("text,label\n" + rows)
    calm, killed = folders
    subprocess.run(sweep_of(calm, control), check=True, capture_output=True, timeout=300)
    assert len(table_of(calm / "run")) == 2
    for moment in ("start", "middle", "end"):
        (control / moment).touch()
        sweep = subprocess.Popen(
            sweep_of(killed, control), start_new_session=True,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        here = control / f"{moment}.here"
        deadline = time.monotonic() + 200
        while not here.exists():
            assert sweep.poll() is None and time.monotonic() < deadline
            time.sleep(0.05)
        (control / moment).unlink()
        os.killpg(sweep.pid, signal.SIGKILL)
        sweep.wait()
        while lives(int(here.read_text())):
            assert time.monotonic() < deadline
            time.sleep(0.05)
    subprocess.run(sweep_of(killed, control), check=True, capture_output=True, timeout=300)
    assert table_of(killed / "run") == table_of(calm / "run")
    assert not [*killed.rglob("scratch"), *killed.rglob("group.json")]
