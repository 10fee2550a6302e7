import numpy as np
import pytest

from trainables.arrays import write_arrays
from trainables.neighbours import block_search
from trainables.neighbours import exact as search
from trainables.neighbours import vectors as module
from trainables.neighbours.exact import class_neighbours, far, far_neighbours, nearest, neighbours
from trainables.neighbours.ivf import far_ivf_neighbours, far_recall, ivf_neighbours, recall
from trainables.neighbours.kmeans import centroids, clusters, k_means, unit_rows
from trainables.neighbours.vectors import Shards, mean_row, shards_of, take
from trainables.signals.redundancy import redundancy

N, D = 1000, 16


@pytest.fixture
def vectors():
    rng = np.random.default_rng(0)
    centres = rng.standard_normal((20, D))
    points = centres[rng.integers(0, 20, N)] + 0.6 * rng.standard_normal((N, D))
    points[900:] = points[:100] + 1e-3
    return points.astype(np.float32)


@pytest.fixture
def labels():
    return np.random.default_rng(1).integers(0, 3, N)


@pytest.fixture
def draws():
    return np.random.default_rng(2).random(N)


@pytest.fixture(params=["bf16", "fp32"])
def path(request, monkeypatch):
    """Either way to compare rows, at sizes a test can afford."""
    monkeypatch.setattr(search, "CELL", 32)
    monkeypatch.setattr(block_search, "_TILE", 128)
    monkeypatch.setattr(block_search, "_GROUP", 4)
    monkeypatch.setattr(block_search, "_MARGIN", 3)
    monkeypatch.setattr(block_search, "_is_quick_at_bf16", lambda: request.param == "bf16")
    if request.param == "bf16":
        monkeypatch.setattr(block_search, "device", lambda: "cpu")


@pytest.fixture
def by_rows(monkeypatch):
    """Choose how many rows a shard has."""
    return lambda rows: monkeypatch.setattr(module, "SHARD_ROWS", rows)


def kept(folder, array):
    """An array in files, a shard each."""
    paths = []
    for i, shard in enumerate(shards_of(len(array))):
        paths.append(folder / f"{i}.parquet")
        write_arrays(paths[-1], {"embeddings": array[shard.start : shard.stop]}, {})
    return Shards(paths, "embeddings", len(array))


def joined(find):
    """What a function finds shard by shard, as one."""
    return [np.concatenate(parts) for parts in zip(*map(find, shards_of(N)), strict=True)]


@pytest.mark.parametrize("n", [1, 4096, 2**17, 2**17 + 1, 150_000, 10**6, 4_063_263, 10**8])
def test_shards_hold_every_row_once_and_are_about_equally_long(n):
    shards = shards_of(n)
    assert [shard.start for shard in shards] == [0, *(shard.stop for shard in shards[:-1])]
    assert shards[-1].stop == n
    assert max(map(len, shards)) <= module.SHARD_ROWS
    assert max(map(len, shards)) - min(map(len, shards)) <= 2 * module.CELL
    assert all(shard.start % module.CELL == 0 for shard in shards)


def test_there_are_no_shards_of_nothing():
    assert shards_of(0) == []


@pytest.mark.parametrize("n", [1, 7, 8, 20])
def test_any_slice_of_shards_is_that_of_the_array(tmp_path, by_rows, vectors, n):
    by_rows(7)
    shards = kept(tmp_path, vectors[:n])
    assert shards.shape == (n, D)
    for start in range(n + 1):
        for stop in range(start, n + 2):
            assert (shards[start:stop] == vectors[:n][start:stop]).all()


def test_shards_are_not_read_with_gaps(tmp_path, by_rows, vectors):
    by_rows(7)
    shards = kept(tmp_path, vectors[:20])
    for wanted in (slice(None, None, 2), 5, [1, 2], (slice(0, 2), 0)):
        with pytest.raises(ValueError, match="slices a:b of rows one after another"):
            shards[wanted]


def test_rows_are_taken_from_shards_in_the_order_asked_for(tmp_path, by_rows, vectors):
    by_rows(7)
    wanted = np.array([19, 0, 7, 6, 13, 14])
    assert (take(kept(tmp_path, vectors[:20]), wanted) == vectors[wanted]).all()


def test_the_mean_of_shards_is_that_of_the_array(tmp_path, by_rows, vectors):
    by_rows(300)
    assert np.allclose(mean_row(kept(tmp_path, vectors)), vectors.mean(axis=0), atol=1e-6)


