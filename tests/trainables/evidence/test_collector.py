from dataclasses import replace

import numpy as np
import pytest

from trainables.arrays import read_arrays, write_arrays
from trainables.data.dataset import Dataset, Split, uniform_draws
from trainables.evidence.collector import Evidence
from trainables.evidence.requirements import parameters, rests_on, settings_of
from trainables.evidence.whose import evidence_key
from trainables.result import Phase
from trainables.signals import SIGNALS
from trainables.spec import TrialSpec

SPEC = TrialSpec(
    dataset="d",
    data_sha="d",
    model="tiny",
    model_sha="tiny",
    learner="tiny",
    seed=1,
    warmup=0.15,
    signal="redundancy",
    selector="global",
    rate=0.1,
)
SPLIT = Split(inputs=[f"text {i}" for i in range(40)], labels=np.arange(40) % 2, ids=np.arange(40))
DATA = Dataset(name="d", kind="text", class_names=("a", "b"), train=SPLIT, test=SPLIT)
EMBEDDINGS = np.random.default_rng(0).standard_normal((40, 6)).astype(np.float32)


class OneRun:
    """The runs behind evidence: one warmed-up learner whose passes over the data are counted."""

    def __init__(self, cache):
        self.cache, self.passes, self.dataset = cache, 0, DATA

    def warm_learner(self, spec):
        return self

    def new_learner(self, spec):
        return self

    def warm_up_used(self, spec):
        return Phase(seconds=7.0)

    def visits(self):
        return {"losses": np.ones((40, 1), dtype=np.float32)}


@pytest.fixture
def runs(cache, monkeypatch):
    def collect(learner, names, split="train", rows=None, labels=None):
        learner.passes += 1
        rows = rows or range(40)
        here = slice(rows.start, rows.stop)
        arrays = {"embeddings": EMBEDDINGS, "probs": np.full((40, 2), 0.5, dtype=np.float32)}
        found = {name: arrays[name][here] for name in names}
        return found, Phase(seconds=2.0 * len(rows) / 40, examples=len(rows))

    monkeypatch.setattr("trainables.evidence.collector.collect", collect)
    return OneRun(cache)


@pytest.fixture
def evidence(runs):
    return Evidence(SPEC, runs)


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int32, np.int64, np.int8, np.bool_])
@pytest.mark.parametrize("shape", [(7,), (7, 3), (7, 2, 2), (0, 3), (7, 0)])
def test_arrays_are_read_back_as_they_were(tmp_path, shape, dtype):
    array = (10 * np.random.default_rng(0).standard_normal(shape)).astype(dtype)
    write_arrays(tmp_path / "a", {"x": array, "y": array[:, ...]}, {"note": 1})
    back, about = read_arrays(tmp_path / "a")
    assert back["x"].dtype == dtype
    assert (back["x"] == array).all()
    assert back["y"].shape == shape
    assert about == {"note": 1}


def test_not_a_number_survives_being_written(tmp_path):
    write_arrays(tmp_path / "a", {"x": np.array([1.0, np.nan], dtype=np.float32)}, {})
    assert np.isnan(read_arrays(tmp_path / "a")[0]["x"]).tolist() == [False, True]


def test_equal_arrays_give_equal_files(tmp_path):
    for name in ("one", "two"):
        write_arrays(tmp_path / name, {"x": EMBEDDINGS}, {"k": 10})
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def test_a_function_says_by_its_signature_what_it_needs():
    names, settings = parameters(SIGNALS["keep_one"].score)
    assert names == ("neighbours", "draws")
    assert settings == {"k": 10}


def test_a_signal_that_asks_for_evidence_nobody_makes_is_refused():
    def mine(moon_phase): ...

    with pytest.raises(ValueError, match="mine asks for 'moon_phase', which is no evidence"):
        parameters(mine)


@pytest.mark.parametrize(
    ("signal", "arrays"),
    [("random", set()), ("el2n", {"probs"}), ("keep_one", {"embeddings"})],
)
def test_only_what_a_signal_rests_on_is_observed(signal, arrays):
    assert rests_on(SIGNALS[signal].score) & {"embeddings", "probs"} == arrays


def test_signals_of_one_mark_share_their_neighbours(evidence, cache, runs):
    evidence.arguments_of(SIGNALS["redundancy"].score, {"k": 5})
    evidence.arguments_of(SIGNALS["keep_one"].score, {"k": 5})
    assert runs.passes == 1
    assert cache.made["evidence"] == 2


def test_another_k_has_neighbours_of_its_own(evidence, cache):
    one = evidence.get("neighbours", {"k": 5})
    other = evidence.get("neighbours", {"k": 6})
    assert (one.rows.shape, other.rows.shape) == ((40, 5), (40, 6))


def test_evidence_left_in_one_pass_is_not_observed_again(evidence, runs):
    evidence.leave({"embeddings", "probs"}, runs)
    evidence.arguments_of(SIGNALS["el2n"].score, {})
    evidence.arguments_of(SIGNALS["redundancy"].score, {"k": 5})
    assert runs.passes == 1


def test_visits_are_kept_at_no_pass_whatever_the_signals_need(evidence, cache, runs):
    evidence.leave(set(), runs)
    evidence.arguments_of(SIGNALS["random"].score, {})
    assert cache.made["evidence"] == 1
    assert evidence.get("losses", {}).shape == (40, 1)
    assert runs.passes == 0
    assert evidence.used == Phase()


