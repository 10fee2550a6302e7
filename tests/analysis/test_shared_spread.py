from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
from scipy.stats import f as f_distribution
from scipy.stats import norm
from scipy.stats import t as student

from analysis.intervals import bounds, item_variance, parts, two_sided_p
from analysis.shared_spread import LEAST_SHARING, _fitted, independent, moderated, prior_of
from tests.analysis.test_verdicts import nested

EVEN = nested(2000, 31, -55, 24, -10, 20)


def drawn(rng, spreads, seeds=5):
    """Differences whose noise between runs has these spreads."""
    template = parts(nested(20, *[1] * seeds))
    means = [rng.normal(0, spread, seeds) for spread in spreads]
    return [replace(template, run=one.var(ddof=1) / seeds, mean=one.mean()) for one in means]


def test_as_many_differences_are_free_as_there_are_arms_less_one_at_each_place():
    at = {place: [(place, arm) for arm in range(4)] for place in "ab"}
    assert independent(combinations(at["a"], 2)) == 3
    assert independent([*combinations(at["a"], 2), *combinations(at["b"], 2)]) == 6
    assert independent([]) == 0


def test_few_differences_keep_each_its_own_spread():
    found = drawn(np.random.default_rng(0), [50] * 10)
    assert prior_of(found, LEAST_SHARING - 1) is None
    alone = moderated(found[0], None)
    assert (alone.run, alone.df) == (found[0].run, None)


def test_spreads_that_scatter_as_chance_lets_them_become_one():
    found = drawn(np.random.default_rng(1), [50] * 400)
    prior = prior_of(found, 400)
    shared = [moderated(p, prior) for p in found]
    own = np.array([p.run for p in found])
    assert np.ptp([p.run for p in shared]) < 0.15 * np.ptp(own)
    assert np.mean([p.run for p in shared]) == pytest.approx(own.mean(), rel=0.05)
    assert all(p.df > 30 for p in shared)


def test_how_likely_spreads_are_is_what_the_f_distribution_says():
    variance, df = np.array([1.0, 2.5, 0.3, 7.0]), np.array([4.0, 4.0, 2.0, 7.0])
    for own in (2, 12):
        told, at = _fitted(variance, df, own)
        theirs = f_distribution.logpdf(variance / at, df, own) - np.log(at)
        constant = np.log(variance).sum()
        assert told - constant == pytest.approx(theirs.sum())


def test_spreads_that_are_unlike_stay_nearly_their_own():
    spreads = 50 * np.exp(1.2 * np.random.default_rng(2).standard_normal(40))
    found = drawn(np.random.default_rng(3), spreads)
    shared = [moderated(p, prior_of(found, 40)) for p in found]
    noisiest = max(range(40), key=lambda i: found[i].run)
    assert shared[noisiest].run > 0.5 * found[noisiest].run
    assert all(p.df < 8 for p in shared)


def test_the_scatter_of_many_spreads_is_read_back():
    """Spreads drawn with 8 degrees of freedom of their own: the moment estimate finds them."""
    rng = np.random.default_rng(4)
    found = drawn(rng, 200 * np.sqrt(8 / rng.chisquare(8, 3000)))
    prior = prior_of(found, 3000)
    assert prior.df == pytest.approx(8, rel=0.25)
    assert prior.variance == pytest.approx(200**2, rel=0.1)


def test_no_spread_counts_for_more_than_all_seeds_of_the_family():
    found = drawn(np.random.default_rng(1), [50] * 40)
    assert moderated(found[0], prior_of(found, 7)).df <= 7 * 4


@pytest.mark.parametrize("alpha", [0.05, 1e-4])
def test_parts_joined_apart_have_each_its_own_quantile(alpha):
    p = moderated(parts(EVEN), None)
    low, high = bounds(p, alpha)
    runs = student.isf(alpha, 4) ** 2 * max(p.run, p.res)
    half = np.sqrt(runs + norm.isf(alpha) ** 2 * item_variance(p, alpha))
    # Wins outnumber losses, so nothing leans the lower bound outward.
    assert p.wins > p.losses and p.mean - low == pytest.approx(half)
    assert high - p.mean >= half * 0.9


def test_joined_apart_an_interval_is_never_narrower_than_by_welch():
    plain = parts(EVEN)
    for alpha in (0.05, 0.005, 5e-5):
        mine, welch = bounds(moderated(plain, None), alpha), bounds(plain, alpha)
        assert mine[0] <= welch[0] and mine[1] >= welch[1]


def test_p_is_the_error_at_which_the_interval_meets_no_difference():
    p = moderated(parts(nested(2000, 31, 25, 40, 28, 36)), None)
    assert bounds(p, two_sided_p(p) / 2)[0] == pytest.approx(0, abs=1e-6)
