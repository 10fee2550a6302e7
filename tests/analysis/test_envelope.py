import math
from dataclasses import replace

import numpy as np
import pytest

from analysis.envelope import cells, judged_cells
from analysis.pairing import sampling_variance
from analysis.run_files import read_rows
from analysis.run_noise import scatter_differs
from trainables.records import measured_columns, to_json, write_parquet


def write(run, rows):
    (run / "trials").mkdir(parents=True)
    for row in rows:
        (run / "trials" / f"{row.spec.result_key}.json").write_text(to_json(row))


def test_a_pruned_trial_is_paired_with_the_baseline_of_its_seed(paired):
    (cell,) = cells(paired([-0.4, 0.3, -1.0]))
    assert cell.seeds == (1, 2, 3)
    assert cell.delta_pp == pytest.approx((-0.4, 0.3, -1.0))


def test_the_order_of_rows_changes_nothing(small_run):
    assert judged_cells(small_run[::-1]) == judged_cells(small_run)


def test_a_trial_without_its_baseline_stays_listed_without_a_verdict(result, pruned):
    ((cell, verdict),) = judged_cells([result(pruned(), 0.9)])
    assert verdict is None and cell.unpaired == ("seed 1: no full-data baseline",)


def test_a_baseline_of_another_environment_is_no_partner(result, pruned):
    there = result(pruned().baseline, 0.9, environment={"device": "gpu"})
    (cell,) = cells([there, result(pruned(), 0.9)])
    assert cell.pairs == () and "another environment" in cell.unpaired[0]


def test_a_failed_baseline_gives_no_difference(result, pruned):
    failed = result(pruned().baseline, 0.9, status="failed", error="out of memory")
    (cell,) = cells([failed, result(pruned(), 0.9)])
    assert cell.unpaired == ("seed 1: its full-data baseline failed: out of memory",)


def test_a_failed_trial_is_counted(paired, result, pruned):
    rows = [*paired([0.1, 0.2]), result(pruned(3), 0.9, status="failed", error="gone")]
    (cell,) = cells(rows)
    assert (cell.n_failed, len(cell.seeds), cell.n_planned) == (1, 2, 3)


@pytest.mark.parametrize("accuracy", [math.nan, math.inf])
def test_an_accuracy_that_is_no_number_never_enters_a_mean(paired, result, pruned, accuracy):
    rows = [*paired([0.1, 0.2]), result(pruned(3).baseline, 0.9), result(pruned(3), accuracy)]
    ((cell, verdict),) = judged_cells(rows)
    assert verdict.mean_pp == pytest.approx(0.15) and len(cell.unpaired) == 1


def test_planned_seeds_that_did_not_run_are_counted(paired, pruned):
    (cell,) = cells(paired([0.1, 0.2]), [pruned(seed) for seed in range(1, 6)])
    assert (len(cell.seeds), cell.n_planned) == (2, 5)


def test_a_planned_condition_without_any_trial_is_listed(pruned):
    ((cell, verdict),) = judged_cells([], [pruned(1), pruned(2)])
    assert (cell.n_planned, verdict) == (2, None)


def test_different_test_sets_are_refused_by_name(result, pruned):
    rows = [result(pruned().baseline, 0.9), result(pruned(), 0.9, n_test=500)]
    name = pruned().result_key[:12]
    with pytest.raises(ValueError, match=f"{name} on 500"):
        cells(rows)


def test_too_few_correct_bits_are_refused(result, pruned):
    rows = [result(pruned().baseline, 0.9), result(pruned(), 0.9, correct=b"\xff")]
    with pytest.raises(ValueError, match="holds 8 correct bits for 1000 test examples"):
        cells(rows)


def test_a_result_counts_before_a_failure_of_the_same_trial(paired, result, pruned):
    failure = result(pruned(1), 0.9, status="failed", error="retried", finished="2027")
    (cell,) = cells([*paired([0.1, 0.2]), failure])
    assert cell.seeds == (1, 2)


def test_one_seed_has_the_test_variance_of_mcnemar():
    gained = np.array([-1] * 130 + [1] * 95 + [0] * (7600 - 225))
    assert 100 * gained.mean() == pytest.approx(-0.461, abs=5e-4)
    assert math.sqrt(sampling_variance([gained])) == pytest.approx(0.197, abs=5e-4)


