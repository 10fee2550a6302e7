"""What a sweep shows while it runs: lines of a log, and a page that is written anew."""

import re

import pytest

from orchestrator.execution.refreshed_page import RefreshedPage
from tests.serial import command
from tests.sweeps import SMALL

FEW = [*SMALL, "--seeds", "1", "--run", "run", "--cache", "cache"]


@pytest.fixture(scope="module")
def ended(tmp_path_factory):
    """A sweep that was to write its page anew: its folder, what it printed, and what the page was told."""
    folder, told = tmp_path_factory.mktemp("shown"), []
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(RefreshedPage, "look", lambda page, trials: told.append(page))
        patched.setattr(RefreshedPage, "close", lambda page: told.append("closed"))
        patched.setattr("orchestrator.execution.watch._LOOK_EVERY_S", 0.05)
        done = command(folder, "sweep", *FEW, "--refresh-report", "90s", "--no-examples")
    assert done.exit_code == 0, done.output
    return folder, done.output, told


def test_the_page_is_looked_after_while_tasks_run_and_closed_before_the_last_one(ended):
    pages = {one for one in ended[2] if one != "closed"}
    assert [(page._every_s, page._examples) for page in pages] == [(90.0, False)]
    assert ended[2][-1] == "closed" and ended[2].count("closed") == 1


@pytest.mark.slow
def test_a_page_written_anew_of_all_trials_is_that_of_the_sweep(ended):
    there, lines, now = ended[0] / "run/report.html", [], [0.0]
    last = there.read_bytes()
    page = RefreshedPage(there.parent, 1.0, examples=False, say=lines.append, clock=lambda: now[0])
    there.unlink()
    now[0] = 2.0
    page.look(1)
    page._process.wait()
    page.look(1)
    assert there.read_bytes() == last
    assert lines == [f"report so far, written anew as trials end: {there}"]


def test_a_log_names_what_begins_and_what_ends_and_obeys_no_terminal(ended):
    lines = ended[1].splitlines()
    assert any(re.search(r" 0/\d+ begins prepare synthetic:300 linear$", line) for line in lines)
    assert any(re.search(r" ok trial \w{10} .* acc=0\.\d{4} delta=[+-]\d", line) for line in lines)
    assert not re.search(r"[\x00-\x09\x0b-\x1f]", ended[1])


def test_nothing_of_what_ran_is_left_in_the_folder(ended):
    assert not list((ended[0] / "run").glob(".running.json"))


def test_two_flags_that_say_two_things_are_refused(tmp_path):
    told = command(tmp_path, "sweep", *SMALL, "--refresh-report", "60s", "--no-report")
    assert told.exit_code == 2 and "--no-report" in told.output
