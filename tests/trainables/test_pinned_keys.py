"""Keys of 40 specs, as SPEC_VERSION 6 gives them."""

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
aa0913e4cee07153 8a969bcee5d1c218 0ef46a4a82bbe1a3 ca7f697b101c34f5 c44f6387cd26a380
35afa8451e3f4a71 60f290e2faa8d2f7 94437bb3bce985f7 39c3cdf325f39e49 ec8711c3af895e8e
fc469ffe783dd3e0 b7740a61afe13d39 787593f4a93fe48a 77f23d8e79679f45 225145b29eee48f7
aaaffd98519a0e86 e9115afc96f69956 b456c709884a9f05 d034ec73825651a1 bbab033fe9010a6d
bb097603dc1fa116 da54436a3d0fdf5f 998a5e043e2e5f49 8bfc216aead19b83 2e91c8dc89bd758c
6a299a6712f7e7b2 98466cc9c014a7eb ab1599670248d546 33b0b7ed08da4fd7 511ad5f9a2958d4e
bfeb081f1bcd1cd6 903393efda04d1c3 15a9aa608139778f f472013fcfa39c2e 0cc69b6359591b73
46bb8da817769103 0cd2bc47a994ee53 9e5166230a1d78e9 a251ae9708b76950 90e4caa4fc178b59
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
