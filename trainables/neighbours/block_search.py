"""The most similar rows of a block: products of bf16 choose candidates, fp32 compares them."""

from dataclasses import dataclass
from typing import Any

from trainables.environment import device

# Columns of one product: what it gives is still in the processor's cache when it is looked through.
_TILE = 4096
# Columns of which only the greatest similarity is compared: choosing, not multiplying, is what costs
# where products are fast, and there are 32 times fewer groups than columns to choose from.
_GROUP = 32
# Bytes of products held at once, and the most and the fewest rows they are of.
_STRIP, _MOST_ROWS, _FEWEST_ROWS = 2**26, 512, 32
# Rows whose candidates are compared in fp32 at once: their vectors stay in the cache.
_COMPARED = 64
# Candidates beyond k and the row itself that are compared in full, and one more for every so many
# neighbours. An estimate may be 0.005 off: of 50,000 rows few have more others so near to their k-th.
_MARGIN, _EACH = 8, 8
# How far similarities in fp32 may be off: sums of d products depend on their order.
_ROUNDING = 1e-5
# Below every similarity.
_NO_ROW = -2.0


@dataclass(frozen=True, kw_only=True)
class Codes:
    """Unit vectors in bf16: what similarities are estimated from.

    Attributes:
        codes: Shape (p, d), bfloat16.
        error: Length of each vector's difference from its code, shape (p,).
    """

    codes: Any
    error: Any


@dataclass(frozen=True, kw_only=True)
class Queries:
    """Rows whose neighbours are wanted, and the most similar rows found so far.

    Attributes:
        units: Unit vectors, shape (q, d).
        numbers: Their row numbers, shape (q,), int64.
        codes: Theirs; None where fp32 is as quick.
        rows: Numbers of the most similar rows found, shape (q, k), nearest first; -1 where there
            are no more. Changed in place.
        similarity: Theirs, shape (q, k); -2 where there are no more. Changed in place.
    """

    units: Any
    numbers: Any
    codes: Codes | None
    rows: Any
    similarity: Any


@dataclass(frozen=True, kw_only=True)
class Block:
    """Rows that queries are compared with.

    Attributes:
        units: Unit vectors, shape (p, d).
        numbers: Their row numbers, shape (p,), int64.
        codes: Theirs; None where fp32 is as quick.
    """

    units: Any
    numbers: Any
    codes: Codes | None


def make_queries(units: Any, numbers: Any, k: int) -> Queries:
    """Queries for which nothing was searched yet.

    Args:
        units: Unit vectors, shape (q, d), q at least 1.
        numbers: Their row numbers, shape (q,), int64.
        k: Neighbours wanted.
    """
    import torch

    rows = torch.full((len(units), k), -1, dtype=torch.int64, device=units.device)
    return Queries(
        units=units,
        numbers=numbers,
        codes=_coded(units) if _is_quick_at_bf16() else None,
        rows=rows,
        similarity=torch.full_like(rows, _NO_ROW, dtype=torch.float32),
    )


def block_of(units: Any, numbers: Any, k: int) -> Block:
    """A block made of some rows.

    Args:
        units: Unit vectors, shape (p, d).
        numbers: Their row numbers, shape (p,), int64.
        k: Neighbours wanted.
    """
    is_coded = _group(len(units), _kept(k, is_coded=True)) > 1 and _is_quick_at_bf16()
    return Block(units=units, numbers=numbers, codes=_coded(units) if is_coded else None)


def search_block(queries: Queries, cells: list[Any], block: Block) -> None:
    """Compare queries with the rows of a block, and keep the most similar other ones.

    What bf16 can be off is bounded; a query whose neighbours it leaves in doubt is compared again in
    fp32. So the machine changes nothing but which of rows that are equally similar within fp32's
    rounding is kept.

    Args:
        queries: What was found for them is changed in place.
        cells: Which of them, in parts that are compared together.
        block: The rows; a row is never its own neighbour.
    """
    if queries.codes and block.codes:
        cells = _search(queries, cells, block, is_coded=True)
    _search(queries, cells, block, is_coded=False)


def _is_quick_at_bf16() -> bool:
    """Whether the processor multiplies bf16 clearly faster than fp32.

    Those with AMX do so 6 times, AMD's with AVX-512 for bf16 twice; Intel's without AMX multiply it
    at half the speed of fp32 (measured by holding oneDNN to AVX512_CORE_BF16).
    """
    import torch

    has = torch.cpu.get_capabilities()
    is_amd = "AMD" in str(has.get("cpu_name"))
    is_quick = has.get("amx_bf16") or (has.get("avx512_bf16") and is_amd)
    return device() == "cpu" and bool(is_quick)


def _coded(units: Any) -> Codes:
    """Unit vectors in bf16."""
    import torch

    codes = units.bfloat16()
    parts = zip(units.split(_TILE), codes.split(_TILE), strict=True)
    return Codes(codes=codes, error=torch.cat([(unit - code).norm(dim=1) for unit, code in parts]))


