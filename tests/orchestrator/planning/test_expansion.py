from dataclasses import replace

import pytest

from orchestrator.planning.expansion import expand
from orchestrator.planning.grids import GRIDS, Arm, GridBlock
from trainables.learners.pretrained import Model
from trainables.spec import Training

MODEL = Model(learner="tiny", name="tiny", sha="tiny")


def specs(grid):
    names = {name for block in grid.blocks for name in block.datasets}
    return expand(grid, {name: f"sha of {name}" for name in names}, MODEL)


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
