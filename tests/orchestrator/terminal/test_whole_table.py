"""On a terminal of any width no number and no word of a table is broken, and no line is too long."""

import ast
import io
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console

from orchestrator.cli.listing import list_grids, list_signals
from orchestrator.planning.grids import GRIDS
from orchestrator.planning.named_plan import preset_plan
from orchestrator.terminal.whole_table import WholeTable
from trainables.signals import SIGNALS

ROOT = Path(__file__).parents[3]
VERDICT = "✗ −10.94 [−11.75, −10.16]"
CELLS = st.sampled_from(
    ["", "tickets", "Redundancy within class (stratified)", "7.14%", VERDICT, "1,234,567", "数据", "a b c d e f g"]
)  # fmt: skip


def drawn(table, width):
    text = io.StringIO()
    Console(file=text, width=width, markup=False, highlight=False).print(table)
    return text.getvalue()


@settings(max_examples=60, deadline=None)
@given(
    rows=st.lists(st.tuples(*[CELLS] * 5), min_size=1, max_size=4),
    width=st.sampled_from([60, 80, 120, 200]),
)
def test_numbers_and_words_of_any_table_are_whole_at_any_width(rows, width):
    table = WholeTable(
        "data set", "signal", "warm-up", "20% removed", "", title="Δ in pp, 90% interval"
    )
    for row in rows:
        table.add_row(*row)
    text = drawn(table, width)
    assert max(map(cell_len, text.splitlines())) <= width
    for cell in {cell for row in rows for cell in row}:
        whole = [cell] if "%" in cell or cell == VERDICT else cell.split()
        assert all(one in text for one in whole), cell


def test_in_a_block_a_number_is_named_and_what_was_not_run_is_left_out():
    table = WholeTable("data set", "warm-up", "10% removed", "20% removed")
    table.heads = 2
    table.add_row("d2", "5%", VERDICT, "·")
    assert drawn(table, 46).split("\n")[:2] == ["d2 · warm-up 5%", f"    10% removed: {VERDICT}"]


@pytest.mark.parametrize("width", [60, 80, 120])
@pytest.mark.parametrize(
    ("listed", "whole"),
    [
        (list_signals, [*SIGNALS, *(row.labels_by for row in SIGNALS.values() if " " not in row.labels_by)]),
        (list_grids, [*GRIDS, *(grid.model for grid in GRIDS.values()), f"{len(preset_plan('signals').specs):,}"]),
    ],
    ids=["signals", "grids"],
)  # fmt: skip
def test_a_list_has_no_line_too_long_and_no_word_broken(listed, whole, width, monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", str(width))
    listed()
    text = capsys.readouterr().out
    assert max(map(cell_len, text.splitlines())) <= width
    assert [one for one in whole if one not in text] == []


def test_every_table_on_a_terminal_is_whole():
    own = {"orchestrator/terminal/whole_table.py", "orchestrator/terminal/panel.py"}
    for path in (ROOT / "orchestrator").rglob("*.py"):
        names = {
            node.id for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Name)
        }
        assert "Table" not in names or path.relative_to(ROOT).as_posix() in own, path
