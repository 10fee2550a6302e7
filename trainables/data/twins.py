"""Which training rows are copies or near copies of one another, and which of them stay."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from trainables.data.copies import normal_form
from trainables.data.near_copies import count_words, near_pairs

Rows = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class Twins:
    """Copies and near copies among n rows.

    Attributes:
        forms: A number for each normal form, shape (n,); rows of one form are copies.
        left: Form of the one of each pair of near copies, ascending, both ways, shape (k,).
        right: Form of the other, shape (k,).
        is_complete: Whether these are all near copies: they are looked for in texts alone, not in too
            many words, and among very many alike not to the end.
    """

    forms: Rows
    left: Rows
    right: Rows
    is_complete: bool

    def surviving(self, keep: NDArray[np.bool_]) -> tuple[Rows, NDArray[np.bool_]]:
        """Of each row another one that stays and is its copy, or else a near copy.

        Args:
            keep: Which rows stay, shape (n,).

        Returns:
            The first such row, shape (n,), -1 where there is none; and whether it is a copy, shape (n,).
        """
        count, stay = int(self.forms.max(initial=-1)) + 1, np.flatnonzero(keep)
        first = np.full(count, -1, dtype=np.int64)
        first[self.forms[stay][::-1]] = stay[::-1]
        # Of a row that stays, another one: the next of its form.
        others, second = stay[first[self.forms[stay]] != stay], np.full(count, -1, dtype=np.int64)
        second[self.forms[others][::-1]] = others[::-1]
        copy = first[self.forms]
        copy = np.where(copy == np.arange(len(copy)), second[self.forms], copy)
        near = np.full(count, -1, dtype=np.int64)
        alive = first[self.right] >= 0
        near[self.left[alive][::-1]] = first[self.right[alive]][::-1]
        return np.where(copy >= 0, copy, near[self.forms]), copy >= 0

    @cached_property
    def have(self) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """Which rows have a copy, and which all of whose near copies are known have one, shape (n,) each."""
        several, near = np.bincount(self.forms) > 1, np.zeros(self.forms.max(initial=-1) + 1, bool)
        near[self.left] = self.is_complete
        return several[self.forms], near[self.forms]


def twins_of(inputs: pa.Array, *, most_words: int | None = None) -> Twins:
    """Copies (`copies.normal_form`) and near copies (`near_copies.near_pairs`) among some inputs.

    Args:
        inputs: Shape (n,).
        most_words: Words of all texts up to which near copies are looked for; None for any number.
    """
    encoded: Any = normal_form(inputs).dictionary_encode()
    none = np.zeros(0, dtype=np.int64)
    left, right, is_complete = none, none, False
    is_text = pa.types.is_large_string(inputs.type)
    if is_text and (most_words is None or count_words(encoded.dictionary) <= most_words):
        pairs = near_pairs(encoded.dictionary)
        both = np.concatenate([pairs.left, pairs.right]), np.concatenate([pairs.right, pairs.left])
        order = np.lexsort((both[1], both[0]))
        left, right, is_complete = both[0][order], both[1][order], pairs.is_complete
    forms = np.asarray(encoded.indices).astype(np.int64)
    return Twins(forms=forms, left=left, right=right, is_complete=is_complete)
