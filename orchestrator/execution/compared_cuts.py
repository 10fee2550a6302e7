"""What the cuts of a sweep have in common: rows that several seeds remove, and how alike a class's rows are."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from analysis.dropped_samples import ClassLikeness, SharedCuts
from trainables.data.dataset import Dataset
from trainables.neighbours.exact import nearest
from trainables.selection.surroundings import Surroundings
from trainables.spec import TrialSpec

# Neighbours a row is held against, as the signal `redundancy` does.
_NEIGHBOURS = 10
# Rows of a class that are looked at where neighbours have to be searched for, and the multiplications
# that this may take: a second or so.
_OF_CLASS, _MOST_SEARCHED = 200, 1e11


def shared_cuts(gone: Mapping[TrialSpec, NDArray[np.int64]]) -> list[SharedCuts]:
    """Of every condition that several seeds cut by themselves how many rows every two of them remove.

    Args:
        gone: The numbers of the rows that each trial's cut removes.
    """
    by_condition: dict[TrialSpec, dict[int, NDArray[np.int64]]] = defaultdict(dict)
    for spec, rows in gone.items():
        if spec.kind == "pruned":
            by_condition[replace(spec, seed=0)][spec.seed] = rows
    return [
        SharedCuts(
            spec=replace(spec, seed=min(seeds)),
            removed={seed: len(seeds[seed]) for seed in sorted(seeds)},
            common=tuple(
                (one, other, len(np.intersect1d(seeds[one], seeds[other], assume_unique=True)))
                for one, other in combinations(sorted(seeds), 2)
            ),
        )
        for spec, seeds in by_condition.items()
        if len(seeds) > 1
    ]


def class_likeness(spec: TrialSpec, dataset: Dataset, beside: Surroundings) -> ClassLikeness | None:
    """How alike the rows of each class are to their nearest rows, at the mark of a trial's scores.

    Neighbours that a signal left are those of all rows; else some rows of each class are searched for.

    Args:
        spec: A trial with that mark.
        dataset: What it is trained on.
        beside: What is at hand of its training rows.

    Returns:
        None where there are no classes, or neither neighbours nor embeddings that can be searched soon.
    """
    labels, names = dataset.train.labels, dataset.class_names
    if not names or len(labels) <= 1:
        return None
    looked = np.arange(len(labels))
    if beside.neighbours is not None:
        similarity = beside.neighbours.similarity[:, :_NEIGHBOURS]
    else:
        rows = _searched_rows(labels, beside)
        if rows is None or beside.vectors is None:
            return None
        k = min(_NEIGHBOURS, len(labels) - 1)
        looked, similarity = rows, nearest(beside.vectors, k, queries=rows)[1]
    found = _class_means(labels[looked], np.nanmean(similarity, axis=1))
    return ClassLikeness(
        data_sha=spec.data_sha,
        warm_key=spec.twin.scorers[0].warm_key,
        k=similarity.shape[1],
        looked_at=len(looked),
        by_class={names[k]: round(mean, 6) for k, mean in found},
    )


def _searched_rows(labels: NDArray[np.int64], beside: Surroundings) -> NDArray[np.int64] | None:
    """Some rows of each class, evenly spaced; None where the search would take long."""
    if beside.vectors is None or beside.directed is None or not beside.directed.all():
        return None
    chosen = [
        own[np.unique(np.linspace(0, len(own) - 1, min(_OF_CLASS, len(own))).astype(np.int64))]
        for own in (np.flatnonzero(labels == k) for k in np.unique(labels))
    ]
    rows = np.sort(np.concatenate(chosen))
    n, d = beside.vectors.shape
    return rows if float(len(rows)) * n * d <= _MOST_SEARCHED else None


def _class_means(
    labels: NDArray[np.int64], values: NDArray[np.float32]
) -> Iterable[tuple[int, float]]:
    """Of each class that has rows its number and its mean."""
    for k in np.unique(labels):
        yield int(k), float(values[labels == k].astype(np.float64).mean())
