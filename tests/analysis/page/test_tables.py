import csv
import io

import pytest

from analysis.page.figures.style import Table
from analysis.page.tables import (
    compute_table,
    csv_text,
    envelope_table,
    failure_rows,
    guarded,
    trial_table,
    unpaired_rows,
)
from analysis.study import study


def as_dicts(table):
    return [dict(zip(table.columns, row, strict=True)) for row in table.rows]


@pytest.mark.parametrize("text", ["=SUM(A1)", "+cmd", "-x", "@name", "\tx"])
def test_text_that_opens_like_a_formula_is_guarded(text):
    assert guarded(text) == "'" + text


@pytest.mark.parametrize("value", ["-0.5", "+3", -0.5, None, "plain"])
def test_numbers_and_plain_text_stay_as_they_are(value):
    assert guarded(value) == value


def test_csv_gives_back_what_was_written():
    text = csv_text(Table(columns=("a", "b"), rows=(('x,"y"', 1.5), ("line\nbreak", None))))
    assert list(csv.reader(io.StringIO(text))) == [
        ["a", "b"], ['x,"y"', "1.5"], ["line\nbreak", ""]
    ]  # fmt: skip


def test_the_envelope_has_one_row_a_cell_with_its_verdict(paired):
    (row,) = as_dicts(envelope_table(study(paired([-0.1, -0.45, -0.2, -0.62, -0.05]))))
    assert (row["verdict"], row["n_seeds"], row["seeds"]) == ("within", 5, "1 2 3 4 5")
    assert row["mean_pp"] == pytest.approx(-0.284)


def test_every_row_of_the_envelope_has_every_column(small_run, result, pruned):
    table = envelope_table(study([*small_run, result(pruned(1, warmup=0.5), 0.9)]))
    assert {len(row) for row in table.rows} == {len(table.columns)}


def test_a_cell_without_a_pair_is_in_the_envelope_with_its_reason(result, pruned):
    (row,) = as_dicts(envelope_table(study([result(pruned(), 0.9)])))
    assert (row["verdict"], row["notes"]) == ("", "seed 1: no full-data baseline")


def test_the_trials_are_listed_baselines_first(paired):
    rows = as_dicts(trial_table(study(paired([-0.5, 0.2]))))
    assert [row["method"] for row in rows] == ["full data"] * 2 + ["Redundancy (global)"] * 2
    assert [row["Δ pp"] for row in rows] == [None, None, -0.5, 0.2]


def test_compute_shows_what_was_used_and_saved(paired):
    (row,) = as_dicts(compute_table(study(paired([-0.5, 0.2]))))
    assert (row["seconds"], row["scoring"], row["1 run"]) == ("91.5%", "11.1%", "−2.6%")
    assert row["scoring s"] == "10.0%"
    assert (row["5 runs"], row["pays from"]) == ("7.5%", "2")


def test_failed_trials_are_listed_with_their_error(paired, result, pruned):
    failed = result(pruned(3), 0.9, status="failed", error="out of memory")
    ((_, condition, error),) = failure_rows(study([*paired([0.1, 0.2]), failed]))
    assert error == "out of memory" and "seed 3" in condition


def test_cells_that_miss_seeds_are_listed(paired, result, pruned):
    ((_, has, why),) = unpaired_rows(study([*paired([0.1, 0.2]), result(pruned(3), 0.9)]))
    assert (has, why) == ("2 of 3 seeds", "seed 3: no full-data baseline")
