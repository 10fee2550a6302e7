"""What a look at a data set shows before anything runs: classes, copies, overlaps, odd texts."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from trainables.data.columns import Kind, is_empty
from trainables.data.copies import normal_form
from trainables.data.dataset import Dataset, Split
from trainables.data.inspection_facts import (
    LISTED_PAIRS,
    CopyCounts,
    Inspection,
    LeakedPair,
    NearCounts,
    NearSearch,
    SplitFacts,
    SplitLeak,
)
from trainables.data.label_spellings import label_spellings
from trainables.data.messages import plain_texts
from trainables.data.near_copies import count_words, near_pairs, spaced

_FAR = np.iinfo(np.int64).max

Labels = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class _Forms:
    """All rows of all splits by their normal form; F forms.

    Attributes:
        codes: The form of each row, by split, shape (n,) each.
        low: Lowest label of each form's rows, by split, shape (F,); of a form without any, very high.
        high: Highest, or -1.
        pairs: Forms that are near copies, both ways, shape (k,) each; None where not looked for.
    """

    codes: dict[str, Labels]
    low: dict[str, Labels]
    high: dict[str, Labels]
    pairs: tuple[Labels, Labels] | None


def inspect_dataset(dataset: Dataset, *, most_words: int | None = None) -> Inspection:
    """Look at a data set, as `inspect_splits` does."""
    return inspect_splits(
        dataset.name,
        dataset.splits,
        dataset.class_names,
        kind=dataset.kind,
        most_words=most_words,
    )


def inspect_splits(
    name: str,
    splits: Mapping[str, Split],
    class_names: tuple[str, ...],
    *,
    kind: Kind = "text",
    most_words: int | None = None,
) -> Inspection:
    """Look at splits; there need be none but "train".

    Args:
        name: What the data set is called.
        splits: By name.
        class_names: Shape (c,); none where there are no classes.
        kind: What the inputs are.
        most_words: Words of all texts up to which near copies are looked for; None for any number.
    """
    own = [plain_texts(split.inputs, kind) for split in splits.values()]
    is_text = bool(pa.types.is_large_string(own[0].type))
    normal = pa.concat_arrays([normal_form(inputs) for inputs in own])
    encoded: Any = normal.dictionary_encode()
    same: Any = pa.concat_arrays(own).dictionary_encode() if is_text else encoded
    near_search: NearSearch = "all" if is_text else "none"
    pairs = None
    if is_text and most_words is not None and count_words(encoded.dictionary) > most_words:
        near_search = "size"
    elif is_text:
        near = near_pairs(encoded.dictionary)
        pairs = np.append(near.left, near.right), np.append(near.right, near.left)
        near_search = "all" if near.is_complete else "part"
    forms = _forms(splits, np.asarray(encoded.indices), len(encoded.dictionary), pairs)
    identical = _parts(splits, np.asarray(same.indices))
    one_word = _parts(splits, _has_one_word(normal) if is_text else np.zeros(len(normal), bool))
    sizes = np.bincount(splits["train"].labels)
    return Inspection(
        name=name,
        kind=kind,
        class_names=class_names,
        splits={
            split: SplitFacts(
                rows=len(own),
                class_rows=tuple(np.bincount(own.labels, minlength=len(class_names)).tolist()),
                empty=int(is_empty(own.inputs).sum()),
                one_word=int(one_word[split].sum()),
                identical=_copy_counts(identical[split], own.labels),
                copies=_copy_counts(forms.codes[split], own.labels),
                near=_near_counts(forms, split, own.labels),
            )
            for split, own in splits.items()
        },
        leaks={split: _leak(forms, split, splits) for split in splits if split != "train"},
        imbalance=float(sizes.max() / sizes[sizes > 0].min()),
        spellings=label_spellings(class_names),
        near_search=near_search,
    )


def _has_one_word(normal: pa.Array) -> NDArray[np.bool_]:
    words = spaced(normal)
    has_one = pc.invert(pc.or_(pc.equal(words, ""), pc.match_substring(words, " ")))
    return np.asarray(has_one)


def _parts(splits: Mapping[str, Split], values: NDArray[Any]) -> dict[str, NDArray[Any]]:
    """Values of all rows, split by split."""
    ends = np.cumsum([len(split) for split in splits.values()])
    return dict(zip(splits, np.split(values, ends[:-1]), strict=True))


def _forms(
    splits: Mapping[str, Split], codes: Labels, count: int, pairs: tuple[Labels, Labels] | None
) -> _Forms:
    own = _parts(splits, codes.astype(np.int64))
    low = {name: np.full(count, _FAR) for name in splits}
    high = {name: np.full(count, -1) for name in splits}
    for name, split in splits.items():
        np.minimum.at(low[name], own[name], split.labels)
        np.maximum.at(high[name], own[name], split.labels)
    return _Forms(codes=own, low=low, high=high, pairs=pairs)


def _copy_counts(codes: Labels, labels: Labels) -> CopyCounts:
    sizes = np.bincount(codes)
    low, high = np.full(len(sizes), _FAR), np.full(len(sizes), -1)
    np.minimum.at(low, codes, labels)
    np.maximum.at(high, codes, labels)
    several, conflicting = sizes > 1, low < high
    return CopyCounts(
        groups=int(several.sum()),
        rows=int(sizes[several].sum()),
        repeats=int((sizes[several] - 1).sum()),
        conflicting_groups=int(conflicting.sum()),
        conflicting_rows=int(sizes[conflicting].sum()),
    )


def _near_labels(forms: _Forms, among: str) -> tuple[Labels, Labels]:
    """Lowest and highest label of each form's near copies in a split, shape (F,)."""
    low, high = np.full_like(forms.low[among], _FAR), np.full_like(forms.high[among], -1)
    if forms.pairs is not None:
        one, other = forms.pairs
        np.minimum.at(low, one, forms.low[among][other])
        np.maximum.at(high, one, forms.high[among][other])
    return low, high


