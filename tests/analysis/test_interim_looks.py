from dataclasses import replace

import numpy as np
import pytest

from analysis.envelope import cells
from analysis.interim_looks import (
    LOOK_ALPHAS,
    LOOKS,
    at_look,
    demand,
    envelope_at_looks,
    is_hopeless,
    judge_look,
    look_of,
)
from analysis.intervals import bounds, parts
from analysis.multiplicity import look_levels
from analysis.run_files import Plan
from analysis.study import study
from analysis.verdicts import ALPHA, judge
from tests.analysis.test_verdicts import nested

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
        wanted = demand(grid, rows.values()).specs
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


def test_the_first_thing_bought_is_the_lowest_rate_and_no_other(grid):
    specs = demand(grid, []).specs
    for signal in ("redundancy", "random"):
        assert [seeds_of(specs, signal, rate) for rate in RATES] == [[1, 2, 3], [], []]
    assert len([spec for spec in specs if spec.is_baseline]) == LOOKS[0]


def test_clear_answers_cost_the_first_look_and_no_more(grid, world):
    """The first rate is within, the second outside: the third could not be called safe any more."""
    specs, _ = bought(grid, world, truth_of(0.0, -3.0, -5.0))
    assert [len(seeds_of(specs, "redundancy", rate)) for rate in RATES] == [LOOKS[0], LOOKS[0], 0]
    assert len([spec for spec in specs if spec.is_baseline]) == LOOKS[0]


def test_an_undecided_rate_is_looked_at_again_until_it_is_decided(grid, world):
    truth = truth_of(0.0, -3.0, -5.0) | {("redundancy", 0.1): (-0.6, 0.3)}
    specs, rows = bought(grid, world, truth)
    assert len(seeds_of(specs, "redundancy", 0.1)) in LOOKS[1:]
    (row,) = [
        row
        for row in envelope_at_looks(rows, specs)
        if (row.cell.condition.signal, row.cell.condition.rate) == ("redundancy", 0.1)
    ]
    assert row.verdict.verdict == "within"


def test_random_gets_the_seeds_of_what_it_is_held_against(grid, world):
    """Random itself is decided at once at every rate; the method needs more seeds and climbs on."""
    truth = truth_of(0.0, 0.0, -5.0) | {("random", rate): (-5.0, 0.05) for rate in RATES}
    specs, _ = bought(grid, world, truth | {("redundancy", 0.1): (-0.6, 0.3)})
    for rate in RATES:
        assert seeds_of(specs, "random", rate) == seeds_of(specs, "redundancy", rate) != []
    assert len(seeds_of(specs, "random", 0.1)) > LOOKS[0]


def test_a_method_does_not_get_the_seeds_of_random(grid, world):
    truth = truth_of(-5.0, -5.0, -5.0) | {("random", 0.1): (-0.6, 0.3)}
    specs, _ = bought(grid, world, truth)
    assert len(seeds_of(specs, "redundancy", 0.1)) == LOOKS[0]
    assert len(seeds_of(specs, "random", 0.1)) > LOOKS[0]


def test_the_random_cut_alike_is_the_one_that_gets_the_seeds(pruned, world):
    arms = (("redundancy", "stratified"), ("random", "global"), ("random", "stratified"))
    specs = [
        pruned(seed, 0.1, signal=signal, selector=selector)
        for signal, selector in arms
        for seed in SEEDS
    ]
    every = [*{spec.baseline.result_key: spec.baseline for spec in specs}.values(), *specs]
    # Random is decided at the first look however it is cut, the method is not.
    truth = {("redundancy", 0.1): (-0.6, 0.3), ("random", 0.1): (-5.0, 0.05)}
    asked, _ = bought(every, world, truth)
    of = {arm: len([s for s in asked if (s.signal, s.selector) == arm]) for arm in arms}
    assert of["random", "stratified"] == of["redundancy", "stratified"] > LOOKS[0]
    assert of["random", "global"] == LOOKS[0]


def test_no_seed_is_bought_above_the_lowest_undecided_rate(grid, world):
    truth = truth_of(0.0, -1.0, -1.0, spread=0.5) | {("redundancy", 0.1): (0.0, 0.05)}
    specs, _ = bought(grid, world, truth)
    assert len(seeds_of(specs, "redundancy", 0.2)) == LOOKS[1]
    assert len(seeds_of(specs, "redundancy", 0.3)) == 0


def seen_at(mean, spread_pp, seeds, n_test=10_000):
    """The verdict of as many seeds, at the level of the look that has so many."""
    counts = np.round((mean + spread_pp * NOISE[:seeds]) * n_test / 100).astype(int)
    return judge(nested(n_test, *counts), alpha=LOOK_ALPHAS[LOOKS.index(seeds)])


