from analysis.page.tables import (
    compute_table,
    failure_rows,
    trial_table,
    unpaired_rows,
)
from analysis.study import study


def as_dicts(table):
    return [dict(zip(table.columns, row, strict=True)) for row in table.rows]


def test_the_trials_are_listed_baselines_first(paired):
    rows = as_dicts(trial_table(study(paired([-0.5, 0.2]))))
    assert [row["method"] for row in rows] == ["full data"] * 2 + ["Redundancy (global)"] * 2
    assert [row["Δ pp"] for row in rows] == [None, None, -0.5, 0.2]


def test_compute_shows_what_was_used_and_saved(paired):
    (row,) = as_dicts(compute_table(study(paired([-0.5, 0.2]))))
    assert (row["seconds"], row["scoring"], row["1 run"]) == ("91.5%", "11.1%", "−2.6%")
    assert row["scoring s"] == "10.0%"
    assert (row["5 runs"], row["pays from"]) == ("", "")  # later runs were not tried
    (afresh,) = as_dicts(compute_table(study(paired([-0.5, 0.2], protocol="restart"))))
    assert (afresh["1 run"], afresh["5 runs"], afresh["pays from"]) == ("−2.6%", "18.3%", "2")


def test_failed_trials_are_listed_with_their_error(paired, result, pruned):
    failed = result(pruned(3), 0.9, status="failed", error="out of memory")
    ((_, condition, error),) = failure_rows(study([*paired([0.1, 0.2]), failed]))
    assert error == "out of memory" and "seed 3" in condition


def test_cells_that_miss_seeds_are_listed(paired, result, pruned):
    ((_, has, why),) = unpaired_rows(study([*paired([0.1, 0.2]), result(pruned(3), 0.9)]))
    assert (has, why) == ("2 of 3 seeds", "seed 3: no full-data baseline")