def test_the_test_variance_is_that_of_the_mean_over_seeds(paired):
    (cell,) = cells(paired([-1.0, -2.0]))
    per_example = np.mean([pair.gained() for pair in cell.pairs], axis=0)
    assert cell.v_test_pp2 == pytest.approx(per_example.var() / 1000 * 1e4)


def test_few_seeds_share_the_spread_of_their_data_set(paired):
    rows = paired([0.1, 0.2], rate=0.1) + paired([-1.0, -1.5], rate=0.2)
    first, second = judged_cells(rows)
    assert first.verdict.pooled and first.verdict.run_sd_pp == second.verdict.run_sd_pp


def test_data_sets_do_not_share_their_spread(paired):
    rows = paired([0.1, 0.2]) + paired([-1.0, -1.5], dataset="other", data_sha="o" * 64)
    assert not any(row.verdict.pooled for row in judged_cells(rows))


def test_conditions_are_kept_apart(paired):
    rows = paired([0.1, 0.2]) + paired([0.1, 0.2], protocol="restart")
    rows += paired([0.1, 0.2], settings=(("k", 5),)) + paired([0.1, 0.2], selector="stratified")
    assert len(cells(rows)) == 4


def test_a_run_is_read_from_its_rows(tmp_path, small_run):
    write(tmp_path, small_run)
    assert len(read_rows(tmp_path)) == len(small_run)


def test_a_run_is_read_from_its_table_where_that_is_all_there_is(tmp_path, small_run):
    write_parquet(small_run, map(measured_columns, small_run), tmp_path / "trials.parquet")
    assert read_rows(tmp_path) == small_run


def test_rows_count_before_the_table(tmp_path, small_run):
    write_parquet(small_run, map(measured_columns, small_run), tmp_path / "trials.parquet")
    write(tmp_path, small_run[:1])
    assert read_rows(tmp_path) == small_run[:1]


def test_a_folder_that_is_no_run_is_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"neither trials/ nor trials\.parquet"):
        read_rows(tmp_path)


def test_a_broken_row_is_refused_by_name(tmp_path):
    (tmp_path / "trials").mkdir()
    (tmp_path / "trials" / "abc.json").write_text("{}")
    with pytest.raises(ValueError, match=r"abc\.json"):
        read_rows(tmp_path)


def test_a_broken_table_is_refused_by_name(tmp_path):
    (tmp_path / "trials.parquet").write_bytes(b"no parquet")
    with pytest.raises(ValueError, match=r"trials\.parquet: not a table"):
        read_rows(tmp_path)


def test_cells_of_different_training_are_kept_apart(paired):
    rows = paired([0.1, 0.2])
    longer = [
        replace(r, spec=replace(r.spec, training=replace(r.spec.training, epochs=6))) for r in rows
    ]
    assert len(cells(rows + longer)) == 2


def test_cells_that_scatter_alike_are_pooled_and_others_are_not():
    calm = [[0.1, -0.1, 0.2], [0.0, 0.2, -0.2], [0.1, 0.0, -0.1]]
    wild = [[5.0, -4.0, 1.0], [-6.0, 3.0, 0.0], [4.0, -5.0, 2.0]]
    assert scatter_differs(calm, wild)
    assert not scatter_differs(calm, calm[::-1])
    assert not scatter_differs([[0.0, 0.0]], [[0.0, 0.0, 0.0, 0.0]])
    assert not scatter_differs(calm, [])


def test_wild_runs_at_high_rates_do_not_widen_the_intervals_of_light_pruning(paired):
    light = paired([0.1, -0.1, 0.2], rate=0.1) + paired([0.0, 0.2, -0.2], rate=0.2)
    heavy = paired([5.0, -4.0, 1.0], rate=0.5) + paired([-6.0, 3.0, 0.0], rate=0.6)
    by_rate = {row.cell.condition.rate: row.verdict for row in judged_cells(light + heavy)}
    assert by_rate[0.1].run_sd_pp < 0.3
    assert by_rate[0.6].run_sd_pp > 3
