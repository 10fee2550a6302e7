"""Keys of 40 specs, as SPEC_VERSION 7 gives them."""

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
f72e24738e1bbabe 603a7da842b8b6ba 91b91c0cb461c36d 913bb7774323f195 8b6b24e543ff14f2
d1b1513ae35eb6b3 4fdd78536be6607c 44c70aeb7cbe7078 7cb242bc417884e7 04efcba4363f7eb0
c33fd518c42dbc30 8e2fcd206c0196fe a205938a5cd35361 167220716824e9e4 ed50e7a865636acd
5e8764f0aef51965 be78a022eb0d2767 434ade7df2161ca3 8671e67368e9dff0 ab796ab3b04bdd9d
498823acbac777fd a6f5d65b5ec19297 2ef0b8ad576ced4f bb7e6f300c6a948a 4010432702e4fe73
4199419e157bb392 7bf296e3a1495bcb 2b49d683110304c4 c09e2cd78348bf71 3dcab1c8e6aa9826
2cc3d2bc0c576ac6 164abd92cea61b9e 0e69a3b184340835 823dcce89067e854 dc0d5606af11a69b
702cd64950ef9159 7c4c3df8a8422e53 71eca68b56c499da c58c9c9605848c9e 8875c96e8c2fe4d4
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
