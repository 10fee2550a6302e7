import pytest

from orchestrator.terminal.console import open_console, time_left


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (None, "time left not known yet"),
        ((0.0, 4.0), "at most 10 s left"),
        ((31.0, 58.0), "about 30 to 60 s left"),
        ((80.0, 100.0), "about 1 to 2 min left"),
        ((120.0, 120.0), "about 2 min left"),
        ((3_599.0, 5_399.0), "about 59 to 90 min left"),
        ((3_900.0, 9_000.0), "about 1 to 2.5 h left"),
    ],
)
def test_a_time_to_the_end_is_told_from_the_least_to_the_most(seconds, text):
    assert time_left(seconds) == text


def test_a_log_is_as_wide_as_asked_for_and_shows_brackets_as_they_are(capsys):
    open_console(200).print("[red]" + "x" * 190)
    assert capsys.readouterr().out == "[red]" + "x" * 190 + "\n"


def test_a_name_of_any_length_is_printed_at_once(capsys):
    # Looked through for paths to colour, it would take minutes.
    open_console(200).print("x" * 20_000)
    assert capsys.readouterr().out.replace("\n", "") == "x" * 20_000
