"""Every row of EVIDENCE, made of a small real learner, is what it says it is."""

import inspect
from dataclasses import fields, is_dataclass, replace

import numpy as np
import pytest

from tests.caches import FolderCache
from trainables.arrays import write_arrays
from trainables.data.synthetic import synthetic
from trainables.evidence.collector import Evidence
from trainables.evidence.requirements import (
    EVIDENCE,
    derived_under,
    options_of,
    parameters,
    recall_under,
    rests_on,
    settings_of,
    variant_of,
)
from trainables.evidence.whose import evidence_key
from trainables.learners import LEARNERS
from trainables.neighbours.ivf import ivf_neighbours
from trainables.result import Phase
from trainables.spec import TrialSpec
from trainables.training.learner import Learner
from trainables.training.schedule import Schedule
from trainables.training_settings import Training

SPEC = TrialSpec(
    dataset="d", data_sha="d", model="tiny", model_sha="tiny", learner="tiny", seed=1, warmup=0.15,
    signal="redundancy", settings=(("k", 5),), selector="global", rate=0.1,
)  # fmt: skip
N, V, C = 48, 12, 3
SMALL = {
    "k": 5, "members": 2, "checkpoints": 4, "models": 3, "passes": 2, "views": 2, "folds": 3,
    "clusters": 6,
}  # fmt: skip
# A signal of the trial itself cannot ask for what the trial will end with.
NAMES = [name for name, piece in EVIDENCE.items() if piece.source != "answers"]
every_piece = pytest.mark.parametrize("name", EVIDENCE)
every_name = pytest.mark.parametrize("name", NAMES)


class WarmRuns:
    """One learner after its first epoch, whatever the mark, and answers made up."""

    def __init__(self, root, dataset, path, spec):
        root.mkdir()
        self.cache, self.dataset = FolderCache(root), dataset
        scores = {"score": np.arange(N, dtype=np.float32)}
        self.cache.get("given", spec.signal_sha, lambda path: write_arrays(path, scores, {}))
        self._path, self._spec = path, spec

    def warm_learner(self, spec):
        learner = learner_of(self._spec, self.dataset, self.cache)
        learner.load(self._path)
        return learner

    def warm_up_used(self, spec):
        return Phase()

    def answers(self, spec):
        rng = np.random.default_rng(spec.seed)
        sizes = {"inside": N, "correct": N, "validation_correct": V}
        return {name: rng.random((1, n)) < 0.7 for name, n in sizes.items()}, Phase()


def learner_of(spec, dataset, cache):
    network = LEARNERS["tiny"].open(spec, dataset, cache)
    return Learner(network, dataset.train.labels, spec.training, spec.seed)


@pytest.fixture(scope="module")
def two_runs(tmp_path_factory):
    """The same learner twice, the second on data of other labels."""
    root = tmp_path_factory.mktemp("evidence")
    made = synthetic(n_train=N + V, n_test=12, n_classes=C, seed=1)
    train, validation = made.train.take(np.arange(N)), made.train.take(np.arange(N, N + V))
    data = replace(made, train=train, validation=validation, truth={})
    shuffled = np.random.default_rng(0).permutation(train.labels)
    other = replace(
        data,
        train=replace(train, labels=shuffled),
        validation=replace(validation, labels=np.minimum(validation.labels, 1)),
    )
    training = Training(epochs=2, batch_size=16, max_length=16)
    spec = replace(SPEC, data_sha=data.sha, training=training)
    (root / "warm").mkdir()
    learner = learner_of(spec, data, FolderCache(root / "warm"))
    lengths = learner.network.lengths["train"]
    schedule = Schedule(lengths=lengths, seed=1, training=training, keep=np.ones(N, dtype=bool))
    for _ in learner.train(schedule, 3):
        pass
    learner.save(root / "learner")
    pairs = (("true", data), ("other", other))
    return spec, [WarmRuns(root / name, one, root / "learner", spec) for name, one in pairs]


def made(name, two_runs, which=0):
    spec, runs = two_runs
    settings = {**SMALL, "probes": 2 if "ivf_neighbours" in name else 0}
    return Evidence(spec, runs[which]).get(name, settings)


