import pytest

from orchestrator.terminal.console import open_console, time_left


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (None, "time left …"),
        (0.0, "about 0 min left"),
        (100.0, "about 2 min left"),
        (3_599.0, "about 1 h 00 min left"),
        (3_900.0, "about 1 h 05 min left"),
    ],
)
def test_a_time_to_the_end_is_told_to_the_minute(seconds, text):
    assert time_left(seconds) == text


def test_a_log_is_as_wide_as_asked_for_and_shows_brackets_as_they_are(capsys):
    open_console(200).print("[red]" + "x" * 190)
    assert capsys.readouterr().out == "[red]" + "x" * 190 + "\n"


def test_a_name_of_any_length_is_printed_at_once(capsys):
    # Looked through for paths to colour, it would take minutes.
    open_console(200).print("x" * 20_000)
    assert capsys.readouterr().out.replace("\n", "") == "x" * 20_000
