import math

import numpy as np
import pytest
from scipy.stats import t

from analysis.intervals import bounds, p_below, parts
from analysis.metrics import METRICS
from analysis.seeds_needed import chance_settled, seeds_needed
from analysis.verdicts import Verdict, average, judge, parts_of
from tests.analysis.test_intervals import NONE_OF_40, ONE_SEED, X3, X4, X5, X6, flips, rows


def nested(n, *counts):
    """Examples by seeds: seed s wins counts[s] from the last example on, or loses from the first."""
    place, many = np.arange(n)[:, None], np.array(counts)
    lost, won = place < -many, place >= n - many
    return won.astype(float) - lost


# What is lost in one seed is mostly won in another: no loss, at much noise between runs.
NOISY = nested(2000, 31, -55, 24)


@pytest.mark.parametrize(
    ("x", "word", "bounds_pp", "p"),
    [
        pytest.param(NONE_OF_40, "inconclusive", (0, -7.49, 7.49), 0.5, id="40, none differs"),
        pytest.param(np.zeros((298, 2)), "inconclusive", (0, -1.01, 1.01), 0.0508, id="298, none"),
        pytest.param(np.zeros((300, 2)), "within", (0, -1.00, 1.00), 0.0498, id="300, none"),
        pytest.param(X3, "within", (0, -0.82, 0.82), 0.0222, id="x3"),
        pytest.param(X4, "within", (-0.21, -0.54, 0.11), 0.0002, id="x4"),
        pytest.param(X5, "outside", (-2.37, -2.73, -2.02), 0.5, id="x5"),
        pytest.param(X6, "within", (0.53, 0.33, 0.74), 0.0, id="x6"),
    ],
)
def test_the_worked_examples_come_out_to_the_digit(x, word, bounds_pp, p):
    """Section 3 of the rule, in percentage points."""
    found = judge(x)
    assert (found.mean, found.low, found.high) == pytest.approx(bounds_pp, abs=6e-3)
    assert found.p_not_within == pytest.approx(p, abs=5.1e-5)
    assert found.verdict == word


def test_at_a_stricter_level_the_interval_is_the_worked_one():
    found = judge(X4, alpha=0.05 / 12)
    assert (found.low, found.high) == pytest.approx((-0.73, 0.31), abs=6e-3)
    assert (found.alpha, found.verdict) == (0.05 / 12, "within")


@pytest.mark.parametrize("x", [X3, X4], ids=["x3", "x4"])
def test_the_p_value_is_the_alpha_at_which_the_bound_touches_the_line(x):
    p = judge(x).p_not_within
    assert judge(x, alpha=p).low == pytest.approx(-1.0, abs=1e-6)
    assert judge(x, alpha=1.01 * p).verdict == "within"
    assert judge(x, alpha=0.99 * p).verdict == "inconclusive"


def test_what_does_not_depend_on_the_level_stays():
    strict, usual = judge(X4, alpha=0.001), judge(X4)
    for name in ("mean", "sd", "p_not_within", "n_seeds"):
        assert getattr(strict, name) == getattr(usual, name)


def test_one_seed_is_inconclusive_and_has_no_interval():
    found = judge(ONE_SEED)
    assert found.verdict == "inconclusive" and found.mean == pytest.approx(-100 * 35 / 7600)
    assert (found.low, found.high, found.test_low, found.test_high) == (None,) * 4
    assert (found.p_not_within, found.sd, found.n_seeds) == (None, None, 1)


def test_one_test_example_is_inconclusive_and_has_no_interval():
    found = judge([[1, 0, 1]])
    assert (found.verdict, found.low, found.p_not_within) == ("inconclusive", None, None)


def test_a_diverged_run_keeps_a_condition_from_being_within():
    plain, found = judge(X6), judge(X6, diverged=(4,))
    assert plain.verdict == "within" and plain.equivalent and plain.improved
    assert (found.verdict, found.diverged) == ("inconclusive", (4,))
    assert not found.equivalent and not found.improved
    assert (found.mean, found.low, found.high) == (
        plain.mean, plain.low, plain.high,
    )  # fmt: skip


def test_a_diverged_run_does_not_keep_a_condition_from_being_outside():
    assert judge(X5, diverged=(4,)).verdict == "outside"


def test_no_bound_lies_beyond_all_examples_lost_or_won():
    found = judge(np.zeros((2, 3)))
    assert (found.low, found.high) == (-100, 100)
    assert found.verdict == "inconclusive"


def test_the_spread_is_that_of_the_differences_between_seeds():
    # By the counts of x4: 500 and 475 lost and won, and so on, of 7,600.
    by_seed = 100 * np.array([-5, -30, 0, -20, -25]) / 7600
    assert judge(X4).sd == pytest.approx(by_seed.std(ddof=1))


