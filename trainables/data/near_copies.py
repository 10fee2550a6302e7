"""Which texts are near copies of one another: by the words and word pairs that they share."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

# Two texts are near copies if their sets of words and of pairs of neighbouring words have a Jaccard
# index of 11/20 or more: one word changed in six, two in twelve, three in twenty, a tenth cut off,
# a fifth added. By benchmarks/near_copies.py.
NEAR = (11, 20)
# With one of so few words changed it is another text: shorter ones have exact copies alone.
FEWEST_WORDS = 5
# Pairs to look at, of all texts together; more arise only where many texts share most of their words.
BUDGET = 30_000_000
_BLOCK = 2_000_000
# Members of both sides that are compared at once.
_MEMBERS = 10_000_000
# Of the bitmaps, each of 256 bits: they are to differ in a handful of looks, also where texts are long.
_MOST_PARTS = 16
# Scripts written without spaces: each letter counts as a word.
_UNSPACED = r"([\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}])"

Rows = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class NearPairs:
    """Pairs of texts that are near copies, each pair once, in ascending order.

    Attributes:
        left: Row of the one, shape (k,), below that of the other.
        right: Row of the other, shape (k,).
        is_complete: Whether these are all; else some pairs among very many alike were not looked at.
    """

    left: Rows
    right: Rows
    is_complete: bool


@dataclass(frozen=True, kw_only=True)
class WordSets:
    """The set of words and word pairs of each text, as numbers, one text behind the other.

    Attributes:
        members: Shape (total,), the rarest first in each text.
        starts: Where each text begins, and the end, shape (n + 1,).
        words: Words of each text, repeated ones counted, shape (n,).
    """

    members: Rows
    starts: Rows
    words: Rows

    @property
    def sizes(self) -> Rows:
        """Members of each set, shape (n,)."""
        return np.diff(self.starts)


@dataclass(frozen=True, kw_only=True)
class _Postings:
    """Which texts have a member among their rarest, member by member, texts by size.

    Attributes:
        places: Place of the text in the order by size, shape (p,).
        partners: How many of those that follow may be its near copies, shape (p,).
    """

    places: Rows
    partners: Rows


def near_pairs(texts: pa.Array, *, budget: int = BUDGET) -> NearPairs:
    """All pairs of texts that are near copies, and no others.

    Two sets of Jaccard index t or more share one of the first (1 - t) |x| + 1 members of each, in
    whatever order; with the rarest first few texts share one. Of these pairs a bitmap of each set
    rules most out, and the others are counted in full.

    Args:
        texts: Normal forms (`copies.normal_form`), shape (n,), no two alike.
        budget: Pairs to look at. Where there are more, texts in the longest lists are held against
            those that stand next in order of size and text alone.

    References:
        Bayardo, Ma, Srikant, "Scaling up all pairs similarity search", 2007 (the first members);
        Sandes, Teodoro, Melo, "Bitmap filter: speeding up exact set similarity joins", 2020.
    """
    sets = word_sets(texts)
    table = pa.table({"size": sets.sizes, "text": texts})
    by = [("size", "ascending"), ("text", "ascending")]
    order = np.asarray(pc.sort_indices(table, sort_keys=by)).astype(np.int64)
    postings = _postings(sets, order)
    most = _most_partners(postings.partners, budget)
    n, found = max(len(order), 1), [np.zeros(0, np.int64)]
    for left, right in _candidates(sets, order, postings, most):
        alike = _are_near(sets, left, right)
        found.append(np.minimum(left, right)[alike] * n + np.maximum(left, right)[alike])
    keys = _each_once(np.concatenate(found))
    is_complete = bool((postings.partners <= most).all())
    return NearPairs(left=keys // n, right=keys % n, is_complete=is_complete)


def word_sets(texts: pa.Array) -> WordSets:
    """The words, and the pairs of neighbouring words, of each text.

    Args:
        texts: Words with a space between, shape (n,), large_string.
    """
    lists: Any = pc.split_pattern(spaced(texts), " ")
    words = np.asarray(pc.list_value_length(lists)).astype(np.int64)
    coded: Any = pc.list_flatten(lists).dictionary_encode()
    single = np.asarray(coded.indices).astype(np.int64)
    rows = np.repeat(np.arange(len(texts)), words)
    inside = rows[1:] == rows[:-1]
    pairs: Any = pa.array((single[:-1] * len(coded.dictionary) + single[1:])[inside])
    pair = np.asarray(pairs.dictionary_encode().indices).astype(np.int64) + len(coded.dictionary)
    members = np.concatenate([single, pair])
    rows = np.concatenate([rows, rows[1:][inside]])
    often = np.bincount(members)
    by_rarity = np.empty(len(often), np.int64)
    by_rarity[np.argsort(often, kind="stable")] = np.arange(len(often))
    keys = _each_once(rows * max(len(often), 1) + by_rarity[members])
    rows, members = np.divmod(keys, max(len(often), 1))
    starts = np.searchsorted(rows, np.arange(len(texts) + 1))
    return WordSets(members=members, starts=starts, words=words)


def count_words(texts: pa.Array) -> int:
    """Words of all texts, which have a space between, shape (n,)."""
    return int(pc.sum(pc.count_substring(texts, " ")).as_py() or 0) + len(texts)


def spaced(texts: pa.Array) -> pa.Array:
    """Texts with a space around each letter of a script that is written without spaces."""
    if not pc.any(pc.match_substring_regex(texts, _UNSPACED)).as_py():
        return texts
    spaced = pc.replace_substring_regex(texts, _UNSPACED, r" \1 ")
    return pc.utf8_trim_whitespace(pc.replace_substring_regex(spaced, " +", " "))


def _each_once(numbers: Rows) -> Rows:
    """The different numbers in ascending order; by sorting, which numpy.unique takes nine times as long for."""
    numbers = np.sort(numbers)
    return numbers[np.diff(numbers, prepend=-1) > 0]


def _postings(sets: WordSets, order: Rows) -> _Postings:
    near, whole = NEAR
    n, sizes = len(order), sets.sizes
    place = np.empty(n, np.int64)
    place[order] = np.arange(n)
    rows = np.repeat(np.arange(n), sizes)
    at, size = np.arange(len(rows)) - sets.starts[rows], sizes[rows]
    often = np.bincount(sets.members)[sets.members]
    first = (at <= size - _share(size, near, whole)) & (often > 1)
    first &= sets.words[rows] >= FEWEST_WORDS
    rows, at, size, members = rows[first], at[first], size[first], sets.members[first]
    # Of a pair the smaller set shares even more of its members, so that fewer need be looked at.
    looks = at <= size - _share(size, 2 * near, near + whole)
    largest = np.searchsorted(sizes[order], size * whole // near, side="right")
    keys = members * n + place[rows]
    by_key = np.argsort(keys)
    keys = keys[by_key]
    end = np.searchsorted(keys, (members * n + largest)[by_key])
    partners = np.where(looks[by_key], end - np.arange(len(keys)) - 1, 0)
    return _Postings(places=place[rows][by_key], partners=np.maximum(partners, 0))


def _share(size: Rows, part: int, whole: int) -> Rows:
    """The least whole number that is part / whole of each size."""
    return -(-size * part // whole)


def _most_partners(partners: Rows, budget: int) -> int:
    """How many partners each may have at most, so that all together stay within budget."""
    most = int(partners.max(initial=1))
    while most > 1 and np.minimum(partners, most).sum() > budget:
        most //= 2
    return most


def _candidates(
    sets: WordSets, order: Rows, postings: _Postings, most: int
) -> Iterator[tuple[Rows, Rows]]:
    """Pairs of rows that share a rare member and that no bitmap tells apart."""
    partners = np.minimum(postings.partners, most)
    bitmaps, ends = _bitmaps(sets), np.cumsum(partners)
    total = int(ends[-1]) if len(ends) else 0
    cuts = np.searchsorted(ends, np.arange(0, total + _BLOCK, _BLOCK), side="left")
    cuts[-1] = len(partners)
    for start, end in pairwise(cuts):
        count = partners[start:end]
        left = np.repeat(np.arange(start, end), count)
        step = np.arange(len(left)) - np.repeat(np.cumsum(count) - count, count) + 1
        left, right = order[postings.places[left]], order[postings.places[left + step]]
        size = sets.sizes[left] + sets.sizes[right]
        # A Jaccard index of t leaves (1 - t) / (1 + t) of both sizes to what is in one set alone.
        may_differ = size * (NEAR[1] - NEAR[0]) // (NEAR[1] + NEAR[0])
        differ = np.zeros(len(left), np.int64)
        for bits in bitmaps:
            differ += np.bitwise_count(bits[left] ^ bits[right]).sum(axis=1, dtype=np.int64)
            stay = differ <= may_differ
            left, right, differ, may_differ = (
                left[stay],
                right[stay],
                differ[stay],
                may_differ[stay],
            )
        keys = _each_once(left * len(order) + right)
        yield keys // len(order), keys % len(order)


def _bitmaps(sets: WordSets) -> list[NDArray[np.uint64]]:
    """Of each text some 4 bits a member, one set for each, in parts of shape (n, 4)."""
    if not len(sets.members):
        return []
    parts = int(np.clip(np.ceil(sets.sizes.mean() * 4 / 256), 1, _MOST_PARTS))
    # The multiplier of Fibonacci hashing spreads numbers that follow one another.
    spread = sets.members.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15) >> np.uint64(32)
    word, bit = (spread >> np.uint64(6)) % np.uint64(4 * parts), spread & np.uint64(63)
    bits = np.uint64(1) << bit
    words = [
        np.bitwise_or.reduceat(np.where(word == k, bits, np.uint64(0)), sets.starts[:-1])
        for k in range(4 * parts)
    ]
    return [np.stack(words[k : k + 4], axis=1) for k in range(0, 4 * parts, 4)]


def _are_near(sets: WordSets, left: Rows, right: Rows) -> NDArray[np.bool_]:
    """Whether each pair of rows is of near copies, counted in full."""
    from scipy.sparse import csr_array

    sizes = sets.sizes
    ones = np.ones(len(sets.members), np.int32)
    shape = (len(sizes), int(sets.members.max(initial=0)) + 1)
    table = csr_array((ones, sets.members, sets.starts), shape=shape)
    both = sizes[left] + sizes[right]
    parts = 1 + int(both.sum()) // _MEMBERS
    shared = np.zeros(len(left), np.int64)
    for part in np.array_split(np.arange(len(left)), parts):
        shared[part] = (table[left[part]] * table[right[part]]).sum(axis=1)
    return np.asarray(shared * NEAR[1] >= (both - shared) * NEAR[0])
