from dataclasses import replace

import pytest

from orchestrator.planning.expansion import expand
from orchestrator.planning.grids import GRIDS, Arm, GridBlock
from trainables.learners.pretrained import Model
from trainables.selection.lookup import sha_of
from trainables.training_settings import Training

MODEL = Model(learner="tiny", name="tiny", sha="tiny")


def specs(grid):
    names = {name for block in grid.blocks for name in block.datasets}
    return expand(grid, {name: f"sha of {name}" for name in names}, MODEL)


def test_settings_have_their_defaults_filled_in_so_that_one_condition_has_one_key():
    block = replace(GRIDS["demo"].blocks[0], arms=(Arm(signal="redundancy"),))
    named = replace(block, arms=(Arm(signal="redundancy", settings=(("k", 10),)),))
    one, other = (specs(replace(GRIDS["demo"], blocks=(b,))) for b in (block, named))
    assert one == other
    (scored, _) = (spec for spec in one if spec.seed == 11 and spec.rate == 0.2)
    expected = {"k": 10, "kth": False, "centred": False, "probes": 0, "clusters": 0}
    assert dict(scored.settings) == expected


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


@pytest.mark.parametrize(
    ("arm", "message"),
    [
        (Arm(signal="keep_one", selector="beta"), "keep_one:beta draws each row by itself.*dual"),
        (Arm(signal="el2n", selector="beta"), "beta has no data to score by after 0.8 epochs"),
        (Arm(signal="forgetting"), "forgetting has no data to score by after 0.8 epochs"),
    ],
)
def test_what_a_selector_cannot_go_by_is_refused_before_anything_runs(arm, message):
    block = GridBlock(datasets=("synthetic",), warmups=(0.1,), rates=(0.1,), arms=(arm,))
    training = replace(GRIDS["signals"].training, epochs=8)
    with pytest.raises(ValueError, match=message):
        specs(replace(GRIDS["signals"], blocks=(block,), training=training))


@pytest.mark.parametrize(
    ("signal", "setting", "message"),
    [
        ("stability_over_visits", ("window", 5), ""),
        ("dual", ("window", 5), ""),
        ("dual", ("window", 1), "dual: window is 1; give 2 or more"),
        ("dual", ("window", 7), "dual has no data to score by after 6.4 epochs.*window=5"),
        ("zcore", ("points", -3), "zcore: points is -3; give 1 or more"),
    ],
)
def test_a_window_is_refused_by_the_epochs_there_are_and_not_by_those_of_the_try(
    signal, setting, message
):
    arm = Arm(signal=signal, settings=(setting,))
    block = GridBlock(datasets=("synthetic",), warmups=(0.8,), rates=(0.1,), arms=(arm,))
    training = replace(GRIDS["signals"].training, epochs=8)
    grid = replace(GRIDS["signals"], blocks=(block,), training=training)
    if message:
        with pytest.raises(ValueError, match=message):
            specs(grid)
    else:
        assert specs(grid)


def test_no_smaller_window_is_offered_where_no_window_would_do():
    arm = Arm(signal="dual", settings=(("window", 2),))
    block = GridBlock(datasets=("synthetic",), warmups=(0.3,), rates=(0.1,), arms=(arm,))
    grid = replace(
        GRIDS["signals"], blocks=(block,), training=replace(GRIDS["signals"].training, epochs=8)
    )
    with pytest.raises(ValueError, match=r"dual has no data.*seen 3 times, [^;]*$"):
        specs(grid)


def test_the_protocol_changes_pruned_trials_and_no_baseline():
    data = {"tickets": "sha"}
    one = expand(GRIDS["demo"], data, MODEL)
    other = expand(replace(GRIDS["demo"], protocol="continue"), data, MODEL)
    shared = {spec.result_key for spec in one} & {spec.result_key for spec in other}
    assert shared == {spec.result_key for spec in one if spec.is_baseline}