def test_the_interval_for_this_test_set_is_the_noise_between_runs_alone():
    by_seed = 100 * np.array([-5, -30, 0, -20, -25]) / 7600
    half = t.ppf(0.95, 4) * by_seed.std(ddof=1) / math.sqrt(5)
    found = judge(X4)
    assert (found.test_low, found.test_high) == pytest.approx(
        (by_seed.mean() - half, by_seed.mean() + half)
    )
    assert found.low < found.test_low and found.test_high < found.high


def test_the_interval_for_this_test_set_is_never_below_what_chance_flips_give():
    # run and res of x3 as worked: seeds agree more than flips of single examples let them.
    half = 100 * t.ppf(0.95, 2 * (3.948 / 1.315) ** 2) * math.sqrt(3.948e-6)
    found = judge(X3)
    assert found.test_high - found.mean == pytest.approx(half, rel=1e-3)


def test_seeds_that_agree_in_every_example_leave_only_the_test_set_to_doubt():
    found = judge(X6)
    assert (found.sd, found.test_low, found.test_high) == (0, None, None)
    assert found.low < found.mean < found.high


def test_an_interval_above_zero_is_flagged_as_improved():
    assert judge(X6).improved and not judge(X4).improved


def test_an_interval_inside_both_lines_is_flagged_as_equivalent():
    assert judge(X4).equivalent and not judge(X5).equivalent
    assert not judge(X6, tolerance=0.6).equivalent


def test_a_wider_tolerance_lets_more_within():
    assert judge(X5).verdict == "outside"
    assert judge(X5, tolerance=2.5).verdict == "inconclusive"
    found = judge(X5, tolerance=3.0)
    assert found.verdict == "within"
    assert found.p_not_within == p_below(parts(X5), -0.03) < 0.05


def test_noise_between_runs_is_not_hidden_by_a_large_test_set():
    found = judge(NOISY)
    assert found.mean == 0 and found.verdict == "inconclusive"
    # At two degrees of freedom the spread of three seeds alone is this wide.
    alone = t.ppf(0.95, 2) * found.sd / math.sqrt(3)
    assert found.high >= alone and found.low <= -alone


@pytest.mark.parametrize(
    "x",
    [[], [[]], [0.1, 0.2], [[[0.0]]], [[math.nan, 0.0], [0.0, 0.0]], [[math.inf, 0], [0, 0]]],
    ids=["nothing", "no seed", "means", "studies", "nan", "inf"],
)
def test_what_is_no_matrix_of_numbers_is_refused(x):
    with pytest.raises(ValueError, match="finite numbers"):
        judge(x)


@pytest.mark.parametrize("tolerance", [-1.0, math.inf, math.nan])
def test_a_tolerance_that_is_none_is_refused(tolerance):
    with pytest.raises(ValueError, match="0 or more"):
        judge(X4, tolerance=tolerance)


def test_the_mean_over_data_sets_joins_lower_and_upper_halves_apart():
    one, two = judge(X5), judge(X6)
    found = average([one, two])
    down = [v.mean - v.low for v in (one, two)]
    up = [v.high - v.mean for v in (one, two)]
    assert found.mean == pytest.approx((one.mean + two.mean) / 2)
    assert found.mean - found.low == pytest.approx(math.hypot(*down) / 2)
    assert found.high - found.mean == pytest.approx(math.hypot(*up) / 2)
    assert abs(math.hypot(*down) - math.hypot(*up)) > 1e-3


def test_the_mean_of_one_data_set_has_its_interval_and_word():
    one = judge(X4)
    found = average([one])
    assert (found.verdict, found.equivalent, found.n_seeds) == ("within", True, 5)
    assert (found.low, found.high) == pytest.approx((one.low, one.high))
    assert (found.test_low, found.test_high) == pytest.approx((one.test_low, one.test_high))
    assert found.test_variance == pytest.approx(one.test_variance)


def test_the_mean_over_data_sets_counts_the_fewest_seeds():
    assert average([judge(X3), judge(X4)]).n_seeds == 3


def test_a_data_set_with_one_seed_leaves_the_average_without_interval():
    found = average([judge(X4), judge(ONE_SEED)])
    assert (found.verdict, found.low, found.high) == ("inconclusive", None, None)
    assert found.mean == pytest.approx((judge(X4).mean + judge(ONE_SEED).mean) / 2)


def test_a_run_that_diverged_on_one_data_set_keeps_the_average_from_being_within():
    found = average([judge(X4), judge(X6, diverged=(2,))])
    assert found.low > -1.0
    assert (found.verdict, found.diverged, found.equivalent) == ("inconclusive", (2,), False)


def test_only_verdicts_of_one_tolerance_are_averaged():
    for verdicts in ([], [judge(X4), judge(X4, tolerance=2.0)]):
        with pytest.raises(ValueError, match="one common tolerance"):
            average(verdicts)


