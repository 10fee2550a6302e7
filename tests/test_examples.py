"""Every example runs from the command that its README prints."""

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from pyarrow.parquet import read_table

ROOT = Path(__file__).parents[1]
EXAMPLES = ROOT / "examples"
PRINTED = re.findall(
    r"```bash\n(.*?)```", (EXAMPLES / "README.md").read_text(encoding="utf-8"), flags=re.DOTALL
)
COMMANDS = [line.strip() for block in PRINTED for line in block.replace("\\\n", " ").splitlines()]
SWEEPS = [line for line in COMMANDS if line.startswith("prune-envelope sweep ")]
TRAINERS = sorted({path.name for path in EXAMPLES.glob("*.py")} - {"make_data.py"})


def trainer_in(line):
    return next(name for name in TRAINERS if name in line)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A copy of the examples with their data."""
    pytest.importorskip("PIL", reason="pillow makes the images of an example")
    folder = tmp_path_factory.mktemp("examples")
    for path in EXAMPLES.iterdir():
        if path.is_file():
            shutil.copy(path, folder)
    run("python make_data.py data", folder)
    return folder


def run(line, folder):
    program, *words = shlex.split(line)
    programs = {"python": [], "prune-envelope": ["-m", "orchestrator"]}
    ended = subprocess.run(
        [sys.executable, *programs[program], *words], cwd=folder, capture_output=True, text=True,
        check=False, timeout=600,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


def test_the_readme_has_a_sweep_for_each_example():
    assert COMMANDS[0] == "python make_data.py data"
    assert sorted(map(trainer_in, SWEEPS)) == TRAINERS
    assert len(SWEEPS) + 1 == len(COMMANDS)


@pytest.mark.parametrize("name", TRAINERS)
def test_an_example_is_short_enough_to_be_read_at_once(name):
    assert len((EXAMPLES / name).read_text(encoding="utf-8").splitlines()) <= 40


@pytest.mark.slow
@pytest.mark.parametrize("line", SWEEPS, ids=trainer_in)
def test_an_example_runs_as_printed(line, folder):
    if "hf_trainer" in line:
        pytest.importorskip("accelerate", reason="the Trainer of transformers needs it")
    home = folder / trainer_in(line).removesuffix(".py")
    shown = run(f"{line} --run {home} --cache {home}-store", folder)
    table = read_table(home / "trials.parquet")
    assert len(table) == 2 * int(re.search(r"--seeds (\d)", line)[1])
    assert f"of {len(table)} trials have a result" in shown
    assert not [*Path(f"{home}-store").rglob("scratch")]
