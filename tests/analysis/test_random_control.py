from dataclasses import replace

import numpy as np
import pytest

from analysis.envelope import cells
from analysis.intervals import bounds, parts, two_sided_p
from analysis.multiplicity import holm
from analysis.random_control import against_random

STEPS = (-0.2, -0.1, 0.0, 0.1, 0.2)
BELOW = (-2.1, -2.0, -2.2, -1.9, -2.0)
LEVEL = (0.0,) * 5


def only(comparisons):
    (comparison,) = comparisons.values()
    return comparison


def shifted(by):
    return [by + step for step in STEPS]


def against(paired, signal_pp, random_pp, **control):
    rows = paired(signal_pp) + paired(random_pp, signal="random", **control)
    return against_random(cells(rows))


def beyond(signal_pp, random_pp=LEVEL):
    """What each of 1,000 examples adds: both arms are right on the first so many."""
    place = np.arange(1000)[:, None]
    right = [place < 900 + np.round(10 * np.array(pp)) for pp in (signal_pp, random_pp)]
    return right[0].astype(float) - right[1]


def family(paired, methods, randoms=None, **where):
    """Rows of methods by name, each with its differences by rate; random as the full-data runs."""
    rows = []
    for rate in sorted({rate for by_rate in methods.values() for rate in by_rate}):
        rows += paired((randoms or {}).get(rate, LEVEL), signal="random", rate=rate, **where)
    for signal, by_rate in methods.items():
        for rate, delta in by_rate.items():
            rows += paired(delta, signal=signal, rate=rate, **where)
    return rows


def compared(rows):
    """Comparisons by method and rate."""
    found = against_random(cells(rows))
    return {(c.signal, c.rate): comparison for c, comparison in found.items()}


def test_holm_gives_the_worked_example():
    assert holm([0.001, 0.012, 0.03, 0.2]) == pytest.approx([0.004, 0.036, 0.06, 0.2])


def test_holm_keeps_the_order_it_was_given():
    assert holm([0.2, 0.001, 0.03, 0.012]) == pytest.approx([0.2, 0.004, 0.06, 0.036])


def test_a_signal_above_random_on_every_seed_is_better(paired):
    found = only(against(paired, shifted(0.0), BELOW))
    assert found.finding == "better" and found.low > 0
    assert found.mean == pytest.approx(2.04)


def test_a_signal_below_random_on_every_seed_is_worse(paired):
    found = only(against(paired, BELOW, shifted(0.0)))
    assert found.finding == "worse" and found.high < 0


def test_equal_results_show_no_difference(paired):
    found = only(against(paired, shifted(0.0), shifted(0.0)[::-1]))
    assert found.finding == "no difference shown"
    assert found.p == found.p_holm == 1


def test_the_interval_and_p_are_those_of_a_verdict_but_two_sided(paired):
    found = only(against(paired, shifted(0.3), LEVEL))
    own = parts(beyond(shifted(0.3)))
    assert (found.low, found.high) == pytest.approx([100 * b for b in bounds(own)])
    assert found.p == pytest.approx(two_sided_p(own))


def test_p_is_the_same_whichever_arm_is_ahead(paired):
    ahead = only(against(paired, shifted(0.4), LEVEL))
    behind = only(against(paired, LEVEL, shifted(0.4)))
    assert 0 < ahead.p < 0.5
    assert behind.p == pytest.approx(ahead.p)
    assert (behind.mean, behind.low) == pytest.approx((-ahead.mean, -ahead.high))


def test_a_bound_above_zero_alone_does_not_make_a_method_better(paired):
    """Both tails count: an interval whose two bounds err in 5 % each errs in 10 %."""
    found = only(against(paired, shifted(0.4), LEVEL))
    assert found.low > 0 and 0.05 < found.p <= 0.1
    assert found.finding == "no difference shown"


def test_one_seed_shows_no_difference_and_has_no_p(paired):
    found = only(against(paired, [0.0], [-5.0]))
    assert (found.p, found.p_holm, found.low) == (None, None, None)
    assert found.finding == "no difference shown" and found.mean == pytest.approx(5.0)


