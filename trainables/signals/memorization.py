"""Signals of what changes when a sample is left out, from models trained on random subsets."""

import numpy as np
from numpy.typing import NDArray

from trainables.evidence.ensembles import SubsetModels

# Training rows whose influence is held at once.
_BLOCK = 1024


def memorization(subset_models: SubsetModels) -> NDArray[np.float32]:
    """How much oftener models that saw the sample get it right than models that did not.

    Near 1 only the sample itself teaches its label: rare, or mislabelled. The standard error is
    sqrt(p (1 - p) / a + q (1 - q) / b) for a models that saw it, a share p of them right, and b
    that did not, q of them right: at a share of 0.7 it is up to 0.24 for 20 models and 0.08 for 200.
    Two sets of m models, heads that learn made text by heart, order its rows with a Spearman correlation
    of .56 (m 20), .79 (100), .86 (200) and .89 (300); the source trains thousands.

    Args:
        subset_models: Whole models, each trained on a random subset.

    Returns:
        Scores in [-1, 1], shape (n,), float32; higher is memorized. A row that every model saw,
        or none, has 0: nothing is known of it, and more models mend it.

    References:
        Feldman, Zhang, "What Neural Networks Memorize and Why", 2020, arXiv:2008.03703.
    """
    return _memorized(subset_models)


def mem_head(head_models: SubsetModels) -> NDArray[np.float32]:
    """How much oftener logistic heads that saw the sample get it right than those that did not.

    What `memorization` measures, of a head on the frozen embeddings instead of a whole model:
    hundreds of fits in minutes. It says what the head memorizes, not what the encoder would. Its
    standard error is the same formula; at 200 heads and a share of 0.7 it is up to 0.08, and two sets
    of 200 order the rows of made text with a Spearman correlation of .67 (20: .40).

    Args:
        head_models: Logistic heads, each trained on a random subset.

    Returns:
        Scores in [-1, 1], shape (n,), float32; higher is memorized. A row that every head saw,
        or none, has 0: nothing is known of it, and more heads mend it.

    References:
        Feldman, Zhang, "What Neural Networks Memorize and Why", 2020, arXiv:2008.03703, with a
        linear head for the model.
    """
    return _memorized(head_models)


def influence(
    subset_models: SubsetModels, validation_labels: NDArray[np.int64], *, models: int = 4000
) -> NDArray[np.float32]:
    """How much the validation rows' predictions change, in sum, with the sample in training.

    The influence of i on validation row j is how much oftener models that saw i get j right than
    models that did not. The score sums its absolute value over j, so it grows with the size of
    the validation split. A row without any influence still gathers v times 0.8 of the standard
    error (see `memorization`), so with few models the order is mostly noise: two sets of m heads order
    rows of made text with a Spearman correlation of .08 (m 20), .27 (300), .40 (600) and .51 (1,200), by
    which 4,000 would come to .78.

    Args:
        subset_models: Whole models, each trained on a random subset.
        validation_labels: Classes of the validation rows, shape (v,): asked for, so that a data set without
            any is refused before the models are trained.
        models: How many are trained, 4,000 in the source; the evidence is made of as many.

    Returns:
        Scores in [0, v], shape (n,), float32; higher changes more. A row that every model saw,
        or none, has 0.

    Raises:
        ValueError: If the models were not asked about these validation rows.

    References:
        Feldman, Zhang, "What Neural Networks Memorize and Why", 2020, arXiv:2008.03703; summed
        as influence-sum-abs in Sorscher et al., 2022, arXiv:2206.14486.
    """
    correct = subset_models.validation_correct.astype(np.float64)
    if not correct.shape[1] == len(validation_labels) > 0:
        raise ValueError(
            f"the models were asked about {correct.shape[1]} validation rows of {len(validation_labels)}; "
            "influence looks at all of them, and at one at least"
        )
    n = subset_models.inside.shape[1]
    scores = np.empty(n, dtype=np.float32)
    for start in range(0, n, _BLOCK):
        contrast = _contrast(subset_models.inside[:, start : start + _BLOCK])
        scores[start : start + _BLOCK] = np.abs(contrast.T @ correct).sum(axis=1)
    return scores


def _memorized(models: SubsetModels) -> NDArray[np.float32]:
    n = models.inside.shape[1]
    scores = np.empty(n, dtype=np.float32)
    for start in range(0, n, _BLOCK):
        block = slice(start, start + _BLOCK)
        scores[block] = (_contrast(models.inside[:, block]) * models.correct[:, block]).sum(axis=0)
    return scores


def _contrast(inside: NDArray[np.bool_]) -> NDArray[np.float64]:
    """What turns a sum over models, shape (t, n), into the mean inside minus that outside."""
    saw = inside.sum(axis=0)
    others = len(inside) - saw
    known = (saw > 0) & (others > 0)
    weights = np.where(inside, 1 / np.maximum(saw, 1), -1 / np.maximum(others, 1))
    return np.where(known, weights, 0)
