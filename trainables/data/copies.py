"""Which inputs are copies of one another: texts by their words alone, all else by its bytes."""

import hashlib
from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray


def normal_form(inputs: pa.Array) -> pa.Array:
    """Texts as their words alone; inputs that are no text as the sha256 of their bytes.

    NFKC, lower case, and each run of what is neither letter, digit nor underscore as one space; of a
    text without a word its signs other than punctuation stay, so that two emoji are not alike.

    Args:
        inputs: Shape (n,), large_string or large_binary, without nulls.

    Returns:
        Shape (n,), of the same type.
    """
    if not pa.types.is_large_string(inputs.type):
        return _digests(inputs)
    lower = pc.utf8_lower(pc.utf8_normalize(inputs, form="NFKC"))
    words = _without(lower, r"[^\p{L}\p{N}_]+")
    return pc.if_else(pc.equal(words, ""), _without(lower, r"[\p{P}\p{Z}\s]+"), words)


def _digests(inputs: pa.Array) -> pa.Array:
    _, offsets, data = inputs.buffers()
    ends = np.frombuffer(offsets, dtype=np.int64)[inputs.offset :][: len(inputs) + 1].tolist()
    held = memoryview(data or b"")
    whole = [hashlib.sha256(held[start:end]).digest() for start, end in pairwise(ends)]
    return pa.array(whole, pa.large_binary())


def _without(texts: pa.Array, pattern: str) -> pa.Array:
    return pc.utf8_trim_whitespace(pc.replace_substring_regex(texts, pattern, " "))


def copy_groups(inputs: pa.Array) -> NDArray[np.int64]:
    """A number for each group of inputs whose normal form is equal, from 0 in order of appearance.

    Args:
        inputs: Shape (n,).

    Returns:
        Shape (n,).
    """
    codes: Any = normal_form(inputs).dictionary_encode().indices
    return np.asarray(codes).astype(np.int64)


def occurs_in(inputs: pa.Array, among: pa.Array) -> NDArray[np.bool_]:
    """Whether the normal form of each input is that of one of others.

    Args:
        inputs: Shape (n,).
        among: Shape (m,), of the same type.

    Returns:
        Shape (n,).
    """
    return np.asarray(pc.is_in(normal_form(inputs), value_set=normal_form(among)))
