"""No step waits for an accelerator: seen on torch's device without values, where to ask for one raises."""

import sys
from contextlib import nullcontext
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from tests.caches import FolderCache
from tests.image_sets import image_set
from tests.model_folders import save_model, save_tokenizer
from tests.trainables.learners.test_causal_folder import save_causal
from trainables import environment
from trainables.data.dataset_file import write
from trainables.learners import LEARNERS, resident
from trainables.learners.pretrained import find_model
from trainables.spec import TrialSpec
from trainables.training import learner
from trainables.training.schedule import Step

# Of each learner the built-in model, and families that come in folders.
MODELS = ["tiny", "linear", "causal_lm", "image", "bert", "deberta-v2", "gpt2", "causal_lm:llama"]


@pytest.fixture(scope="module")
def named(small, tmp_path_factory):
    """The name of a model, saved first where it comes in a folder, and a data set for it."""
    words = [word for text in small.train.texts for word in text.lower().split()]

    def of(model):
        if model in LEARNERS:
            return model, image_set(24) if model == "image" else small
        prefix, _, family = model.rpartition(":")
        folder = tmp_path_factory.mktemp("model")
        if prefix:
            return f"{prefix}:{save_causal(folder, family)}", small
        vocabulary = save_tokenizer(folder, words=words)
        return str(save_model(folder, family, tokenizer=False, vocabulary=vocabulary)), small

    return of


class Copies(TorchDispatchMode):
    """Refuses what an accelerator would have to be waited for, or that mixes it with the host."""

    def __init__(self, pinned):
        super().__init__()
        self.pinned, self.count = pinned, 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        out = func(*args, **kwargs)
        before, after = (
            {one.device.type: one for one in tree_leaves(tree) if self._counts(one)}
            for tree in ([args, kwargs], out)
        )
        if "cpu" in before and {*before, *after} > {"cpu"}:
            assert [*before] == ["cpu"], f"{func} takes tensors of both devices"
            assert kwargs.get("non_blocking"), f"{func} waits for its copy"
            assert before["cpu"].data_ptr() in self.pinned, f"{func} copies out of pageable memory"
            self.count += 1
        return out

    @staticmethod
    def _counts(one):
        # One number of the host goes along with a kernel's arguments.
        return isinstance(one, torch.Tensor) and one.ndim > 0


@pytest.fixture
def on_accelerator(monkeypatch):
    """Has all that follows take torch's device without values for an accelerator; gives pinned addresses."""
    from transformers import AttentionMaskInterface

    pinned = set()

    def pin(tensor):
        pinned.add(tensor.data_ptr())
        return tensor

    def begin(free=10**12):
        for module in [*sys.modules.values()]:
            if getattr(module, "device", None) is environment.device and module is not environment:
                monkeypatch.setattr(module, "device", lambda: "meta")
        monkeypatch.setattr(environment, "device", lambda: "meta")
        monkeypatch.setattr(resident, "free_bytes", lambda: free)
        monkeypatch.setattr(torch.Tensor, "pin_memory", pin)
        # What is not there for this device: casts, which ask for no value, and a fused kernel.
        monkeypatch.setattr(learner, "autocast", lambda _: nullcontext())
        monkeypatch.setattr(torch, "is_autocast_enabled", lambda _: False)
        usual = torch.optim.AdamW
        monkeypatch.setattr(
            torch.optim, "AdamW", lambda *a, **k: usual(*a, **{**k, "fused": False})
        )
        return pinned

    masks = AttentionMaskInterface._global_mapping
    monkeypatch.setitem(masks, "sdpa", masks["sdpa"])
    return begin


@pytest.fixture
def opened(named, on_accelerator, tmp_path):
    """Makes a learner of a model whose data and weights are on the device without values."""

    def make(model, **where):
        name, dataset = named(model)
        found, cache = find_model(name), FolderCache(tmp_path)
        training = replace(LEARNERS[found.learner].training, batch_size=8, max_length=24)
        spec = TrialSpec(
            dataset="made", data_sha=dataset.sha, model=found.name, model_sha=found.sha,
            learner=found.learner, seed=3, training=training,
        )  # fmt: skip
        cache.get("data", dataset.sha, lambda path: write(dataset, path))
        LEARNERS[found.learner].open(spec, dataset, cache)  # leaves in the cache what is made once
        copies = Copies(on_accelerator(**where))
        network = LEARNERS[found.learner].open(spec, dataset, cache)
        return learner.Learner(network, dataset.train.labels, training, 3), copies

    return make


def two_steps(trained, copies):
    weights = np.linspace(0.5, 2, 8, dtype=np.float32)
    for position, weight in enumerate((None, weights)):
        rows = np.arange(8) + 8 * position
        step = Step(epoch=0, position=position, rows=rows, progress=0.5, weights=weight)
        with copies:
            trained._step(step, 3)


@pytest.mark.parametrize("model", MODELS)
def test_the_host_waits_for_nothing_in_a_step(opened, model):
    two_steps(*opened(model))


def test_every_learner_is_among_them():
    assert {find_model(m).learner if m in LEARNERS else "text" for m in MODELS} == {*LEARNERS}


@pytest.mark.parametrize("model", ["tiny", "linear", "causal_lm", "image"])
def test_the_host_waits_for_nothing_either_where_rows_do_not_fit_on_the_accelerator(opened, model):
    trained, copies = opened(model, free=0)
    two_steps(trained, copies)
    assert getattr(trained.network, "_there", None) is None


def test_a_look_at_the_loss_within_a_step_is_seen(opened, monkeypatch):
    trained, copies = opened("tiny")
    usual = trained.network.losses
    monkeypatch.setattr(
        trained.network, "losses", lambda *a: (usual(*a)[0] * usual(*a)[0].sum().item(), None)
    )
    with pytest.raises(RuntimeError, match="cannot be called on meta tensors"):
        two_steps(trained, copies)


def test_a_copy_that_is_waited_for_is_seen(opened, monkeypatch):
    trained, copies = opened("linear", free=0)
    usual = trained.network.batch
    monkeypatch.setattr(
        trained.network,
        "batch",
        lambda *a: {"features": torch.ones(8, 128).to("meta"), **usual(*a)},
    )
    with pytest.raises(AssertionError, match="waits for its copy"):
        two_steps(trained, copies)
