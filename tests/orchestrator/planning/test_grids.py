from collections import Counter
from dataclasses import replace

import pytest

from orchestrator.planning.grids import GRIDS, RANDOM, Arm, GridBlock, expand, first_seeds
from trainables.learners.pretrained import Model
from trainables.signals import SIGNALS
from trainables.spec import Training

MODEL = Model(learner="tiny", name="tiny", sha="tiny")


def specs(grid):
    names = {name for block in grid.blocks for name in block.datasets}
    return expand(grid, {name: f"sha of {name}" for name in names}, MODEL)


@pytest.mark.parametrize(
    ("grid", "baselines", "pruned"), [("demo", 3, 36), ("paper", 6, 66), ("full", 15, 540)]
)
def test_a_grid_has_as_many_trials_as_it_says(grid, baselines, pruned):
    counted = Counter(spec.is_baseline for spec in specs(GRIDS[grid]))
    assert (counted[True], counted[False]) == (baselines, pruned)


@pytest.mark.parametrize("grid", GRIDS)
def test_every_grid_has_each_baseline_once_and_before_what_forks_from_it(grid):
    found = specs(GRIDS[grid])
    full = [spec for spec in found if spec.is_baseline]
    assert found[: len(full)] == full
    assert len({spec.run_key for spec in found}) == len(full)


@pytest.mark.parametrize("grid", GRIDS)
def test_no_grid_has_a_trial_twice(grid):
    found = specs(GRIDS[grid])
    assert len({spec.result_key for spec in found}) == len(found)


@pytest.mark.parametrize("grid", sorted(set(GRIDS) - {"paper"}))
def test_every_grid_but_the_studys_has_random_beside_every_signal(grid):
    found = [spec for spec in specs(GRIDS[grid]) if not spec.is_baseline]
    places = {(s.dataset, s.seed, s.warmup, s.rate) for s in found}
    random = {(s.dataset, s.seed, s.warmup, s.rate) for s in found if s.signal == "random"}
    assert random == places


def test_the_studys_grid_is_54_matched_runs_and_12_of_its_selector_figure():
    found = [spec for spec in specs(GRIDS["paper"]) if not spec.is_baseline]
    assert Counter(spec.warmup == 0.1 for spec in found) == {False: 54, True: 12}
    selectors = {spec.selector for spec in found if spec.warmup == 0.1}
    assert selectors == {"global", "stratified"}


def test_settings_have_their_defaults_filled_in_so_that_one_condition_has_one_key():
    block = replace(GRIDS["demo"].blocks[0], arms=(Arm(signal="redundancy"),))
    named = replace(block, arms=(Arm(signal="redundancy", settings=(("k", 10),)),))
    one, other = (specs(replace(GRIDS["demo"], blocks=(b,))) for b in (block, named))
    assert one == other
    expected = {"k": 10, "kth": False, "centred": False, "probes": 0, "clusters": 0}
    assert dict(one[-1].settings) == expected


@pytest.mark.parametrize(
    ("arm", "message"),
    [
        (Arm(signal="redudancy"), "unknown signal 'redudancy'.*Did you mean 'redundancy'"),
        (Arm(signal="random", selector="globl"), "unknown selector 'globl'.*'global'"),
        (Arm(signal="random", settings=(("k", 3),)), "random has no setting"),
    ],
)
def test_an_unknown_name_is_refused_with_the_nearest(arm, message):
    block = GridBlock(datasets=("synthetic",), warmups=(0.1,), rates=(0.1,), arms=(arm,))
    with pytest.raises(ValueError, match=message):
        specs(replace(GRIDS["demo"], blocks=(block,)))


def test_the_protocol_changes_pruned_trials_and_no_baseline():
    data = {"synthetic": "sha"}
    one = expand(GRIDS["demo"], data, MODEL)
    other = expand(replace(GRIDS["demo"], protocol="restart"), data, MODEL)
    shared = {spec.result_key for spec in one} & {spec.result_key for spec in other}
    assert shared == {spec.result_key for spec in one if spec.is_baseline}


def test_training_of_the_grid_stands_in_every_spec():
    grid = replace(GRIDS["demo"], training=Training(epochs=9))
    assert {spec.training.epochs for spec in specs(grid)} == {9}


def test_a_longer_sweep_begins_with_the_seeds_of_a_shorter_one():
    assert all(first_seeds(12)[:n] == first_seeds(n) for n in range(12))
    assert len(set(first_seeds(40))) == 40


def test_the_control_needs_nothing():
    assert RANDOM.settings == ()


def test_the_grid_of_signals_has_every_affordable_one_by_its_own_cut_and_by_class():
    arms = {(s.signal, s.selector) for s in specs(GRIDS["signals"]) if not s.is_baseline}
    affordable = [name for name, row in SIGNALS.items() if row.affordable]
    assert arms == {(n, s) for n in affordable for s in (SIGNALS[n].selector, "stratified")}


def test_the_grid_of_signals_prunes_both_ends_where_the_literature_differs():
    both = {s.signal for s in specs(GRIDS["signals"]) if s.prune == "high"}
    assert both == {name for name, row in SIGNALS.items() if row.both_ways and row.affordable}


def test_a_signal_the_learner_has_no_evidence_for_is_refused_by_name():
    block = replace(GRIDS["demo"].blocks[0], arms=(Arm(signal="stability_under_dropout"),))
    linear = Model(learner="linear", name="linear", sha="linear")
    with pytest.raises(ValueError, match="needs dropout_probs, which learner linear cannot give"):
        expand(replace(GRIDS["demo"], blocks=(block,)), {"synthetic": "sha"}, linear)


def test_a_setting_of_another_kind_is_refused():
    block = replace(
        GRIDS["demo"].blocks[0], arms=(Arm(signal="redundancy", settings=(("k", "many"),)),)
    )
    with pytest.raises(
        ValueError, match="k is 'many'; give a value of its default's kind, int, such as 10"
    ):
        specs(replace(GRIDS["demo"], blocks=(block,)))
