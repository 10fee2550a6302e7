"""Who was removed: each row with its place, its reason in words, and who stays in its place."""

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from trainables.evidence.collector import Runs
from trainables.spec import TrialSpec


def removed_rows(
    spec: TrialSpec, runs: Runs, keep: NDArray[np.bool_], scores: NDArray[np.float32]
) -> pa.Table:
    """The removed training rows, in the order of removal.

    Args:
        spec: A pruned trial, or one of a fixed list.
        runs: The runs behind it.
        keep: Which training rows stay, shape (n,).
        scores: By which they were cut, of a fixed list the joined ones, shape (n,); higher is more
            worth keeping.

    Returns:
        A row of each removed one: `row` (number in the user's own file, from 0), `id`, `class` (its
        name, or the number to predict; no such column where there is neither), `score`, `percentile`
        (share of all training rows with a lower score), `rank` (1 is the first to go), `survivor_row`,
        `survivor_id` and `similarity` (nearest row that stays, by the cosine of embeddings; null where
        none are at hand), `twin_survives` (whether an exact or near copy stays), `reason`.
    """
    raise NotImplementedError
