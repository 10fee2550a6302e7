"""A file of the user's folder that is named like one of our packages does not hide it."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.trainables.data.written import columns_of_rows, made_rows, write_as


def shadow(folder, *names):
    """Files named like ours, any of which ends the process that imports it."""
    for name in names:
        (folder / name).write_text("raise SystemExit('the wrong file')\n")


def test_the_first_command_of_the_readme_runs_beside_files_named_like_ours(tmp_path):
    shadow(tmp_path, "analysis.py", "trainables.py", "benchmarks.py")
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
def test_page_and_tables_are_made_beside_files_named_like_ours(tmp_path, command):
    shadow(tmp_path, "trainables.py", "orchestrator.py")
    words = [sys.executable, "-m", f"analysis.{command}", "--help"]
    ended = subprocess.run(words, check=False, cwd=tmp_path, capture_output=True, text=True)
    assert (ended.returncode, ended.stderr) == (0, "")


def test_prune_envelope_runs_beside_files_named_like_all_of_ours(tmp_path):
    script = Path(sys.executable).with_name("prune-envelope")
    if not script.exists():
        pytest.skip("not installed")
    shadow(tmp_path, "analysis.py", "orchestrator.py", "trainables.py")
    ended = subprocess.run(
        [script, "grids"], check=False, cwd=tmp_path, capture_output=True, text=True
    )
    assert (ended.returncode, ended.stderr) == (0, "") and "demo" in ended.stdout
