from dataclasses import replace

import pytest

from analysis.methods import DatasetId, condition_of
from analysis.wording import source_labels


def test_a_condition_is_the_trial_without_its_seed(pruned):
    assert condition_of(pruned(1)) == condition_of(pruned(2))
    assert condition_of(pruned(1)) != condition_of(pruned(1, rate=0.3))


@pytest.mark.parametrize(
    "changed",
    [
        {"data_sha": "e" * 64}, {"model": "big"}, {"model_sha": "b" * 64},
        {"learner": "linear"}, {"warmup": 0.25}, {"signal": "el2n"}, {"settings": (("k", 5),)},
        {"signal_sha": "1"}, {"prune": "high"}, {"selector": "stratified"}, {"selector_sha": "1"},
        {"selector_settings": (("k", 5),)}, {"protocol": "restart"}, {"budget": "steps"},
    ],
    ids=lambda changed: next(iter(changed)),
)  # fmt: skip
def test_every_field_but_names_and_the_seed_makes_another_condition(pruned, changed):
    one, other = condition_of(pruned()), condition_of(replace(pruned(), **changed))
    assert one != other
    assert (one.order != other.order) or changed.keys() & {"model_sha", "data_sha"}


def test_rates_share_a_curve_and_seeds_and_methods_a_control(pruned):
    low, high = condition_of(pruned(rate=0.1)), condition_of(pruned(rate=0.3))
    control = condition_of(pruned(rate=0.1, signal="random", selector="stratified"))
    assert low.rate_curve == high.rate_curve
    assert low.control_key == control.control_key != high.control_key
    assert control.is_control and not low.is_control


def test_a_condition_says_its_kind_as_its_trials_do(pruned):
    null = pruned(signal="null", selector="each_epoch", rate=0.0)
    for spec in (pruned(), pruned().baseline, null, pruned(selector="each_epoch")):
        assert condition_of(spec).kind == spec.kind


def test_random_is_sorted_behind_other_signals_and_rates_go_up(pruned):
    specs = [pruned(signal="random"), pruned(rate=0.3), pruned(rate=0.1)]
    found = sorted(map(condition_of, specs), key=lambda condition: condition.order)
    assert [(c.signal, c.rate) for c in found] == [
        ("redundancy", 0.1), ("redundancy", 0.3), ("random", 0.1)
    ]  # fmt: skip


def test_one_content_under_two_names_is_one_data_set():
    one, other = DatasetId("mine", "a" * 64), DatasetId("d/mine", "a" * 64)
    assert one == other
    assert len({one, other}) == 1
    assert one != DatasetId("mine", "b" * 64)
    assert source_labels([other, one]) == {one: "d/mine"}
