"""Whose a piece of evidence is, and what it is kept under: of a run at a mark, or of the data alone."""

from collections.abc import Mapping, Sequence
from functools import cache, lru_cache
from typing import Any

from trainables.evidence.requirements import EVIDENCE, SHARD, Settings, options_of
from trainables.keys import key_of
from trainables.learners import LEARNERS
from trainables.neighbours.vectors import shards_of
from trainables.spec import TrialSpec

# What embeddings that no training moves are searched and clustered with, the same for every seed; and what
# each seed draws for itself.
_OF_DATA = {"embeddings", "validation_embeddings", "labels", "validation_labels", "texts", "fixed_draws"}  # fmt: skip
_OF_SEED = {"draws", "dice"}


def is_frozen(spec: TrialSpec, name: str) -> bool:
    """Whether no training moves a piece: it rests on frozen embeddings, and is the same at every mark."""
    return _bottom(name) <= _OF_DATA | _OF_SEED and not LEARNERS[spec.twin.learner].trains_encoder


def whose(spec: TrialSpec, name: str) -> tuple[str, str]:
    """What a piece is of: the data and the seed where it draws, a run's mark, or a trial; kind and key."""
    if name == "answers":
        return "trial", spec.result_key
    if not is_frozen(spec, name):
        return "warm_key", spec.twin.warm_key
    return "frozen", frozen_key(spec, seed=spec.seed if is_drawn(name) else None)


def is_drawn(name: str) -> bool:
    """Whether a seed's own draws have a part in a piece."""
    return bool(_bottom(name) & _OF_SEED)


def frozen_key(spec: TrialSpec, *, seed: int | None = None) -> str:
    """Names the embeddings that no training of a spec's learner moves, and what one seed draws of them."""
    one, training = spec.twin, spec.twin.training
    return _key(
        one.version, one.data_sha, one.learner, one.model_sha, training.max_length, training.precision, seed
    )  # fmt: skip


@cache
def _key(*decides: Any) -> str:
    return key_of({"frozen": list(decides)})


@cache
def _bottom(name: str) -> frozenset[str]:
    """What a piece comes from in the end."""
    every = EVIDENCE[name].rests_on | {name}
    return frozenset(one for one in every if EVIDENCE[one].source not in {"derived", "slices"})


def evidence_key(spec: TrialSpec, name: str, settings: Settings, shard: int | None = None) -> str:
    """Names a piece of evidence that is kept, or one shard of it."""
    options = tuple(options_of(name, settings).items())
    return _evidence_key(*whose(spec.twin, name), name, options, shard)


def about_evidence(
    spec: TrialSpec, name: str, options: Settings, shard: int | None
) -> Mapping[str, Any]:
    """What decides a piece of evidence, or one shard of it."""
    return _about(*whose(spec, name), name, options, shard)


# A plan asks for the same one once a trial.
@lru_cache(maxsize=4096)
def _evidence_key(
    kind: str, key: str, name: str, options: tuple[tuple[str, Any], ...], shard: int | None
) -> str:
    return key_of(_about(kind, key, name, dict(options), shard))


def _about(
    kind: str, key: str, name: str, options: Settings, shard: int | None
) -> Mapping[str, Any]:
    part = {} if shard is None else {SHARD: shard}
    return {kind: key, "evidence": EVIDENCE[name].kept_as or name, **options, **part}


def shard_numbers(name: str, n: int) -> Sequence[int | None]:
    """The shards that a piece of evidence of n rows is kept in; None where it is one file."""
    count = len(shards_of(n)) if EVIDENCE[name].is_sharded else 1
    return range(count) if count > 1 else [None]
