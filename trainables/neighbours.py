"""Exact k nearest neighbours by cosine, in all data or within each class."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trainables.clusters import unit_rows
from trainables.environment import device

# Rows turned and coded at once.
_BLOCK = 4096
# Columns whose greatest similarity stands for them all: choosing, not multiplying, is what costs
# where products are fast, and there are 32 times fewer groups than columns to choose from.
_GROUP = 32
# Products held at once (64 MB), and the most and the fewest rows they are of.
_STRIP, _MOST, _FEWEST = 2**24, 512, 32
# Candidates beyond k that are compared in full. An estimate may be 0.015 off, and hardly a row of
# 50,000 has more than 30 others within so little of its k-th.
_MARGIN = 30
# How far similarities in fp32 may be off: sums of d products depend on their order.
_ROUNDING = 1e-5
# Below every product, in int32 as in fp32.
_NONE = -(2**31)


@dataclass(frozen=True, kw_only=True)
class Neighbours:
    """The k nearest other rows of each row.

    Attributes:
        rows: Shape (n, k), nearest first; -1 where there are no more.
        similarity: Their cosine similarity, shape (n, k); nan where there are no more.
    """

    rows: NDArray[np.int32]
    similarity: NDArray[np.float32]


def neighbours(
    embeddings: NDArray[np.float32], *, k: int = 10, centred: bool = False
) -> Neighbours:
    """The k nearest other rows in all data.

    Args:
        embeddings: Shape (n, d).
        k: Neighbours wanted.
        centred: Take the mean embedding off first: encoders place all texts in a narrow cone.
    """
    rows, similarity = nearest(_centred(embeddings) if centred else embeddings, k)
    return Neighbours(rows=rows, similarity=similarity)


def class_neighbours(
    embeddings: NDArray[np.float32],
    labels: NDArray[np.int64],
    *,
    k: int = 10,
    centred: bool = False,
) -> Neighbours:
    """The k nearest other rows of the same class; arguments as `neighbours`."""
    vectors = _centred(embeddings) if centred else embeddings
    rows, similarity = nearest_in_class(vectors, labels, k)
    return Neighbours(rows=rows, similarity=similarity)


def _centred(embeddings: NDArray[np.float32]) -> NDArray[np.float32]:
    centred: NDArray[np.float32] = embeddings - embeddings.mean(axis=0, dtype=np.float64).astype(
        np.float32
    )
    return centred


def nearest(vectors: NDArray[np.float32], k: int) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """The k nearest other rows of each row, by torch.

    Candidates come from products of int8 where the processor is quick at them, else of fp32. What
    int8 can be off is bounded; a row whose neighbours it leaves in doubt is searched again in fp32.
    So every machine gives the same neighbours, but for similarities equal within fp32's rounding.

    Beside the vectors it needs twice their memory and about 150 MB, whatever n is.

    Args:
        vectors: Shape (n, d), finite, no row all zeros; need not be normalised.
        k: Neighbours wanted, in [1, n - 1].

    Returns:
        Neighbour rows (n, k), nearest first, and their cosine similarity (n, k).

    Raises:
        ValueError: If k is not in [1, n - 1], or a row is not finite or all zeros.
    """
    import torch

    n = len(vectors)
    if not 1 <= k < n:
        raise ValueError(f"k is {k} for {n} rows; it must lie in [1, {n - 1}]")
    units = torch.from_numpy(unit_rows(vectors)).to(device())
    size = _GROUP if n >= 4 * _GROUP * (k + _MARGIN) else 1
    is_coded = size > 1 and _is_quick_at_int8()
    order = _by_largest(units) if is_coded else torch.arange(n, device=units.device)
    units = units[torch.cat([order, order[-1:].expand(-n % size)])]
    step, error = units.new_ones(len(units) // size), units.new_zeros(len(units))
    searches = [(_Codes(codes=units, step=step, error=error, size=size, n=n), k)]
    if is_coded:
        searches.insert(0, (_coded(units, size, n), k + _MARGIN))
    rows = torch.empty((n, k), dtype=torch.int32, device=units.device)
    similarity = units.new_empty((n, k))
    queries = torch.arange(n, device=units.device)
    for codes, kept in searches:
        if len(queries):
            found, found_similarity, is_sure = _search(units, codes, queries, k, kept)
            rows[order[queries]] = order[found].int()
            similarity[order[queries]] = found_similarity
            queries = queries[~is_sure]
    return rows.cpu().numpy(), similarity.clip(-1, 1).cpu().numpy()


def nearest_in_class(
    vectors: NDArray[np.float32], labels: NDArray[np.int64], k: int
) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """The k nearest other rows of the same class; classes of k rows or fewer get what they have.

    Args:
        vectors: Shape (n, d), finite, no row all zeros.
        labels: Classes, shape (n,).
        k: Neighbours wanted, at least 1.

    Returns:
        Neighbour rows (n, k), nearest first, -1 where the class has no more, and their cosine
        similarity (n, k), nan there.

    Raises:
        ValueError: If k is below 1, or a row is not finite or all zeros.
    """
    if k < 1:
        raise ValueError(f"k is {k}; it must be at least 1")
    rows = np.full((len(vectors), k), -1, dtype=np.int32)
    similarity = np.full((len(vectors), k), np.nan, dtype=np.float32)
    for label in np.unique(labels):
        members = np.flatnonzero(labels == label)
        k_here = min(k, len(members) - 1)
        if k_here:
            found, found_similarity = nearest(vectors[members], k_here)
            rows[members, :k_here] = members[found]
            similarity[members, :k_here] = found_similarity
    return rows, similarity


@dataclass(frozen=True, kw_only=True)
class _Codes:
    """What similarities of unit vectors are estimated from; `size` rows in a row are a group.

    Attributes:
        codes: Shape (p, d): int8, or float32 for the vectors themselves.
        step: What a code of 1 stands for, by group.
        error: Length of each vector's difference from what its codes stand for, shape (p,).
        size: Rows of a group.
        n: Rows that count; the p - n behind them only fill up the last group.
    """

    codes: Any
    step: Any
    error: Any
    size: int
    n: int


def _is_quick_at_int8() -> bool:
    """Whether the processor multiplies int8 natively: 3 to 4 times as fast as fp32."""
    import torch

    has = torch.cpu.get_capabilities()
    names = ("avx512_vnni", "avx_vnni", "amx_int8")
    return device() == "cpu" and any(has.get(name) for name in names)


def _turned(units: Any) -> Any:
    """Unit vectors, block by block, all turned alike: their similarities stay."""
    import torch

    # Encoders have a few axes of far greater values than the rest, which would be coded coarsely
    # for their sake. After a turn that favours no axis there are none; any fixed one will do.
    draws = torch.Generator().manual_seed(0)
    turn = torch.linalg.qr(torch.randn(2 * units.shape[1:], generator=draws))[0]
    return (block @ turn for block in units.split(_BLOCK))


def _by_largest(units: Any) -> Any:
    """Rows in the order of the largest value to code: a group shares its step."""
    import torch

    largest = torch.cat([block.abs().amax(1) for block in _turned(units)])
    return largest.argsort(stable=True)


def _coded(units: Any, size: int, n: int) -> _Codes:
    """Unit vectors, turned, in whole steps of 1/127 of their group's largest value."""
    import torch

    parts = []
    for block in _turned(units):
        groups = block.view(-1, size, block.shape[1])
        step = groups.abs().amax((1, 2), keepdim=True) / 127
        whole = (groups / step).round()
        error = (groups - whole * step).norm(dim=2)
        parts.append((whole.to(torch.int8).view(block.shape), step.flatten(), error.flatten()))
    codes, steps, errors = (torch.cat(part) for part in zip(*parts, strict=True))
    return _Codes(codes=codes, step=steps, error=errors, size=size, n=n)


