"""Evidence of rows whose difficulty is known: clouds of three classes, some labels wrong, a head trained on them.

The learner is a softmax regression trained by Adam in plain numpy, for passes with dropout one on a layer
of random units, so that every piece of evidence is what training gives, in about a second.
"""

from collections.abc import Iterator

import numpy as np

from trainables.data.dataset import uniform_draws
from trainables.evidence.ensembles import Checkpoint, SubsetModels
from trainables.evidence.examples import ExampleEvidence
from trainables.evidence.label_losses import losses_of_labels
from trainables.evidence.marked_losses import MarkedLosses

CLASSES, DIMENSIONS, UNITS, EPOCHS, LR = 3, 8, 128, 12, 0.05
VALIDATION = 150
SHARE_WRONG = 0.1


class PlantedEvidence(ExampleEvidence):
    """Evidence of n rows in clouds that touch.

    Attributes:
        is_wrong: Whether a row's label is not that of its cloud, shape (n,).
        is_near: Whether a row lies where its own cloud's density is below 70 % of all, shape (n,).
    """

    def __init__(self, n: int = 600, seed: int = 0) -> None:
        super().__init__()
        rng = np.random.default_rng(seed)
        centres = 1.4 * np.eye(CLASSES, DIMENSIONS)
        true = rng.integers(0, CLASSES, n + VALIDATION)
        points = (rng.standard_normal((n + VALIDATION, DIMENSIONS)) + centres[true]).astype("f4")
        distances = ((points[:, None] - centres) ** 2).sum(axis=2)
        self.is_near = softmax(-distances / 2).max(axis=1)[:n] < 0.7
        self.is_wrong = rng.random(n) < SHARE_WRONG
        labels = np.where(
            self.is_wrong, (true[:n] + rng.integers(1, CLASSES, n)) % CLASSES, true[:n]
        )
        self._made = evidence(points[:n], labels, points[n:], true[n:], rng)


def softmax(logits):
    powers = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return (powers / powers.sum(axis=-1, keepdims=True)).astype("f4")


def with_one(points):
    return np.concatenate([points, np.ones((len(points), 1))], axis=1)


def trained(points, labels, *, epochs=EPOCHS) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Weights (c, d + 1) and Adam's moments (c, 2, d + 1) before each epoch and after the last."""
    inputs, goal = with_one(points), np.eye(CLASSES)[labels]
    weights = np.zeros((CLASSES, inputs.shape[1]))
    moments = np.zeros((CLASSES, 2, inputs.shape[1]))
    for _ in range(epochs):
        yield weights.copy(), moments.astype("f4")
        for batch in np.array_split(np.arange(len(labels)), 10):
            gradient = (softmax(inputs[batch] @ weights.T) - goal[batch]).T @ inputs[batch]
            gradient /= len(batch)
            moments[:, 0] = 0.9 * moments[:, 0] + 0.1 * gradient
            moments[:, 1] = 0.999 * moments[:, 1] + 0.001 * gradient**2
            weights -= LR * moments[:, 0] / (np.sqrt(moments[:, 1]) + 1e-8)
    yield weights, moments.astype("f4")


def passes_with_dropout(points, labels, rng, *, passes=20, share=0.1):
    """Probabilities when a share of the units is left out, shape (n, passes, c)."""
    layer = rng.standard_normal((DIMENSIONS + 1, UNITS)) / np.sqrt(DIMENSIONS)
    units = np.maximum(with_one(points) @ layer, 0)
    weights = list(trained(units, labels))[-1][0]
    stays = (rng.random((passes, len(points), UNITS)) > share) / (1 - share)
    return softmax(np.stack([with_one(units * one) @ weights.T for one in stays], axis=1))


def evidence(points, labels, validation, validation_labels, rng):
    """All evidence that is not derived from other evidence."""
    n, rows = len(labels), np.arange(len(labels))
    steps = list(trained(points, labels))
    logits = np.stack([with_one(points) @ weights.T for weights, _ in steps], axis=1)
    lead = logits - np.where(np.eye(CLASSES, dtype=bool)[labels][:, None], np.inf, 0)
    margins = logits[rows, :, labels] - lead.max(axis=2)
    draws = uniform_draws(rows, 3, "dice")

    def mark(step):
        weights, moments = step
        return Checkpoint(
            lr=LR,
            probs=softmax(with_one(points) @ weights.T),
            features=points,
            validation_probs=softmax(with_one(validation) @ weights.T),
            validation_features=validation,
            moments=moments,
        )

    last, views = mark(steps[-1]), passes_with_dropout(points, labels, rng)
    members = [
        list(trained(points[order], labels[order]))[-1][0]
        for order in (rng.permutation(n) for _ in range(3))
    ]
    inside = rng.random((300, n)) < 0.7
    subsets = [list(trained(points[saw], labels[saw]))[-1][0] for saw in inside]
    right = [(with_one(points) @ w.T).argmax(axis=1) == labels for w in subsets]
    right_there = [
        (with_one(validation) @ w.T).argmax(axis=1) == validation_labels for w in subsets
    ]
    looks = [mark(step) for step in steps[::2]]
    marked = MarkedLosses(
        training=np.stack([losses_of_labels(one.probs, labels) for one in looks], axis=1),
        validation=np.stack(
            [losses_of_labels(one.validation_probs, validation_labels) for one in looks], axis=1
        ),
    )
    error = np.linalg.norm(last.probs - np.eye(CLASSES)[labels], axis=1)
    return {
        "labels": labels,
        "draws": draws,
        "dice": draws,
        "fixed_draws": draws,
        "texts": np.array([f"w{i % 7}" for i in rows], dtype=object),
        "row_losses": losses_of_labels(last.probs, labels),
        "scored_pieces": np.ones(n, dtype="f4"),
        "validation_row_losses": losses_of_labels(last.validation_probs, validation_labels),
        "given_scores": rng.random(n).astype("f4"),
        "embeddings": points,
        "vectors": points,
        "features": points,
        "probs": last.probs,
        "losses": -np.log(softmax(logits)[rows, :, labels]).astype("f4"),
        "margins": margins.astype("f4"),
        "correct": (margins > 0).astype("f4"),
        "dropout_probs": views,
        "view_probs": views,
        "gradient_norms": (error * np.sqrt(1 + (points**2).sum(axis=1))).astype("f4"),
        "moments": last.moments,
        "member_probs": np.stack([softmax(with_one(points) @ w.T) for w in members], axis=1),
        "member_features": np.stack([points] * 3, axis=1),
        "validation_labels": validation_labels,
        "validation_embeddings": validation,
        "validation_probs": last.validation_probs,
        "validation_features": validation,
        "start_losses": losses_of_labels(mark(steps[0]).probs, labels),
        "checkpoints": [mark(steps[4]), mark(steps[8]), last],
        "marked_losses": marked,
        "subset_models": SubsetModels(
            inside=inside, correct=np.array(right), validation_correct=np.array(right_there)
        ),
    }