def arrays(value):
    """All arrays of a piece of evidence."""
    if isinstance(value, list | tuple):
        return [array for one in value for array in arrays(one)]
    if isinstance(value, dict):
        return arrays(list(value.values()))
    if is_dataclass(value):
        return arrays([getattr(value, field.name) for field in fields(value)])
    return [np.asarray(value)]


def asking(name):
    """A signal that asks for one piece of evidence."""

    def mine(): ...

    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    mine.__signature__ = inspect.Signature([inspect.Parameter(name, kind)])
    return mine


# The shape of each piece; where it is several arrays, that of the first of them.
SHAPES = {
    "labels": (N,), "draws": (N,), "dice": (N,), "fixed_draws": (N,), "texts": (N,), "validation_labels": (V,),
    "given_scores": (N,),
    "losses": (N, 1), "margins": (N, 1), "correct": (N, 1),
    "probs": (N, C), "validation_probs": (V, C), "dropout_probs": (N, 2, C),
    "view_probs": (N, 2, C), "gradient_norms": (N,), "clusters": (N,), "recall": (N,),
    "neighbours": (N, 5), "ivf_neighbours": (N, 5), "class_neighbours": (N, 5),
    "far_neighbours": (N, N - 1), "far_ivf_neighbours": (N, N - 1), "far_recall": (N,),
    "cross_probs": (N, C), "class_recall": (C,), "head_models": (3, N), "member_probs": (N, 2, C),
    "subset_models": (3, N), "answers": (1, N), "checkpoints": (),
    "row_losses": (N,), "validation_row_losses": (V,), "scored_pieces": (N,), "marked_losses": (N, 5),
    "start_losses": (N,),
    # These have an axis of the learner's width.
    "embeddings": (N, None), "features": (N, None), "vectors": (N, None),
    "validation_embeddings": (V, None), "validation_features": (V, None),
    "moments": (C, 2, None), "centroids": (6, None), "member_features": (N, 2, None),
}  # fmt: skip


@every_piece
def test_every_piece_has_the_shape_it_is_documented_with(name, two_runs):
    shape = arrays(made(name, two_runs))[0].shape
    assert len(shape) == len(SHAPES[name])
    assert all(wanted in (None, size) for size, wanted in zip(shape, SHAPES[name], strict=True))


@every_piece
def test_every_piece_is_made_once_and_read_back_the_same(name, two_runs):
    first, again = made(name, two_runs), made(name, two_runs)
    assert type(first) is type(again)
    assert all(
        np.array_equal(one, other, equal_nan=one.dtype.kind == "f")
        for one, other in zip(arrays(first), arrays(again), strict=True)
    )


# Given by the run itself, which was trained on the true labels before.
OF_THE_RUN = {"losses", "margins", "correct", "moments", "checkpoints", "subset_models", "answers"}


@pytest.mark.parametrize("name", [name for name in EVIDENCE if name not in OF_THE_RUN])
def test_other_labels_make_other_evidence_where_it_says_so_and_there_alone(name, two_runs):
    one, other = (arrays(made(name, two_runs, which)) for which in (0, 1))
    same = all(
        np.array_equal(a, b, equal_nan=a.dtype.kind == "f") for a, b in zip(one, other, strict=True)
    )
    assert same != EVIDENCE[name].needs_labels


def test_what_needs_labels_follows_from_what_it_rests_on():
    """checkpoints hold AdamW's moments of the loss's gradient, and so need labels as well."""
    assert {name for name in EVIDENCE if EVIDENCE[name].needs_labels} == {
        "labels", "validation_labels", "losses", "margins", "correct", "class_neighbours",
        "cross_probs", "head_models", "subset_models", "gradient_norms", "moments", "class_recall",
        "checkpoints", "answers", "row_losses", "validation_row_losses", "marked_losses", "start_losses",
    }  # fmt: skip


def test_what_is_made_shard_by_shard_is_seen_in_one_pass_or_takes_a_shard():
    assert {name for name in EVIDENCE if EVIDENCE[name].is_sharded} == {
        "embeddings", "probs", "features", "row_losses", "scored_pieces", "neighbours", "class_neighbours", "ivf_neighbours",
        "clusters", "far_neighbours", "far_ivf_neighbours",
    }  # fmt: skip


