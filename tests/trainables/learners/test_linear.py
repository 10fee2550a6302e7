"""An encoder's frozen embeddings: of the splits that are asked for, in pieces that outlive a stop."""

from dataclasses import replace

import numpy as np
import pytest

from tests.caches import FolderCache
from tests.model_folders import save_model, texts
from trainables.data.dataset import Dataset, Split
from trainables.learners import LEARNERS, linear
from trainables.learners.pretrained import find_model
from trainables.progress import told_to
from trainables.spec import TrialSpec


@pytest.fixture(autouse=True)
def _small_pieces(monkeypatch):
    """The 50 training rows come to three pieces."""
    monkeypatch.setattr(linear, "_PIECE_ROWS", 20)


@pytest.fixture(scope="module")
def data():
    rows = texts(50)
    split = Split(
        inputs=[text for text, _ in rows],
        labels=np.array([label for _, label in rows]),
        ids=np.arange(50),
    )
    few = split.take(np.arange(10))
    classes = ("a", "b")
    return Dataset(
        name="d", kind="text", class_names=classes, train=split, test=few, validation=few
    )


@pytest.fixture(scope="module")
def spec(data, tmp_path_factory):
    model = find_model(f"linear:{save_model(tmp_path_factory.mktemp('model'))}")
    own = replace(LEARNERS["linear"].training, precision="bf16")
    return TrialSpec(
        dataset="d", data_sha=data.sha, model=model.name, model_sha=model.sha, learner="linear", seed=1,
        training=own,
    )  # fmt: skip


def train_rows(spec, data, cache):
    network = LEARNERS["linear"].open(spec, data, cache)
    return network.batch("train", np.arange(50))["features"].numpy()


def test_embeddings_in_pieces_go_on_where_they_were_stopped(
    spec, data, cache, tmp_path, monkeypatch
):
    encode, done = linear._encode, []

    def stopped(network, split, rows, precision):
        if len(done) == 2:
            raise KeyboardInterrupt
        done.append(rows[0])
        return encode(network, split, rows, precision)

    monkeypatch.setattr(linear, "_encode", stopped)
    with pytest.raises(KeyboardInterrupt):
        train_rows(spec, data, cache)
    monkeypatch.setattr(linear, "_encode", encode)
    found = train_rows(spec, data, cache)
    (tmp_path / "whole").mkdir()
    assert (found == train_rows(spec, data, FolderCache(tmp_path / "whole"))).all()
    assert found.dtype == np.float32  # whatever they were computed in
    assert done == [0, 20]
    assert cache.made["features"] == 3 + 1  # that of the third piece was begun twice


def test_a_split_is_embedded_when_it_is_asked_for(spec, data, cache):
    network = LEARNERS["linear"].open(spec, data, cache)
    assert {about["split"] for (kind, _), about in cache.abouts.items() if kind == "features"} == {
        "train"
    }
    assert len(network.lengths["validation"]) == 10
    used = [linear.embedding_used(spec, cache, split).seconds for split in ("validation", "test")]
    assert used[0] > used[1] == 0


def test_how_far_embedding_is_counts_the_rows_of_the_whole_split(spec, data, cache):
    told = []
    with told_to(told.append):
        train_rows(spec, data, cache)
    embedding = [one for one in told if one.stage == "embedding train"]
    assert [(one.done, one.total) for one in embedding] == [(20, 50), (40, 50), (50, 50)]
