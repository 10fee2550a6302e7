"""Every command of the README works as printed."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from pyarrow.parquet import read_table

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```sh\n(.*?)```", README, flags=re.DOTALL)
COMMANDS = [
    line for block in BLOCKS for line in block.replace("\\\n", " ").splitlines() if line.strip()
]
OURS = [line for line in COMMANDS if line.startswith("prune-envelope ")]
# .ci/run itself runs these, in a fresh environment.
# `ray` needs an account; tests/test_cluster_yaml.py starts the file against a play of one, and
# tests/cluster does up, exec and down for real.
CLOUD = [line for line in COMMANDS if line.startswith("ray ")]
CPU, GPU = 'pip install torch==2.13.0 && pip install -e ".[cpu]"', 'pip install -e ".[gpu]"'
ELSEWHERE = {CPU, GPU, 'pip install -e ".[cpu,test]"', "pytest"}


def run(line, folder, *flags):
    words = shlex.split(line)
    module = {"prune-envelope": ["-m", "orchestrator"], "python": []}[words[0]]
    return subprocess.run(
        [sys.executable, *module, *words[1:], *flags], cwd=folder, capture_output=True, text=True,
        check=False, timeout=840,
    )  # fmt: skip


def test_every_command_is_either_run_here_or_by_continuous_integration():
    assert set(COMMANDS) - set(OURS) - set(CLOUD) == ELSEWHERE
    assert all(" cluster.yaml" in line for line in CLOUD)


def test_continuous_integration_installs_and_tests_as_the_readme_says():
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert 'pip install --quiet -e ".[cpu,test]"' in script
    assert script.rstrip().endswith("\npytest")


# The demo itself runs below.
@pytest.mark.parametrize("line", [line for line in OURS if " sweep " in line])
def test_every_sweep_of_the_readme_plans_as_printed(line, tmp_path):
    rows = "".join(f"subject {i},word{i % 7} body,{'ab'[i % 2]}\n" for i in range(60))
    (tmp_path / "tickets.csv").write_text("subject,body,queue\n" + rows)
    shown = run(line, tmp_path, *([] if "--dry-run" in line else ["--dry-run"]))
    assert shown.returncode == 0, shown.stderr
    assert "Nothing was started" in shown.stdout


def test_what_runs_on_the_cluster_is_a_command_of_ours():
    (line,) = [line for line in CLOUD if line.startswith("ray exec")]
    inner = shlex.split(line)[3].removeprefix("cd envelope && ")
    shown = run(inner, ROOT, "--help")
    assert shown.returncode == 0 and "--storage" in shown.stdout


@pytest.mark.slow
def test_the_demo_ends_in_verdicts_that_fit_what_was_planted(tmp_path):
    ended = run("prune-envelope demo", tmp_path)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    (page,) = tmp_path.glob("runs/demo-*/report.html")
    assert page.stat().st_size < 6_000_000
    by_random = re.search(r"Random \(global\) .*✗ −(\d+\.\d+)", ended.stdout)
    assert float(by_random[1]) > 3
    accuracy = float(re.search(r"accuracy (0\.\d+)", ended.stdout)[1])
    largest = float(re.search(r"largest class (0\.\d+)", ended.stdout)[1])
    assert accuracy > largest + 0.25
    precision = re.search(r"Keep one \(global\)\s*│\s*(\d+)% ·", ended.stdout)
    assert int(precision[1]) >= 90
    board = [line for line in ended.stdout.splitlines() if "tickets  │" in line]
    assert all(sum(line.count(mark) for line in board) > 0 for mark in "✓✗")
    # The answer is that of fresh seeds, and the rows that stay are a file.
    (claim,) = [line for line in ended.stdout.splitlines() if line.startswith("✓")]
    assert claim == "✓ Drop 40% of tickets by Keep one: accuracy holds."
    assert "trained afresh on exactly these rows by 5 new seeds" in ended.stdout
    assert "140 of 140 trials have a result" in ended.stdout
    (kept,) = tmp_path.glob("runs/demo-*/survivors/*.parquet")
    assert len(read_table(kept)) == 1440


@pytest.mark.parametrize("link", re.findall(r"\]\((?!http)([^)]+)\)", README))
def test_every_file_the_readme_points_to_is_there(link):
    assert (ROOT / link).is_file()


def test_every_command_stands_in_the_readme():
    import typer

    from orchestrator.__main__ import app

    commands = typer.main.get_command(app).commands
    table = README.split("## Commands")[1].split("Exit codes")[0]
    assert [name for name in commands if f"`{name}" not in table] == []


def test_every_grid_stands_in_the_readme_with_its_count():
    from orchestrator.planning.grids import GRIDS
    from orchestrator.planning.named_plan import preset_plan

    for name in GRIDS:
        plan = preset_plan(name)
        count = plan.full + plan.pruned
        assert f"| `{name}` | {count:,} |" in README


@pytest.mark.parametrize("picture", re.findall(r'(?:src|srcset)="([^"]+)"', README))
def test_every_picture_is_there(picture):
    assert (ROOT / picture).is_file()


def test_the_readme_counts_signals_selectors_and_policies_as_they_are():
    from trainables.selection.dynamic import POLICIES
    from trainables.selection.selectors import SELECTORS
    from trainables.signals import SIGNALS

    numbers = (
        "zero",
        "one",
        "two",
        "three",
        "four",
        "five",
        "six",
        "seven",
        "eight",
        "nine",
        "ten",
    )
    told = " ".join(README.split())
    assert f"{len(SIGNALS)} signals, from" in told
    assert f"{numbers[len(SELECTORS)]} selectors, {numbers[len(POLICIES)]} policies" in told


def test_every_signal_of_the_grid_has_a_row_where_the_truth_is_known():
    from orchestrator.planning.grids import GRIDS

    page = (ROOT / "docs" / "signals.md").read_text(encoding="utf-8")
    rows = page.split("## What they find where the truth is known")[1].split("\n## ")[0]
    asked = {arm.signal for block in GRIDS["signals"].blocks for arm in block.arms}
    assert [name for name in asked if f"| `{name}` | " not in rows] == []
