"""A frozen encoder embeds the largest size once; smaller ones take their rows of it."""

from dataclasses import replace

import numpy as np
import pytest

from tests.model_folders import save_model, texts
from trainables.data.dataset import Dataset, Split
from trainables.data.dataset_file import write
from trainables.data.subsets import subsets_of
from trainables.learners import LEARNERS
from trainables.learners.pretrained import find_model
from trainables.spec import TrialSpec


@pytest.fixture
def whole():
    rows = texts(60)
    split = Split(
        inputs=[text for text, _ in rows],
        labels=np.array([label for _, label in rows]),
        ids=np.arange(60),
    )
    return Dataset(
        name="made",
        kind="text",
        class_names=("a", "b"),
        train=split,
        test=split.take(np.arange(20)),
    )


def features_of(spec, dataset, cache):
    cache.get("data", dataset.sha, lambda path: write(dataset, path))
    network = LEARNERS["linear"].open(replace(spec, data_sha=dataset.sha), dataset, cache)
    return {name: array.numpy() for name, array in network._features.items()}


def test_a_subsets_embeddings_are_rows_of_the_wholes_and_made_with_them(whole, cache, tmp_path):
    model = find_model(f"linear:{save_model(tmp_path / 'encoder')}")
    spec = TrialSpec(
        dataset="made", data_sha=whole.sha, model=model.name, model_sha=model.sha, learner="linear", seed=1,
        training=LEARNERS["linear"].training,
    )  # fmt: skip
    of_whole = features_of(spec, whole, cache)
    for one in subsets_of(whole, (10, 30), (1, 2)):
        found = features_of(spec, one.dataset, cache)
        assert (found["train"] == of_whole["train"][one.dataset.part_of.rows]).all()
        assert (found["test"] == of_whole["test"]).all()
    assert (cache.made["features"], cache.made["tokens"]) == (2, 1)  # of train and test
    # Not as a subset, the same rows are embedded for themselves.
    alone = replace(subsets_of(whole, (30,), (1,))[0].dataset, part_of=None)
    assert np.allclose(features_of(spec, alone, cache)["test"], of_whole["test"], atol=1e-5)
    assert cache.made["features"] == 4


def test_word_pieces_of_a_subset_are_its_own(whole, cache):
    spec = TrialSpec(
        dataset="made", data_sha=whole.sha, model="linear", model_sha="linear", learner="linear", seed=1,
        training=LEARNERS["linear"].training,
    )  # fmt: skip
    (one,) = subsets_of(whole, (30,), (1,))
    features_of(spec, whole, cache)
    features_of(spec, one.dataset, cache)
    assert cache.made["features"] == 2
