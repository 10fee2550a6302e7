from dataclasses import replace

import pytest

from analysis.envelope import cells
from analysis.random_control import against_random, holm

STEPS = (-0.2, -0.1, 0.0, 0.1, 0.2)


def only(comparisons):
    (comparison,) = comparisons.values()
    return comparison


def shifted(by):
    return [by + step for step in STEPS]


def against(paired, signal_pp, random_pp, **control):
    rows = paired(signal_pp) + paired(random_pp, signal="random", **control)
    return against_random(cells(rows))


def test_holm_gives_the_worked_example():
    assert holm([0.001, 0.012, 0.03, 0.2]) == pytest.approx([0.004, 0.036, 0.06, 0.2])


def test_holm_keeps_the_order_it_was_given():
    assert holm([0.2, 0.001, 0.03, 0.012]) == pytest.approx([0.2, 0.004, 0.06, 0.036])


def test_a_signal_above_random_on_every_seed_is_better(paired):
    found = only(against(paired, shifted(0.0), [-2.1, -2.0, -2.2, -1.9, -2.0]))
    assert found.finding == "better" and found.low_pp > 0
    assert found.mean_pp == pytest.approx(2.04)


def test_a_signal_below_random_on_every_seed_is_worse(paired):
    found = only(against(paired, [-2.1, -2.0, -2.2, -1.9, -2.0], shifted(0.0)))
    assert found.finding == "worse" and found.high_pp < 0


def test_equal_results_show_no_difference(paired):
    found = only(against(paired, shifted(0.0), shifted(0.0)[::-1]))
    assert found.finding == "no difference shown"


def test_one_seed_shows_no_difference_and_has_no_p(paired):
    found = only(against(paired, [0.0], [-5.0]))
    assert (found.p, found.low_pp, found.finding) == (None, None, "no difference shown")


def test_only_common_seeds_are_compared(paired):
    assert only(against(paired, shifted(0.0), [0.1, 0.2])).seeds == (1, 2)


def test_a_control_of_another_selector_is_used_and_said(paired):
    found = only(against(paired, shifted(0.0), shifted(0.0), selector="stratified"))
    assert found.note == "held against random with selector stratified"


def test_the_control_cut_alike_is_preferred(paired):
    rows = paired(shifted(0.0)) + paired(shifted(-1.0), signal="random", selector="stratified")
    rows += paired(shifted(-2.0), signal="random")
    found = only(against_random(cells(rows)))
    assert found.note == "" and found.mean_pp == pytest.approx(2.0)


@pytest.mark.parametrize("other", [{"rate": 0.2}, {"warmup": 0.25}, {"protocol": "restart"}])
def test_a_control_of_another_place_is_no_control(paired, other):
    assert against(paired, shifted(0.0), shifted(0.0), **other) == {}


def test_a_control_of_another_environment_is_no_control(paired):
    elsewhere = [
        replace(row, environment={"device": "gpu"}) for row in paired(shifted(0.0), signal="random")
    ]
    assert against_random(cells(paired(shifted(0.0)) + elsewhere)) == {}


def test_holm_runs_over_all_comparisons_of_a_data_set(paired):
    rows = []
    for rate in (0.1, 0.2, 0.3):
        rows += paired([0.5, 0.2, 0.4, 0.3, 0.1], rate=rate)
        rows += paired(shifted(0.0), signal="random", rate=rate)
    found = against_random(cells(rows)).values()
    assert all(c.p_holm == pytest.approx(min(1.0, 3 * c.p)) for c in found)
