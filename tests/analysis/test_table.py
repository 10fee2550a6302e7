import sys

import pytest

from analysis.table import _drawn

COLUMNS = ["dataset", "method", "delta", "notes"]
ROWS = [
    ["own", "Redundancy within class (stratified)", "-0.13", "a run of the left diverged"],
    ["own", "EL2N (global)", "+1.20", ""],
]


@pytest.fixture
def terminal(monkeypatch):
    """A terminal of so many columns."""

    def of(width):
        monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
        monkeypatch.setenv("COLUMNS", str(width))

    return of


@pytest.mark.parametrize("width", [50, 60, 80, 200])
def test_no_value_is_broken_over_the_lines_of_a_terminal(terminal, width):
    terminal(width)
    drawn = _drawn(COLUMNS, ROWS, "text")
    assert all(len(line) <= width for line in drawn.splitlines())
    assert all(cell in drawn for row in ROWS for cell in row)


def test_a_table_wider_than_the_terminal_has_its_rows_one_below_another(terminal):
    terminal(60)
    assert _drawn(COLUMNS, ROWS, "text").splitlines() == [
        "all rows:   dataset own",
        "",
        "method Redundancy within class (stratified)   delta -0.13",
        "   notes a run of the left diverged",
        "method EL2N (global)   delta +1.20",
    ]


def test_a_file_has_one_line_a_row_however_long():
    assert len(_drawn(COLUMNS, ROWS, "text").splitlines()) == 2 + len(ROWS)
