import numpy as np
import pytest

from trainables.neighbours.kmeans import k_means, unit_rows


def blobs(n=400, d=8, centres=5, spread=0.2):
    rng = np.random.default_rng(0)
    middle = rng.standard_normal((centres, d))
    of = rng.integers(0, centres, n)
    points = middle[of] + spread * rng.standard_normal((n, d))
    # Lengths that say nothing: only directions are clustered.
    return (points * rng.uniform(0.1, 10, (n, 1))).astype(np.float32), of, rng.random(n)


def spread_of(embeddings, assigned):
    """Mean squared distance of the directions to the mean of their cluster."""
    units = unit_rows(embeddings).astype(np.float64)
    means = {i: units[assigned == i].mean(axis=0) for i in set(assigned.tolist())}
    return ((units - np.array([means[i] for i in assigned.tolist()])) ** 2).sum() / len(units)


def test_well_separated_groups_become_the_clusters():
    embeddings, of, draws = blobs()
    found = k_means(embeddings, draws, count=5).assigned
    assert len({(int(a), int(b)) for a, b in zip(found, of, strict=True)}) == 5


def test_the_length_of_an_embedding_does_not_matter():
    embeddings, _, draws = blobs()
    one, other = (k_means(e, draws) for e in (embeddings, unit_rows(embeddings)))
    assert (one.assigned == other.assigned).all()


def test_similarity_is_the_cosine_to_the_direction_of_the_cluster():
    embeddings, _, draws = blobs()
    found = k_means(embeddings, draws, count=5)
    units = unit_rows(embeddings)
    expected = np.empty(len(units))
    for i in range(5):
        own = units[found.assigned == i]
        centre = own.sum(axis=0)
        expected[found.assigned == i] = own @ centre / np.linalg.norm(centre)
    assert np.allclose(found.similarity, expected, atol=1e-4)


def test_without_a_number_there_are_as_many_clusters_as_the_root_of_n():
    embeddings = np.random.default_rng(0).standard_normal((400, 8)).astype(np.float32)
    assert k_means(embeddings, np.random.default_rng(1).random(400)).assigned.max() == 19


def test_clusters_belong_to_samples_and_not_to_their_place():
    embeddings, _, draws = blobs(spread=2)
    order = np.random.default_rng(1).permutation(len(draws))
    plain, shuffled = k_means(embeddings, draws), k_means(embeddings[order], draws[order])
    assert (shuffled.assigned == plain.assigned[order]).all()
    # Where a row stands in a matrix product decides how its sum is rounded, on some processors.
    assert (
        np.abs(shuffled.similarity - plain.similarity[order]).max() <= 8 * np.finfo(np.float32).eps
    )


def test_clusters_do_not_depend_on_the_number_of_threads():
    import faiss

    embeddings, _, draws = blobs(n=3000, d=32, spread=2)
    found = []
    before = faiss.omp_get_max_threads()
    for threads in (1, 2):
        faiss.omp_set_num_threads(threads)
        found.append(k_means(embeddings, draws).assigned)
    faiss.omp_set_num_threads(before)
    assert (found[0] == found[1]).all()


def test_clusters_are_as_tight_as_those_of_another_implementation():
    cluster = pytest.importorskip("sklearn.cluster")
    embeddings, _, draws = blobs(n=2000, d=16, spread=1)
    other = cluster.KMeans(30, n_init=3, random_state=0).fit(unit_rows(embeddings))
    ours = spread_of(embeddings, k_means(embeddings, draws, count=30).assigned)
    assert ours == pytest.approx(other.inertia_ / 2000, rel=0.02)


def test_every_row_shapes_the_centroids_however_few_they_are():
    # faiss left alone would draw 256 rows a centroid, of 20,000 here.
    rng = np.random.default_rng(0)
    embeddings = np.abs(rng.standard_normal((20_000, 4))).astype(np.float32)
    found = k_means(embeddings, rng.random(20_000), count=1)
    centre = unit_rows(embeddings).sum(axis=0)
    expected = unit_rows(embeddings) @ (centre / np.linalg.norm(centre))
    assert np.allclose(found.similarity, expected, atol=1e-5)


def test_every_row_can_be_a_cluster():
    embeddings, _, draws = blobs(n=30)
    assert len(set(k_means(embeddings, draws, count=30).assigned.tolist())) == 30


@pytest.mark.parametrize("count", [-1, 401])
def test_more_clusters_than_rows_are_refused(count):
    embeddings, _, draws = blobs()
    with pytest.raises(ValueError, match=rf"clusters is {count} for 400 rows"):
        k_means(embeddings, draws, count=count)


@pytest.mark.parametrize("bad", [0, np.nan])
def test_a_row_without_direction_is_refused_by_its_number(bad):
    embeddings, _, _ = blobs()
    embeddings[7] = bad
    with pytest.raises(ValueError, match=r"rows 7;"):
        unit_rows(embeddings)