# Seeds in all for a chance of 80 %, by the mean in pp, where the test set adds no noise: the power
# of a t test, as the simulation below finds it.
NEEDED = {
    0.2: {0: 3, -0.25: 3, -0.5: 3},
    0.35: {0: 3, -0.25: 4, -0.5: 5},
    0.5: {0: 4, -0.25: 5, -0.5: 8},
    1.0: {0: 8, -0.25: 13, -0.5: 27},
}


@pytest.mark.parametrize("sd", NEEDED)
def test_the_seeds_needed_are_those_of_the_power_table(sd):
    found = {
        mean: 2 + seeds_needed(Verdict(mean=mean, n_seeds=2, sd=sd)).more for mean in NEEDED[sd]
    }
    assert found == NEEDED[sd]


@pytest.mark.parametrize(("mean", "sd", "n_seeds"), [(-0.25, 0.5, 5), (-0.5, 0.35, 3)])
def test_the_chance_to_be_settled_is_what_a_simulation_finds(mean, sd, n_seeds):
    rng = np.random.default_rng(0)
    d = rng.normal(mean, sd, (20_000, n_seeds))
    half = t.ppf(0.95, n_seeds - 1) * d.std(1, ddof=1) / math.sqrt(n_seeds)
    seen = np.mean(d.mean(1) - half > -1.0)
    found = chance_settled(Verdict(mean=mean, n_seeds=2, sd=sd), n_seeds)
    assert found == pytest.approx(seen, abs=0.012)


def test_the_chance_grows_with_seeds_and_shrinks_with_the_test_sets_noise():
    calm = Verdict(mean=-0.4, n_seeds=3, sd=0.6)
    chances = [chance_settled(calm, n) for n in range(2, 40)]
    assert chances == sorted(chances) and 0 < chances[0] < chances[-1] < 1
    noisy = Verdict(mean=-0.4, n_seeds=3, sd=0.6, test_variance=0.04)
    assert all(chance_settled(noisy, n) < chance_settled(calm, n) for n in range(2, 40))


def test_more_seeds_settle_what_noise_between_runs_left_open():
    found = seeds_needed(judge(NOISY))
    assert found.more is not None and found.more > 0
    # The rule itself on that many seeds that scatter as these do.
    repeated = np.tile(NOISY, (1, -(-(3 + found.more) // 3)))
    assert judge(repeated).verdict == "within"


@pytest.mark.parametrize("x", [X4, X5], ids=["within", "outside"])
def test_what_is_decided_needs_no_more_seeds(x):
    assert seeds_needed(judge(x)).more == 0


@pytest.mark.parametrize(
    ("x", "diverged", "reason"),
    [
        pytest.param(nested(2000, -16, -26, -12, -22, -18), (), "within 0.3 pp", id="close"),
        pytest.param(NONE_OF_40, (), "the test set is too small to tell", id="few examples"),
        pytest.param(ONE_SEED, (), "one seed gives no interval", id="one seed"),
        pytest.param(X6, (4,), "a run diverged", id="diverged"),
    ],
)
def test_where_seeds_will_not_help_the_reason_is_given(x, diverged, reason):
    found = seeds_needed(judge(x, diverged=diverged))
    assert found.more is None and reason in found.reason


def test_the_same_examples_lost_in_every_seed_weigh_as_so_many_and_chance_flips_as_fewer():
    """The same differences of each seed, by other examples each: only then runs average them out."""
    alike = rows(2000, (40, (-1,) * 4), (40, (1,) * 4))
    chance = rows(2000, *flips(-1, 40, 40, 40, 40), *flips(1, 40, 40, 40, 40))
    wide, narrow = judge(alike), judge(chance)
    assert wide.mean == narrow.mean == 0 and wide.sd == narrow.sd == 0
    assert wide.high > 1.5 * narrow.high


def test_a_verdict_is_the_interval_of_its_parts():
    found = judge(X4, alpha=0.01)
    assert tuple(100 * bound for bound in bounds(parts(X4), 0.01)) == (found.low, found.high)
    assert (found.parts.losses, found.parts.wins) == pytest.approx((154, 138))


LOSS = METRICS["log_loss"]


def small_losses(n, *, lost=0.0):
    """Log losses that differ a little in every row, and in one row by `lost`, alike in three seeds."""
    x = np.repeat(0.02 * np.where(np.arange(n) % 2, 1.0, -1.0)[:, None], 3, axis=1)
    x[0] -= lost
    return x


def test_what_one_row_carries_is_sized_by_the_most_a_row_can_add():
    x = small_losses(1000, lost=8.0)
    known, unknown = (judge(x, tolerance=0.04, metric=LOSS, most=most) for most in (15.9, None))
    assert (known.few, unknown.few, unknown.verdict) == (None, 1, "inconclusive")
    assert parts_of(x, 15.9)[0] == parts(x, unit=15.9)


def test_of_accuracy_the_size_of_an_example_is_one():
    for x in (X3, X4, X5, X6, NOISY, np.zeros((300, 2))):
        found, few = parts_of(np.asarray(x, dtype=float), 1.0)
        assert (found, few) == (parts(x), None)
