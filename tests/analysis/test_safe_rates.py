import numpy as np
import pytest

from analysis.intervals import bounds, p_below, parts
from analysis.safe_rates import safe_rate
from analysis.verdicts import Verdict, judge
from tests.analysis.test_verdicts import nested

N_TEST = 10_000
# Differences in pp, of which each is a whole number of test examples: rows are seeds, columns the
# rates 0.1, 0.2, 0.3.
WORKED = np.array(
    [
        (-0.10, -0.80, -2.10),
        (-0.45, -1.10, -2.60),
        (-0.20, -0.55, -1.90),
        (-0.62, -1.30, -2.90),
        (-0.05, -0.70, -2.20),
    ]
)


def examples(delta):
    """What each test example adds in each seed, losses of one seed being those of the others too."""
    return nested(N_TEST, *np.round(np.asarray(delta) * N_TEST / 100).astype(int))


def ladder(deltas, rates=(0.1, 0.2, 0.3), **more):
    return [
        (rate, judge(examples(column), **more))
        for rate, column in zip(rates, deltas.T, strict=True)
    ]


def test_the_worked_example_crosses_where_it_was_worked_out_to():
    found = safe_rate(ladder(WORKED))
    assert found.tested == 0.1
    # The means are -0.284, -0.89 and -2.34: the line at -1 lies 0.11 of 1.45 beyond rate 0.2.
    assert found.between == pytest.approx(0.2 + 0.1 * 0.11 / 1.45)
    first, second = (100 * bounds(parts(examples(WORKED[:, i])))[0] for i in (0, 1))
    assert first > -1.0 > second
    assert found.low == pytest.approx(0.1 + 0.1 * (first + 1.0) / (first - second))
    assert not found.is_beyond
    assert found.p_none_within == p_below(parts(examples(WORKED[:, 0])), -0.01)


def test_a_stricter_level_lowers_the_lower_end_and_not_the_crossing():
    usual, strict = (safe_rate(ladder(WORKED, alpha=alpha)) for alpha in (0.05, 0.01))
    assert strict.low < usual.low
    # Weights shift with the level, the means that fall by themselves do not.
    assert strict.between == usual.between and strict.p_none_within == usual.p_none_within


def test_a_rate_with_a_run_that_diverged_ends_the_test():
    ordered = ladder(WORKED / 10)
    assert safe_rate(ordered).tested == 0.3
    named = (0.2, judge(examples(WORKED[:, 1] / 10), diverged=(4,)))
    assert safe_rate([ordered[0], named, ordered[2]]).tested == 0.1


def test_a_curve_that_never_reaches_the_line_is_said_to_go_on():
    found = safe_rate(ladder(WORKED / 10))
    assert (found.tested, found.between, found.is_beyond) == (0.3, 0.3, True)


def test_the_order_of_rates_does_not_matter():
    assert safe_rate(ladder(WORKED)[::-1]) == safe_rate(ladder(WORKED))


def test_a_mean_that_rises_with_the_rate_is_levelled_by_its_weight():
    crooked = WORKED[:, [1, 0, 2]]
    found = safe_rate(ladder(crooked))
    # The first two are levelled between -0.89 and -0.284: the line is crossed after them.
    assert 0.2 < found.between < 0.3
    assert found.tested == 0.0
    assert found.low < 0.1


def test_the_test_ends_at_the_first_rate_that_is_not_within():
    within, unclear = (Verdict(mean=0.0, n_seeds=3, verdict=v) for v in ("within", "inconclusive"))
    assert safe_rate([(0.1, within), (0.2, unclear), (0.3, within)]).tested == 0.1
    assert safe_rate([(0.1, within), (0.2, None), (0.3, within)]).tested == 0.1
    assert safe_rate([]).tested == 0.0


def test_one_seed_has_no_curve():
    found = safe_rate([(0.1, judge(examples([0.2])))])
    assert (found.between, found.low, found.p_none_within) == (None, None, None)


def test_the_smallest_rate_without_an_interval_has_no_p():
    assert safe_rate([(0.05, judge(examples([0.2]))), *ladder(WORKED)]).p_none_within is None


@pytest.mark.parametrize("shift", [0.0, -0.3, -1.0, -5.0])
def test_the_lower_end_is_never_above_the_crossing(shift):
    found = safe_rate(ladder(WORKED + shift))
    assert 0 < found.low <= found.between
