"""Masks that are made without a look at them say the same as those of transformers."""

import pytest
import torch
import transformers

from tests.model_folders import config_of
from trainables.learners import masks

WIDTH, LENGTHS = 12, torch.tensor([12, 7, 3])


@pytest.mark.parametrize(
    ("family", "fields"), [("bert", {}), ("gpt2", {}), ("mistral", {"sliding_window": 4})]
)
def test_a_models_logits_are_those_of_masks_of_transformers(family, fields, monkeypatch):
    config = config_of(family, num_labels=3, **fields)
    config.pad_token_id = 0
    kind = transformers.AutoModelForSequenceClassification
    model = kind.from_config(config, trust_remote_code=False).eval()
    mask = (torch.arange(WIDTH) < LENGTHS[:, None]).long()
    asked = {"input_ids": torch.randint(1, 99, mask.shape) * mask, "attention_mask": mask}
    theirs = model(**asked).logits
    known = transformers.AttentionMaskInterface._global_mapping
    monkeypatch.setitem(known, "sdpa", known["sdpa"])
    monkeypatch.setattr(masks, "device", lambda: "cuda")
    masks.make_masks_unasked()
    assert known["sdpa"] is masks._unasked
    assert torch.allclose(model(**asked).logits, theirs, atol=1e-6)


def test_on_a_processor_masks_are_made_as_ever():
    masks.make_masks_unasked()
    assert transformers.AttentionMaskInterface._global_mapping["sdpa"] is not masks._unasked