@pytest.mark.parametrize("rows", [96, 320, 992])
@pytest.mark.parametrize("centred", [False, True])
def test_neighbours_are_the_same_however_many_shards_there_are(
    path, by_rows, tmp_path, vectors, rows, centred
):
    whole = nearest(vectors, 5, centred=centred)
    by_rows(rows)
    shards = kept(tmp_path, vectors)

    def find(shard):
        found = neighbours(shards, shard, k=5, centred=centred)
        return found.rows, found.similarity

    found = joined(find)
    assert np.allclose(found[1], whole[1], rtol=0, atol=2e-6)
    assert (found[0] == whole[0]).mean() > 0.999


def test_not_a_bit_depends_on_how_many_workers_look(path, by_rows, vectors):
    whole = nearest(vectors, 5)
    half = range(0, 512), range(512, N)
    parts = [nearest(vectors, 5, queries=rows) for rows in half]
    for all_at_once, by_two in zip(whole, zip(*parts, strict=True), strict=True):
        assert all_at_once.tobytes() == np.concatenate(by_two).tobytes()


def test_neighbours_in_classes_are_the_same_by_shards(path, by_rows, tmp_path, vectors, labels):
    whole = class_neighbours(vectors, labels, k=5)
    by_rows(320)
    shards = kept(tmp_path, vectors)

    def find(shard):
        found = class_neighbours(shards, labels, shard, k=5)
        return found.rows, found.similarity

    found = joined(find)
    assert np.allclose(found[1], whole.similarity, rtol=0, atol=2e-6)
    assert (labels[found[0]] == labels[:, None]).all()


def test_a_class_that_is_in_few_shards_gives_what_it_has(path, by_rows, tmp_path, vectors):
    by_rows(320)
    labels = np.zeros(N, dtype=np.int64)
    labels[[3, 990]] = 1
    labels[500] = 2
    shards = kept(tmp_path, vectors)
    found = joined(lambda shard: (class_neighbours(shards, labels, shard, k=3).rows,))[0]
    assert found[[3, 990, 500]].tolist() == [[990, -1, -1], [3, -1, -1], [-1, -1, -1]]


@pytest.mark.slow
@pytest.mark.parametrize("rate", [0.1, 0.2, 0.3])
def test_of_12_000_rows_the_same_are_pruned_by_shards(by_rows, sharded_12_000, rate):
    whole, by_shards = sharded_12_000
    cut = round(rate * len(whole))
    pruned = [
        set(np.argsort(scores, kind="stable")[:cut].tolist()) for scores in (whole, by_shards)
    ]
    assert pruned[0] == pruned[1]


@pytest.fixture(scope="module")
def sharded_12_000(tmp_path_factory):
    """Redundancy of 12,000 x 384 vectors from one search, and from three shards in files."""
    from benchmarks.vector_sets import clustered

    vectors = clustered(12_000, 384)
    whole = redundancy(neighbours(vectors))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "SHARD_ROWS", 2**12)
        shards = kept(tmp_path_factory.mktemp("shards"), vectors)
        parts = [redundancy(neighbours(shards, shard)) for shard in shards_of(12_000)]
    return whole, np.concatenate(parts)


def test_an_embedding_without_direction_is_refused_by_its_row_in_all_data(
    by_rows, tmp_path, vectors
):
    vectors[900] = 0
    by_rows(320)
    with pytest.raises(ValueError, match=r"rows 900;"):
        neighbours(kept(tmp_path, vectors), range(320))


def test_clusters_are_the_same_by_shards(by_rows, tmp_path, vectors, draws):
    whole = k_means(vectors, draws)
    by_rows(320)
    shards = kept(tmp_path, vectors)
    middles = centroids(shards, draws)

    def find(shard):
        found = clusters(shards, middles, shard)
        return found.assigned, found.similarity

    assigned, similarity = joined(find)
    assert (assigned == whole.assigned).all()
    assert np.allclose(similarity, whole.similarity, atol=1e-6)


def test_centroids_of_many_rows_are_learnt_from_those_of_the_lowest_dice(
    monkeypatch, vectors, draws
):
    monkeypatch.setattr("trainables.neighbours.kmeans._MOST_ROWS", 400)
    drawn = np.sort(np.argsort(draws)[:400])
    some = centroids(vectors, draws, clusters=5)
    assert (some == centroids(vectors[drawn], draws[drawn], clusters=5)).all()


def searched(vectors, draws, shard=None, **settings):
    middles = centroids(vectors, draws)
    return ivf_neighbours(vectors, middles, clusters(vectors, middles), shard, **settings)


