import csv
import json
import os
from dataclasses import replace

import numpy as np
import pytest
from typer.testing import CliRunner

from analysis.page.figures.crossover import CrossoverData, SideBySide
from orchestrator.__main__ import app
from orchestrator.terminal.console import open_console
from orchestrator.theory.grid import ACCEPTED, TheoryGrid
from orchestrator.theory.results import TheoryResults, accepted_sentence, crossover_sentence
from orchestrator.theory.run import run_theory
from orchestrator.theory.work import (
    TheoryTask,
    left_of,
    simulation,
    tasks_of,
    values_of,
    work_apart,
    work_for,
)
from trainables.errors import DataError
from trainables.perceptron import StudentData, simulate

SMALL = TheoryGrid(
    alphas=(1, 2, 4), shares=(0.5,), probe_deg=0.0, crossings=(0.5,), per_octave=1, accepted=ACCEPTED[:2],
    dimensions=12, repetitions=4,
)  # fmt: skip
call = CliRunner().invoke


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    """A small grid: its folder and its exit code."""
    folder = tmp_path_factory.mktemp("theory")
    return folder, run_theory(SMALL, folder, 1, open_console())


def lines(folder, name):
    with (folder / f"{name}.csv").open(encoding="utf-8") as file:
        return [*csv.DictReader(file)]


def test_it_leaves_a_page_and_four_tables(ran):
    folder, code = ran
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert code == 0 and "Keep the hardest or the easiest?" in page
    assert {path.stem for path in folder.glob("*.csv")} == {
        "accepted", "crossover", "frontier", "students",
    }  # fmt: skip


def test_its_numbers_are_those_of_the_simulation_and_the_theory(ran):
    folder, _ = ran
    (row,) = [
        row
        for row in lines(folder, "students")
        if (row["alpha"], row["kept"], row["keep"]) == ("4", "0.5", "hard")
    ]
    arm = StudentData(alpha=4, kept=0.5, keep="hard")
    errors = simulate(arm, n=12, repeats=4)
    assert float(row["mean"]) == pytest.approx(errors.mean(), abs=1e-6)
    assert float(row["exact"]) == pytest.approx(0.1361, abs=1e-4)
    (crossing,) = lines(folder, "crossover")
    assert float(crossing["exact_alpha"]) == pytest.approx(5.05, abs=0.01)


def test_intervals_of_200_dimensions_judge_no_others(ran):
    folder, _ = ran
    assert {row["missed"] for row in lines(folder, "accepted")} == {"False"}
    rows = TheoryResults(SMALL, folder / "points").accepted_rows()
    assert "none is judged" in accepted_sentence(rows, SMALL)


def test_the_same_command_does_nothing_twice(ran, capsys):
    folder, _ = ran
    before = {path: path.stat().st_mtime_ns for path in (folder / "points").iterdir()}
    assert run_theory(SMALL, folder, 1, open_console()) == 0
    assert {path: path.stat().st_mtime_ns for path in (folder / "points").iterdir()} == before
    assert "0 pieces of work" in capsys.readouterr().out


def test_it_goes_on_where_it_stopped(ran, tmp_path):
    folder, _ = ran
    tasks = tasks_of(SMALL)
    for task in tasks[1:]:
        (tmp_path / task.file).write_bytes((folder / "points" / task.file).read_bytes())
    assert left_of(tasks, tmp_path) == [tasks[0]]


def test_a_mean_outside_what_was_accepted_is_marked_and_ends_with_3(ran, monkeypatch):
    folder, _ = ran
    monkeypatch.setattr(TheoryGrid, "is_as_accepted", True)
    impossible = replace(SMALL, accepted=((StudentData(alpha=2), (0.9, 1.0)),))
    rows = TheoryResults(impossible, folder / "points").accepted_rows()
    assert rows[0]["missed"] and accepted_sentence(rows, impossible).startswith("0 of 1")
    assert run_theory(impossible, folder, 1, open_console()) == 3
    assert " MISSED" in (folder / "report.html").read_text(encoding="utf-8")


@pytest.mark.parametrize("text", ["", "{}", '{"values": ["x"]}', '{"values": [1.0]}'])
def test_a_file_that_was_changed_is_named(tmp_path, text):
    task = simulation(SMALL, StudentData(alpha=2))
    (tmp_path / task.file).write_text(text)
    with pytest.raises(DataError, match=task.file):
        values_of(task, tmp_path)


def test_a_result_of_other_settings_has_another_name():
    one = simulation(SMALL, StudentData(alpha=2))
    others = [replace(one, dimensions=13), replace(one, repetitions=5), replace(one, seed=1)]
    assert len({task.file for task in (one, *others)}) == 4


def test_a_process_whose_command_is_gone_stops(tmp_path):
    work_for(os.getpid(), [TheoryTask(kind="exact", arm=StudentData(alpha=2))], tmp_path)
    assert [*tmp_path.iterdir()] == []


def test_a_process_does_what_the_command_would(ran, tmp_path):
    folder, _ = ran
    task = simulation(SMALL, StudentData(alpha=2))
    work_apart([task], tmp_path, 2, int)
    assert (values_of(task, tmp_path) == values_of(task, folder / "points")).all()


def test_students_cross_where_one_side_and_then_the_other_is_shown_to_be_better():
    def beside(alpha, low, high):
        return SideBySide(alpha=alpha, hard=0.1, easy=0.1, ratio=1.0, low=low, high=high)

    def frame(*simulated):
        return CrossoverData(share=0.5, exact=5.05, hard=[], easy=[], whole=[], simulated=simulated)

    seen = frame(beside(4, 1.1, 1.2), beside(5, 0.9, 1.1), beside(6.3, 0.8, 0.9))
    unseen = frame(beside(4, 0.9, 1.2), beside(6.3, 0.8, 0.9))
    assert seen.between == (4, 6.3) and unseen.between is None
    assert "5.05 where 50% are kept" in crossover_sentence([seen, unseen])
    assert "at 1 of 2 kept shares; at 50% the two differ" in crossover_sentence([seen, unseen])


@pytest.mark.parametrize("words", [["theory"], ["sweep", "--grid", "theory"]])
def test_a_dry_run_says_what_it_would_do_and_how_long(tmp_path, words):
    done = call(app, [*words, "--dry-run", "--run", str(tmp_path / "run")])
    assert done.exit_code == 0 and "of 20 students in 200 dimensions" in done.output
    assert " min with " in done.output and not (tmp_path / "run").exists()


@pytest.mark.parametrize("flag", ["--dataset", "--model", "--signal", "--tolerance", "--storage"])
def test_flags_that_mean_nothing_there_are_refused_by_name(flag):
    done = call(app, ["sweep", "--grid", "theory", flag, "1", "--dry-run"])
    assert done.exit_code == 2
    assert f"{flag}: --grid theory trains perceptrons" in done.stderr


def test_a_flag_of_a_file_is_refused_with_its_line(tmp_path):
    config = tmp_path / "c.yaml"
    config.write_text("grid: theory\ndataset: imdb\n")
    done = call(app, ["sweep", str(config)])
    assert done.exit_code == 2 and f"dataset ({config}:2)" in done.stderr


def test_the_grid_is_listed():
    assert "perceptrons" in call(app, ["grids", "theory"]).output


def test_kept_shares_meet_at_the_same_numbers_kept():
    grid = TheoryGrid()
    for share in grid.shares:
        kept = np.array(grid.alphas) * share
        assert set(kept[kept >= 1]) <= set(map(float, grid.alphas))
    assert json.dumps(grid.curve_alphas()) and max(grid.curve_alphas()) == 16
