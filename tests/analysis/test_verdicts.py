import math

import numpy as np
import pytest

from analysis.seeds_needed import seeds_needed
from analysis.verdicts import (
    Spread,
    Verdict,
    average,
    half_width,
    judge,
    one_sided_p,
    pooled_variance,
)

D = (-0.10, -0.45, -0.20, -0.62, -0.05)
EXAMPLES = {
    "A": ((-0.05, -0.19), 0.0, (-0.12, -0.562, 0.322), 0.0253, "within"),
    "B": ((0.31, -0.55), 0.0, (-0.12, -2.835, 2.595), 0.145, "inconclusive"),
    "C": ((-2.8, -3.3), 0.0, (-3.05, -4.628, -1.472), 0.961, "outside"),
    "F": ((-0.7, -1.3), 0.0, (-1.00, -2.894, 0.894), 0.500, "inconclusive"),
    "D": (D, 0.0, (-0.284, -0.516, -0.052), 0.00137, "within"),
    "D with the test set": (D, 0.14**2, (-0.284, -0.611, 0.043), 0.00263, "within"),
    "E": ((-0.8, -1.3, -0.6, -1.1, -0.9), 0.0, (-0.94, -1.198, -0.682), 0.323, "inconclusive"),
}


def decimals(value):
    """Half a unit of the last digit written."""
    return 0.5 * 10 ** -len(str(value).split(".")[1])


@pytest.mark.parametrize(
    ("delta_pp", "v_test", "bounds", "p", "word"), EXAMPLES.values(), ids=EXAMPLES
)
def test_the_worked_examples_come_out_to_the_digit(delta_pp, v_test, bounds, p, word):
    found = judge(delta_pp, v_test)
    assert (found.mean_pp, found.low_pp, found.high_pp) == pytest.approx(bounds, abs=5e-4)
    assert found.p_not_within == pytest.approx(p, abs=max(decimals(p), 5e-6))
    assert found.verdict == word


def test_a_pooled_spread_settles_what_two_seeds_alone_leave_open():
    found = judge((0.31, -0.55), pooled=Spread(variance_pp2=0.35**2, df=9))
    assert (found.low_pp, found.high_pp) == pytest.approx((-0.574, 0.334), abs=5e-4)
    assert found.p_not_within == pytest.approx(0.0031, abs=5e-5)
    assert (found.verdict, found.pooled, found.df) == ("within", True, 9)


def test_from_five_seeds_a_cell_is_judged_by_its_own_spread():
    found = judge(D, pooled=Spread(variance_pp2=9.0, df=9))
    assert (found.pooled, found.df) == (False, 4)
    assert found.low_pp == judge(D).low_pp


def test_the_interval_for_this_test_set_leaves_its_sampling_out():
    found = judge(D, 0.14**2)
    assert found.test_low_pp == pytest.approx(judge(D).low_pp)
    assert found.low_pp < found.test_low_pp


def test_one_seed_is_inconclusive_and_has_no_interval():
    found = judge((-0.1,))
    assert (found.verdict, found.low_pp, found.high_pp) == ("inconclusive", None, None)


def test_an_interval_above_zero_is_flagged_as_improved():
    assert judge((0.5, 0.6, 0.55)).improved


def test_an_interval_inside_both_lines_is_flagged_as_equivalent():
    assert judge(D).equivalent and not judge((1.5, 1.6, 1.55)).equivalent


def test_a_wider_tolerance_lets_more_within():
    assert judge((-1.5, -1.6, -1.4), tolerance_pp=2.0).verdict == "within"


@pytest.mark.parametrize("delta_pp", [(), (math.nan, 0.1), (math.inf, 0.1)])
def test_what_is_no_number_is_refused(delta_pp):
    with pytest.raises(ValueError, match="finite numbers"):
        judge(delta_pp)


def test_a_tolerance_of_nothing_is_refused():
    with pytest.raises(ValueError, match="above 0"):
        judge((0.1, 0.2), tolerance_pp=0.0)


def test_the_p_value_is_the_alpha_at_which_the_bound_touches_the_line():
    p = one_sided_p(0.7, 0.02, 4, 0.03)
    assert half_width(0.02, 4, 0.03, p) == pytest.approx(0.7)


def test_identical_seeds_leave_only_the_test_set_to_doubt():
    found = judge((-0.5, -0.5, -0.5), 0.04)
    assert found.high_pp - found.low_pp == pytest.approx(2 * 1.6449 * 0.2, abs=1e-4)


def test_pooling_divides_all_squares_by_all_degrees_and_halves_them():
    found = pooled_variance([(0.0, 1.0), (2.0, 2.5, 3.0), (9.0,)])
    assert found == Spread(variance_pp2=(0.5 + 0.5) / 3, df=1.5, n_cells=2)


def test_a_single_cell_is_nothing_to_pool():
    assert pooled_variance([(0.0, 1.0), (2.0,)]) is None


def test_pooled_degrees_of_freedom_never_fall_below_one():
    assert pooled_variance([(0.0, 1.0), (0.0, 1.0)]).df == 1


NEEDED = {
    0.2: {0: 3, -0.25: 3, -0.5: 3},
    0.35: {0: 3, -0.25: 4, -0.5: 5},
    0.5: {0: 4, -0.25: 5, -0.5: 8},
    1.0: {0: 8, -0.25: 13, -0.5: 27},
}


@pytest.mark.parametrize("sd_pp", NEEDED)
def test_the_seeds_needed_are_those_of_the_power_table(sd_pp):
    found = {
        mean: 1 + seeds_needed(Verdict(mean_pp=mean, n_seeds=1, run_sd_pp=sd_pp)).more
        for mean in NEEDED[sd_pp]
    }
    assert found == NEEDED[sd_pp]


def test_a_cell_close_to_the_line_is_not_worth_more_seeds():
    found = seeds_needed(judge((-0.8, -1.3, -0.6, -1.1, -0.9)))
    assert (found.more, found.reason) == (None, "within 0.3 pp of the line")


def test_a_test_set_too_small_is_not_helped_by_seeds():
    found = seeds_needed(judge((-0.4, -0.5, -0.6), 1.0))
    assert found.more is None and "test set is too small" in found.reason


def test_the_mean_over_data_sets_joins_their_standard_errors():
    one, two = judge(D, 0.02), judge((-1.0, -1.1, -0.9), 0.01)
    found = average([one, two])
    halves = [v.high_pp - v.mean_pp for v in (one, two)]
    assert found.mean_pp == pytest.approx((one.mean_pp + two.mean_pp) / 2)
    assert found.high_pp - found.mean_pp == pytest.approx(math.hypot(*halves) / 2)


def test_a_data_set_with_one_seed_leaves_the_average_without_interval():
    assert average([judge(D), judge((0.1,))]).low_pp is None


def test_the_bound_misses_at_most_as_often_as_promised():
    rng = np.random.default_rng(0)
    draws = rng.normal(-1.0, 0.3, (2000, 3)) + rng.normal(0, 0.2, (2000, 1))
    wrong = np.mean([judge(row, 0.2**2).verdict == "within" for row in draws])
    assert wrong < 0.06
