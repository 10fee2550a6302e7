"""Latent semantic analysis: rows of texts as directions of weighted word pieces."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from trainables.arrays import Arrays
from trainables.learners.tokens import Tokens
from trainables.learners.words import Pieces

# Numbers of a row.
WIDTH = 128


def word_directions(tokens: Tokens, fitted_on: NDArray[np.bool_] | None = None) -> Arrays:
    """Latent semantic analysis: word pieces weighted by rarity, on the 128 main directions.

    Args:
        tokens: Of all splits.
        fitted_on: The training rows that decide rarity and directions, shape (n,); all without it.

    References:
        Deerwester et al., "Indexing by Latent Semantic Analysis", 1990.
    """
    weighted = {
        name: _weighted(pieces, tokens.vocabulary) for name, pieces in tokens.splits.items()
    }
    train = weighted["train"] if fitted_on is None else weighted["train"][fitted_on]
    rows_with = np.bincount(train.indices, minlength=tokens.vocabulary)
    # Plus 1, so that a text of nothing but common pieces is not a zero vector.
    rarity = 1 + np.log((1 + train.shape[0]) / (1 + rows_with)).astype(np.float32)
    directions = _directions(train.multiply(rarity).tocsr())
    return {
        name: at_length_1(matrix.multiply(rarity).tocsr() @ directions)
        for name, matrix in weighted.items()
    }


def _directions(rows: Any) -> NDArray[np.float32]:
    """The right singular vectors of the 128 largest singular values, the same in every process.

    These are the numbers of scipy's `svds`. Where rows span few directions (copies, texts of one word) that
    one begins again at a vector drawn anew each time, and takes no generator for it.

    Args:
        rows: Sparse, shape (n, pieces).

    Returns:
        Shape (pieces, m), m of at most 128, the largest value last.
    """
    from scipy.linalg import svd
    from scipy.sparse.linalg import LinearOperator, aslinearoperator, eigsh

    is_tall, smaller = rows.shape[0] >= rows.shape[1], min(rows.shape)
    tall = aslinearoperator(rows) if is_tall else aslinearoperator(rows).H
    gram = LinearOperator(
        (smaller, smaller), matvec=lambda x: tall.rmatvec(tall.matvec(x)), dtype=rows.dtype
    )
    start, generator = np.ones(smaller, dtype=np.float32), np.random.default_rng(0)
    found = eigsh(gram, k=min(WIDTH, smaller - 1), v0=start, rng=generator)[1]
    basis = np.linalg.qr(found)[0]
    left, _, right = svd(tall.matmat(basis), full_matrices=False, overwrite_a=True)
    # The smallest first, and multiplied in the order of `svds`, for the same last bits.
    directions: NDArray[np.float32] = (right[::-1] @ basis.T).T if is_tall else left[:, ::-1]
    return directions


def _weighted(pieces: Pieces, vocabulary: int) -> Any:
    """One plus the logarithm of how often each piece occurs, sparse (n, vocabulary)."""
    from scipy.sparse import csr_matrix

    ones = np.ones(len(pieces.values), dtype=np.float32)
    shape = (len(pieces.lengths), vocabulary)
    counts = csr_matrix((ones, pieces.values.copy(), pieces.offsets.copy()), shape=shape)
    counts.sum_duplicates()
    counts.data = 1 + np.log(counts.data)
    return counts


def at_length_1(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Rows at length 1; of zeros as they are."""
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    units: NDArray[np.float32] = (vectors / np.maximum(norms, 1e-12)).astype(np.float32)
    return units
