"""Made-up evidence of a few rows: what signals and selectors are tested with, without a learner."""

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trainables.data.dataset import uniform_draws
from trainables.evidence.ensembles import Checkpoint, SubsetModels
from trainables.evidence.marked_losses import MarkedLosses
from trainables.evidence.requirements import (
    EVIDENCE,
    Settings,
    options_of,
    parameters,
    variant_of,
)

# Training rows.
N = 200
# Classes of unequal sizes, validation rows, embedding dimensions, inputs of the classifier.
_SIZES, _V, _D, _H = (110, 50, 30, 10), 30, 12, 5
_C = len(_SIZES)


class ExampleEvidence:
    """Every piece of evidence of the same samples, with their rows in any order.

    Args:
        order: Row numbers, shape (N,); as they are made without it.
    """

    def __init__(self, order: NDArray[np.intp] | None = None) -> None:
        self._order = np.arange(N) if order is None else order
        self._made: dict[str, Any] = {}

    def get(self, name: str, settings: Settings) -> Any:
        """One named piece of evidence; what is derived is derived from the others here."""
        name = variant_of(name, settings)
        piece = EVIDENCE[name]
        if piece.source == "derived":
            needed = {one: self.get(one, settings) for one in parameters(piece.maker)[0]}
            own = parameters(piece.maker)[1]
            options = options_of(name, settings)
            return piece.maker(**needed, **{option: options[option] for option in own})
        if not self._made:
            self._made = {one: _moved(one, value, self._order) for one, value in _made().items()}
        return self._made[name]


def _moved(name: str, value: Any, order: NDArray[np.intp]) -> Any:
    """The same evidence with its samples in another order."""
    if isinstance(value, list):
        return [_moved(name, one, order) for one in value]
    if isinstance(value, Checkpoint):
        return replace(value, probs=value.probs[order], features=value.features[order])
    if isinstance(value, MarkedLosses):
        return replace(value, training=value.training[order])
    if isinstance(value, SubsetModels):
        return replace(value, inside=value.inside[:, order], correct=value.correct[:, order])
    return value if name.startswith("validation_") or name == "moments" else value[order]


def _made() -> dict[str, Any]:
    """All evidence that is not derived from other evidence."""
    rng = np.random.default_rng(5)
    labels = rng.permutation(np.repeat(np.arange(_C), _SIZES))
    embeddings = (rng.standard_normal((N, _D)) + 2 * np.eye(_C, _D)[labels]).astype(np.float32)
    logits = rng.standard_normal((N, _C)) + 2 * np.eye(_C)[labels]
    words = np.array([f"w{i}" for i in range(40)])
    draws = uniform_draws(np.arange(N), 3, "dice")
    checkpoints = [_checkpoint(rng, logits), _checkpoint(rng, logits)]
    losses = np.random.default_rng(7).gamma(2.0, 0.5, N + _V).astype(np.float32)
    return {
        "labels": labels,
        "draws": draws,
        "dice": draws,
        "fixed_draws": uniform_draws(np.arange(N), 0, "fixed"),
        "texts": np.array([" ".join(rng.choice(words, 8)) for _ in range(N)], dtype=object),
        "embeddings": embeddings,
        "vectors": embeddings,
        "given_scores": _floats(np.random.default_rng(6), N),
        "probs": _softmax(logits),
        "features": _floats(rng, N, _H),
        "row_losses": losses[:N],
        "scored_pieces": np.random.default_rng(8).integers(1, 40, N).astype(np.float32),
        "gradient_norms": rng.random(N).astype(np.float32),
        "moments": checkpoints[0].moments,
        "dropout_probs": _softmax(logits[:, None] + rng.standard_normal((N, 4, _C))),
        "view_probs": _softmax(logits[:, None] + rng.standard_normal((N, 3, _C))),
        "member_probs": _softmax(logits[:, None] + rng.standard_normal((N, 3, _C))),
        "member_features": _floats(rng, N, 3, _H),
        "validation_labels": rng.integers(0, _C, _V),
        "validation_embeddings": _floats(rng, _V, _D),
        "validation_probs": checkpoints[0].validation_probs,
        "validation_features": checkpoints[0].validation_features,
        "validation_row_losses": losses[N:],
        "checkpoints": checkpoints,
        "start_losses": losses[:N] + 1,
        "marked_losses": MarkedLosses(
            training=np.abs(_floats(rng, N, 5)), validation=np.abs(_floats(rng, _V, 5))
        ),
        "subset_models": SubsetModels(
            inside=rng.random((30, N)) < 0.7,
            correct=rng.random((30, N)) < 0.8,
            validation_correct=rng.random((30, _V)) < 0.8,
        ),
        **_visits(rng, labels, logits),
    }


def _checkpoint(rng: np.random.Generator, logits: NDArray[np.float64]) -> Checkpoint:
    return Checkpoint(
        lr=0.1,
        probs=_softmax(logits),
        features=_floats(rng, N, _H),
        validation_probs=_softmax(rng.standard_normal((_V, _C))),
        validation_features=_floats(rng, _V, _H),
        moments=rng.random((_C, 2, _H + 1)).astype(np.float32),
    )


def _visits(
    rng: np.random.Generator, labels: NDArray[np.int64], logits: NDArray[np.float64]
) -> dict[str, NDArray[np.float32]]:
    """Four visits, the third one of half the samples only."""
    seen = logits[:, None] + rng.standard_normal((N, 4, _C))
    own = labels[:, None, None]
    chosen = np.take_along_axis(seen, own, axis=2)[:, :, 0]
    probs = np.take_along_axis(_softmax(seen), own, axis=2)[:, :, 0]
    others = np.where(np.arange(_C) == own, -np.inf, seen).max(axis=2)
    unseen = rng.random(N) < 0.5
    tables = {"losses": -np.log(probs), "margins": chosen - others, "correct": chosen > others}
    found = {name: table.astype(np.float32) for name, table in tables.items()}
    for table in found.values():
        table[unseen, 2] = np.nan
    return found


def _floats(rng: np.random.Generator, *shape: int) -> NDArray[np.float32]:
    return rng.standard_normal(shape).astype(np.float32)


def _softmax(logits: NDArray[np.float64]) -> NDArray[np.float32]:
    powers = np.exp(logits)
    probs: NDArray[np.float32] = (powers / powers.sum(axis=-1, keepdims=True)).astype(np.float32)
    return probs
