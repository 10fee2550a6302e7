"""The most similar rows of a block: products of int8 choose candidates, fp32 compares them."""

from dataclasses import dataclass
from typing import Any

from trainables.environment import device

# Rows turned and coded at once.
_BLOCK = 4096
# Columns of which only the greatest similarity is compared: choosing, not multiplying, is what costs
# where products are fast, and there are 32 times fewer groups than columns to choose from.
_GROUP = 32
# Products held at once (64 MB), and the most and the fewest rows they are of. torch multiplies no
# fewer rows of int8 than 17.
_STRIP, _MOST_ROWS, _FEWEST_ROWS, _FEWEST_INT8 = 2**24, 512, 32, 17
# Candidates beyond k that are compared in full. An estimate may be 0.015 off, and hardly a row of
# 50,000 has more than 30 others within so little of its k-th.
_MARGIN = 30
# How far similarities in fp32 may be off: sums of d products depend on their order.
_ROUNDING = 1e-5
# Below every product, in int32 as in fp32; and below every similarity.
_NO_PRODUCT, _NO_ROW = -(2**31), -2.0


@dataclass(frozen=True, kw_only=True)
class Codes:
    """Unit vectors in whole steps: what similarities are estimated from.

    Attributes:
        codes: Shape (p, d), int8.
        step: What a code of 1 stands for, by group of rows.
        error: Length of each vector's difference from what its codes stand for, shape (p,).
    """

    codes: Any
    step: Any
    error: Any


@dataclass(frozen=True, kw_only=True)
class Queries:
    """Rows whose neighbours are wanted, and the most similar rows found so far.

    Attributes:
        units: Unit vectors, shape (q, d).
        numbers: Their row numbers, shape (q,), int64.
        codes: Theirs, each row with a step of its own; None where fp32 is as quick.
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
class CodedRows:
    """A block of rows that queries are compared with.

    Attributes:
        units: Unit vectors, shape (p, d); the p - m last only fill up a group.
        rows: Numbers of the m rows, in the order of `units`.
        ordered: The same, ascending.
        positions: Of those in `units`, shape (m,).
        size: Rows of a group, one after another in `units`.
        codes: Of `units`, a step for each group; None where fp32 is as quick.
    """

    units: Any
    rows: Any
    ordered: Any
    positions: Any
    size: int
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
        codes=_coded(units, _turn(units), 1) if _is_quick_at_int8() else None,
        rows=rows,
        similarity=torch.full_like(rows, _NO_ROW, dtype=torch.float32),
    )


def block_of(units: Any, numbers: Any, k: int) -> CodedRows:
    """A block made of some rows.

    Args:
        units: Unit vectors, shape (m, d).
        numbers: Their row numbers, ascending, shape (m,), int64.
        k: Neighbours wanted.
    """
    import torch

    m = len(units)
    size = _GROUP if m >= 4 * _GROUP * (k + _MARGIN) else 1
    is_coded = size > 1 and _is_quick_at_int8()
    turn = _turn(units) if is_coded else None
    order = _by_largest(units, turn) if is_coded else torch.arange(m, device=units.device)
    units = units[torch.cat([order, order[-1:].expand(-m % size)])]
    return CodedRows(
        units=units,
        rows=numbers[order],
        ordered=numbers,
        positions=order.argsort(),
        size=size,
        codes=_coded(units, turn, size) if is_coded else None,
    )


def search_block(queries: Queries, cells: list[Any], block: CodedRows) -> None:
    """Compare queries with the rows of a block, and keep the most similar other ones.

    What int8 can be off is bounded; a query whose neighbours it leaves in doubt is compared again in
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


def _is_quick_at_int8() -> bool:
    """Whether the processor multiplies int8 natively: 3 to 4 times as fast as fp32."""
    import torch

    has = torch.cpu.get_capabilities()
    names = ("avx512_vnni", "avx_vnni", "amx_int8")
    return device() == "cpu" and any(has.get(name) for name in names)


def _turn(units: Any) -> Any:
    """A turn that favours no axis, shape (d, d): similarities stay as they are.

    Encoders have a few axes of far greater values than the rest, which would be coded coarsely for
    their sake. After a turn there are none; any fixed one will do.
    """
    import torch

    draws = torch.Generator().manual_seed(0)
    return torch.linalg.qr(torch.randn(2 * units.shape[1:], generator=draws))[0]


def _by_largest(units: Any, turn: Any) -> Any:
    """Rows in the order of the largest value to code: a group shares its step."""
    import torch

    largest = torch.cat([(part @ turn).abs().amax(1) for part in units.split(_BLOCK)])
    return largest.argsort(stable=True)


def _coded(units: Any, turn: Any, size: int) -> Codes:
    """Unit vectors, turned, in whole steps of 1/127 of their group's largest value."""
    import torch

    found = []
    for part in units.split(_BLOCK):
        groups = (part @ turn).view(-1, size, part.shape[1])
        step = groups.abs().amax((1, 2), keepdim=True) / 127
        whole = (groups / step).round()
        error = (groups - whole * step).norm(dim=2)
        found.append((whole.to(torch.int8).view(part.shape), step.flatten(), error.flatten()))
    codes, steps, errors = (torch.cat(each) for each in zip(*found, strict=True))
    return Codes(codes=codes, step=steps, error=errors)


