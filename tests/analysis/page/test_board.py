"""The board says of each condition what the envelope says, and says it where a reader looks."""

import re
from dataclasses import replace

import numpy as np
import pytest

from analysis.answers import answers
from analysis.other_readings import other_readings
from analysis.page.answer_cards import cards
from analysis.page.board import board_panels
from analysis.page.board_words import board_of
from analysis.page.page_parts import open_templates
from analysis.run_files import Plan
from analysis.study import study
from analysis.wording import MARKS, signed
from benchmarks.paired_runs import World, ladders, rows
from tests.metric_runs import made as made_by_metric
from trainables.spec import EACH_EPOCH

RATES = (0.1, 0.3)
CALM = World(n=4000, run_sd=0.001, likeness=0.95)


def made(true, *, seeds=5, world=CALM, control=True, rates=RATES, change=None, **plan):
    """A run of methods whose true differences at each rate are given in pp, random first."""
    specs = ladders(len(true), rates, control=control)
    pairs = [
        (change(spec) if change else spec, delta / 100)
        for own, deltas in zip(specs, true, strict=True)
        for spec, delta in zip(own, deltas, strict=True)
    ]
    return study(
        rows(np.random.default_rng(0), world, pairs, range(seeds)), Plan(tolerance=1.0, **plan)
    )


def panel_of(seen):
    (answer,) = answers(seen)
    return board_panels(seen, answer)[0]


def cell_of(seen, row, rate):
    """A cell of the first panel, by the places of row and rate."""
    return panel_of(seen).rows[row].cells[rate]


def html_of(seen):
    board = board_of(seen, cards(seen))
    return open_templates().get_template("sections/board.html.j2").render(board=board)


def test_every_cell_has_the_mark_and_mean_of_its_verdict():
    seen = made([(0, -0.9), (0.3, -3)])
    shown = {
        (row.label, rate): (cell.mark, cell.mean)
        for row in panel_of(seen).rows
        for rate, cell in zip(RATES, row.cells, strict=True)
    }
    assert shown == {
        (seen.methods[cell.condition.method], cell.condition.rate): (
            MARKS[v.verdict],
            signed(v.mean),
        )
        for cell, v in seen.rows
    }


def test_random_is_first_and_the_others_by_their_mean_at_the_answers_rate():
    panel = panel_of(made([(0, -9), (-0.2, -9), (0.5, -9), (0.1, 2)]))
    names = [row.name for row in panel.rows]
    assert names[0] == "Random" and names[1] == "made:signal_02"
    assert panel.rows[1].cells[1].is_answer


def test_what_beats_random_says_so_beside_randoms_mean():
    seen = made([(-2, -4), (0, 0)])
    cell = cell_of(seen, 1, 1)
    assert cell.credit == "▲ beats random"
    assert cell.random == pytest.approx(cell_of(seen, 0, 1).value)
    assert cell_of(made([(0, 0), (-2, -4)]), 1, 1).credit == "▼ below random"


def test_without_random_no_cell_has_a_tick():
    seen = made([(0, 0), (0, -3)], control=False)
    assert all(cell.random is None for row in panel_of(seen).rows for cell in row.cells)
    assert "random was not run" in html_of(seen)


def test_what_was_not_run_is_dashed():
    seen = made([(0, -3), (0, -3)])
    some = [
        row for row in seen.rows if row.cell.condition.is_control or row.cell.condition.rate < 0.2
    ]
    seen = replace(seen, rows=tuple(some))
    assert (cell_of(seen, 1, 1).mean, cell_of(seen, 1, 1).value) == ("not run", None)
    assert '<td class="missing"><span>not run</span></td>' in html_of(seen)


def test_one_seed_has_a_mean_and_neither_interval_nor_mark():
    cell = cell_of(made([(0, -3), (0, -3)], seeds=1), 0, 0)
    assert (cell.mark, cell.bounds, cell.value is None) == ("", "no interval", False)


def test_two_seeds_decide_nothing():
    seen = made([(0, -9), (0, -9)], seeds=2)
    assert {cell.mark for row in panel_of(seen).rows for cell in row.cells} == {"?"}


def test_a_model_that_learned_nothing_has_no_marks():
    seen = made([(0, 0), (0, -3)], world=World(accuracy=0.5, n=2000))
    panel = panel_of(seen)
    assert {(cell.mark, cell.tone) for row in panel.rows for cell in row.cells} == {("", "none")}
    assert not panel.has_answer and not any(
        kind == "b" for kind, _ in panel.picture(panel.rows[0].cells[0])
    )


def test_an_end_that_is_turned_round_reads_turned_round():
    seen = made([(0, 0), (0, 0)], change=lambda spec: replace(
        spec, signal="el2n", prune="high") if spec.signal != "random" else spec)  # fmt: skip
    row = panel_of(seen).rows[1]
    assert (row.name, row.about) == ("EL2N, high end", "the rows the model finds hardest go")


