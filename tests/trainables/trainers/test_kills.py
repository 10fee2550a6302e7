"""Whatever is killed with -9, and when: the next try ends with the answer of a calm run, and no orphan."""

import os
import shlex
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pyarrow as pa
import pytest

from tests.processes import lives, wait_until
from trainables.errors import DataError
from trainables.trainers.command import command_trainer
from trainables.trainers.contract import Call, Place

SCRIPT = Path(__file__).with_name("killed_trainer.py")
MOMENTS = ("start", "middle", "end")
# A worker with one call of the command, as a process of its own.
WORKER = """
import sys
from pathlib import Path
from tests.trainables.trainers.test_kills import answer
answer(Path(sys.argv[1]), Path(sys.argv[2]))
"""

pytestmark = pytest.mark.slow


def answer(folder, control):
    command = shlex.join([sys.executable, str(SCRIPT)])
    text = f"{command} {{train.csv}} {{test.csv}} {{out.csv}} {{seed}} {{scratch}} {control}"
    train = pa.table({"id": range(40), "label": ["a", "b", "c", "d"] * 10})
    call = Call(
        folder=folder,
        scratch=folder / "scratch",
        tables={"train": train, "test": train.select(["id"])},
        seed=5,
    )
    return command_trainer(text, Place(folder=folder.parent)).train(call).table


@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize("killed", ["trainer", "worker", "worker and watcher"])
def test_the_next_try_gives_the_answer_of_a_calm_run(killed, moment, tmp_path):
    control = tmp_path / "control"
    control.mkdir()
    calm = answer(tmp_path / "calm", control)
    (control / moment).touch()
    folder = tmp_path / "call"
    worker = subprocess.Popen(
        [sys.executable, "-c", WORKER, str(folder), str(control)], stderr=subprocess.DEVNULL
    )
    here = control / f"{moment}.here"
    wait_until(here.exists)
    trainer = int(here.read_text())
    (control / moment).unlink()
    if "watcher" in killed:
        for watcher in watchers_of(trainer):
            os.kill(watcher, signal.SIGKILL)
    os.kill(trainer if killed == "trainer" else worker.pid, signal.SIGKILL)
    assert worker.wait() != 0
    if killed != "worker and watcher":
        wait_until(lambda: not lives(trainer))
    assert answer(folder, control).equals(calm)
    assert not lives(trainer)


def watchers_of(group):
    """The shells that would end a group."""
    found = []
    for words in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            said = words.read_bytes().split(b"\0")
        except OSError:
            continue
        if said[0] == b"/bin/sh" and str(group).encode() in said:
            found.append(int(words.parent.name))
    assert found
    return found


def test_a_trainer_that_was_killed_is_a_failed_trial_that_says_so(tmp_path):
    (tmp_path / "end").touch()
    folder = tmp_path / "call"

    def kill():
        wait_until((tmp_path / "end.here").exists)
        os.kill(int((tmp_path / "end.here").read_text()), signal.SIGKILL)

    killer = threading.Thread(target=kill)
    killer.start()
    with pytest.raises(DataError, match="was ended by SIGKILL, as the system does where memory"):
        answer(folder, tmp_path)
    killer.join()