def _search(queries: Queries, cells: list[Any], block: CodedRows, *, is_coded: bool) -> list[Any]:
    """Compare queries with the rows of the block that are most similar by codes, or in truth.

    Returns:
        Of each cell the queries still in doubt, for which nothing was kept: a row left out may be
        more similar than their last. None without codes.
    """
    import torch

    (p, d), k = block.units.shape, min(queries.rows.shape[1], len(block.rows))
    kept = k + _MARGIN if is_coded else k
    most = min(_MOST_ROWS, max(_FEWEST_ROWS, _STRIP // max(p, kept * d)))
    most = min(most, max((len(cell) for cell in cells), default=0))
    # Used again for each part: to be given new pages takes longer than to fill them.
    dtype = torch.int32 if is_coded else torch.float32
    strip = torch.empty((most, p), dtype=dtype, device=block.units.device)
    others = block.units.new_empty((most * kept, d))
    in_doubt = []
    for cell in cells:
        doubtful = [cell[:0]]
        for part in cell.split(most) if len(cell) else ():
            if is_coded and len(part) < _FEWEST_INT8:
                doubtful.append(part)
                continue
            own = _own_positions(queries.numbers[part], block)
            choose = _by_codes if is_coded else _by_products
            positions, bound = choose(queries, part, own, block, kept, strip[: len(part)])
            near = others[: positions.numel()]
            torch.index_select(block.units, 0, positions.flatten(), out=near)
            near = near.view(len(part), kept, d)
            similarity = torch.bmm(near, queries.units[part].unsqueeze(2)).squeeze(2)
            rows = block.rows[positions].masked_fill_(positions == own[:, None], -1)
            similarity, chosen = similarity.masked_fill_(rows < 0, _NO_ROW).topk(k)
            doubtful.append(_keep(queries, part, rows.gather(1, chosen), similarity, bound))
        in_doubt.append(torch.cat(doubtful))
    return in_doubt


def _own_positions(numbers: Any, block: CodedRows) -> Any:
    """Position of each query itself in the block, shape (q,); -1 where it is not there."""
    import torch

    index = torch.searchsorted(block.ordered, numbers).clamp_(max=len(block.ordered) - 1)
    return block.positions[index].masked_fill_(block.ordered[index] != numbers, -1)


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


def _by_products(
    queries: Queries, part: Any, own: Any, block: CodedRows, kept: int, strip: Any
) -> tuple[Any, float]:
    """As `_by_codes`, by the vectors themselves: no row left out is more similar."""
    import torch

    torch.mm(queries.units[part], block.units.T, out=strip)
    groups = _groups(strip, own, block).amax(2).topk(kept, sorted=False)[1]
    products = strip.view(len(part), -1, block.size)
    line = torch.arange(len(part), device=strip.device)[:, None]
    index = products[line, groups].flatten(1).topk(kept, sorted=False)[1]
    return _positions(groups, index, block.size), _NO_ROW


def _by_codes(
    queries: Queries, part: Any, own: Any, block: CodedRows, kept: int, strip: Any
) -> tuple[Any, Any]:
    """Positions of the rows that may be most similar to q queries.

    By Cauchy and Schwarz the similarity of x and y, coded as x' and y', is at most
    x'y' + |x - x'| + (1 + |x - x'|) |y - y'|, as |y| is 1 and |x'| at most 1 + |x - x'|. The
    greatest |y - y'| of a group is taken for all of it.

    Returns:
        Positions, shape (q, kept), and from which similarity on no other row can be above, shape (q,).
    """
    import torch

    mine, theirs = queries.codes, block.codes
    assert mine and theirs
    torch._int_mm(mine.codes[part], theirs.codes.T, out=strip)
    products = _groups(strip, own, block)
    step, error = mine.step[part, None] * theirs.step, mine.error[part]
    slack = (1 + error[:, None]) * theirs.error.view(-1, block.size).amax(1)
    groups = (products.amax(2) * step + slack).topk(kept, sorted=False)[1]
    step, slack = step.gather(1, groups)[:, :, None], slack.gather(1, groups)[:, :, None]
    line = torch.arange(len(part), device=strip.device)[:, None]
    most = (products[line, groups] * step + slack).flatten(1)
    most, index = most.topk(kept, sorted=False)
    return _positions(groups, index, block.size), most.amin(1) + error + _ROUNDING


def _groups(strip: Any, own: Any, block: CodedRows) -> Any:
    """Products by group, shape (q, p / size, size), without the row itself and what fills up."""
    inside = (own >= 0).nonzero()[:, 0]
    strip[inside, own[inside]] = _NO_PRODUCT
    strip[:, len(block.rows) :] = _NO_PRODUCT
    return strip.view(len(strip), -1, block.size)


def _positions(groups: Any, index: Any, size: int) -> Any:
    return groups.gather(1, index // size) * size + index % size
