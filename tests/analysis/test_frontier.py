from dataclasses import replace

import numpy as np
import pytest

from analysis.frontier import frontiers
from analysis.frontier_words import frontier_sentences
from benchmarks.frontier import (
    ALPHAS,
    SIZES,
    bent,
    binomial,
    family_of,
    power_law,
    relative,
    theory,
    with_rows,
)

POWER = power_law(0, 2, 0.4)


@pytest.fixture(scope="module")
def exact():
    """Exact theory at 5 seeds of 5,000 test rows, its floor unknown."""
    methods = ("hard", "easy", "random")
    return frontiers(family_of(theory, binomial(5000), methods, sizes=ALPHAS))


def test_a_perfect_probe_that_keeps_the_hardest_bends_the_frontier(exact):
    assert [stretch.start for stretch in exact.methods["hard"].stretches if stretch.bends] == [1, 2]


def test_neither_random_nor_the_easiest_of_plenty_bends_it(exact):
    assert not exact.methods["random"].bends
    assert not any(s.bends for s in exact.methods["easy"].stretches if s.start >= 4)


def test_where_nothing_is_left_to_gain_the_frontier_is_flatter(exact):
    flat = exact.methods["hard"].stretches[2]
    assert flat.low > 0 and flat.p_holm == 1


def test_the_sentence_names_both_slopes_and_their_difference(exact):
    first, *_ = frontier_sentences(exact, {"hard": "The hardest", "easy": "The easiest"})
    assert first.startswith(
        "The hardest bends the frontier: between 2 and 4 rows kept its slope is −2."
    )
    assert "against −0.7" in first and "without pruning (difference −1." in first


def test_random_alone_is_said_to_bend_in_one_family_of_twenty_at_most():
    """Its true frontier is no pruning's; benchmarks/frontier.py has more of them."""
    noise = relative(0.02)
    found = [bent(family_of(POWER, noise, ("a", "b"), seeds=3, floor=0.0)) for _ in range(20)]
    assert sum(map(bool, found)) <= 1


def test_the_least_of_noisy_means_would_be_lower_than_no_pruning():
    """What the choice on other seeds takes away: a control that fails without it."""
    noise = relative(0.05)
    runs = [family_of(POWER, noise, ("a",), floor=0.0) for _ in range(30)]
    honest = [frontiers(one).methods["a"].errors[0] for one in runs]
    flattering = []
    for one in runs:
        at_500 = [p for p in (*one.methods["a"], *one.unpruned) if p.kept == 500]
        flattering.append(min(np.mean([*p.errors.values()]) for p in at_500))
    true = POWER("", 500, 1)
    assert np.mean(honest) == pytest.approx(true, rel=0.01)
    assert np.mean(flattering) < 0.98 * true


def test_a_lower_frontier_of_the_same_slope_does_not_bend():
    def lower(method, total, share):
        return POWER(method, total, share) * (0.7 if share < 1 else 1)

    (found,) = frontiers(family_of(lower, relative(0.01), ("a",), floor=0.0)).methods.values()
    assert found.ratios[:4] == pytest.approx([0.7] * 4, rel=0.03) and not found.bends


def test_what_random_does_as_much_is_no_bend():
    def steep(method, total, share):
        steeper = (total * share / 500) ** -0.6 if share < 1 else 1
        return POWER(method, total, share) * steeper

    alone = frontiers(family_of(steep, relative(0.01), ("a",), floor=0.0))
    beside = frontiers(family_of(steep, relative(0.01), ("a", "random"), floor=0.0))
    assert alone.methods["a"].bends and not beside.methods["a"].bends
    (said,) = frontier_sentences(beside, {"a": "A"})
    assert said.endswith("but random pruning is not shown to fall less.")


@pytest.mark.parametrize("floor", [0.0, 0.1])
def test_the_floor_of_a_power_law_is_found(floor):
    """Of 95 % intervals two of ten may miss it."""
    noise = relative(0.02)
    found = [
        frontiers(family_of(power_law(floor, 2, 0.4), noise, ("a",), shares=(0.5,)))
        for _ in range(10)
    ]
    assert sum(one.floor.low <= floor <= one.floor.high for one in found) >= 8


def test_three_sizes_tell_no_floor_and_two_seeds_nothing():
    law, noise = power_law(0.1, 2, 0.4), relative(0.02)
    three = frontiers(family_of(law, noise, ("a",), sizes=SIZES[:3]))
    two = frontiers(family_of(law, noise, ("a",), seeds=2))
    assert "4 total sizes or more" in three.why and "3 seeds or more" in two.why
    (said,) = frontier_sentences(three, {})
    assert said.startswith("Whether a signal bends the frontier cannot be told: 4 total sizes")


def test_a_floor_that_may_be_the_least_error_tells_nothing():
    found = frontiers(family_of(power_law(0.1, 2, 0.4), relative(0.3), ("a",), seeds=3))
    assert "four standard errors" in found.why


def test_a_size_between_two_that_ran_is_read_off_a_straight_line_of_logarithms():
    law = POWER
    runs = family_of(law, relative(0.0), ("a",), shares=(0.8, 0.3), floor=0.0)
    (found,) = frontiers(runs).methods.values()
    assert found.errors == pytest.approx([law("", n, 1) for n in SIZES], rel=1e-9)


def test_test_rows_widen_the_interval_that_seeds_alone_would_give():
    plain = family_of(POWER, relative(0.0), ("a",), seeds=12, floor=0.0)
    drawn = with_rows(plain, 200, alike=0.9, rng=np.random.default_rng(1))
    seeds_alone = replace(
        drawn,
        unpruned=tuple(replace(p, rows={}) for p in drawn.unpruned),
        methods={"a": tuple(replace(p, rows={}) for p in drawn.methods["a"])},
    )
    narrow, wide = (frontiers(one).methods["a"].stretches for one in (seeds_alone, drawn))
    widths = [[one.high - one.low for one in stretches[:3]] for stretches in (narrow, wide)]
    assert widths[1][0] > 1.1 * widths[0][0]
    assert (np.array(widths[1]) >= 0.999 * np.array(widths[0])).all()
