"""Test sets with what a run says of them: usual ones, and the corners of every metric."""

from dataclasses import replace

import numpy as np

from analysis.contributions import LEAST_TO_RANK, Truth
from trainables.outcome import LARGEST_LOSS


def said_of(probs, y):
    """The columns of predicted probabilities, shape (n, c)."""
    loss = np.minimum(-np.log(np.maximum(probs[np.arange(len(y)), y], 1e-9)), LARGEST_LOSS)
    return {"predicted": probs.argmax(1), "loss": loss, "probs": probs}


def _classes(counts, *, accuracy=0.8, seed=0, said=None, decimals=None):
    """So many rows a class, and probabilities that are right in some share; `said`: one answer to all."""
    rng, c = np.random.default_rng([seed, len(counts)]), len(counts)
    y = rng.permutation(np.repeat(np.arange(c), counts))
    probs = rng.dirichlet(np.full(c, 0.7), len(y))
    right = rng.random(len(y)) < accuracy
    best = np.where(right, y, rng.integers(0, c, len(y)))
    rows = np.arange(len(y))
    top = probs.argmax(1)
    probs[rows, best], probs[rows, top] = probs[rows, top].copy(), probs[rows, best].copy()
    if said is not None:
        probs = np.tile(said, (len(y), 1))
    if decimals is not None:
        probs = np.round(probs, decimals).clip(0.1, 0.9)
    names = tuple(f"class {k}" for k in range(c))
    return Truth(labels=y, class_names=names, prior=np.full(c, 1 / c)), said_of(probs, y)


def _skewed(counts, prior):
    """Classes whose shares in training are others than in the test set."""
    truth, columns = _classes(counts, accuracy=0.6)
    return replace(truth, prior=np.array(prior)), columns


def _certain(counts, *, right):
    """Two classes, every row as sure as the others, all right or all wrong."""
    truth, _ = _classes(counts)
    said = truth.y if right else 1 - truth.y
    return truth, said_of(0.9 * np.eye(2)[said] + 0.05, truth.y)


def _numbers(n, *, off=1.0, seed=0):
    rng = np.random.default_rng([seed, n])
    y = rng.normal(size=n)
    predicted = y + off * rng.standard_t(3, n)
    return Truth(targets=y, mean=0.0, median=0.0), {"predicted": predicted}


def _documents(n, seed=0):
    rng = np.random.default_rng([seed, n])
    tokens = np.ceil(rng.lognormal(3, 1, n))
    tokens[-1] = 0  # a prompt without an answer
    loss = tokens * rng.gamma(4, 0.7, n)
    truth = Truth(labels=np.zeros(n, dtype=np.int64), class_names=("text",))
    return truth, {"loss": loss, "weight": tokens}


TEST_SETS = {
    "two classes": _classes((30, 25)),
    "two classes, ties": _classes((30, 25), decimals=1),
    "one answer to all of two classes": _classes((30, 25), said=(0.7, 0.3)),
    "three classes": _classes((30, 20, 12)),
    "other shares in training": _skewed((30, 20, 12), (0.1, 0.2, 0.7)),
    "a class that training lacks": _skewed((30, 20, 12), (0.4, 0.6, 0.0)),
    "six classes, two without a row, one of three": _classes((30, 0, 20, 3, 12, 0)),
    "no class of five rows": _classes((4, 3, 2), accuracy=0.7),
    "classes of one row": _classes((1, 1, 1)),
    "one class of two": _classes((20, 0), accuracy=0.6),
    "one class of one": _classes((20,)),
    "one answer to all": _classes((30, 20, 12), said=(0.1, 0.2, 0.7)),
    "an answer that no row has": _classes((30, 20, 0), said=(0.1, 0.2, 0.7)),
    "perfect": _certain((30, 20), right=True),
    "nothing right": _certain((30, 20), right=False),
    "numbers": _numbers(60),
    "numbers that are all right": _numbers(20, off=0.0),
    "one number": _numbers(1),
    "documents": _documents(50),
}  # fmt: skip


def suits(metric, made):
    """Whether a test set has what a metric is of."""
    truth, columns = TEST_SETS[made]
    if set(columns) & {"weight"} != set(metric.needs) & {"weight"}:
        return False
    if metric.is_of == "numbers":
        return truth.targets is not None
    if metric.name == "auroc":
        return _has_area(truth)
    return not metric.is_of or truth.targets is None


def _has_area(truth):
    if truth.labels is None or len(truth.class_names) < 2:
        return False
    counts = np.bincount(truth.labels, minlength=len(truth.class_names))
    if len(counts) == 2:
        return bool(counts.all())
    return bool(((counts >= LEAST_TO_RANK) & (len(truth.y) - counts >= LEAST_TO_RANK)).any())


def rows_of(truth, columns, rows):
    """Some rows of a test set, in this order."""
    taken = {
        name: getattr(truth, name)[rows]
        for name in ("labels", "targets")
        if getattr(truth, name) is not None
    }
    return replace(truth, **taken), {name: values[rows] for name, values in columns.items()}
