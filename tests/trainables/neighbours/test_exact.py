import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from trainables.neighbours import block_search as module
from trainables.neighbours.exact import nearest, nearest_in_class

ROOT = Path(__file__).parents[3]


def brute(vectors, k):
    units = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    similarity = units.astype(np.float64) @ units.T.astype(np.float64)
    np.fill_diagonal(similarity, -2)
    rows = np.argsort(-similarity, axis=1, kind="stable")[:, :k]
    return rows, np.take_along_axis(similarity, rows, axis=1)


def check_exact(vectors, k):
    """The rows found are others, differ, and are as similar as the most similar there are."""
    rows, similarity = nearest(vectors, k)
    units = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    found = np.einsum("nd,nkd->nk", units, units[rows].astype(np.float64))
    assert not (rows == np.arange(len(vectors))[:, None]).any()
    assert (np.diff(np.sort(rows, axis=1), axis=1) > 0).all()
    assert np.allclose(similarity, found, rtol=0, atol=2e-6)
    assert np.allclose(found, brute(vectors, k)[1], rtol=0, atol=2e-6)


def clustered(n=997, d=33):
    rng = np.random.default_rng(3)
    centres = rng.standard_normal((20, d))
    return (centres[rng.integers(0, 20, n)] + 0.5 * rng.standard_normal((n, d))).astype(np.float32)


def with_twins():
    vectors = clustered()
    vectors[500:700] = vectors[:200]
    vectors[900:] = vectors[7]
    return vectors


def with_near_copies():
    vectors = clustered()
    noise = np.random.default_rng(4).standard_normal((400, 33))
    vectors[500:900] = vectors[:400] + 1e-3 * noise
    return vectors


def with_a_loud_axis():
    vectors = clustered()
    vectors[:, 5] += 100
    return vectors


CASES = {
    "clusters": clustered,
    "twins": with_twins,
    "near-copies": with_near_copies,
    "a loud axis": with_a_loud_axis,
    "one row a thousand times": lambda: np.ones((1000, 7), dtype=np.float32),
    "one axis": lambda: clustered(d=1),
    "whole groups": lambda: clustered(n=960, d=32),
}


@pytest.fixture(params=["bf16", "fp32"])
def path(request, monkeypatch):
    """Either path, at sizes a test can afford."""
    monkeypatch.setattr(module, "_TILE", 256)
    monkeypatch.setattr(module, "_GROUP", 8)
    monkeypatch.setattr(module, "_MARGIN", 5)
    monkeypatch.setattr(module, "_is_quick_at_bf16", lambda: request.param == "bf16")
    if request.param == "bf16":
        monkeypatch.setattr(module, "device", lambda: "cpu")
    return request.param


@pytest.mark.parametrize("k", [1, 10])
@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_neighbours_are_exact(path, case, k):
    check_exact(case(), k)


@pytest.mark.parametrize("n", [2, 5, 31, 33, 260])
def test_every_other_row_can_be_a_neighbour(path, n):
    check_exact(clustered(n=n), n - 1)


def test_what_the_estimates_leave_in_doubt_is_searched_again(path, monkeypatch):
    monkeypatch.setattr(module, "_MARGIN", 0)
    check_exact(with_near_copies(), 10)


def test_no_row_left_out_is_more_similar_than_its_bound():
    torch = pytest.importorskip("torch")
    units = torch.nn.functional.normalize(torch.from_numpy(with_near_copies()), dim=1)
    rows, part = torch.arange(len(units)), torch.arange(140)
    codes = module._coded(units)
    queries = module.Queries(
        units=units, numbers=rows, codes=codes, rows=rows[:, None], similarity=units
    )
    block = module.Block(units=units, numbers=rows, codes=codes)
    strip = torch.empty((4, 150, 256), dtype=torch.bfloat16)
    positions, least = module._candidates(codes.codes[part], codes.codes, 12, 8, strip)
    similarity = units[part].double() @ units.double().T
    similarity.scatter_(1, positions, -2)
    assert (similarity.amax(1) <= module._bound(queries, part, block, least)).all()


def test_products_that_bf16_rounds_to_one_number_are_told_apart(path):
    # Signs have codes without error; of 4,096 they differ by less than bf16 tells near one half.
    rng = np.random.default_rng(0)
    vectors = np.tile(rng.choice([-1, 1], 4096).astype(np.float32), (700, 1))
    for row, count in zip(vectors[1:], [1021] * 300 + [1020] * 20 + [1500] * 379, strict=True):
        row[rng.permutation(4096)[:count]] *= -1
    assert (nearest(vectors, 10, queries=np.arange(1))[1] == 1 - 2 * 1020 / 4096).all()