def test_a_condition_at_the_line_gets_no_seeds_that_would_hardly_settle_it():
    assert is_hopeless(seen_at(-1.0, 0.5, 5))
    assert not is_hopeless(seen_at(-0.5, 0.5, 5))


def test_nothing_is_given_up_before_the_second_look():
    assert not is_hopeless(seen_at(-1.0, 0.5, 3))


def test_a_test_set_too_small_to_tell_gets_no_seeds():
    """Without noise between runs the test set alone decides: a larger one would."""
    small, large = seen_at(-0.7, 0.0, 5, n_test=2_000), seen_at(-0.7, 0.0, 5, n_test=100_000)
    assert small.verdict == "inconclusive" and is_hopeless(small)
    assert large.verdict == "within"


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
    first = demand(grid, [])
    assert not first.purchases
    rows = [world(truth, spec) for spec in first.specs]
    bought_now = demand(grid, rows).purchases
    assert {(p.condition.signal, p.condition.rate) for p in bought_now} == {
        ("redundancy", 0.1),
        ("random", 0.1),
    }
    assert all(p.more == LOOKS[1] - LOOKS[0] for p in bought_now)
    assert all(p.verdict.verdict == "inconclusive" for p in bought_now)


def test_failed_trials_end_a_look_and_are_not_waited_for(grid, world):
    truth = truth_of(0.0, -3.0, -5.0, spread=0.3)
    rows = [world(truth, spec) for spec in demand(grid, []).specs]
    broken = [
        replace(row, status="failed", accuracy=None)
        if (row.spec.signal, row.spec.seed) == ("redundancy", 2)
        else row
        for row in rows
    ]
    asked = demand(grid, broken)
    assert seeds_of(asked.specs, "redundancy", 0.1) == [1, 2, 3, 4, 5]


def fallen(row):
    """The row of a run that fell out: right on three quarters."""
    correct = np.packbits(np.arange(row.n_test) < 0.75 * row.n_test).tobytes()
    return replace(row, accuracy=0.75, correct=correct)


@pytest.mark.parametrize("chunk", [1, 7, 10_000])
def test_with_runs_that_diverge_too_purchases_do_not_depend_on_when_rows_come(
    grid, world, pruned, chunk
):
    truth = truth_of(-0.5, -0.8, -2.0, spread=0.4)
    fell = {pruned(2).baseline, pruned(3, 0.1), pruned(1, 0.2, signal="random")}

    def diverging(truth, spec):
        row = world(truth, spec)
        return fallen(row) if spec in fell else row

    specs, rows = bought(grid, diverging, truth, chunk)
    assert specs == bought(grid, diverging, truth)[0]
    by_name = {(c.condition.signal, c.condition.rate): c for c in cells(rows)}
    assert all(2 in cell.lost for cell in by_name.values())
    assert by_name["redundancy", 0.1].diverged == (3,)


def test_a_full_data_run_that_diverged_ends_its_seed_and_is_not_waited_for(grid, world, pruned):
    truth = truth_of(0.0, -3.0, -5.0, spread=0.3)
    rows = [world(truth, spec) for spec in demand(grid, []).specs]
    fell = [fallen(row) if row.spec == pruned(2).baseline else row for row in rows]
    asked = demand(grid, fell)
    # Two seeds of the three are left: not enough to say within, so the next look is bought.
    assert seeds_of(asked.specs, "redundancy", 0.1) == [1, 2, 3, 4, 5]


def test_the_looks_spend_five_percent_in_proportion_to_their_seeds():
    # As worked in the rule.
    assert LOOKS == (3, 5, 8, 12)
    assert pytest.approx((0.0110, 0.0113, 0.0173, 0.0256), abs=5e-5) == LOOK_ALPHAS
    assert tuple(look_levels(ALPHA, LOOKS)) == LOOK_ALPHAS
    # A look alone errs no more than may be spent by then; as looks agree, together they may
    # have more than 5 %, which Bonferroni's share of it would not.
    assert all(level <= ALPHA * seeds / 12 for level, seeds in zip(LOOK_ALPHAS, LOOKS, strict=True))
    assert sum(LOOK_ALPHAS) > ALPHA


def test_seeds_that_ran_ahead_of_the_next_look_do_not_count(paired):
    (cell,) = cells(paired([0.1, 0.2, 0.3, 9.0]))
    assert at_look(cell).seeds == (1, 2, 3)
    assert at_look(cells(paired([0.1, 0.2]))[0]).pairs == ()


