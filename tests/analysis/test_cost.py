import math
from dataclasses import replace

import pytest

from analysis.cost import (
    WITHOUT_EVIDENCE,
    break_even_epochs,
    counted_cost,
    flop,
    grid_runs,
    mean_cost,
    measured_cost,
    modelled,
    sweep_cost,
)
from analysis.envelope import cells
from trainables.evidence.requirements import rests_on
from trainables.result import Phase
from trainables.selection.selectors import SELECTORS

WARMUPS, RATES = (0.05, 0.15, 0.25), (0.1, 0.2, 0.3)
TABLE = {
    0.05: (0.905, 0.810, 0.715),
    0.15: (0.915, 0.830, 0.745),
    0.25: (0.925, 0.850, 0.775),
}


@pytest.mark.parametrize("warmup", TABLE)
def test_a_trial_without_scoring_costs_what_the_table_says(warmup):
    spent = [modelled(rate, warmup, 0).spent for rate in RATES]
    assert spent == pytest.approx(TABLE[warmup])


@pytest.mark.parametrize(("epochs", "net"), [(3, -0.036), (4, -0.008), (5, 0.008), (10, 0.042)])
def test_one_run_pays_only_where_an_epoch_is_a_small_share(epochs, net):
    assert modelled(0.1, 0.25, 1 / (3 * epochs)).saved_net(1) == pytest.approx(net, abs=5e-4)


@pytest.mark.parametrize(("runs", "net"), [(1, -0.261), (2, -0.081), (5, 0.028), (20, 0.082)])
def test_scoring_is_paid_once_for_all_runs_that_reuse_the_survivors(runs, net):
    assert modelled(0.1, 0.25, 1 / 9, restart=True).saved_net(runs) == pytest.approx(net, abs=5e-4)


def test_a_run_that_went_on_says_nothing_of_later_ones():
    cost = modelled(0.1, 0.25, 1 / 9)
    assert [cost.saved_net(runs) for runs in (2, 5, 20)] == [None] * 3
    assert cost.break_even_runs is None


def test_saving_counts_gross_before_scoring():
    assert modelled(0.1, 0.25, 1 / 9).saved_gross == pytest.approx(0.075)


def test_pruning_breaks_even_after_w_plus_c_over_r_runs():
    cost = modelled(0.1, 0.25, 1 / 9, restart=True)
    assert cost.break_even_runs == pytest.approx(2.5 + 10 / 9)


def test_ten_models_of_one_epoch_break_even_after_about_44_runs():
    scoring = 10 * (1 / 3 + 1 / 9)
    assert modelled(0.1, 0.0, scoring, restart=True).break_even_runs == pytest.approx(44.4, abs=0.1)


def test_a_single_run_breaks_even_above_four_epochs():
    assert break_even_epochs(0.1, 0.25) == pytest.approx(4.44, abs=5e-3)


def test_sharing_the_prefix_saves_what_the_notes_say():
    alone, shared = grid_runs(WARMUPS, RATES, 0.0)
    assert (alone, shared) == pytest.approx((8.47, 7.12), abs=1e-9)


def test_scores_are_shared_over_rates():
    free, priced = grid_runs(WARMUPS, RATES, 0.0), grid_runs(WARMUPS, RATES, 0.1)
    assert (priced[0] - free[0], priced[1] - free[1]) == pytest.approx((0.9, 0.3))


@pytest.mark.parametrize(("measure", "scoring"), [("seconds", 0.1), ("examples", 1 / 9)])
def test_a_measured_run_costs_what_it_measured(paired, measure, scoring):
    cost = measured_cost(cells(paired([0.1]))[0].pairs[0], measure)
    assert cost.warmup == pytest.approx(0.15)
    assert cost.rate == pytest.approx(0.1, abs=1e-3)
    assert cost.scoring == pytest.approx(scoring)


def test_a_restart_pays_its_warm_up_on_top(paired):
    (cell,) = cells(paired([0.1], protocol="restart"))
    cost = measured_cost(cell.pairs[0], "seconds")
    assert cost.rate == pytest.approx(1 - 0.85 * 0.9)
    assert cost.once == pytest.approx(0.15 + 0.1)


@pytest.mark.parametrize("measure", ["seconds", "examples", "tokens"])
def test_rows_drawn_by_lot_and_trained_on_afresh_pay_for_no_warm_up(paired, measure):
    (cell,) = cells(paired([0.1], protocol="restart", signal="random"))
    cost = measured_cost(cell.pairs[0], measure)
    assert cost.once == 0
    assert cost.saved_net(1) == pytest.approx(cost.rate)


