from dataclasses import replace

import pytest

from orchestrator.planning.expansion import expand
from orchestrator.planning.grids import GRIDS, Arm, GridBlock
from orchestrator.trial_names import arm_text, title
from trainables.learners.pretrained import Model
from trainables.spec import NULL, TrialSpec

FULL = TrialSpec(
    dataset="imdb", data_sha="d", model="tiny", model_sha="tiny", learner="tiny", seed=11
)
PRUNED = replace(FULL, warmup=0.15, signal="redundancy", selector="global", rate=0.3)


def test_a_trial_is_told_in_a_few_words():
    assert title(FULL) == "imdb full s11"
    assert title(PRUNED) == "imdb redundancy global w15 p30 s11"
    null = replace(PRUNED, signal=NULL, selector="each_epoch", rate=0.0)
    assert title(null) == "imdb null w15 s11"
    assert arm_text(null) == "null"


@pytest.mark.parametrize(
    ("arm", "text"),
    [
        (Arm(signal="keep_one"), "keep_one global"),
        (
            Arm(signal="keep_one", settings=(("probes", 8),), selector="stratified"),
            "keep_one,probes=8 stratified",
        ),
        (Arm(signal="el2n", prune="high"), "el2n global high"),
        (Arm(signal="infobatch", selector="each_epoch"), "infobatch each_epoch"),
    ],
)
def test_an_arm_is_written_as_it_is_asked_for_with_what_is_not_the_default(arm, text):
    block = GridBlock(datasets=("imdb",), warmups=(0.5,), rates=(0.3,), arms=(arm,))
    grid = replace(GRIDS["demo"], blocks=(block,), seeds=(1,), control=False)
    _, spec = expand(grid, {"imdb": "d"}, Model(learner="tiny", name="tiny", sha="tiny"))
    assert arm_text(spec) == text


def test_all_settings_of_a_users_own_code_are_written():
    own = replace(PRUNED, signal="absent:score", settings=(("k", 3),))
    assert arm_text(own) == "absent:score,k=3 global"
