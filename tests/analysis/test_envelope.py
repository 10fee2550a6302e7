import math
from dataclasses import replace

import numpy as np
import pytest

from analysis.envelope import cells, judge_cell, judged_cells, only
from analysis.guards import criterion_of
from analysis.run_files import read_rows
from analysis.verdicts import judge
from tests.analysis.test_verdicts import nested
from trainables.records import measured_columns, to_json, write_parquet

CALM = (-0.2, 0.1, 0.0, -0.1, 0.2)
WILD = (4.0, -5.0, 0.0, -4.0, 5.0)
# The whole sentence: what the full-data run reached, and the median of all of them.
FULL_RUN_FELL = "seed 4: the full-data run diverged (75.2% against 89.8%)"


def write(run, rows):
    (run / "trials").mkdir(parents=True)
    for row in rows:
        (run / "trials" / f"{row.spec.result_key}.json").write_text(to_json(row))


def where_fell(rows, result, *specs, to=0.752):
    """The rows with some runs fallen out below."""
    return [result(row.spec, to) if row.spec in specs else row for row in rows]


def by_rate(found):
    return {cell.condition.rate: cell for cell in found}


def test_a_pruned_trial_is_paired_with_the_baseline_of_its_seed(paired):
    (cell,) = cells(paired([-0.4, 0.3, -1.0]))
    assert cell.seeds == (1, 2, 3)
    assert cell.delta == pytest.approx((-0.4, 0.3, -1.0))


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
    assert verdict.mean == pytest.approx(0.15) and len(cell.unpaired) == 1


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
        judged_cells(rows)


def test_a_result_counts_before_a_failure_of_the_same_trial(paired, result, pruned):
    failure = result(pruned(1), 0.9, status="failed", error="retried", finished="2027")
    (cell,) = cells([*paired([0.1, 0.2]), failure])
    assert cell.seeds == (1, 2)


def test_what_each_example_adds_is_one_row_an_example_and_one_column_a_seed(paired):
    (cell,) = cells(paired([-1.0, 2.0, 0.0]))
    # Of 1,000 test examples the full-data run is right on the first 900.
    expected = np.zeros((1000, 3))
    expected[890:900, 0], expected[900:920, 1] = -1, 1
    assert cell.differences().tolist() == expected.tolist()


def test_a_cell_is_judged_by_its_own_differences_and_no_other_cells(paired):
    rows = paired(CALM, rate=0.1) + paired(WILD, rate=0.2)
    for row in judged_cells(rows, by=criterion_of(tolerance=2.0)):
        assert row.verdict == judge(row.cell.differences(), tolerance=2.0)
    alone = {row.cell.condition: row for row in judged_cells(paired(CALM, rate=0.1))}
    together = {row.cell.condition: row for row in judged_cells(rows)}
    assert all(together[condition] == row for condition, row in alone.items())


def test_a_cell_is_judged_at_the_level_asked_for(paired):
    (cell,) = cells(paired(CALM))
    strict = judge_cell(cell, alpha=0.01).verdict
    assert strict == judge(nested(1000, -2, 1, 0, -1, 2), alpha=0.01)
    assert strict.low < judge_cell(cell).verdict.low


def test_a_full_data_run_that_diverged_leaves_every_cell_of_its_question(paired, result, pruned):
    rows = paired(CALM, accuracy=0.898, rate=0.1) + paired(CALM, accuracy=0.898, rate=0.2)
    rows += paired(CALM, accuracy=0.898, signal="random") + paired(CALM, 0.898, protocol="restart")
    found = cells(where_fell(rows, result, pruned(4).baseline))
    assert len(found) == 4
    for cell in found:
        assert cell.seeds == (1, 2, 3, 5)
        assert (cell.unpaired, cell.lost, cell.diverged) == ((FULL_RUN_FELL,), (4,), ())
        assert cell.n_planned == 5 and cell.n_failed == 0


def test_a_full_data_run_that_diverged_only_counts_against_pruning(paired, result, pruned):
    """A pruned run of a seed whose full-data run fell looks 14.6 pp better: it is not credited."""
    fell = where_fell(paired(CALM, accuracy=0.898), result, pruned(4).baseline)
    ((_, verdict),) = judged_cells(fell)
    assert verdict == judge(nested(1000, -2, 1, 0, 2))
    assert verdict.mean < 1 and verdict.n_seeds == 4


