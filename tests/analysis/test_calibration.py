"""A small version of benchmarks/calibration.py: how often verdicts err."""

import numpy as np
import pytest

from analysis.verdicts import ALPHA
from benchmarks.calibration import adaptive, false_better, fixed, overstated

STUDIES = 1500
# Three standard errors of a share of 5 %.
MOST = 0.05 + 3 * np.sqrt(0.05 * 0.95 / STUDIES)


def rng():
    return np.random.default_rng(20)


def share(words, word):
    return np.mean([one == word for one in words])


@pytest.mark.slow
@pytest.mark.parametrize(("seeds", "how"), [(2, "own"), (5, "own"), (2, "pooled"), (3, "pooled")])
def test_at_the_line_one_in_twenty_is_called_within_and_one_in_twenty_outside(seeds, how):
    words = fixed(rng(), STUDIES, -1.0, seeds, 0.5, how)
    assert share(words, "within") <= MOST
    assert share(words, "outside") <= MOST


@pytest.mark.slow
def test_two_seeds_decide_by_the_pooled_spread_what_their_own_cannot():
    own, pooled = (fixed(rng(), 400, 0.0, 2, 0.35, how) for how in ("own", "pooled"))
    assert share(own, "within") < 0.6
    assert share(pooled, "within") > 0.85


@pytest.mark.slow
@pytest.mark.parametrize("sigma", [0.25, 1.0])
def test_looking_again_keeps_to_the_error_of_one_look(sigma):
    words, _ = adaptive(rng(), STUDIES, -1.0, sigma)
    assert share(words, "within") <= MOST
    assert share(words, "outside") <= MOST


@pytest.mark.slow
def test_looking_again_at_the_full_error_would_not():
    """The negative control: the simulation sees what the rule of the looks is there for."""
    words, _ = adaptive(rng(), STUDIES, -1.0, 1.0, ALPHA, gives_up=False)
    assert share(words, "within") > 0.08


@pytest.mark.slow
def test_clear_conditions_are_decided_with_few_seeds():
    words, seeds = adaptive(rng(), 400, 0.0, 0.25)
    assert share(words, "within") > 0.95
    assert seeds < 4.5
    words, seeds = adaptive(rng(), 400, -2.0, 0.25)
    assert share(words, "outside") > 0.95
    assert seeds < 4.5


@pytest.mark.slow
def test_giving_up_halves_the_seeds_at_the_line_and_costs_little_elsewhere():
    _, seeds = adaptive(rng(), 400, -1.0, 0.5)
    _, never = adaptive(rng(), 400, -1.0, 0.5, gives_up=False)
    assert seeds < 0.6 * never
    words, _ = adaptive(rng(), 400, -0.3, 0.5)
    never_words, _ = adaptive(rng(), 400, -0.3, 0.5, gives_up=False)
    assert share(words, "within") > share(never_words, "within") - 0.05


@pytest.mark.slow
@pytest.mark.parametrize(("size", "seeds"), [(6, 3), (24, 5)])
def test_a_family_of_signals_as_good_as_random_seldom_has_one_called_better(size, seeds):
    assert np.mean(false_better(rng(), 300, size, seeds, 0.5)) <= 0.05 + 3 * np.sqrt(0.0475 / 300)


@pytest.mark.slow
@pytest.mark.parametrize("curve", ["straight, crosses at 25 %", "at the line at 20 %"])
def test_a_safe_rate_is_seldom_overstated(curve):
    for found in overstated(rng(), 400, curve, 3, 0.5):
        assert np.mean(found) <= 0.05 + 3 * np.sqrt(0.0475 / 400)
