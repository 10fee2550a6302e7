import numpy as np
import pytest

from analysis.intervals import parts
from analysis.multiplicity import adjusted_mean, look_levels, rung, searched
from tests.analysis.test_intervals import X4, X5, X6

P, Q, S = (rung(parts(x), line=-0.01) for x in (X4, X5, X6))
LOOKS = (3, 5, 8, 12)


def test_worked_searches_to_the_digit():
    found = searched([[P, Q], [Q, Q], [Q]])
    assert (found.passed, found.level) == ((1, 0, 0), pytest.approx(0.016667, abs=5e-7))
    found = searched([[P, Q], [Q, Q], [S]])
    assert (found.passed, found.level) == ((1, 0, 1), pytest.approx(0.025))


def test_a_rung_that_may_not_pass_ends_its_ladder():
    assert searched([[S, None, S], [None, S]]).passed == (1, 0)


def test_no_ladder_claims_nothing():
    assert searched([]).passed == ()


def test_one_ladder_is_tested_without_correction():
    assert searched([[P]]).level == 0.05


def test_a_ladder_more_can_only_take_away():
    alone, among = searched([[P]]), searched([[P], *[[Q]] * 11])
    assert among.level < alone.level and among.passed[0] <= alone.passed[0]


@pytest.mark.parametrize(
    ("alpha", "expected"),
    [
        (0.05, (0.0110, 0.0113, 0.0173, 0.0256)),
        (0.05 / 12, (9.167e-4, 8.089e-4, 1.2051e-3, 1.7186e-3)),
    ],
)
def test_worked_look_levels_to_the_digit(alpha, expected):
    assert look_levels(alpha, LOOKS) == pytest.approx(expected, rel=5e-3)


def test_the_worked_adjusted_mean_to_the_digit():
    found = adjusted_mean(-0.35, 0.5, 0.14, look_levels(0.05, LOOKS), looks=LOOKS)
    assert found == pytest.approx(-0.3957, abs=5e-5)


def test_looks_by_a_known_spread_err_in_five_percent_at_most():
    """What the levels promise, by simulation: a mean exactly at the line, looked at four times."""
    rng, levels = np.random.default_rng(0), look_levels(0.05, LOOKS)
    runs = rng.standard_normal((20_000, 12))
    going, false = np.ones(len(runs), bool), np.zeros(len(runs), bool)
    from scipy.special import stdtrit

    for seeds, level in zip(LOOKS, levels, strict=True):
        seen = runs[:, :seeds]
        t = seen.mean(1) / (seen.std(1, ddof=1) / np.sqrt(seeds))
        edge = -stdtrit(seeds - 1, level)
        false |= going & (t > edge)
        going &= np.abs(t) < edge
    assert false.mean() < 0.05 + 3 * np.sqrt(0.05 * 0.95 / len(runs))


def test_a_mean_seen_at_the_first_look_of_one_is_not_biased():
    assert adjusted_mean(-0.5, 0.4, 0.1, [0.05], looks=(5,)) == pytest.approx(-0.5, abs=1e-9)
