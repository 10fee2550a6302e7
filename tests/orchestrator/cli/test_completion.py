"""What a shell completes: names of ours, folders of runs, fast and as bash parts its words."""

import os
import shutil
import subprocess
import sys

import pytest

from analysis.completion import METRIC_NAMES, run_folders
from analysis.metrics import METRICS
from orchestrator.cli.completion import (
    DATASET_NAMES,
    GRID_NAMES,
    POLICY_NAMES,
    SELECTOR_NAMES,
    SIGNAL_NAMES,
    TRACKER_NAMES,
    completion,
    joined_words,
)
from orchestrator.execution.tracking import TRACKERS
from orchestrator.planning.grids import GRIDS, THEORY
from trainables.data.cards import DATASETS
from trainables.selection.dynamic import POLICIES
from trainables.selection.selectors import SELECTORS
from trainables.signals import SIGNALS

RUN = "import sys; sys.argv = ['prune-envelope', *sys.argv[1:]]\nfrom orchestrator.__main__ import app\n"
HEAVY = ("torch", "ray", "numpy", "scipy", "pyarrow", "pandas", "transformers")


@pytest.mark.parametrize(
    ("names", "table"),
    [
        (GRID_NAMES, (*GRIDS, THEORY)),
        (SIGNAL_NAMES, SIGNALS),
        (SELECTOR_NAMES, SELECTORS),
        (POLICY_NAMES, POLICIES),
        (DATASET_NAMES, DATASETS),
        (TRACKER_NAMES, TRACKERS),
        (METRIC_NAMES, METRICS),
    ],
)
def test_names_that_are_completed_are_those_of_their_table(names, table):
    assert names == tuple(table)


@pytest.mark.parametrize(
    ("name", "typed", "found"),
    [
        ("grid", "de", ["demo"]),
        ("signal", "keep", ["keep_one"]),
        ("signal", "el2n,keep", ["el2n,keep_one"]),
        ("signal", "el2n:str", ["el2n:stratified"]),
        ("signal", "infobatch:", ["infobatch:each_epoch"]),
        ("dataset", "imdb,sms", ["imdb,sms_spam"]),
        ("settings", "epo", ["epochs="]),
        ("protocol", "", ["restart", "continue"]),
    ],
)
def test_what_is_typed_goes_on_to_names(name, typed, found):
    assert completion(name)(typed) == found


def test_folders_of_runs_are_completed_and_others_are_not(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for folder in ("runs/a", "runs/_cache", "else/b"):
        (tmp_path / folder).mkdir(parents=True)
    for folder in ("runs/a", "else/b"):
        (tmp_path / folder / "plan.json").touch()
    assert [list(run_folders(typed)) for typed in ("", "else/")] == [
        ["runs/a"],
        ["runs/a", "else/b"],
    ]


@pytest.mark.parametrize(
    ("words", "joined", "kept"),
    [
        (["a", "--signal", "el2n", ":", "s"], ["a", "--signal", "el2n:s"], "el2n:"),
        (["a", "--signal", "el2n", ":"], ["a", "--signal", "el2n:"], "el2n:"),
        (["a", "--grid", "=", "de"], ["a", "--grid=de"], "--grid="),
        (["a", "--grid", "de"], ["a", "--grid", "de"], ""),
    ],
)
def test_words_that_bash_parts_are_joined(words, joined, kept):
    environment = {"COMP_WORDS": "\n".join(words), "COMP_CWORD": str(len(words) - 1)}
    assert joined_words(environment) == kept
    assert environment["COMP_WORDS"].split("\n") == joined


def completed(*words):
    asked = {
        "_PRUNE_ENVELOPE_COMPLETE": "complete_bash",
        "COMP_WORDS": "\n".join(["prune-envelope", *words]),
        "COMP_CWORD": str(len(words)),
    }
    code = (
        f"{RUN}try:\n    app()\nfinally:\n"
        f"    sys.stderr.write(' '.join(one for one in {HEAVY} if one in sys.modules))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True, env={**os.environ, **asked}
    )  # fmt: skip
    assert done.stderr == ""
    return done.stdout.split()


def test_bash_is_answered_without_a_heavy_library():
    assert completed("sweep", "--signal", "el2n", ":", "str") == ["stratified"]


@pytest.mark.skipif(not shutil.which("bash"), reason="no bash here")
@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_for_a_shell_is_shown(shell):
    asked = {"_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1"}
    done = subprocess.run(
        [sys.executable, "-c", f"{RUN}app()", "--show-completion", shell],
        check=True, capture_output=True, text=True, env={**os.environ, **asked},
    )  # fmt: skip
    assert "_PRUNE_ENVELOPE_COMPLETE" in done.stdout and "prune-envelope" in done.stdout
