"""Whole sweeps as a user starts them: begun, waited for, killed, and what they left."""

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from contextlib import chdir, contextmanager, suppress
from dataclasses import replace
from pathlib import Path

from typer.testing import CliRunner

from tests.processes import lives
from trainables.records import from_json

ROOT = Path(__file__).parents[1]
SMALL = [
    "--grid", "demo", "--dataset", "synthetic:300", "--model", "linear", "--limit-test", "200",
    "--seeds", "2", "--rate", "0.1", "--rate", "0.5", "--signal", "redundancy", "--signal", "keep_one",
    "--signal", "random", "--epochs", "3", "--no-confirm",
]  # fmt: skip


def command(*flags):
    return [sys.executable, "-m", "orchestrator.sweep", *flags]


def environment():
    return os.environ | {"PYTHONPATH": str(ROOT)}


def sweep(folder, *flags, timeout=300):
    """A finished command: exit code, what it printed, what it complained of."""
    return subprocess.run(
        command(*flags), cwd=folder, env=environment(), capture_output=True, text=True,
        timeout=timeout, check=False,
    )  # fmt: skip


# The same command, which waits only a second before it counts head or machines as lost.
IMPATIENT = (
    sys.executable, "-c", "import orchestrator.execution.machines as machines\n"
    "machines._PATIENCE_S = machines._CHECK_EVERY_S = 1.0\n"
    "from orchestrator.sweep import app\napp()",
)  # fmt: skip


@contextmanager
def started(folder, *flags, by=()):
    """A command under way, gone with all its workers at the end; it prints to the folder's log."""
    with (
        (folder / "log").open("a") as log,
        subprocess.Popen(
            [*by, *flags] if by else command(*flags), cwd=folder, env=environment(),
            start_new_session=True, stdout=log, stderr=log,
        ) as driver,
    ):  # fmt: skip
        try:
            yield driver
        finally:
            kill_in(driver, b"")


def printed_in(folder):
    return (folder / "log").read_text()


def rows(folder):
    """All rows of the only run below a folder, by key, less clock and machine."""
    (run,) = [path for path in (folder / "runs").iterdir() if path.name != "_cache"]
    return rows_of(run)


def rows_of(run):
    found = [from_json(path.read_text()) for path in (run / "trials").glob("*.json")]
    return {row.spec.result_key: timeless(row) for row in found}


def timeless(row):
    def without_clock(used):
        return {name: replace(one, seconds=0.0, joules=None) for name, one in used.items()}

    phases, steps = without_clock(row.phases), without_clock(row.scoring_steps)
    return replace(row, phases=phases, scoring_steps=steps, finished="", host="")


def refs(folder):
    """How many artifacts of each kind the store holds."""
    found = (folder / "runs" / "_cache" / "refs").glob("*/*/*/*.json")
    return Counter(path.parts[-3] for path in found)


def sweep_here(folder, *flags):
    """The same in this process, for a command that starts no worker: what it printed."""
    from orchestrator.__main__ import app

    with chdir(folder):
        ended = CliRunner().invoke(app, ["sweep", *flags])
    assert ended.exit_code == 0, ended.output
    return ended.stdout


def wait_for_results(folder, count, driver):
    wait_until(lambda: refs(folder)["result"] >= count, driver, folder)


def wait_until(happened, driver, folder):
    deadline = time.monotonic() + 120
    while not happened():
        assert time.monotonic() < deadline, printed_in(folder)
        assert driver.poll() is None, printed_in(folder)
        time.sleep(0.05)


def wait_until_none(driver):
    """Wait until nothing of the driver's session runs."""
    deadline = time.monotonic() + 60
    while left := [process for process in found_in(driver, b"") if lives(process)]:
        assert time.monotonic() < deadline, left
        time.sleep(0.05)


def found_in(driver, name):
    """Every process of the driver's session with name in its title."""
    found = []
    for process in Path("/proc").iterdir():
        try:
            is_ours = process.name.isdigit() and os.getsid(int(process.name)) == driver.pid
            if is_ours and name in (process / "cmdline").read_bytes()[:200]:
                found.append(int(process.name))
        except (OSError, ValueError):
            continue
    return found


def kill_in(driver, name):
    """SIGKILL every process of the driver's session with name in its title; how many."""
    killed = 0
    for process in found_in(driver, name):
        with suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)
            killed += 1
    return killed