def test_only_common_seeds_are_compared(paired):
    assert only(against(paired, shifted(0.0), [0.1, 0.2])).seeds == (1, 2)


def test_a_control_of_another_selector_is_used_and_said(paired):
    found = only(against(paired, shifted(0.0), shifted(0.0), selector="stratified"))
    assert found.note == "held against random with selector stratified"


def test_the_control_cut_alike_is_preferred(paired):
    rows = paired(shifted(0.0)) + paired(shifted(-1.0), signal="random", selector="stratified")
    rows += paired(shifted(-2.0), signal="random")
    found = only(against_random(cells(rows)))
    assert found.note == "" and found.mean == pytest.approx(2.0)


@pytest.mark.parametrize("other", [{"rate": 0.2}, {"warmup": 0.25}, {"protocol": "restart"}])
def test_a_control_of_another_place_is_no_control(paired, other):
    assert against(paired, shifted(0.0), shifted(0.0), **other) == {}


def test_a_control_of_another_environment_is_no_control(paired):
    elsewhere = [
        replace(row, environment={"device": "gpu"}) for row in paired(shifted(0.0), signal="random")
    ]
    assert against_random(cells(paired(shifted(0.0)) + elsewhere)) == {}


def test_a_method_is_tested_first_by_the_mean_over_its_rates(paired):
    """One method: no rate's p is below that of all of them together, then Holm over the rates."""
    by_rate = {0.1: shifted(0.3), 0.2: shifted(0.9), 0.3: shifted(1.5)}
    found = compared(family(paired, {"redundancy": by_rate}))
    each = [beyond(delta) for delta in by_rate.values()]
    of_method = two_sided_p(parts(np.mean(each, axis=0)))
    of_rates = holm([two_sided_p(parts(x)) for x in each])
    assert [one.p_holm for one in found.values()] == pytest.approx(
        [max(of_method, p) for p in of_rates]
    )
    assert [one.finding for one in found.values()] == [
        "better" if max(of_method, p) <= 0.05 else "no difference shown" for p in of_rates
    ]
    assert found["redundancy", 0.3].finding == "better"
    assert found["redundancy", 0.1].finding == "no difference shown"


def test_holm_runs_over_the_methods_and_below_each_over_its_rates(paired):
    methods = {
        "faint": {0.1: shifted(0.2), 0.2: shifted(0.3)},
        "strong": {0.1: shifted(2.0), 0.2: shifted(1.0)},
        "some": {0.1: shifted(0.9), 0.2: shifted(0.8)},
    }
    found = compared(family(paired, methods))
    each = {name: [beyond(d) for d in by_rate.values()] for name, by_rate in methods.items()}
    together = {name: two_sided_p(parts(np.mean(xs, axis=0))) for name, xs in each.items()}
    assert sorted(together, key=together.get) == ["strong", "some", "faint"]
    # The strongest of three is tested at a third of alpha, the next at a half, the last at alpha.
    strong = 3 * together["strong"]
    some = max(strong, 2 * together["some"])
    faint = max(some, together["faint"])
    for name, of_method, among in (("strong", strong, 3), ("some", some, 2), ("faint", faint, 1)):
        rates = holm([two_sided_p(parts(x)) for x in each[name]])
        expected = [min(1.0, max(of_method, among * p)) for p in rates]
        assert [found[name, rate].p_holm for rate in (0.1, 0.2)] == pytest.approx(expected)
    assert found["strong", 0.1].finding == "better"
    assert found["faint", 0.1].finding == found["faint", 0.2].finding == "no difference shown"


def test_a_rate_of_a_method_that_does_not_pass_is_never_better_or_worse(paired):
    """Better at one rate and worse at the other: the method is no better, nor is either rate."""
    found = compared(family(paired, {"redundancy": {0.1: shifted(2.0), 0.2: shifted(-2.0)}}))
    for one in found.values():
        assert one.p < 0.01
        assert one.p_holm > 0.05 and one.finding == "no difference shown"


