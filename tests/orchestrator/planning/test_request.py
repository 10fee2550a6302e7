from pathlib import Path

import pytest

from orchestrator.cli.options import SweepOptions
from orchestrator.planning.arms import arm_of
from orchestrator.planning.controls import controlled_blocks
from orchestrator.planning.grids import Arm, marks_of
from trainables.data.stress import alterations_text
from trainables.learners import LEARNERS
from trainables.learners.pretrained import Model
from trainables.training_settings import Training

TINY = Model(learner="tiny", name="tiny", sha="tiny")
LINEAR = Model(learner="linear", name="linear", sha="linear")
FROZEN = Model(learner="linear", name="linear:some/encoder", sha="abc")
TEXT = Model(learner="text", name="some/encoder", sha="abc")


def request(**flags):
    return SweepOptions(**flags).request()


def test_flags_left_out_leave_the_grid_as_it_is():
    grid = request(grid="demo").resolved(TINY, gpu=False)
    assert grid.seeds == (11, 17, 23, 29, 31)
    assert grid.blocks[0].rates == (0.05, 0.2, 0.4, 0.6)


def test_flags_take_the_place_of_what_the_grid_says():
    asked = request(grid="demo", rate=[0.2], warmup=[0.5], seeds="2", epochs=7)
    grid = asked.resolved(TINY, gpu=False)
    assert (grid.blocks[0].rates, grid.blocks[0].warmups) == ((0.2,), (0.5,))
    assert grid.seeds == (11, 17)
    assert grid.training.epochs == 7


def test_a_signal_may_name_its_selector():
    asked = request(grid="demo", signal=["random", "el2n:stratified"])
    arms = asked.resolved(TINY, gpu=False).blocks[0].arms
    assert [(arm.signal, arm.selector) for arm in arms] == [
        ("random", "global"),
        ("el2n", "stratified"),
    ]


def test_data_sets_of_ones_own_take_the_shape_of_the_grid():
    asked = request(grid="full", dataset=["ag_news", "mine.csv"])
    blocks = asked.resolved(TEXT, gpu=True).blocks
    assert [block.datasets for block in blocks] == [("ag_news",), ("mine.csv",)]
    assert blocks[0].rates == blocks[1].rates


def test_without_a_grid_data_of_ones_own_are_held_beside_random():
    grid = request(dataset=["mine.csv"]).resolved(TEXT, gpu=True)
    assert len(grid.seeds) == 5
    assert "random" in {arm.signal for arm in controlled_blocks(grid)[0].arms}


@pytest.mark.parametrize(
    ("flags", "has_control"),
    [
        ({"grid": "demo"}, True),
        ({"grid": "demo", "control": False}, False),
        ({"grid": "paper"}, False),
        ({"grid": "paper", "control": True}, True),
        ({"dataset": ["mine.csv"]}, True),
        ({"dataset": ["mine.csv"], "control": False}, False),
    ],
)
def test_a_control_runs_as_the_grid_says_unless_asked_otherwise(flags, has_control):
    assert request(**flags).resolved(TINY, gpu=False).control == has_control


def test_columns_named_by_flags_reach_the_reader_of_files():
    asked = request(dataset=["a.csv"], text_column=["title", "body"], label_column="stars")
    source = asked.sources()["a.csv"]
    assert (source.columns.text, source.columns.label) == (("title", "body"), "stars")


def test_limits_and_folders_reach_every_data_set():
    asked = request(grid="paper", limit=500, limit_test=100, data_dir=Path("there"))
    sources = asked.sources()
    assert set(sources) == {"imdb", "ag_news", "yahoo_answers_imbalanced"}
    assert {(s.limit, s.limit_test, s.data_dir) for s in sources.values()} == {
        (500, 100, Path("there"))
    }


@pytest.mark.parametrize(
    ("model", "gpu", "precision"),
    [(TINY, False, "fp32"), (TEXT, True, "bf16"), (FROZEN, True, "bf16"), (LINEAR, True, "fp32")],
)
def test_automatic_precision_is_settled_before_anything_runs(model, gpu, precision):
    grid = request(grid="demo").resolved(model, gpu=gpu)
    assert grid.training.precision == precision


def test_an_encoder_is_trained_with_the_learners_own_settings():
    grid = request(grid="full", precision="fp32").resolved(TEXT, gpu=False)
    assert grid.training == Training(epochs=3, batch_size=32, lr=5e-5, max_length=128)


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (
            {"grid": "ful"},
            "unknown grid 'ful'. There are: demo, paper, full, signals, scaling, images, sft, theory. Did you mean 'full'",
        ),
        ({"grid": "demo", "rate": [0.1, 0.1]}, "rate has an entry twice"),
        ({"grid": "demo", "rate": [0.0, 0.1]}, "rate 0 is the baseline"),
        ({"grid": "demo", "seed": [1, 1]}, "seed has an entry twice"),
        ({"grid": "demo", "precision": "fp8"}, "precision is 'fp8'"),
        ({}, "no --grid and no --dataset"),
    ],
)
def test_what_could_not_be_run_is_refused_by_name(flags, message):
    asked = request(**flags)
    with pytest.raises(ValueError, match=message):
        asked.resolved(TINY, gpu=False)