def test_two_rows_of_one_signal_are_told_apart():
    seen = made([(0, 0), (0, 0), (0, -1)], change=lambda spec: replace(
        spec, signal="el2n", selector="global" if spec.signal.endswith("0") else "stratified"
    ) if spec.signal != "random" else spec)  # fmt: skip
    assert {row.name for row in panel_of(seen).rows} == {
        "Random",
        "EL2N (global)",
        "EL2N (stratified)",
    }


def test_rows_chosen_anew_each_epoch_say_so():
    def dynamic(spec):
        name = "random" if spec.signal == "random" else "infobatch"
        return replace(spec, signal=name, selector=EACH_EPOCH)

    panel = panel_of(made([(0, 0), (0, 0)], change=dynamic))
    assert [row.name for row in panel.rows] == [
        "Random, chosen each epoch",
        "InfoBatch, chosen each epoch",
    ]
    assert panel.rows[1].about == "easy rows skipped by lot, the others count more"


def test_the_confirmed_cell_says_that_new_seeds_confirm_it(confirmed):
    told = {
        cell.notes for row in panel_of(confirmed()).rows for cell in row.cells if cell.is_answer
    }
    assert told == {("✓ confirmed by new seeds",)}


def test_a_search_that_new_seeds_refute_is_a_weaker_reading(confirmed):
    seen = confirmed(-3.0)
    (one,) = other_readings(seen)
    assert one.holds is None and "without new seeds" in one.different
    assert "? not confirmed by new seeds" in html_of(seen)


def test_a_cell_that_a_guard_holds_back_says_by_which(tmp_path):
    seen = made_by_metric(tmp_path, "accuracy", tolerance=50.0, guards=("worst_class:0.01",))
    (answer,) = answers(seen)
    notes = [
        note
        for row in board_panels(seen, answer)[0].rows
        for cell in row.cells
        for note in cell.notes
    ]
    assert any(
        re.match(r"[✗?] by a guard: recall of (billing|fraud|other)", note) for note in notes
    )


def test_of_a_metric_where_more_is_worse_below_nothing_is_said_to_be_worse(tmp_path):
    seen = made_by_metric(tmp_path, "log_loss", tolerance=0.05)
    page = html_of(seen)
    assert "raises the log loss by less than 0.05 nats" in page
    assert "its sign turned: below 0 is worse" in page


def test_a_mean_off_the_scale_is_an_arrow_and_its_number():
    panel = panel_of(made([(0, 0), (0, -9)]))
    cell = panel.rows[1].cells[1]
    assert [kind for kind, _ in panel.picture(cell)][-1] == "o" and cell.mean.startswith("−")


def test_a_picture_never_leaves_its_frame():
    panel = panel_of(made([(0, -9), (6, -9)]))
    paths = [path for row in panel.rows for cell in row.cells for _, path in panel.picture(cell)]
    assert all(0 <= float(x) <= 100 for path in paths for x in re.findall(r"[MLH](-?[\d.]+)", path))


def test_at_more_than_eight_methods_those_in_between_are_folded():
    seen = made([(0, -i / 5) for i in range(12)], world=World(n=300))
    panel = panel_of(seen)
    assert [row.is_folded for row in panel.rows] == [False] * 9 + [True] * 3
    assert "3 more methods" in html_of(seen)


def test_of_many_data_sets_the_decided_ones_are_folded(confirmed):
    seen = confirmed(names=("a", "b", "c", "d", "e"))
    page = html_of(seen)
    assert page.count('<details class="board-set"') == 4
    assert "<summary>✓ b: 30% by made:signal_00</summary>" in page


def test_several_warm_ups_are_panels_of_their_own_the_answers_first():
    found = [
        made([(0, 0), (0, 0.5)]),
        made([(0, -3), (0, -3)], change=lambda spec: replace(spec, warmup=0.4)),
    ]
    seen = study([row for one in found for row in one.results], Plan(tolerance=1.0))
    (answer,) = answers(seen)
    panels = board_panels(seen, answer)
    assert [panel.warmup for panel in panels] == [
        "scored after 15% of the training",
        "scored after 40% of the training",
    ]


def test_a_hostile_name_is_escaped():
    name = "<img src=x onerror=alert(1)>"
    seen = made([(0, 0), (0, 0)], change=lambda spec: replace(spec, dataset=name))
    seen = replace(seen, sources=dict.fromkeys(seen.sources, name))
    assert "<img" not in html_of(seen)


def test_more_than_600_cells_have_no_pictures_where_they_are_folded(monkeypatch):
    monkeypatch.setattr("analysis.page.board_words._MOST_DRAWN", 30)
    seen = made([(0, -i / 5) for i in range(16)], seeds=3, world=World(n=200))
    assert html_of(seen).count("<svg") == 2 * 9
