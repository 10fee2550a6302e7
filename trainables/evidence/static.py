"""Evidence that is known without any learner."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from trainables.data.dataset import Dataset, uniform_draws
from trainables.data.messages import readable
from trainables.errors import UsageError
from trainables.spec import TrialSpec


def training_labels(dataset: Dataset, spec: TrialSpec) -> NDArray[np.int64]:
    """Classes of the training rows, shape (n,)."""
    return dataset.train.labels


def training_texts(dataset: Dataset, spec: TrialSpec) -> NDArray[Any]:
    """Texts of the training rows, shape (n,), dtype object; conversations as a person reads them."""
    texts = dataset.train.texts
    if dataset.kind == "messages":
        texts = [readable(one) for one in texts]
    return np.array(texts, dtype=object)


def training_draws(dataset: Dataset, spec: TrialSpec) -> NDArray[np.float64]:
    """A uniform number in [0, 1) for each training row, shape (n,), by seed and sample id."""
    return uniform_draws(dataset.train.ids, spec.seed, "dice")


def same_draws(dataset: Dataset, spec: TrialSpec) -> NDArray[np.float64]:
    """As `training_draws`, but the same for every seed: for what is to be made once for all of them."""
    return uniform_draws(dataset.train.ids, 0, "fixed")


def validation_classes(dataset: Dataset, spec: TrialSpec) -> NDArray[np.int64]:
    """Classes of the validation rows, shape (v,).

    Raises:
        UsageError: If there is no validation split.
    """
    if dataset.validation is None:
        raise UsageError(
            f"{dataset.name} has no validation split for {spec.signal} {spec.selector} to "
            "aim at; hold one out with --validation-fraction 0.1"
        )
    return dataset.validation.labels