def test_rows_drawn_by_a_cut_that_looks_at_the_warm_up_pay_for_it(paired):
    (cell,) = cells(paired([0.1], protocol="restart", signal="random", selector="beta"))
    assert measured_cost(cell.pairs[0], "seconds").once == pytest.approx(0.15 + 0.1)


def test_cuts_that_need_no_warm_up_are_those_that_look_at_scores_and_classes():
    assert {
        name for name, row in SELECTORS.items() if not rests_on(row.cut) - {"labels"}
    } == WITHOUT_EVIDENCE


def test_a_run_that_saves_nothing_never_breaks_even():
    assert modelled(0.0, 0.15, 0.1, restart=True).break_even_runs == math.inf


def test_a_baseline_that_measured_nothing_gives_no_cost(paired):
    rows = [replace(row, phases={}) for row in paired([0.1])]
    assert mean_cost(cells(rows)[0], "seconds") is None


def test_a_cell_costs_the_mean_of_its_seeds(paired):
    rows = paired([0.1, 0.2])
    slow = dict(rows[3].phases) | {"training": Phase(seconds=90.0)}
    rows[3] = replace(rows[3], phases=slow)
    assert mean_cost(cells(rows)[0], "seconds").training == pytest.approx((0.765 + 0.9) / 2)


@pytest.mark.parametrize(
    ("tokens_of_a_row", "measure", "rate"),
    [(10, "tokens", 0.2), (1, "examples", 0.3), (0, "examples", 0.3)],
)
def test_a_vector_a_row_is_counted_as_an_example(paired, tokens_of_a_row, measure, rate):
    full = Phase(seconds=9.0, examples=1000, tokens=1000 * tokens_of_a_row)
    left = {10: 8000, 1: 700, 0: 0}[tokens_of_a_row]
    of = {True: full, False: Phase(seconds=9.0, examples=700, tokens=left)}
    rows = [
        replace(row, phases={"training": of[row.spec.is_baseline]})
        for row in paired([0.1, 0.2], protocol="restart")
    ]
    cost, counted_in = counted_cost(cells(rows)[0])
    assert (counted_in, cost.rate) == (measure, pytest.approx(rate))


def test_training_a_token_costs_three_times_scoring_it(paired):
    pruned = paired([0.1])[1]
    assert flop(pruned) == 1000 * (6 * (4500 + 22950) + 2 * 10000)


def test_no_flop_are_told_of_images_which_a_parameter_sees_many_times(paired):
    pruned = paired([0.1])[1]
    assert flop(replace(pruned, spec=replace(pruned.spec, learner="image"))) is None


def test_a_sweep_counts_shared_parts_once(paired):
    rows = paired([0.1]) + paired([0.1], rate=0.2)
    rows = list({row.spec.result_key: row for row in rows}.values())
    total = sweep_cost(rows)
    own = 101 + (76.5 + 1) + (68 + 1)
    assert total.seconds == pytest.approx(own + 10)
    assert total.runs == pytest.approx(1 + 0.85 * (0.9 + 0.8) + 1 / 9, abs=1e-3)
    assert total.runs_alone == pytest.approx(total.runs + 2 * 0.15 + 1 / 9, abs=1e-3)


def test_a_step_that_two_signals_rest_on_is_counted_once(paired):
    one, two = paired([0.1]), paired([0.1], signal="keep_one", settings=())
    passed, of_one, of_two = (Phase(seconds=s, examples=n) for s, n in ((9, 1000), (2, 0), (3, 0)))
    steps = {"pass": passed, "one": of_one}, {"pass": passed, "two": of_two}
    rows = [one[0]] + [
        replace(
            row[1],
            scoring_steps=own,
            phases=row[1].phases | {"scoring": sum(own.values(), Phase())},
        )
        for row, own in zip((one, two), steps, strict=True)
    ]
    total = sweep_cost(rows)
    silent = sweep_cost([replace(row, scoring_steps={}) for row in rows])
    assert total.seconds == pytest.approx(101 + 2 * 77.5 + 9 + 2 + 3)
    assert total.runs == pytest.approx(1 + 2 * 0.85 * 0.9 + 1 / 9, abs=1e-3)
    # Rows that do not say what they share are taken to share nothing.
    assert silent.seconds == total.seconds + 9
    assert total.runs_alone == pytest.approx(silent.runs_alone)


def test_a_grid_shared_as_the_notes_share_it_counts_as_they_do(result, pruned):
    specs = [pruned(1, rate, warmup=warmup) for warmup in WARMUPS for rate in RATES]
    free = []
    for spec in (specs[0].baseline, *specs):
        row = result(spec, 0.9)
        free.append(replace(row, phases={k: v for k, v in row.phases.items() if k != "scoring"}))
    total = sweep_cost(free)
    assert (total.runs_alone, total.runs) == pytest.approx((8.47, 7.12), abs=2e-3)
