"""The one list of rows that a pruned data set keeps, made from the scores of the seeds seen."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray

from trainables.arrays import rows_sha
from trainables.errors import UsageError
from trainables.run_context import RunContext
from trainables.selection.scoring import select
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
        agreement: By seed seen, the share of the rows removed that this seed's own cut removes too; of
            seeds whose scores are in the store.
    """

    spec: TrialSpec
    keep: NDArray[np.bool_]
    scores: NDArray[np.float32]
    agreement: Mapping[int, float] = field(default_factory=dict)

    @property
    def sha(self) -> str:
        """The list's short name, as RUN/survivors/HASH.parquet has it."""
        return rows_sha(self.keep)[:12]


def survivors_of(spec: TrialSpec, runs: RunContext) -> Survivors:
    """The list that a fixed trial trains on, and how far each seed's own cut agrees with it.

    Args:
        spec: Of kind "fixed".
        runs: Its data set, and a store with the list or with the scores of the seeds.

    Raises:
        UsageError: If no row goes: all that the cut removes is put back.
    """
    keep, _ = select(spec, runs)
    if keep.all():
        raise UsageError(
            f"{spec.dataset}: no row goes, as --protect-class and --min-per-class put back all that the cut "
            "removes; ask for less of them, or for a larger --rate"
        )
    path = runs.cache.get("survivors", spec.survivors_key, lambda _: None)
    scores = pq.read_table(path, columns=["score"])["score"].to_numpy()
    agreement = {}
    for one in spec.scorers:
        if runs.cache.has("scores", one.score_key):
            own, _ = select(one, runs)
            agreement[one.seed] = float((~own & ~keep).sum() / (~keep).sum())
    return Survivors(spec=spec, keep=keep, scores=scores, agreement=agreement)