@pytest.mark.parametrize(
    ("ended", "look"), [(0, 0), (2, 0), (3, 0), (4, 0), (5, 1), (7, 1), (8, 2), (11, 2), (12, 3)]
)
def test_a_cell_stands_at_the_last_look_that_has_its_seeds(paired, pruned, ended, look):
    (cell,) = cells(paired([0.1] * ended), [pruned(1)])
    assert look_of(cell) == look


def test_a_seed_lost_counts_for_the_look_it_belongs_to(paired, result, pruned):
    """Of seeds 1 to 4 the second failed: the first look is over with two differences."""
    rows = [row for row in paired([0.1, 0.2, 0.3, 0.4]) if row.spec != pruned(2)]
    (cell,) = cells([*rows, result(pruned(2), 0.9, status="failed", error="gone")])
    seen = at_look(cell)
    assert (seen.seeds, seen.lost, look_of(seen)) == ((1, 3), (2,), 0)


def test_a_seed_lost_beyond_the_look_is_not_known_to_it(paired, result, pruned):
    """Of seeds 1 to 4 the last failed: the cell stands at the first look, with all of its seeds."""
    rows = [*paired([0.1, 0.2, 0.3]), result(pruned(4).baseline, 0.9)]
    (cell,) = cells([*rows, result(pruned(4), 0.9, status="failed", error="gone")])
    assert (cell.lost, look_of(cell)) == ((4,), 0)
    seen = at_look(cell)
    assert (seen.seeds, seen.lost, look_of(seen)) == ((1, 2, 3), (), 0)


def test_a_seed_lost_that_fills_a_look_opens_it(paired, result, pruned):
    rows = [*paired([0.1, 0.2, 0.3, 0.2]), result(pruned(5).baseline, 0.9)]
    (cell,) = cells([*rows, result(pruned(5), 0.9, status="failed", error="gone")])
    seen = at_look(cell)
    assert (seen.seeds, seen.lost, look_of(seen)) == ((1, 2, 3, 4), (5,), 1)
    assert judge_look(seen).verdict.alpha == LOOK_ALPHAS[1]


def test_a_run_that_diverged_beyond_the_look_is_not_known_to_it(paired):
    (cell,) = cells(paired([0.1, 0.2, 0.3, -15.0]))
    assert cell.diverged == (4,)
    assert at_look(cell).diverged == ()
    assert judge_look(at_look(cell)).verdict.diverged == ()


@pytest.mark.parametrize("look", range(len(LOOKS)))
def test_a_look_is_judged_at_its_own_level_by_its_own_spread(paired, look):
    delta = np.round(-0.5 + 0.1 * NOISE[: LOOKS[look]], 1)
    (row,) = envelope_at_looks(paired(delta), ())
    low, high = bounds(parts(nested(1000, *np.round(10 * delta).astype(int))), LOOK_ALPHAS[look])
    assert row.verdict.alpha == LOOK_ALPHAS[look]
    assert (row.verdict.low, row.verdict.high) == pytest.approx((100 * low, 100 * high))


def test_other_cells_do_not_change_the_verdict_of_a_look(paired):
    calm, wild = paired([-0.5, -0.4, -0.6]), paired([3.0, -4.0, 1.0], rate=0.2)
    (alone,) = envelope_at_looks(calm, ())
    together = envelope_at_looks(calm + wild, ())
    assert together[0].verdict == alone.verdict


def test_a_sweep_that_bought_seeds_names_the_levels_of_its_looks(small_run):
    seen = study(small_run, Plan(adaptive=True))
    assert seen.alpha == min(LOOK_ALPHAS)
    # 1 less twice 0.0256, and 1 less twice 0.0110.
    assert seen.confidence == "94.9% to 97.8%"
    assert {row.verdict.alpha for row in seen.rows} == {LOOK_ALPHAS[1]}


def test_the_null_trial_is_a_family_of_its_own_rate(grid, pruned, world):
    nulls = [pruned(seed, 0.0, signal="null", selector="each_epoch", warmup=0.15) for seed in SEEDS]
    truth = truth_of(0.0, -3.0, -5.0) | {("null", 0.0): (0.0, 0.05)}
    specs, rows = bought([*grid, *nulls], world, truth)
    assert seeds_of(specs, "null", 0.0) == [1, 2, 3]
    seen = study(rows, Plan(adaptive=True, specs=tuple(specs)))
    assert [row.verdict.verdict for row in seen.nulls] == ["within"]
    assert all(row.cell.condition.signal != "null" for row in seen.rows)
