from dataclasses import replace

import numpy as np
import pytest

from analysis.envelope import cells
from analysis.interim_looks import (
    LOOK_ALPHA,
    LOOKS,
    at_look,
    demand,
    envelope_at_looks,
    is_hopeless,
)
from analysis.run_files import Plan
from analysis.study import study
from analysis.verdicts import judge

SEEDS = range(1, LOOKS[-1] + 1)
RATES = (0.1, 0.2, 0.3)
# Deltas whose mean is 0 and whose spread is 1, whatever their number.
NOISE = np.resize([1.0, -1.0, 0.0], LOOKS[-1])


@pytest.fixture
def grid(pruned):
    """All trials there could be of two methods."""
    specs = [
        pruned(seed, rate, signal=signal)
        for signal in ("redundancy", "random")
        for rate in RATES
        for seed in SEEDS
    ]
    return [*{spec.baseline.result_key: spec.baseline for spec in specs}.values(), *specs]


@pytest.fixture
def world(result):
    """Makes the row of any trial from a mean and a spread by (signal, rate)."""

    def make(truth, spec):
        if spec.is_baseline:
            return result(spec, 0.9, n_test=10_000)
        mean, spread = truth[spec.signal, spec.rate]
        delta = mean + spread * NOISE[spec.seed - 1]
        return result(spec, 0.9 + delta / 100, n_test=10_000)

    return make


def bought(grid, world, truth, chunk=10_000):
    """Run what is wanted, at most chunk trials at a time, until nothing more is."""
    rows = {}
    while True:
        wanted = demand(grid, rows.values(), tolerance_pp=1.0).specs
        left = [spec for spec in wanted if spec.result_key not in rows]
        if not left:
            return wanted, list(rows.values())
        rows |= {spec.result_key: world(truth, spec) for spec in left[:chunk]}


def seeds_of(specs, signal, rate):
    return sorted(s.seed for s in specs if (s.signal, s.rate) == (signal, rate))


def truth_of(*means, spread=0.05):
    return {
        (signal, rate): (mean, spread)
        for signal in ("redundancy", "random")
        for rate, mean in zip(RATES, means, strict=True)
    }


def test_clear_answers_cost_the_first_look_and_no_more(grid, world):
    specs, _ = bought(grid, world, truth_of(0.0, -3.0, -5.0))
    assert all(len(seeds_of(specs, "redundancy", rate)) == LOOKS[0] for rate in RATES)
    assert len([spec for spec in specs if spec.is_baseline]) == LOOKS[0]


def test_an_undecided_rate_is_looked_at_again_until_it_is_decided(grid, world):
    truth = truth_of(0.0, -3.0, -5.0) | {("redundancy", 0.1): (-0.6, 0.3)}
    specs, rows = bought(grid, world, truth)
    assert len(seeds_of(specs, "redundancy", 0.1)) in LOOKS[1:]
    assert seeds_of(specs, "random", 0.1) == [1, 2, 3]
    (row,) = [
        row
        for row in envelope_at_looks(rows, specs, tolerance_pp=1.0)
        if (row.cell.condition.signal, row.cell.condition.rate) == ("redundancy", 0.1)
    ]
    assert row.verdict.verdict == "within"


def test_no_seed_is_bought_above_the_lowest_undecided_rate(grid, world):
    truth = truth_of(0.0, -1.0, -1.0, spread=0.5) | {("redundancy", 0.1): (0.0, 0.05)}
    specs, _ = bought(grid, world, truth)
    assert len(seeds_of(specs, "redundancy", 0.2)) == LOOKS[1]
    assert len(seeds_of(specs, "redundancy", 0.3)) == LOOKS[0]


def test_a_condition_at_the_line_gets_no_seeds_that_would_hardly_settle_it(grid, world):
    at_line, near = (judge(mean + 0.5 * NOISE[:5]) for mean in (-1.0, -0.5))
    assert is_hopeless(at_line) and not is_hopeless(near)
    assert not is_hopeless(judge(-1.0 + 0.5 * NOISE[:3]))
    no_noise = judge((-0.9,) * 5, v_test_pp2=0.0)
    assert no_noise.verdict == "within"
    assert is_hopeless(judge((-0.9,) * 5, v_test_pp2=0.1))