@pytest.mark.parametrize("centred", [False, True])
def test_who_looks_through_all_clusters_finds_the_true_neighbours(vectors, draws, centred):
    found = searched(vectors, draws, k=5, probes=32, centred=centred)
    rows, similarity = nearest(vectors, 5, centred=centred)
    assert np.allclose(found.similarity, similarity, rtol=0, atol=2e-6)
    assert (found.rows == rows).mean() > 0.999


def test_a_row_is_held_against_its_nearest_clusters_alone(vectors, draws):
    middles = centroids(vectors, draws)
    of = clusters(vectors, middles)
    found = ivf_neighbours(vectors, middles, of, k=5, probes=2)
    nearest_two = np.argsort(-unit_rows(vectors) @ middles.T, axis=1)[:, :2]
    is_near = (of.assigned[found.rows][:, :, None] == nearest_two[:, None]).any(axis=2)
    assert is_near[found.rows >= 0].all()


def test_few_rows_in_the_clusters_looked_through_leave_places_empty(vectors, draws):
    found = searched(vectors, draws, k=200, probes=1)
    assert (found.rows[:, -1] == -1).any()
    assert (np.isnan(found.similarity) == (found.rows < 0)).all()


@pytest.mark.parametrize("centred", [False, True])
def test_few_clusters_hold_nearly_all_neighbours_of_rows_of_any_length(vectors, draws, centred):
    long = 15 * vectors * (1 + draws[:, None]).astype(np.float32) + 20
    found = searched(long, draws, k=5, probes=6, centred=centred)
    true = nearest(long, 5, centred=centred)[1]
    assert (found.similarity >= true[:, -1:] - 1e-5).mean() > 0.95


@pytest.mark.parametrize("centred", [False, True])
def test_approximate_neighbours_are_the_same_however_many_shards_there_are(
    by_rows, tmp_path, vectors, draws, centred
):
    chosen = {"k": 5, "probes": 3, "centred": centred}
    whole = searched(vectors, draws, **chosen)
    by_rows(320)
    shards = kept(tmp_path, vectors)

    def find(shard):
        found = searched(shards, draws, shard, **chosen)
        return found.rows, found.similarity

    rows, similarity = joined(find)
    assert np.allclose(similarity, whole.similarity, rtol=0, atol=2e-6, equal_nan=True)
    assert (rows == whole.rows).mean() > 0.999


@pytest.mark.parametrize("probes", [0, 33])
def test_more_clusters_than_there_are_cannot_be_looked_through(vectors, draws, probes):
    with pytest.raises(ValueError, match=rf"probes is {probes} of 32 clusters"):
        searched(vectors, draws, probes=probes)


def test_recall_is_the_share_of_true_neighbours_found(vectors, draws):
    found = searched(vectors, draws, k=5, probes=2)
    true, _ = nearest(vectors, 5)
    expected = [len(set(a) & set(b)) / 5 for a, b in zip(found.rows, true, strict=True)]
    measured = recall(vectors, found, draws, k=5)
    assert 0.5 < measured.mean() < 1
    assert measured.mean() == pytest.approx(np.mean(expected), abs=0.002)


@pytest.mark.parametrize(("k", "count"), [(5, 100), (12, 120), (1000, 319)])
def test_far_neighbours_go_ten_times_as_far_a_hundred_at_least_or_are_all(k, count):
    assert far(k, 320) == count


def test_far_neighbours_of_all_clusters_are_those_of_all_rows(vectors, draws):
    middles = centroids(vectors, draws)
    of = clusters(vectors, middles)
    exact = far_neighbours(vectors, k=5)
    found = far_ivf_neighbours(vectors, middles, of, k=5, probes=32)
    assert exact.rows.shape == found.rows.shape == (len(vectors), 100)
    assert (found.rows == exact.rows).mean() > 0.999
    assert far_recall(vectors, found, draws, k=5).mean() == 1
    few = far_ivf_neighbours(vectors, middles, of, k=5, probes=2)
    assert far_recall(vectors, few, draws, k=5).mean() < 0.9


def test_recall_checks_a_sample_of_the_lowest_draws(monkeypatch, vectors, draws):
    monkeypatch.setattr("trainables.neighbours.ivf._CHECKED_ROWS", 50)
    found = searched(vectors, draws, k=5, probes=2)
    drawn = np.sort(np.argsort(draws)[:50])
    monkeypatch.undo()
    whole = recall(vectors, found, draws, k=5)
    monkeypatch.setattr("trainables.neighbours.ivf._CHECKED_ROWS", 50)
    assert (recall(vectors, found, draws, k=5) == whole[drawn]).all()


def test_recall_of_exact_neighbours_is_all(vectors, draws):
    assert (recall(vectors, neighbours(vectors, k=5), draws, k=5) == 1).all()
