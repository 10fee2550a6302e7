"""A file of the user's folder that is named like one of our packages does not hide it."""

import subprocess
import sys

import pytest

from tests.trainables.data.written import columns_of_rows, made_rows, write_as


@pytest.mark.parametrize("name", ["analysis.py", "trainables.py", "benchmarks.py"])
def test_the_first_command_of_the_readme_runs_beside_a_file_named_like_ours(tmp_path, name):
    (tmp_path / name).write_text("raise SystemExit('the wrong file')\n")
    write_as(tmp_path / "mine.csv", columns_of_rows(made_rows()))
    command = (
        "-m orchestrator.sweep --dataset mine.csv --test-fraction 0.2 --model linear --dry-run"
    )
    ended = subprocess.run(
        [sys.executable, *command.split()],
        check=False,
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert (ended.returncode, ended.stderr) == (0, "")


@pytest.mark.parametrize("command", ["report", "table"])
@pytest.mark.parametrize("name", ["trainables.py", "orchestrator.py"])
def test_page_and_tables_are_made_beside_a_file_named_like_ours(tmp_path, command, name):
    (tmp_path / name).write_text("raise SystemExit('the wrong file')\n")
    words = [sys.executable, "-m", f"analysis.{command}", "--help"]
    ended = subprocess.run(words, check=False, cwd=tmp_path, capture_output=True, text=True)
    assert (ended.returncode, ended.stderr) == (0, "")