def test_training_of_the_grid_stands_in_every_spec():
    grid = replace(GRIDS["demo"], training=Training(epochs=9))
    assert {spec.training.epochs for spec in specs(grid)} == {9}


def test_a_signal_the_learner_has_no_evidence_for_is_refused_by_name():
    block = replace(GRIDS["demo"].blocks[0], arms=(Arm(signal="stability_under_dropout"),))
    linear = Model(learner="linear", name="linear", sha="linear")
    with pytest.raises(ValueError, match="needs dropout_probs, which learner linear cannot give"):
        expand(replace(GRIDS["demo"], blocks=(block,)), {"tickets": "sha"}, linear)


def test_a_setting_of_another_kind_is_refused():
    block = replace(
        GRIDS["demo"].blocks[0], arms=(Arm(signal="redundancy", settings=(("k", "many"),)),)
    )
    with pytest.raises(
        ValueError, match="k is 'many'; give a value of its default's kind, int, such as 10"
    ):
        specs(replace(GRIDS["demo"], blocks=(block,)))


def arms_of(*arms, control=True):
    """What a grid of these arms prunes by, at one rate and seed."""
    block = GridBlock(datasets=("synthetic",), warmups=(0.5,), rates=(0.3,), arms=arms)
    grid = replace(GRIDS["demo"], blocks=(block,), seeds=(1,), control=control)
    return [spec for spec in specs(grid) if not spec.is_baseline]


@pytest.mark.parametrize(
    "arm",
    [
        Arm(signal="el2n"),
        Arm(signal="el2n", selector="stratified", prune="high"),
        Arm(signal="el2n", selector="floor", selector_settings=(("share", 0.3),)),
        Arm(signal="redundancy", settings=(("k", 5),), selector="class_error"),
        Arm(
            signal="el2n",
            selector="tests.orchestrator.planning.test_expansion:keep_first",
            selector_settings=(("skip", 2),),
        ),
        Arm(signal="infobatch", settings=(("until", 0.5),), selector="each_epoch"),
    ],
)
def test_the_control_of_an_arm_is_cut_as_the_arm_is(arm):
    pruned, control = arms_of(arm)
    assert (control.signal, control.settings, control.prune) == ("random", (), "low")
    names = ("kind", "selector", "selector_settings", "selector_sha", "warmup", "rate", "seed")
    assert [getattr(control, n) for n in names] == [getattr(pruned, n) for n in names]


def keep_first(scores, labels, rate, ties, *, skip=0):
    """A selector of a user's own; only its name and file are looked at here."""


def test_the_control_of_an_own_selector_holds_the_content_of_its_file():
    name = "tests.orchestrator.planning.test_expansion:keep_first"
    assert {spec.selector_sha for spec in arms_of(Arm(signal="el2n", selector=name))} == {
        sha_of(name)
    }


@pytest.mark.parametrize(
    "asked",
    [
        Arm(signal="random", selector="floor"),
        Arm(signal="random", selector="floor", selector_settings=(("share", 0.5),)),
    ],
)
def test_a_control_that_is_asked_for_is_not_run_twice(asked):
    found = arms_of(
        asked, Arm(signal="el2n", selector="floor"), Arm(signal="loss", selector="floor")
    )
    assert sorted(spec.signal for spec in found) == ["el2n", "loss", "random"]


def test_without_a_control_random_that_is_asked_for_stays():
    found = arms_of(Arm(signal="random"), Arm(signal="el2n", selector="floor"), control=False)
    assert [(spec.signal, spec.selector) for spec in found] == [
        ("random", "global"),
        ("el2n", "floor"),
    ]


def test_random_needs_no_control_of_its_own_nor_does_what_prunes_nothing():
    block = GridBlock(
        datasets=("synthetic",), warmups=(0.5,), rates=(0.3,), arms=(Arm(signal="random"),)
    )
    grid = replace(GRIDS["demo"], blocks=(block,), seeds=(1,))
    found = expand(grid, {"synthetic": "sha"}, MODEL, null=True)
    assert [spec.signal for spec in found] == ["", "null", "random"]
