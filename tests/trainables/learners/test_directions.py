import numpy as np
import pytest
import scipy.sparse as sp
from scipy.sparse.linalg import svds

from trainables.learners.latent import _directions


def matrix(rows, pieces, seed=0):
    return sp.random(rows, pieces, density=0.1, random_state=seed, dtype=np.float32, format="csr")


@pytest.mark.parametrize(
    ("distinct", "pieces", "rows"), [(5, 400, 100), (20, 400, 100), (60, 900, 80)]
)
def test_copies_of_few_texts_have_the_same_directions_each_time(distinct, pieces, rows):
    copied = matrix(distinct, pieces)[np.arange(rows) % distinct].tocsr()
    np.testing.assert_array_equal(_directions(copied), _directions(copied))


@pytest.mark.parametrize(("rows", "pieces"), [(900, 300), (200, 700), (40, 30)])
def test_the_directions_are_those_of_scipy_to_the_last_bit(rows, pieces):
    given, smaller = matrix(rows, pieces), min(rows, pieces)
    start = np.ones(smaller, dtype=np.float32)
    expected = svds(given, k=min(128, smaller - 1), v0=start)[2].T
    np.testing.assert_array_equal(_directions(given), expected)