def test_what_evidence_took_is_counted_once_whoever_made_it(evidence, cache, runs):
    evidence.leave({"embeddings", "probs"}, runs)
    evidence.get("embeddings", {})
    evidence.get("probs", {})
    assert (evidence.used.seconds, evidence.used.examples) == (2.0, 40)


def test_draws_follow_the_sample_and_not_its_row():
    ids = np.array(["b", "a", "d", "c"], dtype=object)
    order = [2, 0, 3, 1]
    assert (uniform_draws(ids[order], 1, "dice") == uniform_draws(ids, 1, "dice")[order]).all()


def test_a_signal_that_asks_for_dice_is_given_the_draws(evidence):
    def mine(dice): ...

    draws = evidence.get("draws", {})
    assert (evidence.arguments_of(mine, {})["dice"] == draws).all()
    assert (draws == uniform_draws(np.arange(40), SPEC.seed, "dice")).all()


def test_draws_are_uniform():
    draws = uniform_draws(np.arange(10_000), 1, "dice")
    assert draws.min() >= 0
    assert draws.max() < 1
    assert np.histogram(draws, bins=10, range=(0, 1))[0] == pytest.approx(1000, rel=0.15)


def test_the_second_signal_on_the_same_neighbours_counts_what_lies_under_them(evidence, runs):
    second = Evidence(SPEC, runs)
    for user in (evidence, second):
        user.arguments_of(SIGNALS["keep_one"].score, {"k": 5})
    assert second.used == evidence.used
    assert second.used.examples == 40


def test_another_seed_repeats_no_search_of_frozen_embeddings_and_counts_what_it_took(runs):
    first, second = (
        Evidence(replace(SPEC, learner="linear", seed=seed, warmup=mark), runs)
        for seed, mark in ((1, 0.1), (2, 0.3))
    )
    for user in (first, second):
        user.arguments_of(SIGNALS["keep_one"].score, {"k": 5})
    assert runs.passes == 1
    assert second.steps == first.steps
    assert second.used.examples == 40


def test_settings_of_the_evidence_are_settings_of_the_signal():
    expected = {"k": 10, "centred": False, "kth": False, "probes": 0, "clusters": 0}
    assert settings_of(SIGNALS["redundancy"].score) == expected


@pytest.fixture
def in_shards(monkeypatch):
    """40 rows in three shards."""
    monkeypatch.setattr("trainables.neighbours.vectors.SHARD_ROWS", 16)


def test_evidence_of_shards_is_that_of_all_rows(runs, cache, tmp_path, monkeypatch):
    whole = Evidence(SPEC, runs).get("neighbours", {"k": 5})
    monkeypatch.setattr("trainables.neighbours.vectors.SHARD_ROWS", 16)
    by_shards = Evidence(SPEC, runs).get("neighbours", {"k": 5})
    assert (by_shards.rows == whole.rows).all()
    assert np.allclose(by_shards.similarity, whole.similarity, atol=1e-6)


def test_embeddings_of_shards_are_read_as_one_array(in_shards, evidence):
    assert (evidence.get("embeddings", {}) == EMBEDDINGS).all()
    assert (evidence.get("vectors", {})[10:40] == EMBEDDINGS[10:]).all()


def test_a_shard_is_passed_over_once_for_all_that_is_seen_there(in_shards, evidence, runs):
    for place in (2, 0, 1):
        evidence.gather(("embeddings", "probs"), {}, place)
    for name in ("embeddings", "probs"):
        evidence.get(name, {})
    assert runs.passes == 3
    assert evidence.used == Phase(seconds=2.0, examples=40)


def test_a_shard_that_was_seen_is_not_passed_over_again(in_shards, evidence, runs):
    for _ in range(2):
        evidence.gather(("embeddings", "probs"), {}, 1)
    assert runs.passes == 1


def test_whoever_asks_first_sees_all_a_function_asks_for_in_one_pass(evidence, runs):
    def mine(embeddings, probs): ...

    evidence.arguments_of(mine, {})
    assert runs.passes == 1
    assert evidence.used == Phase(seconds=2.0, examples=40)


def test_a_run_leaves_the_passes_over_many_shards_to_other_workers(in_shards, evidence, runs):
    evidence.leave({"embeddings"}, runs)
    assert runs.passes == 0


def test_what_shards_took_is_counted_once_each(in_shards, evidence, runs):
    second = Evidence(SPEC, runs)
    for user in (evidence, second):
        user.arguments_of(SIGNALS["keep_one"].score, {"k": 5})
    assert second.used == evidence.used
    assert second.used.examples == 40


@pytest.mark.parametrize("probes", [0, 3])
def test_the_number_of_probes_says_whether_neighbours_are_exact(evidence, cache, probes):
    evidence.get("neighbours", {"probes": probes, "clusters": 6})
    made = {about["evidence"] for about in cache.abouts.values()}
    exact, approximate = {"neighbours"}, {"ivf_neighbours", "clusters", "centroids"}
    assert made - {"embeddings"} == (approximate if probes else exact)


def test_another_number_of_clusters_is_another_search(evidence):
    keys = {
        evidence_key(SPEC, "ivf_neighbours", {"probes": 2, "clusters": count}) for count in (5, 6)
    }
    assert len(keys) == 2


def test_members_beside_the_run_itself_count_their_warm_up(evidence):
    evidence.get("member_probs", {"members": 3})
    assert evidence.used.seconds == 3 * 2.0 + 2 * 7.0


def test_members_are_stacked_with_the_samples_first(evidence):
    assert evidence.get("member_probs", {"members": 3}).shape == (40, 3, 2)