def test_a_rate_of_a_method_that_passes_needs_its_own_p(paired):
    found = compared(family(paired, {"redundancy": {0.1: LEVEL, 0.2: shifted(3.0)}}))
    assert found["redundancy", 0.2].finding == "better"
    assert found["redundancy", 0.1].finding == "no difference shown"


def test_more_methods_beside_it_never_make_a_method_better(paired):
    own = {"redundancy": {0.1: shifted(1.0), 0.2: shifted(1.2)}}
    others = {f"other_{i}": {0.1: shifted(0.0), 0.2: shifted(0.1)} for i in range(5)}
    alone, among = compared(family(paired, own)), compared(family(paired, own | others))
    for rate in (0.1, 0.2):
        one, other = alone["redundancy", rate], among["redundancy", rate]
        assert other.p == one.p and other.p_holm > one.p_holm


def test_another_data_set_model_or_training_is_another_family(paired):
    own = family(paired, {"redundancy": {0.1: shifted(1.0)}})
    elsewhere = family(
        paired, {"keep_one": {0.1: shifted(0.0)}}, dataset="other", data_sha="o" * 64
    )
    assert compared(own + elsewhere)["redundancy", 0.1] == compared(own)["redundancy", 0.1]


def test_a_method_after_another_warm_up_is_tested_apart(paired):
    early = family(paired, {"redundancy": {0.1: shifted(1.0)}}, warmup=0.05)
    late = family(paired, {"redundancy": {0.1: shifted(0.0)}}, warmup=0.25)
    both = {c.warmup: one for c, one in against_random(cells(early + late)).items()}
    assert both[0.05].p_holm == pytest.approx(2 * both[0.05].p)
    assert both[0.25].p_holm == pytest.approx(max(2 * both[0.05].p, both[0.25].p))


def test_a_method_of_one_seed_does_not_count_among_those_tested(paired):
    own = family(paired, {"redundancy": {0.1: shifted(1.0)}})
    found = compared(own + paired([0.5], signal="keep_one"))
    assert found["keep_one", 0.1].p_holm is None
    assert found["redundancy", 0.1].p_holm == found["redundancy", 0.1].p


def test_the_mean_over_rates_takes_the_seeds_that_all_rates_have(paired):
    by_rate = {0.1: shifted(1.0), 0.2: shifted(0.8)[:3]}
    found = compared(family(paired, {"redundancy": by_rate}))
    each = [beyond(shifted(1.0))[:, :3], beyond(shifted(0.8)[:3], LEVEL[:3])]
    of_method = two_sided_p(parts(np.mean(each, axis=0)))
    assert all(one.p_holm >= of_method - 1e-12 for one in found.values())
    assert found["redundancy", 0.1].seeds == (1, 2, 3, 4, 5)


# Ten seeds, so that one run that fell out does not hide what the others show.
AHEAD, EVEN = [5.0, 5.1, 4.9, 5.2, 4.8] * 2, [0.0, 0.1, -0.1, 0.2, -0.2] * 2
FELL = [0.0, 0.1, -0.1, -15.0, -0.2, *EVEN[5:]]


def test_against_a_control_with_a_run_that_diverged_nothing_is_better(paired):
    found = only(against(paired, AHEAD, FELL))
    assert found.mean > 5 and found.p_holm <= 0.05
    assert found.finding == "no difference shown"
    assert only(against(paired, AHEAD, EVEN)).finding == "better"


def test_with_a_run_of_its_own_that_diverged_a_condition_is_not_worse(paired):
    behind = [delta - 5.0 for delta in FELL]
    found = only(against(paired, behind, EVEN))
    assert found.mean < -5 and found.p_holm <= 0.05
    assert found.finding == "no difference shown"


def test_a_diverged_run_that_speaks_against_a_finding_does_not_take_it_back(paired):
    ahead = [delta + 8.0 for delta in FELL]
    found = only(against(paired, ahead, EVEN))
    assert found.p_holm <= 0.05 and found.finding == "better"
