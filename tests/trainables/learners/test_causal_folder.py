"""Causal language models of folders: what is read, refused and trained."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from tests.caches import FolderCache
from tests.model_folders import change_json, config_of, save_tokenizer
from trainables.data.dataset import Dataset, Split
from trainables.data.dataset_file import write
from trainables.data.messages import conversation
from trainables.errors import DataError, UsageError
from trainables.learners import LEARNERS
from trainables.learners.causal_lm import cached_documents, look_at_documents
from trainables.learners.pretrained import find_model
from trainables.run_context import load_runs
from trainables.spec import TrialSpec

WORDS = [f"w{i}" for i in range(40)]
TEXTS = [" ".join(WORDS[(i * k) % 40] for k in range(1, 4 + i % 9)) for i in range(48)]
CHATML = (
    "{% for m in messages %}<|im_start|> {{ m.role }} {{ m.content }} <|im_end|> {% endfor %}"
    "{% if add_generation_prompt %}<|im_start|> assistant {% endif %}"
)


def save_causal(folder, family="gpt2", *, template="", **fields):
    """A small causal model of random weights with a tokenizer of whole words."""
    from transformers import AutoModelForCausalLM, AutoTokenizer

    marks = ("[PAD]", "[UNK]", "<s>", "</s>", "<|im_start|>", "<|im_end|>")
    words = [*WORDS, "user", "assistant", "system"]
    named = {"pad_token": "[PAD]", "unk_token": "[UNK]", "bos_token": "<s>", "eos_token": "</s>"}
    vocabulary = save_tokenizer(folder, marks=marks, words=words, **named)
    if template:
        tokenizer = AutoTokenizer.from_pretrained(
            folder, local_files_only=True, trust_remote_code=False
        )
        tokenizer.add_special_tokens({"additional_special_tokens": list(marks[4:])})
        tokenizer.chat_template = template
        tokenizer.save_pretrained(folder)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        config = config_of(family, vocabulary=vocabulary, **fields)
        AutoModelForCausalLM.from_config(config, trust_remote_code=False).save_pretrained(folder)
    return folder


def data_of(inputs, kind="text"):
    rows = Split(inputs=inputs, labels=np.zeros(len(inputs), int), ids=np.arange(len(inputs)))
    return Dataset(name="made", kind=kind, class_names=(), train=rows, test=rows)


def chats(*roles):
    turns = [{"role": role, "content": WORDS[i]} for i, role in enumerate(roles)]
    return data_of([conversation(turns)] * 8, "messages")


def spec_of(folder, data, cache):
    cache.get("data", data.sha, lambda path: write(data, path))
    found = find_model(f"causal_lm:{folder}")
    training = replace(LEARNERS["causal_lm"].training, epochs=1, batch_size=8, max_length=24)
    return TrialSpec(
        dataset="made", data_sha=data.sha, model=found.name, model_sha=found.sha,
        learner=found.learner, seed=1, training=training,
    )  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("family", ["gpt2", "llama", "qwen2", "gpt_neox"])
def test_a_folders_model_begins_with_its_own_weights_and_learns(family, tmp_path, cache):
    from transformers import AutoModelForCausalLM

    folder, data = save_causal(tmp_path / "model", family), data_of(TEXTS)
    spec = spec_of(folder, data, cache)
    runs = load_runs(spec, cache)
    learner = runs.new_learner(spec)
    own = AutoModelForCausalLM.from_pretrained(
        folder, local_files_only=True, trust_remote_code=False, use_safetensors=True
    )
    batch = learner.network.batch("train", np.arange(8))
    with torch.no_grad():
        logits = learner.network.module.eval()(input_ids=batch["input_ids"]).logits
        assert torch.allclose(logits, own.eval()(input_ids=batch["input_ids"]).logits, atol=1e-5)
    before = learner.weights_sha()
    for _ in learner.train(runs.schedule(spec, learner, runs.all_rows)):
        pass
    assert learner.weights_sha() != before
    learner.save(tmp_path / "state")
    again = runs.new_learner(spec)
    again.load(tmp_path / "state")
    assert again.weights_sha() == learner.weights_sha()


def test_a_text_is_read_between_the_models_own_marks(tmp_path, cache):
    spec = spec_of(save_causal(tmp_path / "model"), data := data_of(["w1 w2", "w3"]), cache)
    one = cached_documents(spec, data, cache).splits["train"]
    assert one.pieces.values.tolist() == [2, 7, 8, 3, 2, 9, 3]  # <s> w1 w2 </s> <s> w3 </s>
    assert one.scored.tolist() == [False, True, True, True, False, True, True]


def test_of_a_chat_templates_text_the_answers_and_their_ends_are_scored(tmp_path, cache):
    folder = save_causal(tmp_path / "model", template=CHATML)
    data = chats("system", "user", "assistant", "user", "assistant")
    one = cached_documents(spec_of(folder, data, cache), data, cache).splits["train"]
    first = one.pieces.values[: one.pieces.offsets[1]][one.scored[: one.pieces.offsets[1]]]
    assert first.tolist() == [6 + 2, 5, 6 + 4, 5]  # w2 <|im_end|> w4 <|im_end|>


def test_conversations_without_a_chat_template_are_refused(tmp_path):
    found = find_model(f"causal_lm:{save_causal(tmp_path / 'model')}")
    with pytest.raises(UsageError, match="has no chat template, by which conversations become"):
        look_at_documents(found, chats("user", "assistant"), 24)


def test_turns_that_the_chat_template_does_not_take_are_refused_at_the_plan(tmp_path):
    strict = "{% if messages and messages[0].role == 'system' %}{{ raise_exception('no system') }}{% endif %}"
    found = find_model(f"causal_lm:{save_causal(tmp_path / 'model', template=strict + CHATML)}")
    message = "does not take turns of system, user, assistant: 'no system'"
    with pytest.raises(UsageError, match=message):
        look_at_documents(found, chats("system", "user", "assistant"), 24)


@pytest.mark.parametrize(
    ("family", "message"),
    [
        ("bert", "looks at the pieces on both sides"),
        ("xlnet", "looks at the pieces on both sides"),
        ("t5", "an encoder-decoder"),
        ("distilbert", "no causal language model of it"),
    ],
)
def test_what_is_no_causal_model_is_refused(family, message, tmp_path):
    folder = save_causal(tmp_path / "model")
    config = {"model_type": family, "vocab_size": 50}
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    with pytest.raises(UsageError, match=message):
        find_model(f"causal_lm:{folder}")


def test_weights_without_the_layer_that_says_pieces_are_refused(tmp_path):
    folder = save_causal(tmp_path / "model")
    change_json(folder / "config.json", tie_word_embeddings=False)
    with pytest.raises(DataError, match=r"such as lm_head.weight"):
        find_model(f"causal_lm:{folder}")


def test_a_model_that_looks_ahead_is_refused_when_it_is_opened(tmp_path, cache, monkeypatch):
    from transformers import GPT2LMHeadModel

    spec = spec_of(save_causal(tmp_path / "model"), data_of(TEXTS), cache)
    plain = GPT2LMHeadModel.forward

    def looks_ahead(self, input_ids, **named):
        return plain(self, input_ids=input_ids.flip(1), **named)

    monkeypatch.setattr(GPT2LMHeadModel, "forward", looks_ahead)
    with pytest.raises(UsageError, match="changes with the pieces behind it"):
        load_runs(spec, cache).new_learner(spec)


@pytest.fixture
def cache(tmp_path):
    (tmp_path / "cache").mkdir()
    return FolderCache(tmp_path / "cache")
