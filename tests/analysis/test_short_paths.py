"""How a path is told to those whom a page is sent to."""

from pathlib import Path

import pytest

from analysis.short_paths import pasted_path, short_path


@pytest.fixture(autouse=True)
def at_home(monkeypatch, tmp_path):
    """A user at work in a folder of the home folder."""
    work = tmp_path / "jane" / "work"
    work.mkdir(parents=True)
    monkeypatch.setenv("HOME", str(tmp_path / "jane"))
    monkeypatch.chdir(work)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (lambda: "runs/a", "runs/a"),
        (lambda: "../runs/a", "../runs/a"),
        (lambda: Path.cwd() / "runs" / "a", "runs/a"),
        (lambda: Path.home() / "runs" / "a", "~/runs/a"),
        (lambda: "/mnt/team/runs/a", "a"),
        (Path.cwd, "~/work"),
    ],
)
def test_a_path_is_told_without_what_names_the_machine(given, told):
    assert short_path(given()) == told


def test_a_pasted_path_is_one_word_that_the_shell_still_expands():
    assert pasted_path(Path.home() / "my runs" / "a") == "~/'my runs/a'"


@pytest.mark.parametrize(
    ("given", "told"),
    [(lambda: "/mnt/team/my a", "'PATH/TO/my a'"), (lambda: Path.cwd() / "a", "a"), (lambda: "a", "a")],
)  # fmt: skip
def test_what_is_left_to_fill_in_of_a_pasted_path_is_said(given, told):
    assert pasted_path(given()) == told
