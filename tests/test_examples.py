"""Every example runs from the command that its README prints."""

import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest
from pyarrow.parquet import read_table

from trainables.trainers.command import command_trainer
from trainables.trainers.contract import Call, Place

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


@pytest.mark.parametrize("name", sorted(path.name for path in EXAMPLES.glob("*.py")))
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


def answer_of_script(folder, at):
    """What the Trainer script says of the last rows of its data, trained on the first."""
    rows = pa.Table.from_pandas(pd.read_csv(folder / "data" / "tickets.csv"), preserve_index=False)
    call = Call(
        folder=at,
        scratch=at / "scratch",
        tables={"train": rows.slice(0, 450), "test": rows.slice(450).select(["text"])},
        seed=3,
    )
    (line,) = [line for line in SWEEPS if "hf_trainer" in line]
    words = shlex.split(line)
    text = words[words.index("--trainer-command") + 1]
    return command_trainer(text, Place(folder=folder)).train(call).table


WORKER = """
import sys
from pathlib import Path
from tests.test_examples import answer_of_script
answer_of_script(Path(sys.argv[1]), Path(sys.argv[2]))
"""


@pytest.mark.slow
def test_a_trainer_script_that_was_killed_goes_on_to_the_answer_of_a_calm_run(folder, tmp_path):
    """Bit for bit: its checkpoint is in scratch, and the probabilities are those of a run at one go."""
    pytest.importorskip("accelerate", reason="the Trainer of transformers needs it")
    calm = answer_of_script(folder, tmp_path / "calm")
    killed = tmp_path / "killed"
    worker = subprocess.Popen([sys.executable, "-c", WORKER, str(folder), str(killed)], cwd=ROOT)
    kept = killed / "scratch" / "checkpoint-20" / "trainer_state.json"
    deadline = time.monotonic() + 200
    while not kept.exists():
        assert worker.poll() is None and time.monotonic() < deadline
        time.sleep(0.005)
    worker.send_signal(signal.SIGKILL)
    worker.wait()
    assert not (killed / "scratch" / "checkpoint-80").exists()
    resumed = answer_of_script(folder, killed)
    assert resumed.equals(calm)
    log = (killed / "log.txt").read_text(encoding="utf-8")
    assert log.count("train_runtime") == 1
