"""What is at hand of the training rows beside their scores: copies, embeddings, what the model predicts."""

import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from trainables.arrays import read_arrays, write_arrays
from trainables.data.messages import plain_texts
from trainables.data.near_copies import (
    BUDGET,
    FEWEST_WORDS,
    MOST_WORDS,
    NEAR,
    NearPairs,
    near_pairs,
)
from trainables.data.twins import Twins, twins_of
from trainables.evidence.collector import Evidence, Runs
from trainables.evidence.forward_passes import collect
from trainables.evidence.requirements import Settings
from trainables.evidence.whose import evidence_key, shard_numbers
from trainables.keys import key_of
from trainables.neighbours.exact import Neighbours
from trainables.neighbours.survivors import has_direction
from trainables.neighbours.vectors import Vectors
from trainables.selection.cutoff import cutoff_of
from trainables.selection.lookup import resolve
from trainables.spec import TrialSpec

if TYPE_CHECKING:
    from trainables.training.learner import Learner

# Rows by which the time of a pass over all is guessed, and how long such a pass may take.
_TRIED_ROWS, MOST_S = 256, 600.0

Rows = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class Surroundings:
    """What is known of the training rows beside their scores.

    Attributes:
        twins: Their copies and near copies.
        vectors: Their embeddings at the mark, shape (n, d); None where none are at hand.
        neighbours: Their nearest other rows, exact; None where none are at hand.
        predicted: The class the model is surest of, shape (n,); None where that is not at hand, or the
            signal looks at no label.
        directed: Which embeddings have a direction, shape (n,); None without embeddings.
    """

    twins: Twins
    vectors: Vectors | None = None
    neighbours: Neighbours | None = None
    predicted: Rows | None = None
    directed: NDArray[np.bool_] | None = None


def surroundings(
    spec: TrialSpec, runs: Runs, *, twins: Twins | None = None, most_s: float = MOST_S
) -> Surroundings:
    """What is at hand of the training rows beside their scores; nothing is trained for it.

    Embeddings are those of the learner that scored, of a fixed list those of the first seed: as they
    are kept, or by one pass of its kept checkpoint; else the vectors that came with the data.

    Args:
        spec: A pruned trial, or one of a fixed list.
        runs: The runs behind it.
        twins: Copies among the training rows, where they are known already.
        most_s: How long that pass may take, in seconds.
    """
    scorer = spec.twin.scorers[0]
    vectors = _vectors(scorer, runs, most_s)
    return Surroundings(
        twins=twins or known_twins(runs),
        vectors=vectors,
        neighbours=_neighbours(scorer, runs),
        predicted=predicted_classes(spec, runs),
        directed=None if vectors is None else has_direction(vectors),
    )


def _vectors(scorer: TrialSpec, runs: Runs, most_s: float) -> Vectors | None:
    """Embeddings of the training rows that are at hand."""
    if not scorer.is_own:
        is_there = _is_kept(scorer, runs, "embeddings")
        if (
            not is_there
            and most_s > 0
            and scorer.warmup
            and runs.cache.has("warm", scorer.warm_key)
        ):
            learner = runs.warm_learner(scorer)
            is_there = _pass_s(learner, len(runs.dataset.train)) <= most_s
        if is_there:
            found: Vectors = Evidence(scorer, runs).get("vectors", {})
            return found
    return runs.dataset.vectors("train") if runs.dataset.has_vectors else None


def _pass_s(learner: "Learner", n: int) -> float:
    """How long a pass over n rows will take, by that over a few."""
    rows = np.unique(np.linspace(0, n - 1, min(n, _TRIED_ROWS)).astype(np.int64))
    started = time.perf_counter()
    collect(learner, ("embeddings",), "train", rows=rows)
    return (time.perf_counter() - started) * n / len(rows)


def _neighbours(scorer: TrialSpec, runs: Runs) -> Neighbours | None:
    """Exact neighbours that a signal at this mark rests on."""
    if scorer.is_own:
        return None
    own = {"k": k} if (k := dict(scorer.settings).get("k")) else {}
    for name, settings in (("neighbours", own), ("neighbours", {}), ("far_neighbours", own)):
        if _is_kept(scorer, runs, name, settings):
            found: Neighbours = Evidence(scorer, runs).get(name, settings)
            return found
    return None


def known_twins(runs: Runs) -> Twins:
    """Copies and near copies among the training rows; the search for near ones is made once and kept."""
    search = partial(_kept_pairs, runs)
    inputs = plain_texts(runs.dataset.train.inputs, runs.dataset.kind)
    return twins_of(inputs, most_words=MOST_WORDS, search=search)


def _kept_pairs(runs: Runs, forms: pa.Array) -> NearPairs:
    about = {"near": [*NEAR, FEWEST_WORDS, BUDGET], "data": runs.dataset.sha}

    def write(path: Path) -> dict[str, Any]:
        pairs = near_pairs(forms)
        write_arrays(path, {"left": pairs.left, "right": pairs.right}, about)
        return {"is_complete": pairs.is_complete}

    path = runs.cache.get("near", key_of(about), write, about=about)
    facts = runs.cache.facts("near", key_of(about))
    return NearPairs(**read_arrays(path)[0], is_complete=facts["is_complete"])


def predicted_classes(spec: TrialSpec, runs: Runs) -> Rows | None:
    """The class the model is surest of, by heads that did not see the row where there are such.

    Args:
        spec: A pruned trial, or one of a fixed list, whose first seed it is then of.
        runs: The runs behind it.

    Returns:
        Shape (n,); None where that is not at hand, or the signal looks at no label.
    """
    scorer = spec.twin.scorers[0]
    selection = resolve(scorer)
    if scorer.is_own or not runs.dataset.class_names or not selection.signal.needs_labels:
        return None
    for name in ("cross_probs", "probs"):
        wanted = name == "probs" or name in selection.evidence
        if wanted and _is_kept(scorer, runs, name, selection.settings):
            found: Rows = Evidence(scorer, runs).get(name, selection.settings).argmax(axis=1)
            return found
    return None


def known_margins(scorer: TrialSpec, runs: Runs) -> NDArray[np.float32] | None:
    """Margins that rows were cut off by, shape (n, t); None where they were not, or are not at hand."""
    if cutoff_of(scorer)[1] != "aum" or not _is_kept(scorer, runs, "margins"):
        return None
    found: NDArray[np.float32] = Evidence(scorer, runs).get("margins", {})
    return found


def _is_kept(scorer: TrialSpec, runs: Runs, name: str, settings: Settings | None = None) -> bool:
    shards = shard_numbers(name, len(runs.dataset.train))
    keys = (evidence_key(scorer, name, settings or {}, shard) for shard in shards)
    return all(runs.cache.has("evidence", key) for key in keys)