def _near_counts(forms: _Forms, split: str, labels: Labels) -> NearCounts | None:
    if forms.pairs is None:
        return None
    low, high = (values[forms.codes[split]] for values in _near_labels(forms, split))
    has = high >= 0
    return NearCounts(
        rows=int(has.sum()), other_label=int((has & _differ(low, high, labels)).sum())
    )


def _differ(low: Labels, high: Labels, labels: Labels) -> NDArray[np.bool_]:
    differ: NDArray[np.bool_] = (low != labels) | (high != labels)
    return differ


def _leak(forms: _Forms, split: str, splits: Mapping[str, Split]) -> SplitLeak:
    own, train, codes = splits[split], splits["train"], forms.codes[split]
    low, high = forms.low["train"][codes], forms.high["train"][codes]
    near_low, near_high = (values[codes] for values in _near_labels(forms, "train"))
    is_copy = high >= 0
    is_near = ~is_copy & (near_high >= 0)
    other = np.where(
        is_copy, _differ(low, high, own.labels), _differ(near_low, near_high, own.labels)
    )
    rows, first = _first_copies(forms, codes, is_copy, is_near)
    near = NearCounts(rows=int(is_near.sum()), other_label=int((is_near & other).sum()))
    return SplitLeak(
        rows=int(is_copy.sum()),
        other_label=int((is_copy & other).sum()),
        near=None if forms.pairs is None else near,
        pairs=tuple(
            LeakedPair(
                id=one, train_id=seen, is_near=bool(is_near[row]), other_label=bool(other[row])
            )
            for row, one, seen in zip(
                rows, own.ids[rows].tolist(), train.ids[first].tolist(), strict=True
            )
        ),
    )


def _first_copies(
    forms: _Forms, codes: Labels, is_copy: NDArray[np.bool_], is_near: NDArray[np.bool_]
) -> tuple[Labels, Labels]:
    """The first rows that have a copy in the training split, and the first copy of each there."""
    first = np.full(len(forms.low["train"]), _FAR)
    np.minimum.at(first, forms.codes["train"], np.arange(len(forms.codes["train"])))
    near_first = np.full_like(first, _FAR)
    if forms.pairs is not None:
        np.minimum.at(near_first, forms.pairs[0], first[forms.pairs[1]])
    rows = np.flatnonzero(is_copy | is_near)[:LISTED_PAIRS]
    return rows, np.where(is_copy[rows], first[codes[rows]], near_first[codes[rows]])
