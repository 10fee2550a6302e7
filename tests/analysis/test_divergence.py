import numpy as np
import pytest

from analysis.divergence import diverged

FULL = [90.1, 89.8, 90.4, 90.0, 89.9]
ONE_FELL = [89.9, 75.2, 90.1, 89.7, 89.6]
CALM = [89.5, 89.4, 89.9, 89.6, 89.2]


def named(*arms):
    return [np.flatnonzero(mask).tolist() for mask in diverged(arms)]


def test_the_run_that_fell_out_is_named_and_no_other():
    assert named(FULL, ONE_FELL, CALM) == [[], [1], []]


def test_a_run_that_is_better_than_all_is_not_named():
    assert named(FULL, [90.0, 99.0, 90.1, 89.7, 89.6], CALM) == [[], [], []]


def test_arms_that_scatter_widely_need_a_wider_fall():
    rng = np.random.default_rng(0)
    wide = [(80 + 4 * rng.standard_normal(5)).tolist() for _ in range(6)]
    assert named(*wide) == [[]] * 6


def test_a_fall_of_less_than_five_points_is_not_named_however_calm_the_rest():
    calm = [90.0, 90.0, 90.01, 90.0, 90.0]
    assert named(calm, [90.0, 85.5, 90.0, 90.0, 90.01]) == [[], []]


@pytest.mark.parametrize("seeds", [1, 2])
def test_of_one_or_two_seeds_none_is_named(seeds):
    assert named([90.0, 60.0][:seeds], FULL) == [[], []]


def test_arms_may_have_different_numbers_of_seeds():
    assert named(FULL[:3], ONE_FELL, CALM[:4]) == [[], [1], []]


def test_a_multiplied_scale_names_the_same_runs():
    """Independent of where accuracy lies: a shift of all arms changes nothing."""
    shifted = [[value - 40 for value in arm] for arm in (FULL, ONE_FELL, CALM)]
    assert named(*shifted) == named(FULL, ONE_FELL, CALM)