def test_a_rate_above_is_opened_by_the_one_below(grid, world):
    truth = truth_of(-0.5, -0.6, -5.0, spread=0.2)
    specs, _ = bought(grid, world, truth)
    assert len(seeds_of(specs, "redundancy", 0.1)) > LOOKS[0]
    assert len(seeds_of(specs, "redundancy", 0.2)) > LOOKS[0]
    assert len(seeds_of(specs, "redundancy", 0.3)) == LOOKS[0]


@pytest.mark.parametrize("chunk", [1, 7, 10_000])
def test_what_is_bought_does_not_depend_on_when_rows_come(grid, world, chunk):
    truth = truth_of(-0.5, -0.8, -2.0, spread=0.4)
    specs, _ = bought(grid, world, truth, chunk)
    assert specs == bought(grid, world, truth)[0]


def test_purchases_name_the_condition_and_what_it_showed(grid, world):
    truth = truth_of(-0.8, -3.0, -5.0, spread=0.3)
    first = demand(grid, [], tolerance_pp=1.0)
    assert not first.purchases
    rows = [world(truth, spec) for spec in first.specs]
    bought_now = demand(grid, rows, tolerance_pp=1.0).purchases
    assert {(p.condition.signal, p.condition.rate) for p in bought_now} == {
        ("redundancy", 0.1),
        ("random", 0.1),
    }
    assert all(p.more == LOOKS[1] - LOOKS[0] for p in bought_now)
    assert all(p.verdict.verdict == "inconclusive" for p in bought_now)


def test_failed_trials_end_a_look_and_are_not_waited_for(grid, world):
    truth = truth_of(0.0, -3.0, -5.0, spread=0.3)
    rows = [world(truth, spec) for spec in demand(grid, [], tolerance_pp=1.0).specs]
    broken = [
        replace(row, status="failed", accuracy=None)
        if (row.spec.signal, row.spec.seed) == ("redundancy", 2)
        else row
        for row in rows
    ]
    asked = demand(grid, broken, tolerance_pp=1.0)
    assert seeds_of(asked.specs, "redundancy", 0.1) == [1, 2, 3, 4, 5]


def test_seeds_that_ran_ahead_of_the_next_look_do_not_count(paired):
    (cell,) = cells(paired([0.1, 0.2, 0.3, 9.0]))
    assert at_look(cell).seeds == (1, 2, 3)
    assert at_look(cells(paired([0.1, 0.2]))[0]).pairs == ()


def test_one_look_has_a_quarter_of_the_error_and_its_own_spread(paired, small_run):
    (row,) = envelope_at_looks(paired([-0.5, -0.4, -0.6]), (), tolerance_pp=1.0)
    # t with 2 degrees of freedom at 0.0125 is 6.205; all bits differ alike, so nothing else counts.
    run = 6.205 * 0.1 / np.sqrt(3)
    assert row.verdict.mean_pp - row.verdict.test_low_pp == pytest.approx(run, abs=1e-3)
    assert not row.verdict.pooled
    seen = study(small_run, Plan(adaptive=True))
    assert (seen.alpha, seen.confidence) == (LOOK_ALPHA, "97.5%")
    assert not any(row.verdict.pooled for row in seen.rows)


def test_the_null_trial_is_a_family_of_its_own_rate(grid, pruned, world):
    nulls = [pruned(seed, 0.0, signal="null", selector="each_epoch", warmup=0.15) for seed in SEEDS]
    truth = truth_of(0.0, -3.0, -5.0) | {("null", 0.0): (0.0, 0.05)}
    specs, rows = bought([*grid, *nulls], world, truth)
    assert seeds_of(specs, "null", 0.0) == [1, 2, 3]
    seen = study(rows, Plan(adaptive=True, specs=tuple(specs)))
    assert [row.verdict.verdict for row in seen.nulls] == ["within"]
    assert all(row.cell.condition.signal != "null" for row in seen.rows)
