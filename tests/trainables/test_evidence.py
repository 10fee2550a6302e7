import numpy as np
import pytest

from trainables.arrays import read_arrays, write_arrays
from trainables.evidence import (
    DERIVED,
    KNOWN,
    Evidence,
    asked,
    dice,
    parameters,
    settings_of,
)
from trainables.signals import SIGNALS
from trainables.spec import Phase, TrialSpec

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
EMBEDDINGS = np.random.default_rng(0).standard_normal((40, 6)).astype(np.float32)


class OneRun:
    """The runs behind evidence: one warmed-up learner whose passes over the data are counted."""

    def __init__(self, cache):
        self.cache, self.passes = cache, 0

    def given(self, spec, name):
        return {"labels": np.arange(40) % 2, "dice": dice(np.arange(40), spec.seed, "dice")}[name]

    def warm(self, spec):
        return self

    def warm_used(self, spec):
        return Phase(seconds=7.0)

    def visits(self):
        return {"losses": np.ones((40, 1), dtype=np.float32)}


@pytest.fixture
def runs(cache, monkeypatch):
    def observe(learner, names, split="train"):
        learner.passes += 1
        arrays = {"embeddings": EMBEDDINGS, "probs": np.full((40, 2), 0.5, dtype=np.float32)}
        return {name: arrays[name] for name in names}, Phase(seconds=2.0, examples=40)

    monkeypatch.setattr("trainables.evidence.observe", observe)
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
    assert names == ("neighbours", "dice")
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
    assert asked(SIGNALS[signal].score) & {"embeddings", "probs"} == arrays


@pytest.mark.parametrize("name", DERIVED)
def test_evidence_made_from_evidence_declares_what_it_needs(name):
    assert asked(DERIVED[name][0]) <= KNOWN


def test_signals_of_one_mark_share_their_neighbours(evidence, cache, runs):
    evidence.of(SIGNALS["redundancy"].score, {"k": 5})
    evidence.of(SIGNALS["keep_one"].score, {"k": 5})
    assert runs.passes == 1
    assert cache.made["evidence"] == 2


def test_another_k_has_neighbours_of_its_own(evidence, cache):
    one = evidence.get("neighbours", {"k": 5})
    other = evidence.get("neighbours", {"k": 6})
    assert (one.rows.shape, other.rows.shape) == ((40, 5), (40, 6))


def test_evidence_left_in_one_pass_is_not_observed_again(evidence, runs):
    evidence.leave({"embeddings", "probs"}, runs)
    evidence.of(SIGNALS["el2n"].score, {})
    evidence.of(SIGNALS["redundancy"].score, {"k": 5})
    assert runs.passes == 1


def test_visits_are_kept_at_no_pass_whatever_the_signals_need(evidence, cache, runs):
    evidence.leave(set(), runs)
    evidence.of(SIGNALS["random"].score, {})
    assert cache.made["evidence"] == 1
    assert evidence.get("losses", {}).shape == (40, 1)
    assert runs.passes == 0
    assert evidence.used == Phase()


def test_what_evidence_took_is_counted_once_whoever_made_it(evidence, cache, runs):
    evidence.leave({"embeddings", "probs"}, runs)
    evidence.get("embeddings", {})
    evidence.get("probs", {})
    assert (evidence.used.seconds, evidence.used.examples) == (2.0, 40)


def test_dice_follow_the_sample_and_not_its_place():
    ids = np.array(["b", "a", "d", "c"], dtype=object)
    order = [2, 0, 3, 1]
    assert (dice(ids[order], 1, "dice") == dice(ids, 1, "dice")[order]).all()


def test_dice_are_uniform():
    draws = dice(np.arange(10_000), 1, "dice")
    assert draws.min() >= 0
    assert draws.max() < 1
    assert np.histogram(draws, bins=10, range=(0, 1))[0] == pytest.approx(1000, rel=0.15)


def test_the_second_signal_on_the_same_neighbours_counts_what_lies_under_them(evidence, runs):
    second = Evidence(SPEC, runs)
    for user in (evidence, second):
        user.of(SIGNALS["keep_one"].score, {"k": 5})
    assert second.used == evidence.used
    assert second.used.examples == 40


def test_settings_of_the_evidence_are_settings_of_the_signal():
    assert settings_of(SIGNALS["redundancy"].score) == {"k": 10, "centred": False, "kth": False}


def test_members_beside_the_run_itself_count_their_warm_up(evidence):
    evidence.get("member_probs", {"members": 3})
    assert evidence.used.seconds == 3 * 2.0 + 2 * 7.0


def test_members_are_stacked_with_the_samples_first(evidence):
    assert evidence.get("member_probs", {"members": 3}).shape == (40, 3, 2)
