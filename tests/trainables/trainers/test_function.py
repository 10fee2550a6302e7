"""A function trains in a fork of a clean process: what goes wrong in it is one line, and harms nobody."""

import socket

import numpy as np
import pyarrow as pa
import pytest

from trainables.errors import DataError, UnavailableError, UsageError
from trainables.spec import TrialSpec
from trainables.trainers.contract import Call, Place
from trainables.trainers.forms import trainer_of
from trainables.trainers.function import function_trainer, read_name
from trainables.trainers.server_process import ServerProcess, close_servers

TABLES = {
    "train": pa.table({"id": [*range(6)], "x": [*range(6)], "y": [*range(6)]}),
    "test": pa.table({"id": [*range(4)], "x": [*range(4)]}),
}


def test_a_function_is_given_its_tables_seed_and_settings(called):
    answered = called(
        "return [seed + depth, train.num_rows, len(train.column_names), test.num_rows]",
        takes=", depth=3",
        name="train.py:fit,depth=10",
    )
    assert answered.table["predicted"].to_pylist() == [17, 6, 3, 4]


def test_what_it_reports_is_counted_and_ends_the_training(called):
    answered = called(
        "report(0.5, examples=3)\nreport(1.0, examples=6, tokens=60)\ntime.sleep(0.2)\nreturn [0] * 4",
        takes=", report",
    )
    assert (answered.examples, answered.tokens) == (6, 60)
    assert answered.seconds_evaluation >= 0.2 > answered.seconds_training


BAD = {
    "raises": ("raise ValueError('no such thing')", r"failed \(exit code 1\); its log ends: ValueError: no such thing; log: .*log\.txt"),
    "exits": ("sys.exit(3)", r"failed \(exit code 3\)"),
    "exits with 0": ("sys.exit(0)", "ended by exit code 0 without an answer"),
    "exits with words": ("sys.exit('no GPU')", r"failed \(exit code 1\); its log ends: no GPU"),
    "leaves": ("os._exit(0)", "ended by exit code 0 without an answer"),
    "is killed": ("os.kill(os.getpid(), 9)", "was ended by SIGKILL, as the system does where memory runs out"),
    "crashes": ("import ctypes; ctypes.string_at(0)", "was ended by SIGSEGV"),
    "gives nothing": ("pass", "train.py:fit: it returned None"),
    "gives a text": ("return 'done'", "it returned|is str, 'done'"),
    "hangs": ("time.sleep(60)", "timed out after"),
    "writes beside its scratch": ("(scratch.parent / 'done.json').write_text('{}'); os._exit(0)", "is no whole answer, so it wrote there itself"),
    "breaks its answer": ("(scratch.parent / 'done.json').write_text('{\"late\": []}'); (scratch.parent / 'answer.arrow').write_bytes(b'x'); os._exit(0)", "is no whole answer"),
    "misreports": ("report(50)", "ValueError: report"),
    "fills its memory": ("raise MemoryError", "MemoryError"),
    "writes in another encoding": ("os.write(1, b'\\xff\\xfe caf\\xe9\\n'); sys.exit(2)", r"failed \(exit code 2\); its log ends: .*caf"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_a_bad_trainer_is_one_line(called, name):
    body, why = BAD[name]
    takes = "".join(f", {one}" for one in ("report", "scratch") if one in body)
    with pytest.raises(DataError, match=why) as caught:
        called(body, takes=takes, hours=0.4 / 3600 if name == "hangs" else None)
    assert "\n" not in str(caught.value)


def test_what_is_printed_harms_nothing(called):
    answered = called("print('x' * 1_000_000)\nreturn [1, 2, 3, 4]")
    assert answered.table["predicted"].to_pylist() == [1, 2, 3, 4]
    assert answered.log.stat().st_size >= 1_000_000


def test_a_fork_of_its_own_that_comes_back_answers_nothing(called):
    answered = called("os.fork()\nreturn [1, 2, 3, 4]")
    assert answered.table["predicted"].to_pylist() == [1, 2, 3, 4]


def test_threads_and_hashes_are_set_before_it_begins(called):
    body = "return [int(os.environ['OMP_NUM_THREADS']), int(os.environ['PYTHONHASHSEED']), 0, 0]"
    assert called(body).table["predicted"].to_pylist()[:2] == [1, 0]


def test_an_import_during_the_call_is_told(called, tmp_path):
    (tmp_path / "home" / "later.py").write_text("x = 1\n")
    answered = called("__import__('la' + 'ter')\nreturn [0] * 4")
    assert "imported later.py only while it ran" in answered.warnings[0]


def test_a_module_that_is_imported_only_when_it_is_called_is_of_its_content(tmp_path):
    (tmp_path / "later.py").write_text("import last\n")
    (tmp_path / "last.py").write_text("x = 1\n")
    (tmp_path / "train.py").write_text(
        "def fit(train, test, *, seed):\n    import later\n    return [0] * 4\n"
    )
    trainer = function_trainer("train.py:fit", Place(folder=tmp_path))
    assert trainer.files == ("last.py", "later.py", "train.py")
    folder = tmp_path / "call"
    call = Call(folder=folder, tables=TABLES, seed=7, scratch=folder / "scratch")
    assert not trainer.train(call).warnings
    (tmp_path / "last.py").write_text("x = 2\n")
    with pytest.raises(UnavailableError, match=r"last.py changed since.*start the sweep again"):
        trainer.train(call)


def test_a_module_that_changes_as_a_call_imports_it_fails_the_call(tmp_path):
    (tmp_path / "later.py").write_text("x = 1\n")
    (tmp_path / "train.py").write_text(
        "from pathlib import Path\n\n"
        "def fit(train, test, *, seed):\n"
        "    Path('later.py').write_text('x = 2')\n"
        "    import later\n"
        "    return [0] * 4\n"
    )
    trainer = function_trainer("train.py:fit", Place(folder=tmp_path))
    folder = tmp_path / "call"
    call = Call(folder=folder, tables=TABLES, seed=7, scratch=folder / "scratch")
    with pytest.raises(DataError, match=r"later.py changed while it was read \(content .*, then"):
        trainer.train(call)


@pytest.mark.parametrize(
    ("top", "why"),
    [
        (
            "import nonesuch",
            r"importing it failed: ModuleNotFoundError: .*nonesuch.* \(train.py, line 2\)",
        ),
        ("sys.exit(4)", "importing it failed: SystemExit: 4"),
        ("os._exit(5)", r"importing it failed \(exit code 5\)"),
        ("os.kill(os.getpid(), 11)", "importing it was ended by SIGSEGV"),
        ("def x(:", r"importing it failed: SyntaxError: .* \(train.py, line 2\)"),
        ("1 / 0", r"ZeroDivisionError: division by zero \(train.py, line 2\)"),
    ],
)
def test_a_file_that_cannot_be_imported_is_one_line(called, top, why):
    with pytest.raises(UsageError, match=why) as caught:
        called("return 0", top=top)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("train.py", "write FILE.py:FUNCTION"),
        ("train.py:fit,depth", "write NAME=VALUE"),
        ("train.py:", "write FILE.py:FUNCTION"),
        (":fit", "write FILE.py:FUNCTION"),
    ],
)
def test_what_is_no_name_of_a_function_is_refused(name, why):
    with pytest.raises(UsageError, match=why):
        read_name(name)


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("nonesuch.py:fit", "there is no file"),
        ("nonesuch:fit", "there is no module 'nonesuch'"),
        ("train.py:fitt", r"has no function 'fitt'; it has fit. Did you mean 'fit'\?"),
    ],
)
def test_a_function_that_is_not_there_is_refused(called, name, why):
    with pytest.raises(UsageError, match=why):
        called("return 0", name=name)


