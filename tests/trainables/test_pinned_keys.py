"""Keys of 40 specs as the release before scorers and trainers of one's own gave them."""

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
023859491efaadfd 97e8ad279f464bdf 68c7ca3ec4c2256a b120b11b15abb49f ec1fb5cc6409325a
aaa0406f936f571c 3c837978d76165cc 13f6d0efb379013c 735d358fcecc6d18 80a6cecb39ea712f
a1d1a85b584e5516 84763fb51d8c3e7e df6d437cfef51026 fd0a6bd1d1c843fd 5beea91c51591e03
84de8bde341f38f9 22a6fb310330b563 97e0e7001e7615e7 36d09322aa786afe ce8e1845c7b6d419
98bbbb77fe93d2df 9b11d8d36166822f 47b760f70f5933e0 47aac44688f2b89c 51f8b7b1dbd62593
e31ddad2073aad80 f29040fdaf326ed8 1b45e6403d500711 0840e12d9abbf41a 27a49e6d5f25250d
6986b4d03d0dfdc8 7e74e13919678b70 6f2fe638fc8ccd31 c3ea26a1417a89c2 66a0d28e67e8322f
b72f294a984953a7 4af7e4a17afec9fa f1ed321c9f570791 e1eb000e88c9e37a 97a2d9cef88543c7
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
