from dataclasses import replace

import pytest

from trainables.evidence.whose import evidence_key
from trainables.spec import TrialSpec
from trainables.training_settings import Training

FROZEN = TrialSpec(
    dataset="d", data_sha="d", model="linear", model_sha="m", learner="linear", seed=1, warmup=0.1,
    signal="redundancy", selector="global", rate=0.1,
)  # fmt: skip
LATER = replace(FROZEN, warmup=0.3, rate=0.3, training=Training(lr=0.1, epochs=9))
ANOTHER_SEED = replace(LATER, seed=2)


@pytest.mark.parametrize("name", ["embeddings", "neighbours", "class_neighbours", "clusters"])
def test_what_rests_on_frozen_embeddings_alone_is_made_once_for_all_seeds_and_marks(name):
    keys = {evidence_key(one, name, {}) for one in (FROZEN, LATER, ANOTHER_SEED)}
    assert len(keys) == 1


def test_what_draws_on_frozen_embeddings_is_made_once_a_seed():
    keys = [evidence_key(one, "cross_probs", {}) for one in (FROZEN, LATER, ANOTHER_SEED)]
    assert keys[0] == keys[1] != keys[2]


@pytest.mark.parametrize(
    "changed",
    [
        {"data_sha": "e"}, {"model_sha": "n"}, {"training": Training(max_length=9)},
        {"training": Training(precision="bf16")}, {"version": FROZEN.version - 1},
    ],
)  # fmt: skip
def test_what_decides_frozen_embeddings_decides_their_neighbours(changed):
    other = replace(FROZEN, **changed)
    assert evidence_key(other, "neighbours", {}) != evidence_key(FROZEN, "neighbours", {})


@pytest.mark.parametrize(("learner", "name"), [("linear", "probs"), ("tiny", "neighbours")])
def test_what_training_moves_is_of_its_mark(learner, name):
    early = replace(FROZEN, learner=learner)
    assert evidence_key(replace(early, warmup=0.3), name, {}) != evidence_key(early, name, {})