def test_a_pruned_run_that_diverged_stays_and_is_never_within(paired, result, pruned):
    rows = where_fell(paired(CALM, accuracy=0.898), result, pruned(4))
    ((cell, verdict),) = judged_cells(rows, by=criterion_of(tolerance=60.0))
    assert (cell.seeds, cell.diverged) == ((1, 2, 3, 4, 5), (4,))
    assert (cell.unpaired, cell.lost) == ((), ())
    assert verdict.mean == pytest.approx((0.2 - 14.6 + 0.1 - 0.2) / 5)
    # By its interval alone it would be within so wide a tolerance.
    assert verdict.low > -60
    assert (verdict.verdict, verdict.diverged) == ("inconclusive", (4,))


def test_a_pruned_run_that_diverged_names_its_own_cell_alone(paired, result, pruned):
    rows = paired(CALM, rate=0.1) + paired(CALM, rate=0.2)
    found = by_rate(cells(where_fell(rows, result, pruned(4, 0.2))))
    assert (found[0.1].diverged, found[0.2].diverged) == ((), (4,))


def test_where_both_runs_of_a_seed_diverged_it_is_left_out(paired, result, pruned):
    rows = paired(CALM, accuracy=0.898)
    (cell,) = cells(where_fell(rows, result, pruned(4).baseline, pruned(4)))
    assert (cell.seeds, cell.unpaired, cell.diverged) == ((1, 2, 3, 5), (FULL_RUN_FELL,), ())


def test_a_run_that_rose_did_not_diverge(paired, result, pruned):
    for spec in (pruned(4), pruned(4).baseline):
        (cell,) = cells(where_fell(paired(CALM, accuracy=0.8), result, spec, to=0.95))
        assert (cell.seeds, cell.diverged) == ((1, 2, 3, 4, 5), ())


@pytest.mark.parametrize("of", ["full", "pruned"])
def test_of_two_seeds_none_is_named(paired, result, pruned, of):
    spec = pruned(2) if of == "pruned" else pruned(2).baseline
    (cell,) = cells(where_fell(paired([0.0, 0.1]), result, spec))
    assert (cell.seeds, cell.diverged, cell.unpaired) == ((1, 2), (), ())


def test_the_scale_of_a_fall_is_that_of_all_arms(paired, result, pruned):
    """Ten points below is far out where all runs agree, and usual where those of others scatter."""
    own = where_fell(paired(CALM, rate=0.1), result, pruned(4, 0.1), to=0.8)
    calm = [row for rate in (0.2, 0.3, 0.4) for row in paired(CALM, rate=rate)]
    wild = [row for rate in (0.2, 0.3, 0.4) for row in paired(WILD, rate=rate)]
    assert by_rate(cells(own + calm))[0.1].diverged == (4,)
    assert by_rate(cells(own + wild))[0.1].diverged == ()


@pytest.mark.parametrize(
    "other",
    [
        {"dataset": "other", "data_sha": "o" * 64},
        {"model": "large", "model_sha": "l" * 64},
        {"learner": "linear"},
    ],
    ids=["data", "model", "learner"],
)
def test_questions_do_not_name_each_others_runs(paired, result, pruned, other):
    """Another data set or model has its own full-data runs, and its own scale."""
    rows = where_fell(paired(CALM, accuracy=0.898), result, pruned(4).baseline)
    elsewhere = [row for rate in (0.1, 0.2, 0.3, 0.4) for row in paired(WILD, rate=rate, **other)]
    found = cells(rows + elsewhere)
    own, others = found[:1], found[1:]
    if own[0].condition.question != cells(rows)[0].condition.question:
        own, others = found[-1:], found[:-1]
    assert own[0].unpaired == (FULL_RUN_FELL,)
    assert all((c.seeds, c.diverged, c.unpaired) == ((1, 2, 3, 4, 5), (), ()) for c in others)


def test_a_cell_seen_at_some_seeds_knows_only_the_runs_of_these(paired, result, pruned):
    rows = where_fell(paired([*CALM, 0.0], accuracy=0.898), result, pruned(4).baseline, pruned(5))
    (cell,) = cells(rows)
    assert (cell.lost, cell.diverged) == ((4,), (5,))
    early = only(cell, (1, 2, 3))
    assert (early.seeds, early.lost, early.diverged) == ((1, 2, 3), (), ())
    late = only(cell, (4, 5, 6))
    assert (late.seeds, late.lost, late.diverged) == ((5, 6), (4,), (5,))


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
    with pytest.raises(ValueError, match=r"trials\.parquet: is no Parquet file"):
        read_rows(tmp_path)


def test_cells_of_different_training_are_kept_apart(paired):
    rows = paired([0.1, 0.2])
    longer = [
        replace(r, spec=replace(r.spec, training=replace(r.spec.training, epochs=6))) for r in rows
    ]
    assert len(cells(rows + longer)) == 2
