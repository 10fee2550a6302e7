"""Signals that need the words of a text and no model."""

import re
from collections import Counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

_WORD = re.compile(r"\w+")


def tfidf(texts: NDArray[np.object_]) -> NDArray[np.float32]:
    """Distance of a text's TF-IDF vector to the geometric median of all texts; needs no model.

    Words are runs of letters, digits and underscores in lower case, of one letter too, weighted by
    log((1 + n) / (1 + texts with the word)) + 1, rows at length 1. The median is found by
    Weiszfeld's steps. Of small sets the source keeps the far texts, of large ones a share of
    every distance: there, take a selector that stratifies the scores. A text without words lies
    nearest of all and goes first.

    Args:
        texts: Shape (n,), str.

    Returns:
        Scores in [0, 2], shape (n,), float32; higher is farther from the common words.

    References:
        Nguyen, He, "Swift Cross-Dataset Pruning: Enhancing Fine-Tuning Efficiency in Natural
        Language Understanding", COLING 2025, arXiv:2501.02432.
    """
    vectors = _weighted(texts)
    squares = np.asarray(vectors.multiply(vectors).sum(axis=1)).ravel()
    pull = np.ones(len(texts))
    median, distance = _median(vectors, squares, pull)
    for _ in range(100):
        # A median that comes to lie on a text would divide by 0.
        before, pull = median, 1 / np.maximum(distance, 1e-9)
        median, distance = _median(vectors, squares, pull)
        if np.linalg.norm(median - before) < 1e-9:
            break
    return distance.astype(np.float32)


def length(texts: NDArray[np.object_]) -> NDArray[np.float32]:
    """How many words a text has; needs no model.

    Words are runs of letters, digits and underscores, as for `tfidf`. Of a prompt with its response both are
    counted, of a conversation all turns and the role before each. A script without spaces has few such
    runs: there its scores say little.

    Args:
        texts: Shape (n,), str.

    Returns:
        Scores of at least 0, shape (n,), float32; higher is longer.

    References:
        Zhao, Andriushchenko, Croce, Flammarion, "Long Is More for Alignment: A Simple but Tough-to-Beat Baseline
        for Instruction Fine-Tuning", ICML 2024, arXiv:2402.04833, keeps the longest responses.
    """
    counts = (len(_WORD.findall(text)) for text in texts)
    return np.fromiter(counts, dtype=np.float32, count=len(texts))


def _median(
    vectors: Any, squares: NDArray[np.float64], pull: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The mean of the rows weighted by pull, and how far each row is from it."""
    median = vectors.T @ pull / pull.sum()
    distance = np.sqrt(np.maximum(squares - 2 * (vectors @ median) + median @ median, 0))
    return median, distance


def _weighted(texts: NDArray[np.object_]) -> Any:
    """TF-IDF rows of length 1, or 0 for a text without words; sparse, shape (n, words)."""
    from scipy.sparse import csr_array, diags_array

    columns: dict[str, int] = {}
    counts: list[int] = []
    words: list[int] = []
    ends = [0]
    for text in texts:
        counted = Counter(_WORD.findall(text.lower()))
        words.extend(columns.setdefault(word, len(columns)) for word in counted)
        counts.extend(counted.values())
        ends.append(len(words))
    n, places = len(texts), np.array(words, dtype=np.int64)
    seen = np.bincount(places, minlength=len(columns))
    weights = np.array(counts, dtype=np.float64) * (np.log((1 + n) / (1 + seen)) + 1)[places]
    rows = csr_array((weights, places, ends), shape=(n, len(columns)))
    lengths = np.sqrt(np.asarray(rows.multiply(rows).sum(axis=1)).ravel())
    return diags_array(1 / np.where(lengths > 0, lengths, 1)) @ rows
