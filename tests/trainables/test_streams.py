"""A command goes on to its own end, whatever becomes of the streams it speaks by."""

import subprocess
import sys
from pathlib import Path

import pytest

from trainables import streams

ROOT = Path(__file__).parents[2]
# Prints more than any buffer holds, by click and by rich, and leaves a file as its last act.
TALKS = """
import sys, typer
from pathlib import Path
from orchestrator.terminal.console import open_console
from trainables.errors import NotShownError, UsageError, explained
from trainables.streams import CommandLine
app = CommandLine()
@app.command(epilog="an ellipsis … of the help")
def talk(lines: int = 1, code: int = 0) -> None:
    with explained():
        for i in range(lines):
            typer.echo(f"line {i}: caf\\xe9 …")
        open_console().print("✓ done …")
        held = Path("last").open("x")
        Path("stdin").write_text(sys.stdin.read())
        held.write("was done")
        if code:
            raise {2: UsageError, 5: NotShownError}[code]("it is so")
app()
"""
BROAD = 6_000  # lines: more than a pipe holds


@pytest.fixture
def talk(tmp_path):
    """What a shell makes of the command: its exit code, what it printed and what it complained of."""
    (tmp_path / "talk.py").write_text(TALKS)

    def run(shell, **env):
        # The folder of a process whose streams are closed is not read for modules of the same name.
        path = {"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin", "PY": sys.executable, **env}
        return subprocess.run(
            ["bash", "-o", "pipefail", "-c", shell.replace("talk", '"$PY" talk.py', 1)],
            cwd=tmp_path, env=path, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
        )  # fmt: skip

    return run


@pytest.mark.parametrize(
    ("shell", "code"),
    [
        (f"talk --lines {BROAD} | head -1", 0),
        (f"talk --lines {BROAD} --code 5 | head -1", 5),
        ("talk <&- >&- 2>&-", 0),
        ("talk --code 2 2>&-", 2),
        ("talk --code 2 2>/dev/full", 2),
    ],
)
def test_a_reader_that_is_gone_changes_nothing_of_what_a_command_does(talk, tmp_path, shell, code):
    done = talk(shell)
    assert (done.returncode, (tmp_path / "last").read_text()) == (code, "was done"), done.stderr
    assert "Traceback" not in done.stderr and "rror: [" not in done.stderr


def test_output_that_is_lost_is_said_of_the_output_and_of_no_disk(talk, tmp_path):
    done = talk("talk > /dev/full")
    assert done.returncode == 4 and (tmp_path / "last").read_text() == "was done"
    assert done.stderr.startswith("error: standard output: No space left on device; part of what")
    assert "free" not in done.stderr and done.stderr.count("\n") == 1


def test_a_code_of_the_command_stays_where_its_output_is_lost_too(talk):
    done = talk("talk --code 5 > /dev/full")
    assert done.returncode == 5 and "standard output" in done.stderr


@pytest.mark.parametrize(("flag", "code"), [("--help", 0), ("--nö", 2)])
def test_what_an_encoding_lacks_ends_no_command(talk, flag, code):
    done = talk(f"talk {flag}", LC_ALL="C", PYTHONUTF8="0", PYTHONIOENCODING="ascii")
    assert done.returncode == code and "Traceback" not in done.stderr


def test_a_pipe_that_does_not_wait_gets_all(talk, tmp_path):
    shell = f"(\"$PY\" -c 'import os; os.set_blocking(1, False)'; talk --lines {BROAD}) | (sleep .3; wc -l)"
    done = talk(shell)
    assert done.returncode == 0 and int(done.stdout) == BROAD + 1, done.stderr


ENDS = """
import atexit, sys, threading, time, typer
from concurrent.futures import ThreadPoolExecutor
from trainables.streams import CommandLine
app = CommandLine()
pool = ThreadPoolExecutor()
def late(word):
    time.sleep(0.2)
    print(word)
class Apart:
    def __del__(self):
        print("taken apart")
sys.modules["torch"] = Apart()
@app.command()
def end(code: int) -> None:
    atexit.register(print, "handler")
    pool.submit(int).result()
    threading.Thread(target=late, args=["thread"]).start()
    raise SystemExit(code)
app()
"""


@pytest.mark.parametrize("code", [0, 5])
def test_a_command_that_loaded_torch_waits_for_its_threads_and_does_not_take_it_apart(code):
    ended = subprocess.run(
        [sys.executable, "-c", ENDS, str(code)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert (ended.returncode, ended.stdout.split()) == (code, ["thread", "handler"]), ended.stderr


def test_words_that_a_program_gives_end_no_process(monkeypatch):
    monkeypatch.setitem(streams.sys.modules, "torch", streams)
    monkeypatch.setattr(streams, "_end_at_once", lambda code: pytest.fail("the process was ended"))
    app = streams.CommandLine()
    app.command()(lambda: None)
    with pytest.raises(SystemExit) as ended:
        app([])
    assert ended.value.code == 0
