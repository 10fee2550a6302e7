"""The one list of rows that a pruned data set keeps."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from trainables.arrays import rows_sha
from trainables.spec import TrialSpec


@dataclass(frozen=True, kw_only=True, eq=False)
class Survivors:
    """One list of rows that stay, and what it was cut by.

    Attributes:
        spec: The trial of kind "fixed" whose `survivors_key` names the list: `scored_by` are the seeds
            seen, `seed` the first fresh one.
        keep: Which training rows stay, shape (n,).
        scores: The joined scores, shape (n,), float32; higher is more worth keeping. Which end goes
            is in `spec.prune`.
        agreement: By seed seen, the share of the rows removed that this seed's own cut removes too.
    """

    spec: TrialSpec
    keep: NDArray[np.bool_]
    scores: NDArray[np.float32]
    agreement: Mapping[int, float] = field(default_factory=dict)

    @property
    def sha(self) -> str:
        """The list's short name, as RUN/survivors/HASH.parquet has it."""
        return rows_sha(self.keep)[:12]
