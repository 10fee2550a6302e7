"""The nearest row that stays of each row that goes: exact up to a budget, by inverted lists beyond."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trainables.environment import device
from trainables.neighbours.block_search import block_of, make_queries, search_block
from trainables.neighbours.exact import Neighbours
from trainables.neighbours.kmeans import unit_rows
from trainables.neighbours.vectors import CELL, SHARD_ROWS, Vectors, shards_of, take

# Multiplications up to which every row that goes is held against every row that stays: on two CPU
# cores without bf16 some 3 minutes, with it one.
MOST_EXACT = 8e12
# A pair of shorter vectors takes as long as one of so many numbers: it is compared, too.
_LEAST_WIDTH = 128
# Of inverted lists: rows that centroids are learnt on for each list, rounds, and lists looked into.
_ROWS_EACH, _ROUNDS, _PROBES = 64, 10, 24

Rows = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class NearestSurvivors:
    """The nearest row that stays of some rows that go.

    Attributes:
        rows: Shape (q,); -1 for a row whose vector has no direction, and where no row that stays has one.
        similarity: Cosine to it, shape (q,), float32; nan where there is none.
        is_exact: Whether each is the nearest of all; else now and then one that is nearly as near.
    """

    rows: Rows
    similarity: NDArray[np.float32]
    is_exact: bool


def nearest_survivors(
    vectors: Vectors,
    gone: Rows,
    keep: NDArray[np.bool_],
    *,
    known: Neighbours | None = None,
    directed: NDArray[np.bool_] | None = None,
    most_exact: float = MOST_EXACT,
) -> NearestSurvivors:
    """Of each row that goes the nearest one that stays, by cosine.

    Where neighbours in all data are known, the first of them that stays is the nearest; the others
    are searched for.

    Args:
        vectors: The embeddings, shape (n, d).
        gone: Rows that go, shape (q,), in any order.
        keep: Which rows stay, shape (n,), at least one.
        known: The nearest other rows of all n, exact, if at hand.
        directed: Of `has_direction`, where it is known already.
        most_exact: Multiplications up to which the search is exact.
    """
    rows = np.full(len(gone), -1, dtype=np.int64)
    similarity = np.full(len(gone), np.nan, dtype=np.float32)
    if known is not None:
        near = known.rows[gone]
        stays = keep[near] & (near >= 0)
        found = np.flatnonzero(stays.any(axis=1))
        first = stays[found].argmax(axis=1)
        rows[found] = near[found, first]
        similarity[found] = known.similarity[gone[found], first]
    directed = has_direction(vectors) if directed is None else directed
    is_exact, open_ = True, np.flatnonzero((rows < 0) & directed[gone])
    stay = np.flatnonzero(keep & directed)
    if len(open_) and len(stay):
        width = max(vectors.shape[1], _LEAST_WIDTH)
        is_exact = float(len(open_)) * len(stay) * width <= most_exact
        search = _exact if is_exact else _by_lists
        rows[open_], similarity[open_] = search(vectors, gone[open_], stay)
    return NearestSurvivors(rows=rows, similarity=similarity, is_exact=is_exact)


def cosines(vectors: Vectors, rows: Rows, others: Rows) -> NDArray[np.float32]:
    """Cosine of each row to another one, shape (q,); nan where the other is -1 or one has no direction."""
    found = np.full(len(rows), np.nan, dtype=np.float32)
    for start in range(0, len(rows), SHARD_ROWS):
        part = np.arange(start, min(start + SHARD_ROWS, len(rows)))
        part = part[others[part] >= 0]
        mine, theirs = take(vectors, rows[part]), take(vectors, others[part])
        with np.errstate(invalid="ignore", divide="ignore"):
            lengths = np.linalg.norm(mine, axis=1) * np.linalg.norm(theirs, axis=1)
            found[part] = np.einsum("qd,qd->q", mine, theirs) / lengths
    return found


def has_direction(vectors: Vectors) -> NDArray[np.bool_]:
    """Which rows are finite and not all zeros, shape (n,)."""
    found = np.empty(len(vectors), dtype=bool)
    for shard in shards_of(len(vectors)):
        lengths = np.linalg.norm(vectors[shard.start : shard.stop], axis=1)
        found[shard.start : shard.stop] = np.isfinite(lengths) & (lengths > 0)
    return found


def _exact(vectors: Vectors, gone: Rows, stay: Rows) -> tuple[Rows, NDArray[np.float32]]:
    """As many at once as a shard has: their vectors are in memory, those of what stays by shards."""
    import torch

    rows, similarity = np.empty(len(gone), dtype=np.int64), np.empty(len(gone), dtype=np.float32)
    for start in range(0, len(gone), SHARD_ROWS):
        part = slice(start, start + SHARD_ROWS)
        units = torch.from_numpy(unit_rows(take(vectors, gone[part]), gone[part])).to(device())
        found = make_queries(units, torch.from_numpy(gone[part]).to(device()), 1)
        places = torch.arange(len(units), device=device())
        cells = [places[i : i + CELL] for i in range(0, len(units), CELL)]
        for numbers, others in _surviving(vectors, stay):
            block = block_of(
                torch.from_numpy(others).to(device()), torch.from_numpy(numbers).to(device()), 1
            )
            search_block(found, cells, block)
            del block
        rows[part] = found.rows[:, 0].cpu().numpy()
        similarity[part] = found.similarity[:, 0].clip(-1, 1).cpu().numpy()
    return rows, similarity


def _by_lists(vectors: Vectors, gone: Rows, stay: Rows) -> tuple[Rows, NDArray[np.float32]]:
    """What stays is filed under as many centres as the root of its number; few lists are looked into.

    List by list, all rows that look into it are held against it by one product of matrices.
    """
    count = max(1, round(len(stay) ** 0.5))
    centres, probes = _centres(vectors, stay, count), min(_PROBES, count)
    rows, similarity = np.full(len(gone), -1), np.full(len(gone), -2, dtype=np.float32)
    for start in range(0, len(gone), SHARD_ROWS):
        here = np.arange(start, min(start + SHARD_ROWS, len(gone)))
        units = unit_rows(take(vectors, gone[here]), gone[here])
        lists = _nearest_centres(units, centres, probes).ravel()
        by_list = np.argsort(lists, kind="stable")
        ends = np.searchsorted(lists[by_list], np.arange(count + 1))
        for numbers, others in _surviving(vectors, stay):
            filed = _nearest_centres(others, centres, 1)[:, 0]
            members = np.argsort(filed, kind="stable")
            bounds = np.searchsorted(filed[members], np.arange(count + 1))
            for of in np.flatnonzero(np.diff(bounds)):
                asking = by_list[ends[of] : ends[of + 1]] // probes
                held = members[bounds[of] : bounds[of + 1]]
                products = units[asking] @ others[held].T
                best, at = products.max(axis=1), here[asking]
                nearer = best > similarity[at]
                rows[at[nearer]] = numbers[held[products[nearer].argmax(axis=1)]]
                similarity[at[nearer]] = best[nearer]
    if len(lost := np.flatnonzero(rows < 0)):  # no row in the lists that were looked into
        rows[lost], similarity[lost] = _exact(vectors, gone[lost], stay)
    return rows, similarity.clip(-1, 1)


def _centres(vectors: Vectors, stay: Rows, count: int) -> NDArray[np.float32]:
    """Spherical k-means of some rows that stay, shape (c, d)."""
    import faiss

    drawn = np.sort(np.random.default_rng(0).permutation(stay)[: _ROWS_EACH * count])
    k_means = faiss.Kmeans(
        vectors.shape[1],
        count,
        niter=_ROUNDS,
        spherical=True,
        seed=0,
        max_points_per_centroid=_ROWS_EACH,
        min_points_per_centroid=1,
    )
    k_means.train(unit_rows(take(vectors, drawn), drawn))
    return np.asarray(k_means.centroids, dtype=np.float32)


def _nearest_centres(
    units: NDArray[np.float32], centres: NDArray[np.float32], count: int
) -> NDArray[np.int64]:
    """The most similar centres of each row, shape (q, count), in any order."""
    found = np.empty((len(units), count), dtype=np.int64)
    for start in range(0, len(units), CELL):
        likeness = units[start : start + CELL] @ centres.T
        found[start : start + CELL] = np.argpartition(-likeness, count - 1, axis=1)[:, :count]
    return found


def _surviving(vectors: Vectors, stay: Rows) -> Iterator[tuple[Rows, NDArray[np.float32]]]:
    """Numbers and unit vectors of what stays, a shard at a time."""
    for shard in shards_of(len(vectors)):
        numbers = stay[(stay >= shard.start) & (stay < shard.stop)]
        if len(numbers):
            some = vectors[shard.start : shard.stop][numbers - shard.start]
            yield numbers, unit_rows(some, numbers)
