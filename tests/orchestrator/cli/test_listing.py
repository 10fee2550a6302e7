import sys

import pytest
from rich.text import Text

from orchestrator.cli.listing import list_grids, list_signals
from orchestrator.planning.grids import GRIDS
from trainables.selection.selectors import SELECTORS
from trainables.signals import SIGNALS

NAMES = {
    list_signals: [*SIGNALS, *SELECTORS, *(row.labels_by for row in SIGNALS.values())],
    list_grids: [*GRIDS, *(grid.model for grid in GRIDS.values())],
}


@pytest.mark.parametrize("width", [80, 120, 160])
@pytest.mark.parametrize("listed", NAMES, ids=lambda command: command.__name__)
def test_a_list_is_whole_on_any_terminal(listed, width, monkeypatch, capsys):
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", str(width))
    listed()
    said = Text.from_ansi(capsys.readouterr().out).plain
    assert "…" not in said
    assert max(map(len, said.splitlines())) <= width
    assert not [
        name for name in NAMES[listed] if name.partition(" ")[0].partition("/")[0] not in said
    ]
