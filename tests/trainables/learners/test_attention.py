"""Attention by plain products, held against transformers' own forward and backward passes."""

import copy

import pytest
import torch
import transformers as hf

from trainables.learners import attention
from trainables.learners.attention import attend_by_products

SMALL = {
    "vocab_size": 40, "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4,
    "intermediate_size": 48, "max_position_embeddings": 32, "num_labels": 3, "pad_token_id": 0,
    "hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0,
}  # fmt: skip
PLAIN = {
    "bert": hf.BertConfig(**SMALL),
    "roberta": hf.RobertaConfig(**SMALL),
    "electra": hf.ElectraConfig(**SMALL, embedding_size=16),
    "albert": hf.AlbertConfig(**SMALL, embedding_size=16),
    "modernbert": hf.ModernBertConfig(**SMALL, local_attention=4, global_attn_every_n_layers=2),
    "distilbert": hf.DistilBertConfig(
        vocab_size=40, dim=32, n_layers=2, n_heads=4, hidden_dim=48, max_position_embeddings=32,
        num_labels=3, dropout=0.0, attention_dropout=0.0, seq_classif_dropout=0.0,
    ),
    "gpt2": hf.GPT2Config(
        vocab_size=40, n_positions=32, n_embd=32, n_layer=2, n_head=4, num_labels=3,
        pad_token_id=0, resid_pdrop=0.0, embd_pdrop=0.0, attn_pdrop=0.0,
    ),
    "llama": hf.LlamaConfig(**SMALL, num_key_value_heads=2),
}  # fmt: skip
IMAGES = {
    "image_size": 32, "num_labels": 3, "drop_path_rate": 0.0, "hidden_dropout_prob": 0.0,
    "attention_probs_dropout_prob": 0.0,
}  # fmt: skip
WITH_LEARNED_BIAS = {
    "swin": hf.SwinConfig(
        **IMAGES, patch_size=2, embed_dim=16, depths=[1, 1], num_heads=[2, 4], window_size=4
    ),
    "beit": hf.BeitConfig(
        **IMAGES, patch_size=8, hidden_size=32, num_hidden_layers=2, num_attention_heads=4,
        intermediate_size=48, use_relative_position_bias=True,
    ),
}  # fmt: skip
OTHERS = {
    "mpnet": hf.MPNetConfig(**SMALL),
    "deberta": hf.DebertaV2Config(**SMALL, relative_attention=True, pos_att_type=["c2p"]),
}


def built(config, auto=hf.AutoModelForSequenceClassification):
    torch.manual_seed(0)
    return auto.from_config(copy.deepcopy(config), trust_remote_code=False).train()


def batch_of(*lengths):
    """Pieces and their mask, wider than the longest row by two."""
    width = max(lengths) + 2
    mask = (torch.arange(width) < torch.tensor(lengths)[:, None]).long()
    torch.manual_seed(1)
    return {"input_ids": torch.randint(1, 40, mask.shape) * mask, "attention_mask": mask}


def passes(module, batch):
    """Logits, and each parameter's gradient by name."""
    logits = module(**batch).logits
    torch.nn.functional.cross_entropy(logits, torch.arange(len(logits)) % 3).backward()
    return {"logits": logits} | {
        name: p.grad for name, p in module.named_parameters() if p.grad is not None
    }


def same(one, other):
    return one.keys() == other.keys() and all(
        torch.allclose(one[name], other[name], rtol=1e-4, atol=2e-6) for name in one
    )


@pytest.fixture
def taken(monkeypatch):
    """How often plain products were taken."""
    calls, apply = [], attention._Attention.apply
    monkeypatch.setattr(
        attention._Attention, "apply", lambda *given: calls.append(1) or apply(*given)
    )
    return calls


def quick(config, *auto):
    module = built(config, *auto)
    attend_by_products(module)
    return module


@pytest.mark.parametrize("lengths", [(9, 4, 1), (6, 6, 6)], ids=["padded", "alike"])
@pytest.mark.parametrize("config", PLAIN.values(), ids=PLAIN)
def test_logits_and_gradients_are_those_of_transformers(config, lengths, taken):
    batch = batch_of(*lengths)
    found = passes(quick(config), batch)
    assert same(found, passes(built(config), batch)) and len(taken) == 2


@pytest.mark.parametrize("config", OTHERS.values(), ids=OTHERS)
def test_a_model_with_attention_of_its_own_is_left_as_it_is(config, taken):
    batch = batch_of(9, 4, 1)
    assert same(passes(quick(config), batch), passes(built(config), batch)) and not taken


@pytest.mark.parametrize("config", WITH_LEARNED_BIAS.values(), ids=WITH_LEARNED_BIAS)
def test_a_learned_bias_by_position_gets_its_gradient(config):
    auto, batch = hf.AutoModelForImageClassification, {"pixel_values": torch.ones(2, 3, 32, 32)}
    assert same(passes(quick(config, auto), batch), passes(built(config, auto), batch))


def test_a_gradient_of_its_gradient_is_refused():
    one = torch.randn(1, 3, 2, requires_grad=True)
    out = attention._Attention.apply(one, one, one, None, 1.0)
    (slope,) = torch.autograd.grad(out.square().sum(), one, create_graph=True)
    with pytest.raises(RuntimeError, match="once_differentiable"):
        slope.sum().backward()


def test_a_causal_model_sees_no_later_piece_without_a_mask(taken):
    torch.manual_seed(0)
    module = hf.GPT2LMHeadModel(PLAIN["gpt2"]).train()
    attend_by_products(module)
    pieces = batch_of(9, 9)["input_ids"]
    changed = torch.cat([pieces[:, :-1], pieces[:, -1:] % 39 + 1], 1)
    one, other = (module(input_ids=each).logits[:, :-1] for each in (pieces, changed))
    assert torch.equal(one, other) and taken


def test_a_wrong_mask_would_be_seen(monkeypatch):
    batch = batch_of(9, 4, 1)
    monkeypatch.setattr(attention, "_bias", lambda *_: None)
    found = passes(quick(PLAIN["bert"]), batch)
    assert not same(found, passes(built(PLAIN["bert"]), batch))


@pytest.mark.parametrize("why", ["no gradients", "too wide", "dropout"])
def test_where_plain_products_are_no_gain_torch_computes(why, taken, monkeypatch):
    config = copy.deepcopy(PLAIN["bert"])
    if why == "dropout":
        config.attention_probs_dropout_prob = 0.1
    if why == "too wide":
        monkeypatch.setattr(attention, "_WIDEST", {torch.float32: 8})
    module = quick(config)
    with torch.set_grad_enabled(why != "no gradients"):
        module(**batch_of(9, 4))
    assert not taken


def test_in_bf16_it_is_as_near_to_fp32_as_torch(taken):
    batch, exact = batch_of(9, 4, 1), passes(built(PLAIN["bert"]), batch_of(9, 4, 1))["logits"]
    with torch.autocast("cpu", torch.bfloat16):
        off = [
            (m(**batch).logits - exact).norm() for m in (quick(PLAIN["bert"]), built(PLAIN["bert"]))
        ]
    assert off[0] < 2 * off[1] and taken
