"""A trainer's processes end with it, with whoever called it, or with the next try."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.processes import lives, wait_until
from trainables.errors import AbsentError, DataError, UnavailableError
from trainables.trainers.living import living
from trainables.trainers.processes import LOG, end_left_over, last_line, run_words

WRITES_ITS_NUMBER = "import os, sys, time; open(sys.argv[1], 'w').write(str(os.getpid())); "
LOCKED = "import fcntl; fcntl.flock(1, fcntl.LOCK_EX)\n"
# A worker that runs a trainer, as a process of its own that can be killed.
WORKER = """
import os, sys
from pathlib import Path
from trainables.trainers.processes import run_words
run_words(sys.argv[2:], Path(sys.argv[1]), cwd=Path.cwd(), env=dict(os.environ), hours=None)
"""


def run(code, folder, *words, hours=None):
    program = [sys.executable, "-c", code, *map(str, words)]
    return run_words(program, folder, cwd=Path.cwd(), env=dict(os.environ), hours=hours)


def number_in(path):
    wait_until(lambda: path.exists() and path.read_text())
    return int(path.read_text())


def worker_of(code, folder, *words):
    return subprocess.Popen(
        [sys.executable, "-c", WORKER, str(folder), sys.executable, "-c", code, *map(str, words)]
    )


def test_what_a_trainer_prints_is_in_its_log_whatever_its_encoding(tmp_path):
    code = (
        "import os; os.write(1, b'x' * 1_000_000 + b'\\n'); os.write(2, b'\\xff\\xfe caf\\xe9\\n')"
    )
    assert run(code, tmp_path) == 0
    assert (tmp_path / LOG).stat().st_size > 1_000_000
    assert last_line(tmp_path).endswith("caf\N{REPLACEMENT CHARACTER}")


def test_a_log_goes_on_at_the_next_try_and_its_last_line_is_of_the_last(tmp_path):
    run("print('first')", tmp_path)
    run("print('second'); print()", tmp_path)
    assert (tmp_path / LOG).read_text().split() == ["first", "second"]
    assert last_line(tmp_path) == "second"


@pytest.mark.parametrize(
    ("code", "ends_with"),
    [("raise SystemExit(3)", 3), ("import os; os.kill(os.getpid(), 9)", -9), ("pass", 0)],
)
def test_an_exit_code_is_given_back(code, ends_with, tmp_path):
    assert run(code, tmp_path) == ends_with


def test_a_program_that_is_not_there_is_named(tmp_path):
    with pytest.raises(AbsentError, match="'nowhere'"):
        run_words(["nowhere"], tmp_path, cwd=tmp_path, env={}, hours=None)


def test_a_trainer_that_takes_too_long_is_ended(tmp_path):
    with pytest.raises(DataError, match=r"timed out after 0\.36 s \(--trial-timeout\)"):
        run(WRITES_ITS_NUMBER + "time.sleep(60)", tmp_path, tmp_path / "number", hours=1e-4)
    assert not lives(number_in(tmp_path / "number"))


LEAVES_A_CHILD = """
import subprocess, sys
code = "import os, sys, time; open(sys.argv[1], 'w').write(str(os.getpid())); time.sleep(60)"
child = subprocess.Popen([sys.executable, "-c", code, sys.argv[1]], **{how})
import os, time
while not (os.path.exists(sys.argv[1]) and open(sys.argv[1]).read()):
    time.sleep(0.01)
"""


@pytest.mark.parametrize(
    "how",
    [{}, {"start_new_session": True}, {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}],
    ids=["in the group", "out of the group", "without the log"],
)
def test_a_child_that_outlives_its_parent_is_ended(how, tmp_path):
    code = LEAVES_A_CHILD.replace("{how}", repr(how))
    assert run(code, tmp_path, tmp_path / "number") == 0
    assert not lives(number_in(tmp_path / "number"))


def test_who_reads_the_log_is_left_alone(tmp_path):
    (tmp_path / LOG).touch()
    reader = subprocess.Popen(["tail", "-f", str(tmp_path / LOG)], stdout=subprocess.DEVNULL)
    code = LEAVES_A_CHILD.replace("{how}", "{'start_new_session': True}")
    run(code, tmp_path, tmp_path / "number")
    assert reader.poll() is None
    reader.kill()
    reader.wait()


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_trainer_ends_with_its_worker(number, tmp_path):
    code = WRITES_ITS_NUMBER + "time.sleep(60)"
    worker = worker_of(code, tmp_path, tmp_path / "number")
    trainer = number_in(tmp_path / "number")
    wait_until((tmp_path / "group.json").exists)
    time.sleep(0.1)
    worker.send_signal(number)
    worker.wait()
    wait_until(lambda: not lives(trainer))


def test_a_trainer_is_asked_first_so_that_it_can_put_its_state_away(tmp_path):
    code = (
        "import signal, sys, time\n"
        "def put_away(*_): open(sys.argv[1] + '.state', 'w').write('kept'); sys.exit(1)\n"
        "signal.signal(signal.SIGTERM, put_away)\n"
        "open(sys.argv[1], 'w').write('1'); time.sleep(60)"
    )
    with pytest.raises(DataError, match="timed out after"):
        run(code, tmp_path, tmp_path / "number", hours=1 / 3600)
    assert (tmp_path / "number.state").read_text() == "kept"


def test_the_next_try_ends_what_an_earlier_one_left_running(tmp_path):
    """Its worker and its watcher were both killed."""
    log = (tmp_path / LOG).open("ab")
    orphan = subprocess.Popen(
        [sys.executable, "-c", LOCKED + WRITES_ITS_NUMBER + "time.sleep(60)", tmp_path / "number"],
        stdout=log,
        stderr=log,
        start_new_session=True,
    )
    log.close()
    assert lives(number_in(tmp_path / "number"))
    started = time.monotonic()
    end_left_over(tmp_path)
    assert orphan.wait() == -signal.SIGTERM
    assert time.monotonic() - started < 10
    assert run("pass", tmp_path) == 0


def test_what_a_living_worker_runs_is_not_ended(tmp_path, monkeypatch):
    monkeypatch.setattr("trainables.trainers.processes._WORKER_S", 0.2)
    worker = worker_of(WRITES_ITS_NUMBER + "time.sleep(60)", tmp_path, tmp_path / "number")
    trainer = number_in(tmp_path / "number")
    wait_until((tmp_path / "group.json").exists)
    with pytest.raises(UnavailableError, match=f"process {worker.pid}, of another sweep"):
        end_left_over(tmp_path)
    assert lives(trainer)
    worker.kill()
    worker.wait()
    wait_until(lambda: not lives(trainer))


def test_no_process_but_a_trainers_is_ever_named(tmp_path):
    """Group 0 is the kernel's, process 1 the machine's first."""
    (tmp_path / LOG).touch()
    for group in (-1, 0, 1):
        assert living(tmp_path / LOG, group) == set()
