"""A run stays with the commit of the hub that it was planned with, though its branch moves."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.hub_server import HubServer

ROOT = Path(__file__).parents[2]


def rows(n, word):
    lines = (f"{word} {'good' if i % 2 else 'bad'} {i},{i % 2}\n" for i in range(n))
    return "".join(["text,label\n", *lines]).encode()


@pytest.fixture
def hub():
    with HubServer() as server:
        yield server


@pytest.fixture
def sweep(hub, tmp_path):
    """Runs the command on o/n in a folder of its own; what it printed, and its code."""

    def run(*flags, **environment):
        asked = [sys.executable, "-m", "orchestrator", "sweep", "--dataset", "o/n", "--model",
                 "linear", "--epochs", "2", "--rate", "0.2", "--signal", "random:global", "--seed",
                 "1", "--no-control", "--no-confirm", "--no-report", "--cache", "cache"]  # fmt: skip
        about = {"HF_ENDPOINT": hub.endpoint, "HF_HOME": str(tmp_path / "hf"), "HOME": str(tmp_path),
                 "PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "COLUMNS": "400",
                 "OMP_NUM_THREADS": "1"}  # fmt: skip
        done = subprocess.run(
            [*asked, *flags], check=False, cwd=tmp_path, env=about | environment, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=300,
        )  # fmt: skip
        return done.stdout, done.returncode

    return run


@pytest.mark.slow
def test_the_same_run_keeps_its_commit_and_another_looks_up_the_newest(hub, sweep, tmp_path):
    files = {"train.csv": rows(60, "a"), "test.csv": rows(20, "b")}
    first = hub.commit("o/n", files)
    printed, code = sweep("--run", "r")
    assert code == 0, printed
    assert f"main was at commit {first} when it was looked up on" in printed
    written = json.loads((tmp_path / "r" / "plan.json").read_text(encoding="utf-8"))
    assert written["sources"] == {"o/n": f"o/n@{first}"}
    second = hub.commit("o/n", files | {"train.csv": rows(80, "a")})
    hub.asked.clear()
    for environment in ({}, {"HF_HUB_OFFLINE": "1"}):
        printed, code = sweep("--run", "r", **environment)
        assert (code, "nothing to do" in printed) == (0, True), printed
        assert f"commit {first} is used, which this run's plan.json names" in printed
    assert not [line for line in hub.asked if "o/n" in line]
    printed, code = sweep("--run", "s", "--dry-run")
    assert code == 0, printed
    assert f"main was at commit {second}" in printed


@pytest.mark.slow
@pytest.mark.parametrize("status", [(403, "GatedRepo"), (404, "RepoNotFound"), (500, "")])
def test_what_the_hub_refuses_ends_the_command_by_one_line_and_4(hub, sweep, tmp_path, status):
    hub.status["o/n"] = status
    printed, code = sweep("--run", "r")
    assert (code, printed.count("\n")) == (4, 1), printed
    assert printed.startswith("error: o/n ")
    assert not (tmp_path / "r").exists()
