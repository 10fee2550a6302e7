"""Small real trials: made text, a head on word pieces, seconds."""

from dataclasses import replace

import pytest

from tests.caches import FolderCache


@pytest.fixture(scope="session")
def small():
    """240 made texts in 3 classes, with copies and wrong labels."""
    from trainables.data.synthetic import synthetic

    return synthetic(n_train=240, n_test=150, n_classes=3, seed=1)


@pytest.fixture(scope="session", autouse=True)
def one_thread():
    from trainables.environment import settle

    settle(1)


@pytest.fixture(scope="session")
def specs(small):
    """A baseline and a pruned trial, by learner."""
    from trainables.learners import LEARNERS
    from trainables.spec import TrialSpec

    def of(learner, **fields):
        training = replace(LEARNERS[learner].training, epochs=3, batch_size=16, max_length=32)
        full = TrialSpec(
            dataset="synthetic",
            data_sha=small.sha,
            model=learner,
            model_sha=learner,
            learner=learner,
            seed=fields.pop("seed", 3),
            training=training,
        )
        pruned = {"warmup": 0.4, "signal": "redundancy", "settings": (("k", 10),), "rate": 0.3}
        return full, replace(full, **{**pruned, "selector": "global", **fields})

    return of


@pytest.fixture
def filled(tmp_path, small):
    """Makes caches that hold the small data set."""
    from trainables.data.dataset_file import write

    def fill(name="cache"):
        (tmp_path / name).mkdir()
        cache = FolderCache(tmp_path / name)
        cache.get("data", small.sha, lambda path: write(small, path))
        cache.made.clear()
        return cache

    return fill