@pytest.mark.parametrize(
    ("text", "arm"),
    [
        ("el2n", Arm(signal="el2n")),
        ("el2n:stratified:high", Arm(signal="el2n", selector="stratified", prune="high")),
        ("el2n:high", Arm(signal="el2n", prune="high")),
        (
            "redundancy,k=5,centred=true:floor,share=0.3",
            Arm(
                signal="redundancy",
                settings=(("k", 5), ("centred", True)),
                selector="floor",
                selector_settings=(("share", 0.3),),
            ),
        ),
        ("infobatch:each_epoch", Arm(signal="infobatch", selector="each_epoch")),
        ("my.signals:longest", Arm(signal="my.signals:longest")),
        ("mine:longest,power=2:window", Arm(
            signal="mine:longest", settings=(("power", 2),), selector="window")),
        ("el2n:mine:cut", Arm(signal="el2n", selector="mine:cut")),
        ("label_quality,by=normalized_margin", Arm(
            signal="label_quality", settings=(("by", "normalized_margin"),))),
    ],
)  # fmt: skip
def test_an_arm_is_read_as_it_is_written(text, arm):
    assert arm_of(text) == arm


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("el2n:global:low:x", "'low:x' is left over"),
        ("redundancy,k:global", "write NAME=VALUE"),
        ("dual:beta,power=inf", "'power=inf'; a number has an end"),
        ("el2n:coverage,cutoff=nan", "'cutoff=nan'"),
    ],
)
def test_an_arm_not_written_so_is_refused(text, message):
    with pytest.raises(ValueError, match=message):
        arm_of(text)


def test_adaptive_asks_for_as_many_seeds_as_the_last_look_and_says_so():
    asked = request(grid="demo", seeds="adaptive")
    assert asked.adaptive
    assert len(asked.seeds) == 12
    assert asked.seeds[:5] == (11, 17, 23, 29, 31)


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        ({"seeds": "many"}, "whole number above 0 and up to 100,000, or adaptive"),
        ({"seeds": "0"}, "whole number above 0"),
        ({"seeds": "-3"}, "whole number above 0"),
        ({"seeds": "adaptive", "seed": [7]}, "how many, or which"),
    ],
)
def test_seeds_that_contradict_or_are_no_number_are_refused(flags, message):
    with pytest.raises(ValueError, match=message):
        request(**flags)


@pytest.mark.parametrize(
    ("flags", "model", "mark"),
    [
        ({}, TEXT, 1 / 3),  # no signal of it needs more than one epoch
        ({"signal": ["aum"]}, TEXT, 2 / 3),
        ({"signal": ["aum", "redundancy"]}, LINEAR, 0.1),
        ({"signal": ["forgetting"], "epochs": 3}, LINEAR, 0.9),  # no run can warm up to its end
        ({"epochs": 1}, LINEAR, 0.9),
        ({"signal": ["infobatch:each_epoch"]}, LINEAR, 0.05),
        ({"signal": ["somewhere:function"]}, LINEAR, 0.05),
        ({"warmup": [0.5]}, TEXT, 0.5),
        ({"protocol": "continue"}, TEXT, 0.15),
    ],
)
def test_scores_of_ones_own_data_are_taken_as_late_as_its_signals_need(flags, model, mark):
    grid = request(dataset=["mine.csv"], **flags).resolved(model, gpu=False)
    (found,) = marks_of(controlled_blocks(grid)[-1], grid.protocol, grid.training.epochs)
    assert found == pytest.approx(mark)


@pytest.mark.parametrize(
    ("flags", "protocol"),
    [
        ({"dataset": ["mine.csv"]}, "restart"),
        ({"grid": "demo"}, "restart"),
        ({"grid": "paper"}, "continue"),
        ({"grid": "full"}, "continue"),
        ({"grid": "full", "protocol": "restart"}, "restart"),
    ],
)
def test_the_study_goes_on_and_everything_else_trains_afresh(flags, protocol):
    assert request(**flags).resolved(TEXT, gpu=True).protocol == protocol


def test_a_grids_own_training_is_not_that_of_another_model():
    asked = request(grid="signals", model="linear")
    assert asked.resolved(LINEAR, gpu=False).training.epochs == LEARNERS["linear"].training.epochs


def test_what_is_to_be_altered_is_asked_of_every_data_set():
    options = SweepOptions(
        dataset=["one", "two"], imbalance=4, flip_labels=0.1, inject_copies=0.2, model="linear"
    )
    sources = options.request().sources().values()
    assert {(s.imbalance, s.flip_labels, s.inject_copies) for s in sources} == {(4, 0.1, 0.2)}
    assert {alterations_text(s) for s in request(grid="paper").sources().values()} == {""}