def sha_of(folder, name="train.py:fit"):
    close_servers()
    return function_trainer(name, Place(folder=folder))


def test_the_content_of_every_imported_file_is_known_and_of_no_other(tmp_path):
    (tmp_path / "train.py").write_text(
        "import part\ndef fit(train, test, *, seed): return part.x\n"
    )
    (tmp_path / "part.py").write_text("x = 1\n")
    (tmp_path / "README.md").write_text("words")
    before = sha_of(tmp_path)
    assert before.files == ("part.py", "train.py")
    (tmp_path / "README.md").write_text("other words")
    assert sha_of(tmp_path).sha == before.sha
    (tmp_path / "part.py").write_text("x = 2\n")
    after = sha_of(tmp_path)
    assert after.sha != before.sha
    spec = TrialSpec(
        dataset="d", data_sha="a", model="m", model_sha="", learner="train.py:fit",
        learner_sha=before.sha, seed=0,
    )  # fmt: skip
    with pytest.raises(
        DataError, match=r"have changed since the sweep was planned \(part.py, train.py\)"
    ):
        trainer_of(spec, Place(folder=tmp_path))


def test_a_module_of_a_package_is_known_by_all_of_its_package(tmp_path):
    package = tmp_path / "mine"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "part.py").write_text("x = 1\n")
    (package / "train.py").write_text(
        "from mine import part\ndef fit(train, test, *, seed): return 0\n"
    )
    assert sha_of(tmp_path, "mine.train:fit").files == ("__init__.py", "part.py", "train.py")


def test_the_order_of_calls_changes_no_answer(called):
    body = "import numpy as np\nreturn np.random.default_rng(seed).random(4)"
    one, two = (np.asarray(called(body).table["predicted"]) for _ in range(2))
    np.testing.assert_array_equal(one, two)


def test_a_call_that_ended_as_it_began_is_not_waited_for():
    ours, theirs = socket.socketpair()
    with ours, theirs:
        server = ServerProcess.__new__(ServerProcess)
        server.name, server._start, server._channel = "train.py:fit", "fork", ours
        server._ended, server._read = None, b""
        theirs.sendall(b'{"pid": 7}\n{"exit": 0}\n')
        assert (server.begin({}), server.poll()) == (7, 0)