@pytest.mark.parametrize("rate", [0.1, 0.2, 0.3])
def test_the_most_redundant_rows_are_those_faiss_finds(path, rate):
    faiss = pytest.importorskip("faiss")
    vectors = clustered()
    units = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    index = faiss.IndexFlatIP(units.shape[1])
    index.add(units)
    expected = index.search(units, 11)[0][:, 1:].mean(axis=1)
    cut = int(rate * len(vectors))
    pruned = np.argsort(-nearest(vectors, 10)[1].mean(axis=1))[:cut]
    assert (expected[pruned] >= np.sort(expected)[-cut] - 1e-6).all()


def test_the_same_vectors_give_the_same_bytes(path):
    first, again = nearest(with_twins(), 10), nearest(with_twins(), 10)
    assert [array.tobytes() for array in first] == [array.tobytes() for array in again]


@pytest.mark.slow
def test_memory_does_not_grow_with_all_pairs():
    code = (
        "import resource, numpy as np, torch\n"
        "from trainables.neighbours.exact import nearest\n"
        "peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024\n"
        "vectors = np.random.default_rng(0).standard_normal((25_000, 32)).astype(np.float32)\n"
        "nearest(vectors[:6000], 10)\n"
        "before = peak()\n"
        "nearest(vectors, 10)\n"
        "print(peak() - before)"
    )
    command = [sys.executable, "-c", code]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert float(ran.stdout) < 150  # all pairs would be 2,500


@pytest.fixture
def vectors():
    return np.random.default_rng(0).standard_normal((300, 16)).astype(np.float32)


@pytest.mark.parametrize("k", [1, 5, 299])
def test_neighbours_are_those_of_all_pairs_compared(vectors, k):
    rows, similarity = nearest(vectors, k)
    expected_rows, expected = brute(vectors, k)
    assert (rows == expected_rows).mean() > 0.999
    assert np.allclose(similarity, expected, atol=1e-5)


def test_no_row_is_its_own_neighbour_even_among_exact_twins(vectors):
    vectors[100:200] = vectors[0]
    rows, similarity = nearest(vectors, 5)
    assert not (rows == np.arange(300)[:, None]).any()
    assert np.allclose(similarity[100:200], 1, atol=1e-5)


def test_twins_are_each_others_nearest(vectors):
    vectors[7] = 3 * vectors[250]
    rows, similarity = nearest(vectors, 1)
    assert (rows[7, 0], rows[250, 0]) == (250, 7)
    assert similarity[7, 0] == pytest.approx(1, abs=1e-5)


def test_cosine_and_distance_of_unit_vectors_say_the_same(vectors):
    rows, similarity = nearest(vectors, 3)
    units = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    distance = ((units[:, None] - units[rows]) ** 2).sum(axis=2)
    assert np.allclose(distance, 2 - 2 * similarity, atol=1e-6)


@pytest.mark.parametrize("bad", [np.nan, np.inf, 0.0])
def test_an_embedding_without_direction_is_refused_by_its_row(vectors, bad):
    vectors[42] = bad
    with pytest.raises(ValueError, match=r"rows 42;"):
        nearest(vectors, 3)


@pytest.mark.parametrize("k", [0, 300, -1])
def test_more_neighbours_than_other_rows_are_refused(vectors, k):
    with pytest.raises(ValueError, match=r"\[1, 299\]"):
        nearest(vectors, k)


def test_within_a_class_neighbours_are_of_the_class(vectors):
    labels = np.arange(300) % 3
    rows, similarity = nearest_in_class(vectors, labels, 4)
    assert (labels[rows] == labels[:, None]).all()
    mine = np.flatnonzero(labels == 1)
    assert np.allclose(similarity[mine], nearest(vectors[mine], 4)[1])


def test_a_class_smaller_than_k_gives_what_it_has(vectors):
    labels = np.array([0] * 297 + [1, 1, 2])
    rows, similarity = nearest_in_class(vectors, labels, 4)
    assert rows[297].tolist() == [298, -1, -1, -1]
    assert rows[299].tolist() == [-1] * 4
    assert np.isnan(similarity[299]).all()
    assert np.isfinite(similarity[297, 0])