def _kept(k: int, *, is_coded: bool) -> int:
    """Candidates compared in full for k neighbours: the row itself may be one of them."""
    return k + 1 + (_MARGIN + k // _EACH if is_coded else 0)


def _group(p: int, kept: int) -> int:
    """Columns of a group, of p columns of which so many are kept."""
    return _GROUP if p >= 4 * _GROUP * kept else 1


def _search(queries: Queries, cells: list[Any], block: Block, *, is_coded: bool) -> list[Any]:
    """Compare queries with the rows of the block that are most similar by codes, or in truth.

    Returns:
        Of each cell the queries still in doubt, for which nothing was kept: a row left out may be
        more similar than their last. None without codes.
    """
    import torch

    p, d = block.units.shape
    kept = min(_kept(queries.rows.shape[1], is_coded=is_coded), p)
    size = _group(p, kept)
    tile = min(_TILE, -(-p // size) * size)
    strip_bytes = -(-p // tile) * tile * (2 if is_coded else 4)
    most = min(_MOST_ROWS, max(_FEWEST_ROWS, _STRIP // strip_bytes))
    most = min(most, max((len(cell) for cell in cells), default=0))
    # Used again for each part: to be given new pages takes longer than to fill them.
    dtype = torch.bfloat16 if is_coded else torch.float32
    shape = (-(-p // tile), most, tile)
    strip = torch.empty(shape, dtype=dtype, device=block.units.device)
    near = block.units.new_empty((_COMPARED * kept, d))
    in_doubt = []
    for cell in cells:
        doubtful = [cell[:0]]
        for part in cell.split(most) if len(cell) else ():
            mine, theirs = queries.units[part], block.units
            if is_coded:
                assert queries.codes and block.codes
                mine, theirs = queries.codes.codes[part], block.codes.codes
            positions, least = _candidates(mine, theirs, kept, size, strip)
            similarity = _similarity(queries.units[part], positions, block, near)
            rows = block.numbers[positions]
            rows.masked_fill_(rows == queries.numbers[part, None], -1)
            similarity.masked_fill_(rows < 0, _NO_ROW)
            similarity, chosen = similarity.topk(min(queries.rows.shape[1], kept))
            bound = _bound(queries, part, block, least) if is_coded else _NO_ROW
            doubtful.append(_keep(queries, part, rows.gather(1, chosen), similarity, bound))
        in_doubt.append(torch.cat(doubtful))
    return in_doubt


def _candidates(mine: Any, theirs: Any, kept: int, size: int, strip: Any) -> tuple[Any, Any]:
    """Positions of the greatest products, shape (q, kept), and the least of these, shape (q,).

    A tile is looked through by groups of columns that lie `tile / size` apart: so the greatest of
    each is taken by whole registers. bf16 is compared by its bits, as integers are: quicker, and of
    products above zero in the same order. Of those below it only the sign is right; `_bound` knows.
    """
    import torch

    q, (tiles, most, tile) = len(mine), strip.shape
    lines = torch.arange(q, device=strip.device)[:, None]
    is_coded = strip.dtype == torch.bfloat16
    values = strip.view(torch.int16) if is_coded else strip
    lowest = torch.iinfo(torch.int16).min if is_coded else _NO_ROW
    apart = tile // size
    greatest = values.new_empty((q, tiles, apart))
    for i, columns in enumerate(theirs.split(tile)):
        if len(columns) == tile:
            torch.mm(mine, columns.T, out=strip[i, :q])
        else:
            strip[i, :q, : len(columns)] = mine @ columns.T
            values[i, :q, len(columns) :] = lowest
        greatest[:, i] = values[i, :q].view(q, size, apart).amax(1)
    groups = greatest.flatten(1).topk(kept, sorted=False)[1]
    first = groups // apart * tile + groups % apart
    index = first + groups // apart * ((most - 1) * tile) + lines * tile
    steps = torch.arange(size, device=strip.device) * apart
    chosen = values.view(-1)[index[:, :, None] + steps].flatten(1)
    chosen, place = chosen.topk(kept, sorted=False)
    positions = first.gather(1, place // size) + place % size * apart
    return positions, chosen.amin(1).view(strip.dtype)


def _bound(queries: Queries, part: Any, block: Block, least: Any) -> Any:
    """From which similarity on no row is above that was left out, shape (q,).

    By Cauchy and Schwarz the similarity of x and y, rounded to x' and y', is at most
    x'y' + |x - x'| + (1 + |x - x'|) |y - y'|, as |y| is 1 and |x'| at most 1 + |x - x'|.
    """
    import torch

    assert queries.codes and block.codes
    mine, theirs = queries.codes.error[part], block.codes.error.amax()
    # Where the least kept is below zero, so are all that were left out.
    kept = least.view(torch.int16).clamp(min=0)
    # What is rounded to it, or to less, is at most halfway to the next number of bf16.
    halfway = (kept.view(least.dtype).float() + (kept + 1).view(least.dtype).float()) / 2
    return halfway + mine + (1 + mine) * theirs + _ROUNDING


def _similarity(units: Any, positions: Any, block: Block, near: Any) -> Any:
    """Similarity in fp32 to some rows of the block, shape (q, kept)."""
    import torch

    (q, kept), d = positions.shape, units.shape[1]
    found = units.new_empty((q, kept, 1))
    for start in range(0, q, _COMPARED):
        here = slice(start, start + _COMPARED)
        index = positions[here].flatten()
        others = torch.index_select(block.units, 0, index, out=near[: len(index)])
        torch.bmm(others.view(-1, kept, d), units[here].unsqueeze(2), out=found[here])
    return found.squeeze(2)


def _keep(queries: Queries, part: Any, rows: Any, similarity: Any, bound: Any) -> Any:
    """Merge what was found for a part with what was known; gives the queries still in doubt."""
    import torch

    similarity = torch.cat([queries.similarity[part], similarity], 1)
    rows = torch.cat([queries.rows[part], rows], 1)
    similarity, chosen = similarity.sort(dim=1, descending=True, stable=True)
    wanted = queries.rows.shape[1]
    is_sure = similarity[:, wanted - 1] >= bound
    sure = part[is_sure]
    queries.similarity[sure] = similarity[is_sure, :wanted]
    queries.rows[sure] = rows.gather(1, chosen)[is_sure, :wanted]
    return part[~is_sure]
