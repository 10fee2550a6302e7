"""How a command ends by an error: in one line where a user can mend it, else by a traceback."""

import errno
import subprocess
import sys

import numpy as np
import pytest

from trainables.errors import (
    ABSENT,
    AbsentError,
    DataError,
    EnvelopeError,
    MissingError,
    UnavailableError,
    UnsafeError,
    UsageError,
    explained,
)

FORESEEN = {UsageError: 2, DataError: 4, AbsentError: 4, UnavailableError: 4, UnsafeError: 6}


@pytest.mark.parametrize("kind", FORESEEN, ids=lambda kind: kind.__name__)
def test_an_error_of_ours_ends_in_one_line_and_its_code(kind, capsys):
    with pytest.raises(SystemExit) as ended, explained():
        raise kind("k is 0; give 1 or more")
    assert ended.value.code == FORESEEN[kind]
    assert capsys.readouterr().err == "error: k is 0; give 1 or more\n"


def broadcast():
    np.zeros(2) + np.zeros(3)


def lookup():
    {}["absent"]


def decoding():
    b"\xff".decode()


def pipe():
    raise BrokenPipeError(errno.EPIPE, "Broken pipe")


def no_number():
    raise OSError("the library gave no number")


def socket_of_ours():
    raise ConnectionRefusedError(errno.ECONNREFUSED, "Connection refused")


def diverged():
    raise EnvelopeError("two computations of one key differ")


@pytest.mark.parametrize(
    "fault", [broadcast, lookup, decoding, pipe, no_number, socket_of_ours, diverged]
)
def test_an_error_nobody_foresaw_keeps_its_traceback(fault):
    with pytest.raises(Exception) as ended, explained():
        fault()
    assert not isinstance(ended.value, SystemExit)


def test_a_bug_ends_a_process_by_1_with_its_traceback():
    code = "from trainables.errors import explained\nimport numpy as np\n"
    code += "with explained(): np.zeros(2) + np.zeros(3)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 1 and "Traceback" in done.stderr and "broadcast" in done.stderr


@pytest.mark.parametrize("name", ["absent.csv", "folder"])
def test_a_file_that_the_system_refuses_is_told_by_its_name(name, tmp_path, capsys):
    (tmp_path / "folder").mkdir()
    with pytest.raises(SystemExit) as ended, explained():
        (tmp_path / name).read_text()
    assert ended.value.code == 4 and f"{tmp_path / name}: " in capsys.readouterr().err


def test_ctrl_c_is_told_to_go_on(capsys):
    with pytest.raises(SystemExit) as ended, explained():
        raise KeyboardInterrupt
    assert ended.value.code == 130 and "goes on from here" in capsys.readouterr().err


def test_what_moves_a_terminal_is_escaped(capsys):
    with pytest.raises(SystemExit), explained():
        raise DataError("\x1b[31mred\u202e.csv: no\nsecond line, caf\xe9")
    assert capsys.readouterr().err == "error: \\x1b[31mred\\u202e.csv: no\nsecond line, caf\xe9\n"


def test_on_a_terminal_lines_end_between_words_and_commands_are_whole(capsys, monkeypatch):
    command = "prune-envelope sweep --dataset 'my tickets.csv' --test-fraction 0.2"
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "30")
    with pytest.raises(SystemExit), explained():
        raise MissingError(
            ["2 things are missing or wrong:", "  no column of texts is named", f"  {command}"], 4
        )
    assert capsys.readouterr().err.splitlines() == [
        "error: 2 things are missing or",
        "  wrong:",
        "  no column of texts is named",
        f"  {command}",
    ]


def test_a_full_disk_that_no_error_names_is_one_line_with_what_is_free(capsys):
    with pytest.raises(SystemExit) as ended, explained():
        raise OSError(errno.ENOSPC, "No space left on device")
    assert ended.value.code == ABSENT
    assert "bytes are free in" in capsys.readouterr().err
