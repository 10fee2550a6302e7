"""Keys of 40 specs, as SPEC_VERSION 8 gives them."""

from itertools import product

import pytest

from trainables.keys import key_of
from trainables.spec import TrialSpec
from trainables.training_settings import Training

LADDER = ("run_key", "warm_key", "score_key", "result_key", "survivors_key", "curve_key")
MODELS = (
    ("tiny", "tiny", "tiny"),
    ("linear", "linear", "linear"),
    ("linear:/models/encoder", "a" * 64, "linear"),
    ("org/encoder@c0ffee", "b" * 64, "text"),
)
TRAININGS = (Training(), Training(epochs=20, batch_size=64, lr=1e-2, weight_decay=0.5))
CUTS = (
    {},
    {
        "signal": "redundancy", "settings": (("k", 10), ("kth", False)), "selector": "global",
        "rate": 0.1, "warmup": 0.15,
    },
    {
        "signal": "el2n", "selector": "floor", "selector_settings": (("share", 0.3),), "rate": 0.3,
        "warmup": 0.9, "prune": "high", "protocol": "restart", "budget": "steps",
    },
    {
        "signal": "keep_one", "selector": "stratified", "rate": 0.2, "warmup": 0.25,
        "protocol": "restart", "scored_by": (11, 17, 23),
    },
    {
        "signal": "mine:longest", "signal_sha": "c" * 64, "selector": "global", "rate": 0.5,
        "warmup": 0.5, "protocol": "restart",
    },
)  # fmt: skip
PINNED = """
456b0d56d151e8b1 05cb1be46ac6e7ad 817de4b623cfd842 c671db17fb842fd7 8c8d09c776be9b50
24d67a03e4726b39 4b68e2d2e4198649 4e75640d2ff4c70d f009a6f49453844f 63b842aa804558ed
9c59c0a943cebb90 5d1acb37f5519d40 83a820df8b851ce3 0a3dd15266c1900a c83a16aa3345f7bb
96c672636e9f346d 094693fac53256d8 a13e41a91371ba80 7977e36bb4c5c83c eac3cd986c2d5ce6
38ea6e5f15d52121 853975603ea75a27 d934395245ccc03c 002ce8cf6716a9d4 088fc90303e0b6dd
19d5f2e3b202df0d af83d4ffb615ac06 d8146f6c64b7adb2 9441d64fbed8d8b3 8211a10822d7cc12
a331297fc8753f5e 35f916186103f9ef 259f037c26ef9bb3 ffc467cc5de7a843 cd32928142e937fd
5ae49b8de65b851f d1089c5c14bc4c1a 4cbd00f5eac80c75 dc988dae23ec46c1 eaff4c38f6b96ea0
"""


def specs():
    for (model, sha, learner), training, cut in product(MODELS, TRAININGS, CUTS):
        yield TrialSpec(
            dataset="d", data_sha="d" * 64, model=model, model_sha=sha, learner=learner, seed=11,
            training=training, **cut,
        )  # fmt: skip


@pytest.mark.parametrize(("spec", "pinned"), zip(specs(), PINNED.split(), strict=True))
def test_no_key_of_before_changes(spec, pinned):
    assert key_of([getattr(spec, name) for name in LADDER])[:16] == pinned


def test_a_spec_is_written_as_before_where_no_row_is_put_back():
    assert not {"protected", "min_per_class"} & {
        name for spec in specs() for name in spec.to_dict()
    }