def _search(units: Any, codes: _Codes, queries: Any, k: int, kept: int) -> tuple[Any, Any, Any]:
    """The k nearest other rows of q queries among the `kept` that may be nearest by their codes.

    Returns:
        Rows and similarities, nearest first, (q, k) each; and whether they are certain: the k-th
        is at least as similar as any row that was not kept can be, shape (q,).
    """
    import torch

    p, d = units.shape
    most = min(_MOST, max(_FEWEST, _STRIP // max(p, kept * d)))
    # Used again for each block: to be given new pages takes longer than to fill them.
    dtype = torch.int32 if codes.codes.dtype == torch.int8 else torch.float32
    strip = torch.empty((most, p), dtype=dtype, device=units.device)
    others = units.new_empty((most * kept, d))
    parts = []
    for block in queries.split(most):
        rows, bound = _candidates(codes, block, kept, strip[: len(block)])
        near = others[: rows.numel()]
        torch.index_select(units, 0, rows.flatten(), out=near)
        near = near.view(len(block), kept, d)
        similarity, place = torch.bmm(near, units[block].unsqueeze(2)).squeeze(2).topk(k)
        is_sure = similarity[:, -1] >= bound + _ROUNDING
        parts.append((rows.gather(1, place), similarity, is_sure))
    found, similarity, is_sure = (torch.cat(part) for part in zip(*parts, strict=True))
    return found, similarity, is_sure


def _candidates(codes: _Codes, queries: Any, kept: int, strip: Any) -> tuple[Any, Any]:
    """The rows that by their codes may be most similar to q queries.

    By Cauchy and Schwarz the similarity of x and y, coded as x' and y', is at most
    x'y' + |x - x'| + (1 + |x - x'|) |y - y'|, as |y| is 1 and |x'| at most 1 + |x - x'|. The
    greatest |y - y'| of a group is taken for all of it.

    Returns:
        Rows, shape (q, kept), and how similar any other row can be at most, shape (q,).
    """
    import torch

    size = codes.size
    multiply = torch._int_mm if strip.dtype == torch.int32 else torch.mm
    multiply(codes.codes[queries], codes.codes.T, out=strip)
    line = torch.arange(len(queries), device=queries.device)
    strip[line, queries] = _NONE
    strip[:, codes.n :] = _NONE
    products = strip.view(len(queries), -1, size)
    step = codes.step[queries // size, None] * codes.step
    slack = (1 + codes.error[queries, None]) * codes.error.view(-1, size).amax(1)
    groups = (products.amax(2) * step + slack).topk(kept, sorted=False)[1]
    step, slack = step.gather(1, groups)[:, :, None], slack.gather(1, groups)[:, :, None]
    most = (products[line[:, None], groups] * step + slack).flatten(1)
    most, place = most.topk(kept, sorted=False)
    rows = groups.gather(1, place // size) * size + place % size
    return rows, most.amin(1) + codes.error[queries]
