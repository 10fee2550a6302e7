"""One piece of work that a sweep gives to one worker: what it needs and what it makes."""

from dataclasses import dataclass
from typing import Literal

from trainables.keys import key_of
from trainables.spec import Setting, TrialSpec

Artifact = tuple[str, str]  # kind and key in the store


@dataclass(frozen=True, kw_only=True)
class Node:
    """One piece of work that Ray runs in one worker.

    Attributes:
        kind: What is done: word pieces, a full-data run, or its first part only, a run on a
            subset for what it gets right, evidence of one shard, scores, a pruned trial.
        spec: For which trial; of several that share it, the first.
        needs: Artifacts that must exist before.
        makes: Artifacts that exist afterwards.
        marks: Pruned trials that fork from this full-data run, or one for each set of scores.
        names: The evidence that is made.
        settings: Of the signal or selector that asks for it.
        place: Of which shard; None for what is kept in one file.
        cost: Relative to one pass over the data.
    """

    kind: Literal["prepare", "baseline", "warm_up", "answer", "evidence", "score", "trial"]
    spec: TrialSpec
    needs: tuple[Artifact, ...] = ()
    makes: tuple[Artifact, ...]
    marks: tuple[TrialSpec, ...] = ()
    names: tuple[str, ...] = ()
    settings: tuple[tuple[str, Setting], ...] = ()
    place: int | None = None
    cost: float = 0.0

    @property
    def is_trial(self) -> bool:
        """Whether it ends in a row of the report."""
        return self.kind in ("baseline", "trial")

    @property
    def name(self) -> str:
        """The node's name in a sweep."""
        return ":".join(self.makes[0])


def needs_of_run(spec: TrialSpec) -> tuple[Artifact, ...]:
    """What every run of a data set and model needs."""
    return (("prepared", prepared_key(spec)),)


def warmed(spec: TrialSpec) -> tuple[Artifact, ...]:
    """What there must be of a run at its warm-up mark."""
    return (("warm", spec.warm_key),) if spec.warmup else needs_of_run(spec)


def prepared_key(spec: TrialSpec) -> str:
    """Names what all trials of a data set and model share."""
    return key_of(
        {
            "data": spec.data_sha,
            "model": spec.model_sha,
            "learner": spec.learner,
            "length": spec.training.max_length,
            "precision": spec.training.precision,
        }
    )
