from dataclasses import replace

import numpy as np
import pytest
import torch

from trainables.evidence.forward_passes import collect, predict_with_loss
from trainables.learners import LEARNERS, passes
from trainables.learners.network import ClassNetwork
from trainables.training.learner import Learner

LENGTHS = np.random.default_rng(0).integers(2, 300, 900)


class Rows(ClassNetwork):
    """A network of rows of some lengths, which notes what is asked of it."""

    def __init__(self, lengths=LENGTHS, patches=1):
        self.lengths, self.patches = {"train": lengths}, patches
        self.module, self.said = torch.nn.Linear(4, 4), []

    def look(self, here):
        self.said.append(("begun", here[0]))
        return {"weight": self.module(torch.ones(1, 4)), "rows": torch.from_numpy(here)}


def passed(network, rows, precision="fp32"):
    return passes.one_pass(network, "train", rows, network.look, precision)


def test_a_pass_gives_each_row_asked_for_once():
    rows = np.arange(100, 700)
    given = np.concatenate([here for here, _ in passed(Rows(), rows)])
    assert sorted(given) == rows.tolist()


def test_a_batch_holds_no_more_word_pieces_than_a_pass_may_padding_included():
    cuts = list(passes.cut(Rows(), "train", np.arange(900)))
    assert max(LENGTHS[here].max() * len(here) for here in cuts) <= passes._PIECES["cpu"]


def test_batches_are_as_full_as_the_longest_row_lets_them_be():
    cuts = list(passes.cut(Rows(), "train", np.arange(900)))
    padded = sum(LENGTHS[here].max() * len(here) for here in cuts)
    assert len(cuts) <= np.ceil(1.2 * padded / passes._PIECES["cpu"])


def test_a_row_too_long_for_a_batch_is_one_by_itself():
    cuts = passes.cut(Rows(np.array([5, 9_000, 7])), "train", np.arange(3))
    assert [here.tolist() for here in cuts] == [[0, 2], [1]]


def test_of_images_a_patch_weighs_as_a_word_piece():
    cuts = list(passes.cut(Rows(np.ones(900, np.int64), patches=4), "train", np.arange(900)))
    assert [len(here) for here in cuts] == [512, 388]


def test_the_logits_of_a_pass_over_pieces_are_bounded():
    network = Rows()
    network.predicts, network.vocabulary = "pieces", 50_000
    cuts = list(passes.cut(network, "train", np.arange(900)))
    several = [LENGTHS[here].max() * len(here) for here in cuts if len(here) > 1]
    assert max(several) * 50_000 <= passes._LOGITS["cpu"]


def test_a_batch_is_begun_before_the_one_before_it_is_given():
    network = Rows()
    for here, _ in passed(network, np.arange(900)):
        network.said.append(("given", here[0]))
    begun = [first for what, first in network.said if what == "begun"]
    ahead = [network.said.index(("begun", later)) for later in begun[1:]]
    given = [network.said.index(("given", first)) for first in begun[:-1]]
    assert all(a < g for a, g in zip(ahead, given, strict=True))


def test_no_gradient_is_kept_and_what_a_pass_gives_is_float32():
    ((_, seen),) = passed(Rows(), np.arange(3), "bf16")
    assert (seen["weight"].requires_grad, seen["weight"].dtype) == (False, torch.float32)


def test_weights_changed_after_a_pass_in_bf16_count_in_the_next():
    network = Rows()
    ((_, before),) = passed(network, np.arange(3), "bf16")
    with torch.no_grad():
        network.module.weight.zero_()
    ((_, after),) = passed(network, np.arange(3), "bf16")
    assert torch.allclose(after["weight"], network.module.bias, atol=0.01)
    assert not torch.allclose(before["weight"], after["weight"], atol=0.01)


@pytest.fixture
def tiny(specs, filled, small):
    full, _ = specs("tiny")
    full = replace(full, training=replace(full.training, precision="fp32"))
    network = LEARNERS["tiny"].open(full, small, filled())
    return Learner(network, small.train.labels, full.training, full.seed)


def test_what_a_pass_says_of_a_row_does_not_hang_on_the_rows_beside_it(tiny):
    some = np.array([3, 50, 51, 200])
    alone, _ = collect(tiny, ("logits", "embeddings"), rows=some)
    every, used = collect(tiny, ("logits", "embeddings"))
    assert used.examples == len(tiny.labels)
    assert all(np.allclose(alone[name], every[name][some], atol=1e-5) for name in alone)


def test_a_test_rows_probabilities_confidence_and_loss_are_of_one_softmax(tiny, small):
    labels = small.test.labels
    said, _ = predict_with_loss(tiny, labels, classes=len(small.class_names))
    logits = torch.from_numpy(collect(tiny, ("logits",), "test")[0]["logits"])
    assert np.allclose(said["probs"], logits.softmax(1).numpy(), atol=1e-6)
    assert np.allclose(said["confidence"], said["probs"].max(1), atol=1e-6)
    losses = torch.nn.functional.cross_entropy(logits, torch.from_numpy(labels), reduction="none")
    assert np.allclose(said["loss"], losses.numpy(), atol=1e-5)
