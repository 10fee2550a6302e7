"""The board in a browser: sorted, found by name, its other warm-ups chosen, its cells linked to their trials."""

from dataclasses import replace
from urllib.parse import unquote

import numpy as np
import pytest

from analysis.page.render import render
from analysis.run_files import Plan
from analysis.study import study
from benchmarks.paired_runs import World, ladders, rows

RATES = (0.1, 0.3)


@pytest.fixture(scope="module")
def board(tmp_path_factory):
    """A page of ten methods at two rates after two warm-ups."""
    specs = [spec for own in ladders(10, RATES, control=True) for spec in own]
    pairs = [
        (replace(spec, warmup=w), -i * w / 400) for w in (0.1, 0.4) for i, spec in enumerate(specs)
    ]
    found = list(rows(np.random.default_rng(0), World(n=300), pairs, range(3)))
    path = tmp_path_factory.mktemp("board") / "page.html"
    path.write_text(render(study(found, Plan(tolerance=1.0))), encoding="utf-8")
    return path


def test_rows_are_sorted_found_and_linked_and_a_warm_up_is_chosen(board, opened):
    page = opened(board)
    shown = page.locator("#board .warm:visible")
    assert shown.count() == 1
    means = (
        "(i) => [...document.querySelectorAll('#board .warm:not([hidden]) tbody tr:not(.control)')].map("
        "(row) => parseFloat(row.cells[i].querySelector('b').textContent.replace(/[^−\\d.]/g, '').replace('−', '-')))"
    )
    shown.locator("thead button").nth(1).click()
    found = page.evaluate(means, 2)
    assert len(found) == 9 and found == sorted(found, reverse=True)
    assert shown.locator("tbody tr").first.get_attribute("class") == "control"
    link = shown.locator("tbody tr").nth(1).locator("a").first.get_attribute("href")
    assert unquote(link).startswith('#trials="made" "made:signal_0')
    assert unquote(link).endswith(' (global)" removed=10%')
    page.locator("#find-method").fill("signal_07")
    assert shown.locator("tbody tr:visible th").count() == 2
    page.locator("#board-warm-0").select_option(index=1)
    assert shown.get_attribute("data-warm") != "" and shown.count() == 1
    assert [line for line in page.log if not line.startswith("file:")] == []


def test_on_a_telephone_the_answer_is_in_sight_and_the_page_does_not_move(tmp_path, opened):
    path = tmp_path / "page.html"
    specs = [(spec, 0.0) for own in ladders(2, (0.1, 0.2, 0.3, 0.4), control=True) for spec in own]
    path.write_text(
        render(
            study(
                rows(
                    np.random.default_rng(0),
                    World(n=4000, run_sd=0.001, likeness=0.95),
                    specs,
                    range(5),
                ),
                Plan(),
            )
        )
    )
    page = opened(path, viewport={"width": 400, "height": 900})
    seen = page.evaluate(
        "() => { const a = document.querySelector('td.answer').getBoundingClientRect(); "
        "return [a.right <= innerWidth, a.left >= 0, scrollX, scrollY]; }"
    )
    assert seen == [True, True, 0, 0]


def test_without_scripts_and_in_print_all_of_it_is_there(board, opened):
    page = opened(board, java_script_enabled=False)
    cells = page.locator("#board td")
    assert cells.count() == 40 and page.locator("#board td:visible").count() == 18
    page.emulate_media(media="print")
    assert page.locator("#board td:visible").count() == 40
