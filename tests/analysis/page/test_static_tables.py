"""Tables for a reader who runs no script."""

import json

import pytest

from analysis.page.page_parts import page_scripts
from analysis.page.render import render
from analysis.page.static_tables import cell_text, static_table
from analysis.page.trial_table import trial_table
from analysis.study import study

CELLS = [
    (None, ""), ("a", ""), (0.0714, "%"), (0.3, "%"), (1440, ","), (119.4, ","), (-0.25, "+.2"), (0.25, "+.2"),
    (0.0, "+.2"), (0.9394, ".4"), (3, ""), (-7.86, ""), (5.0, ""), (1e-5, ""),
]  # fmt: skip


@pytest.mark.slow
def test_a_cell_reads_as_the_script_writes_it(chromium):
    page = chromium.new_page()
    script = f"{page_scripts('figures.js')[0]}; {json.dumps(CELLS)}.map(([v, f]) => cellText(v, f))"
    assert [cell_text(*cell) for cell in CELLS] == page.evaluate(
        f"(() => eval({json.dumps(script)}))()"
    )
    page.close()


def test_a_static_table_shows_hostile_names_as_text():
    table = {"columns": ["<b>"], "rows": [["</noscript><script>\u202e"]], "formats": [""]}
    text = str(static_table(table))
    assert "&lt;/noscript&gt;&lt;script&gt;\\u202e" in text and "<b>" not in text


def test_without_a_script_every_figure_and_every_trial_has_its_table(small_run):
    seen = study(small_run)
    page = render(seen)
    figures = page.count('<div class="figure"')
    assert page.count("<noscript><div") == figures > 5
    assert all(f"<td>{row[0]}" in page for row in trial_table(seen).rows)


def test_cells_that_rows_share_stand_once():
    rows = [["x", 1, "m"], ["y", 1, "m"], ["z", 2, "m"]]
    table = {"columns": ["trial", "seed", "method"], "rows": rows, "formats": []}
    text = str(static_table(table, shared=("seed", "method")))
    assert text.split("<tbody>")[1].split() == [
        "<tr><td>x<td", "rowspan=2>1<td", "rowspan=2>m", "<tr><td>y", "<tr><td>z<td", "rowspan=1>2<td",
        "rowspan=1>m", "</table>",
    ]  # fmt: skip
