"""What a call of a function leaves behind: nothing in the next call, no process, its scratch."""

import os
import signal
import time

import pyarrow as pa
import pytest

from tests.processes import lives
from trainables.errors import DataError
from trainables.trainers.contract import Call, Place
from trainables.trainers.function import function_trainer
from trainables.trainers.server_process import close_servers

TABLES = {
    "train": pa.table({"id": [*range(6)], "x": [*range(6)], "y": [*range(6)]}),
    "test": pa.table({"id": [*range(4)], "x": [*range(4)]}),
}


def test_what_it_changes_is_gone_at_the_next_call(called):
    body = "n = int(os.environ.get('N', 0)); os.environ['N'] = str(n + 1); return [n] * 4"
    assert [called(body).table["predicted"][0].as_py() for _ in range(2)] == [0, 0]


def test_a_process_that_it_leaves_behind_is_ended(called, tmp_path):
    at = tmp_path / "pid"
    called(
        f"import subprocess\nleft = subprocess.Popen(['sleep', '100'])\n"
        f"open({str(at)!r}, 'w').write(str(left.pid))\nreturn [0] * 4"
    )
    assert not lives(int(at.read_text()))


def test_so_is_one_that_has_left_its_group_and_writes_nothing(called, tmp_path):
    at = tmp_path / "pid"
    called(
        "import subprocess\nto = subprocess.DEVNULL\n"
        "left = subprocess.Popen(['sleep', '100'], start_new_session=True, stdout=to, stderr=to)\n"
        f"open({str(at)!r}, 'w').write(str(left.pid))\nreturn [0] * 4"
    )
    assert not lives(int(at.read_text()))


def test_a_call_that_was_ended_is_not_taken_for_the_next(called, tmp_path):
    slow = "time.sleep(60 if not os.path.exists('seen') else 0)\nreturn [0] * 4"
    for _ in range(3):
        with pytest.raises(DataError, match="timed out"):
            called(slow, hours=0.1 / 3600)
    (tmp_path / "home" / "seen").touch()
    assert called(slow).table.num_rows == 4


def test_a_module_that_a_library_makes_is_no_file_of_the_users(called):
    made = "import types\nmade = types.ModuleType('made')\nmade.__file__ = 'made.py'"
    assert not called(f"{made}\nsys.modules['made'] = made\nreturn [0] * 4").warnings


def test_a_server_that_is_killed_fails_one_call_alone(called):
    body = "os.kill(os.getppid(), 9); time.sleep(30); return [0] * 4"
    with pytest.raises(DataError, match="the process that its calls are forked off was ended"):
        called(body, hours=0.01)
    close_servers()
    assert len(called("return [0] * 4").table) == 4


def test_scratch_of_a_killed_call_is_there_at_the_next(called):
    body = "\n".join(
        [
            "state = scratch / 'state'",
            "if not state.exists():",
            "    state.write_text('half')",
            "    os.kill(os.getpid(), 9)",
            "return [state.read_text() == 'half'] * 4",
        ]
    )
    with pytest.raises(DataError, match="SIGKILL"):
        called(body, takes=", scratch")
    assert called(body, takes=", scratch").table["predicted"].to_pylist() == [True] * 4


def test_a_spawned_call_answers_the_same(called):
    for start in ("fork", "spawn"):
        answered = called("return [seed, int(os.getpid() == os.getpgrp()), 0, 0]", start=start)
        assert answered.table["predicted"].to_pylist() == [7, 1, 0, 0]


def test_cuda_begun_at_import_names_the_remedy(called):
    body = "raise RuntimeError('Cannot re-initialize CUDA in forked subprocess. Use spawn')"
    with pytest.raises(DataError, match="give --trainer-start spawn"):
        called(body)


def test_a_call_ends_with_its_worker(tmp_path):
    (tmp_path / "train.py").write_text(
        "import os, time\ndef fit(train, test, *, seed, scratch):\n"
        "    (scratch / 'pid').write_text(str(os.getpid()))\n    time.sleep(100)\n"
    )
    folder = tmp_path / "call"
    scratch = folder / "scratch"
    scratch.mkdir(parents=True)
    trainer = function_trainer("train.py:fit", Place(folder=tmp_path))
    call = Call(folder=folder, tables=TABLES, seed=0, scratch=scratch)
    worker = os.fork()
    if not worker:
        try:
            trainer.train(call)
        finally:
            os._exit(0)
    deadline = time.monotonic() + 30
    while not (scratch / "pid").exists() or not (scratch / "pid").read_text():
        assert time.monotonic() < deadline
        time.sleep(0.05)
    os.kill(worker, signal.SIGKILL)
    os.waitpid(worker, 0)
    child = int((scratch / "pid").read_text())
    while lives(child):
        assert time.monotonic() < deadline
        time.sleep(0.05)
