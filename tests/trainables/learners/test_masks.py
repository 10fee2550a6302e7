"""Masks that are made without a look at them say the same as those of transformers."""

from types import SimpleNamespace

import pytest
import torch
import transformers

from tests.model_folders import config_of
from trainables.evidence import extra_passes
from trainables.learners import masks

WIDTH, LENGTHS = 12, torch.tensor([12, 7, 3])


def built(family, **fields):
    """A small classifier."""
    config = config_of(family, num_labels=3, **fields)
    config.pad_token_id = 0
    kind = transformers.AutoModelForSequenceClassification
    return kind.from_config(config, trust_remote_code=False).eval()


def padded():
    """Rows of word pieces, and their mask."""
    mask = (torch.arange(WIDTH) < LENGTHS[:, None]).long()
    return {"input_ids": torch.randint(1, 99, mask.shape) * mask, "attention_mask": mask}


@pytest.fixture
def unasked(monkeypatch):
    """Makes masks as on an accelerator from now on."""

    def make():
        known = transformers.AttentionMaskInterface._global_mapping
        monkeypatch.setitem(known, "sdpa", known["sdpa"])
        monkeypatch.setattr(masks, "device", lambda: "cuda")
        masks.make_masks_unasked()
        assert known["sdpa"] is masks._unasked

    return make


@pytest.mark.parametrize(
    ("family", "fields"), [("bert", {}), ("gpt2", {}), ("mistral", {"sliding_window": 4})]
)
def test_a_models_logits_are_those_of_masks_of_transformers(family, fields, unasked):
    model, asked = built(family, **fields), padded()
    theirs = model(**asked).logits
    unasked()
    assert torch.allclose(model(**asked).logits, theirs, atol=1e-6)


def test_a_piece_left_out_within_a_row_is_not_seen(unasked):
    model, asked = built("gpt2"), padded()
    asked["attention_mask"][:, 1] = 0
    theirs = model(**asked).logits
    unasked()
    with masks.masks_with_holes():
        assert torch.allclose(model(**asked).logits, theirs, atol=1e-6)
    assert not torch.allclose(model(**asked).logits, theirs, atol=1e-6)


def test_views_leave_out_pieces_within_rows(monkeypatch):
    seen = []
    monkeypatch.setattr(extra_passes, "_several", lambda *_: seen.append(masks._HAVE_HOLES.get()))
    learner = SimpleNamespace(network=SimpleNamespace(module=torch.nn.Linear(1, 1)))
    extra_passes.view_probs(learner)
    assert seen == [True]


def test_on_a_processor_masks_are_made_as_ever():
    masks.make_masks_unasked()
    assert transformers.AttentionMaskInterface._global_mapping["sdpa"] is not masks._unasked
