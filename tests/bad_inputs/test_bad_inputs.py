"""The matrix of bad inputs: each ends by its exit code and one line, and leaves nothing behind."""

from hashlib import sha256

import pytest
import typer
from typer.testing import CliRunner

from orchestrator.__main__ import app
from tests.bad_inputs import command_lines, data_files, language_files, model_files
from tests.bad_inputs.matrix import ERRORS
from trainables.errors import EnvelopeError, MissingError

USAGE = typer.BadParameter.__mro__[1]  # click's own class, or the copy of it that typer has
ROWS = [*command_lines.ROWS, *data_files.ROWS, *language_files.ROWS, *model_files.ROWS]


def tree(folder):
    """Everything below a folder: kind and content of each entry, by name."""
    found = {}
    for path in folder.rglob("*"):
        is_file = path.is_file() and not path.is_symlink()
        about = sha256(path.read_bytes()).hexdigest() if is_file else path.lstat().st_mode
        found[str(path.relative_to(folder))] = about
    return found


def shown(text):
    """What is printed, without the line breaks and boxes of a terminal."""
    return " ".join(text.replace("│", " ").split())


@pytest.mark.parametrize("row", ROWS, ids=[f"{row.id} {row.what}" for row in ROWS])
def test_a_bad_input_ends_by_its_code_and_one_line_and_leaves_nothing(row, tmp_path, monkeypatch):
    row.write(tmp_path)
    monkeypatch.chdir(tmp_path)
    before = tree(tmp_path)
    ended = CliRunner().invoke(app, list(row.argv))
    # The error that ended the process: of ours, or of the parser of the command line.
    error = getattr(ended.exception, "__context__", None)
    assert ended.exit_code == row.exit, (ended.output, repr(ended.exception), repr(error))
    assert tree(tmp_path) == before
    if row.exit == 0:
        assert row.fine and [word for word in row.fine if word not in shown(ended.output)] == []
        return
    assert row.says and [word for word in row.says if word not in shown(ended.stderr)] == []
    if isinstance(error, USAGE):
        assert row.exit == 2
        return
    assert ended.stderr.startswith("error: ")
    if isinstance(error, MissingError):  # several things, a line each
        assert error.exit_code == row.exit and ended.stderr.count("\n") == len(error.lines)
        return
    assert isinstance(error, (row.error,) if row.error else ERRORS[row.exit])
    assert isinstance(error, (EnvelopeError, OSError))
    assert ended.stderr.count("\n") == 1


# Taken by today's rules, docs/data.md: Arrow files, and data and models of the hub at a commit.
TAKEN = {"B64", "B66"}
# Files that change while they are read: a test of its own, tests/trainables/data/test_formats.py.
IN_TIME = {"B70"}


@pytest.mark.parametrize(
    ("rows", "numbers"),
    [(command_lines.ROWS, range(1, 30)), (data_files.ROWS + model_files.ROWS, range(30, 73))],
    ids=["command lines", "files"],
)
def test_every_bad_input_of_the_list_has_a_row(rows, numbers):
    assert {f"B{number}" for number in numbers} - {
        row.id for row in rows
    } - TAKEN - IN_TIME == set()
