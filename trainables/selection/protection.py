"""Classes that a cut may not thin out: which of the rows it removes are put back."""

import numpy as np
from numpy.typing import NDArray

from trainables.data.columns import excerpt
from trainables.data.dataset import Dataset
from trainables.errors import UsageError
from trainables.spec import TrialSpec
from trainables.suggestions import did_you_mean
from trainables.written_numbers import first_few


def least_kept(spec: TrialSpec, dataset: Dataset) -> NDArray[np.int64]:
    """How many rows of each class stay at least, whatever the cut removes, shape (c,).

    Raises:
        UsageError: If the data set has no classes, or none of a name that is protected.
    """
    names = dataset.class_names
    if not names:
        raise UsageError(
            f"{dataset.name} has no classes; leave --protect-class and --min-per-class out"
        )
    for name in spec.protected:
        if name not in names:
            some = first_few([excerpt(one) for one in names])
            raise UsageError(
                f"{dataset.name} has no class {excerpt(name)} to protect; it has {some}."
                f"{did_you_mean(name, names)}"
            )
    least = np.full(len(names), spec.min_per_class, dtype=np.int64)
    least[[names.index(name) for name in spec.protected]] = len(dataset.train)
    return least


def put_back(
    keep: NDArray[np.bool_],
    scores: NDArray[np.float32],
    labels: NDArray[np.int64],
    ties: NDArray[np.float64],
    least: NDArray[np.int64],
) -> NDArray[np.bool_]:
    """A cut after which of each class at least some rows stay: the best-scored removed are put back.

    What goes is a part of what the cut removes.

    Args:
        keep: What the cut leaves, shape (n,).
        scores: Shape (n,), higher is more worth keeping.
        labels: Classes, shape (n,).
        ties: Shape (n,); of two equal scores the higher is put back.
        least: Rows of each class that stay, shape (c,); all it has where it has fewer.

    Returns:
        Shape (n,).
    """
    stays = keep.copy()
    best_first = np.lexsort((ties, scores))[::-1]
    gone = best_first[~keep[best_first]]
    for number, wanted in enumerate(least):
        lacking = int(wanted) - int(keep[labels == number].sum())
        if lacking > 0:
            stays[gone[labels[gone] == number][:lacking]] = True
    return stays