@every_name
def test_every_piece_can_be_asked_for_by_a_signal(name):
    assert parameters(asking(name)) == ((name,), {})
    assert rests_on(asking(name)) >= {name} | EVIDENCE[name].rests_on


def test_no_signal_can_ask_for_what_its_own_trial_ends_with():
    with pytest.raises(ValueError, match="asks for 'answers', which is no evidence"):
        parameters(asking("answers"))


@every_piece
def test_every_option_has_a_default_and_is_a_setting_of_who_asks(name):
    options = EVIDENCE[name].options
    assert all(isinstance(value, bool | int | float | str) for value in options.values())
    assert options_of(name, {}) == options
    if name in NAMES:
        assert options.items() <= settings_of(asking(name)).items()


@every_piece
def test_every_piece_says_what_it_is_made_of_or_by(name):
    piece = EVIDENCE[name]
    by_a_function = {"static", "extra passes", "derived", "other runs"}
    assert (piece.make is not None) == (piece.source in by_a_function)
    assert bool(piece.of) == (piece.source in {"slices", "other runs"})
    assert (piece.runs is not None) == (piece.source == "other runs")
    assert piece.rests_on <= set(EVIDENCE)


def test_a_setting_puts_an_approximation_in_the_place_of_exact_neighbours():
    signal = asking("neighbours")
    assert variant_of("neighbours", {"probes": 0}) == "neighbours"
    assert variant_of("neighbours", {"probes": 2}) == "ivf_neighbours"
    assert recall_under(signal, {}) == ""
    assert recall_under(signal, {"probes": 2}) == "recall"
    assert recall_under(asking("far_neighbours"), {"probes": 2}) == "far_recall"
    assert derived_under(signal, {"probes": 2}) == ["centroids", "clusters", "ivf_neighbours"]
    assert EVIDENCE["ivf_neighbours"].make is ivf_neighbours


def test_a_setting_without_a_default_is_refused():
    def mine(texts, *, power): ...

    with pytest.raises(ValueError, match="mine has a setting 'power' without a default"):
        parameters(mine)


@pytest.mark.parametrize(
    ("name", "settings", "shard", "key"),
    [
        ("embeddings", {}, None, "244fffc5e47d381d"),
        ("embeddings", {"k": 5}, 2, "7e25cc0abd258c85"),
        ("validation_probs", {}, None, "8a07eb894265aff6"),
        ("losses", {}, None, "d41830b010c68235"),
        ("correct", {}, None, "d41830b010c68235"),
        ("dropout_probs", {"passes": 4}, None, "62ba813e0da359da"),
        ("moments", {}, None, "7c9f99b02da5777b"),
        ("neighbours", {"k": 5, "probes": 0}, None, "e3f0839f7a8dedec"),
        ("neighbours", {}, 1, "4ede9e5243fb43dd"),
        ("ivf_neighbours", {"probes": 3, "clusters": 6}, 0, "0e61c86325d58b5a"),
        ("class_neighbours", {"centred": True}, None, "01e69ef296cfccb8"),
        ("recall", {"k": 5, "probes": 3}, None, "d73dda74cc97bb9b"),
        ("clusters", {"clusters": 7}, None, "3c44e369831ea09e"),
        ("centroids", {}, None, "78d35392d5906184"),
        ("head_models", {"models": 20}, None, "ba2af64b47bbe957"),
        ("cross_probs", {}, None, "c6fa0781639d166a"),
        ("class_recall", {}, None, "43cece446837dcbc"),
        ("answers", {"models": 3}, None, "9ec829f521016b7a"),
    ],
)
def test_evidence_is_found_under_the_keys_of_earlier_releases(name, settings, shard, key):
    assert evidence_key(SPEC, name, settings, shard).startswith(key)


def test_scores_and_results_are_found_under_the_keys_of_earlier_releases():
    assert SPEC.score_key.startswith("c3ba9ae5870c5938")
    assert SPEC.result_key.startswith("b11f8dc440adf121")
