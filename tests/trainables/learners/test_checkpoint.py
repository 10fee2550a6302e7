"""Folders of many kinds of models: each is read right, mended, or refused in one line."""

import io
import json
import os
import struct
import sys
from contextlib import contextmanager
from dataclasses import replace

import numpy as np
import pytest

from tests.caches import FolderCache
from tests.model_folders import (
    change_json,
    config_of,
    save_model,
    save_sentencepiece,
    save_tokenizer,
    texts,
)
from trainables.errors import DataError, EnvelopeError, UnavailableError, UnsafeError, UsageError
from trainables.learners import LEARNERS
from trainables.learners.pretrained import find_model, opened
from trainables.learners.tokens import look_at_pieces
from trainables.spec import TrialSpec

pytestmark = pytest.mark.slow

STATED = 40
# What each family can read where its settings state 40: rows before the first piece's are taken off.
LONGEST = {
    "bert": 40, "distilbert": 40, "albert": 40, "electra": 40, "deberta": 40, "deberta-v2": 40,
    "squeezebert": 40, "mobilebert": 40, "megatron-bert": 40, "big_bird": 40,
    "ernie": 40, "rembert": 40, "roformer": 40, "xlm": 40, "flaubert": 40, "mra": 40, "layoutlm": 40,
    "modernbert": 40, "roberta": 38, "xlm-roberta": 38, "camembert": 38, "mpnet": 38, "ibert": 38,
    "data2vec-text": 38, "longformer": 38, "luke": 38, "roberta-prelayernorm": 38,
    "xlm-roberta-xl": 38, "esm": 39, "markuplm": 39,
    "gpt2": 40, "openai-gpt": 40, "opt": 40, "ctrl": 40, "biogpt": 40, "gpt_bigcode": 40,
    "llama": 40, "mistral": 40, "gpt_neox": 40, "qwen2": 40, "gemma": 40, "bloom": 0, "mpt": 40,
}  # fmt: skip
FIELDS = {
    "qwen2": {"vocabulary": 300},
    "esm": {"pad_token_id": 0, "mask_token_id": 4},
    "markuplm": {"pad_token_id": 0},
}


@pytest.fixture(scope="module")
def dataset():
    """Two classes; a text of each split is longer than any small model can read."""
    import pyarrow as pa

    from trainables.data.dataset import Dataset, Split

    def split(n, seed):
        rows = texts(n, seed=seed)
        words = [text for text, _ in rows]
        words[1] = " ".join(words)
        return Split(
            inputs=pa.array(words, pa.large_string()),
            labels=np.array([label for _, label in rows]),
            ids=np.arange(n),
        )

    return Dataset(
        name="made", kind="text", class_names=("a", "b"), train=split(40, 0), test=split(20, 1)
    )


def spec_for(found, dataset, max_length, **fields):
    usual = LEARNERS[found.learner].training
    training = replace(usual, epochs=1, batch_size=8, max_length=max_length, precision="fp32")
    return TrialSpec(
        dataset="made", data_sha=dataset.sha, model=found.name, model_sha=found.sha,
        learner=found.learner, seed=fields.pop("seed", 1), training=training, **fields,
    )  # fmt: skip


def run(found, dataset, folder, max_length=None):
    from trainables.data.dataset_file import write
    from trainables.trial import run_baseline

    folder.mkdir()
    cache = FolderCache(folder)
    cache.get("data", dataset.sha, lambda path: write(dataset, path))
    return run_baseline(spec_for(found, dataset, max_length or found.longest or 64), cache)


@pytest.mark.parametrize(("family", "longest"), LONGEST.items(), ids=LONGEST)
def test_a_model_is_trained_at_the_very_length_that_it_is_said_to_read(
    family, longest, dataset, tmp_path
):
    found = find_model(str(save_model(tmp_path / "m", family, **FIELDS.get(family, {}))))
    assert found.longest == longest
    row = run(found, dataset, tmp_path / "cache")
    assert 0 <= row.accuracy <= 1


@pytest.mark.parametrize("family", LONGEST)
def test_padding_changes_neither_logits_nor_embeddings(family, dataset, tmp_path):
    import torch

    found = find_model(str(save_model(tmp_path / "m", family, **FIELDS.get(family, {}))))
    spec = spec_for(found, dataset, 36)
    network = LEARNERS["text"].open(spec, dataset, FolderCache(tmp_path))
    network.module.eval()
    lengths = network.lengths["train"]
    short, long = int(lengths.argmin()), int(lengths.argmax())
    assert lengths[short] < lengths[long] == 36
    with torch.no_grad():
        # Rows of one length need no padding; a batch of unlike ones does.
        tight = network.batch("train", np.array([short]))
        tight = {name: values[:, : lengths[short]] for name, values in tight.items()}
        alone = network.forward(tight, embed=True)
        padded = network.forward(network.batch("train", np.array([short, long])), embed=True)
    for one, other in zip(alone, padded, strict=True):
        scale = float(one.abs().max())
        assert float((one[0] - other[0]).abs().max()) <= 1e-5 * scale


@pytest.mark.parametrize("family", ["bert", "mpnet", "roberta", "gpt2", "llama", "deberta-v2"])
def test_a_head_is_trained_on_any_familys_frozen_embeddings(family, dataset, tmp_path):
    found = find_model(f"linear:{save_model(tmp_path / 'm', family)}")
    assert found.learner == "linear" and found.longest == LONGEST[family]
    assert 0 <= run(found, dataset, tmp_path / "cache").accuracy <= 1


def test_one_piece_more_than_a_model_is_said_to_read_is_too_much(tmp_path):
    """The table above says no less than the truth, where positions are in a table."""
    import torch
    from transformers import AutoModelForSequenceClassification

    without_table = {"llama", "mistral", "gpt_neox", "qwen2", "gemma", "modernbert", "bloom"}
    # These fill up to windows or take the remainder of the rows behind their padding's.
    beyond = set(LONGEST) - without_table - {"mra", "big_bird"}
    for family in sorted(beyond):
        fields = FIELDS.get(family, {})
        module = AutoModelForSequenceClassification.from_config(
            config_of(family, **fields), trust_remote_code=False
        )
        ids = torch.full((1, LONGEST[family] + 1), 7)
        with pytest.raises((IndexError, RuntimeError)), torch.no_grad():
            module(input_ids=ids, attention_mask=torch.ones_like(ids))


def _header(path, edit):
    content = path.read_bytes()
    (size,) = struct.unpack("<Q", content[:8])
    header = json.loads(content[8 : 8 + size])
    edit(header)
    new = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(new)) + new + content[8 + size :])


def _shard(folder):
    from transformers import AutoModelForSequenceClassification

    module = AutoModelForSequenceClassification.from_config(
        config_of("bert"), trust_remote_code=False
    )
    (folder / "model.safetensors").unlink()
    module.save_pretrained(folder, max_shard_size="20KB")
    return sorted(folder.glob("model-*.safetensors"))


def _without_tokenizer(folder):
    for path in folder.glob("tokenizer*"):
        path.unlink()


def _only(name, content):
    def spoil(folder):
        _without_tokenizer(folder)
        (folder / name).write_text(content, encoding="utf-8")

    return spoil


def _change(**fields):
    return lambda folder: change_json(folder / "config.json", **fields)


def _write(name, content):
    return lambda folder: (folder / name).write_bytes(content)


def _cut(folder):
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-100])


def _lack_a_shard(folder):
    _shard(folder)[1].unlink()


def _larger_tokenizer(folder):
    path = folder / "tokenizer.json"
    content = json.loads(path.read_text(encoding="utf-8"))
    content["model"]["vocab"]["beyond"] = 200
    path.write_text(json.dumps(content), encoding="utf-8")


def _pickle(folder):
    import torch
    from safetensors.torch import load_file

    path = folder / "model.safetensors"
    state = load_file(path if path.exists() else folder / "other.safetensors")
    torch.save(state, folder / "pytorch_model.bin")
    path.unlink(missing_ok=True)


def _rename_weights(folder):
    (folder / "model.safetensors").rename(folder / "other.safetensors")


CODE = {"AutoModelForSequenceClassification": "mine.Model"}
# What is done to a good folder, the error, and what its line says.
SPOILT = {
    "config: absent": (lambda f: (f / "config.json").unlink(), DataError, "holds no config.json"),
    "config: torn": (_write("config.json", b'{"model_type": "be'), DataError, "is not JSON"),
    "config: not text": (_write("config.json", b"\xff\xfe\x00"), DataError, "is not JSON"),
    "config: a list": (_write("config.json", b"[]"), DataError, "a JSON list, not an object"),
    "config: null": (_write("config.json", b"null"), DataError, "a JSON NoneType, not an object"),
    "config: no type": (_change(model_type=None), DataError, "model_type is None"),
    "config: type is a number": (_change(model_type=4), DataError, "model_type is 4"),
    "config: unknown type": (_change(model_type="bort"), UsageError, "type 'bort', which transf"),
    "config: a word for a size": (_change(hidden_size="big"), DataError, "cannot be read as the"),
    "config: heads do not divide": (_change(num_attention_heads=5), DataError, "cannot"),
    "config: more layers than weights": (
        _change(num_hidden_layers=3), DataError, r"lack 16 of the encoder's .*layer\.2",
    ),
    "config: more pieces than weights": (
        _change(vocab_size=300), DataError, r"asks for a .*word_embeddings.* \[300, 32\]",
    ),
    "config: wider than weights": (_change(hidden_size=64), DataError, "asks for a"),
    "config: another family": (_change(model_type="distilbert"), DataError, "weights lack|asks"),
    "config: weights elsewhere": (
        _change(transformers_weights="../x.safetensors"), DataError, "transformers_weights",
    ),
    "code: of the model": (_change(auto_map=CODE), UnsafeError, r"auto_map: .*mine\.Model"),
    "code: of an unknown type": (
        _change(auto_map=CODE, model_type="mine"), UnsafeError, "which is not run",
    ),
    "code: of the tokenizer": (
        _write("tokenizer_config.json", b'{"auto_map": {"AutoTokenizer": ["mine.T", null]}}'),
        UnsafeError, r"tokenizer_config\.json names code",
    ),
    "code: of an image processor": (
        _write("preprocessor_config.json", b'{"auto_map": {"AutoImageProcessor": "mine.P"}}'),
        UnsafeError, r"preprocessor_config\.json names code",
    ),
    "code: of a part of the model": (
        _change(text_config={"auto_map": CODE}), UnsafeError, r"config\.json names code",
    ),
    "code: attention from the hub": (
        _change(attn_implementation="owner/kernel"), UnsafeError, "asks for code beside .*'owner/kernel'",
    ),
    "code: attention of a library": (
        _change(_attn_implementation="flash_attention_2"), UnsafeError, "take the entry out",
    ),
    "code: attention of a part": (
        _change(attn_implementation={"text_config": "owner/kernel"}), UnsafeError, "owner/kernel",
    ),
    "quantised": (
        _change(quantization_config={"quant_method": "gptq", "bits": 4}), UsageError, "'gptq'",
    ),
    "adapter": (_write("adapter_config.json", b"{}"), UsageError, "an adapter"),
    "weights: absent": (lambda f: (f / "model.safetensors").unlink(), DataError, "no \\*\\.saf"),
    "weights: pickled": (_pickle, UnsafeError, r"as 'pytorch_model\.bin', which can run code"),
    "weights: pickled beside another file": (
        lambda f: (_rename_weights(f), _pickle(f)), UnsafeError, r"as 'pytorch_model\.bin', which can",
    ),
    "weights: a link to nothing": (
        lambda f: (_rename_weights(f), (f / "model.safetensors").symlink_to("gone")), DataError,
        "is no regular file, or a link to none",
    ),
    "tokenizer: a pipe": (lambda f: os.mkfifo(f / "vocab.txt"), DataError, "is no regular file"),
    "tokenizer: a folder": (
        lambda f: (_without_tokenizer(f), (f / "vocab").mkdir()), DataError, "holds no tokenizer",
    ),
    "weights: cut short": (_cut, DataError, r"model\.safetensors is torn"),
    "weights: empty": (_write("model.safetensors", b""), DataError, "is torn"),
    "weights: not that": (_write("model.safetensors", b"PK\x03\x04" * 99), DataError, "is torn"),
    "weights: in Git LFS": (
        _write("model.safetensors", b"version https://git-lfs.github.com/spec/v1\noid sha256:ab\n"),
        DataError, "pointer of Git LFS",
    ),
    "weights: offsets beyond the end": (
        lambda f: _header(
            f / "model.safetensors", lambda h: h["classifier.bias"].update(data_offsets=[0, 10**9])
        ),
        DataError, "is torn",
    ),
    "weights: under another name": (_rename_weights, DataError, r"'other\.safetensors' and neither"),
    "weights: a shard is missing": (_lack_a_shard, DataError, r"holds no model-0000\d-of-0000\d"),
    "weights: index of nothing": (
        lambda f: (_rename_weights(f), (f / "model.safetensors.index.json").write_text("{}")),
        DataError, "no weight_map",
    ),
    "weights: index leads outside": (
        lambda f: (
            _rename_weights(f),
            (f / "model.safetensors.index.json").write_text('{"weight_map": {"a": "../b"}}'),
        ),
        UnsafeError, "outside its folder",
    ),
    "tokenizer: absent": (_without_tokenizer, DataError, r"no tokenizer \(tokenizer\.json, vocab"),
    "tokenizer: torn": (_write("tokenizer.json", b'{"version": "1.0", '), DataError, "tokenizer c"),
    "tokenizer: empty list of pieces": (_only("vocab.txt", ""), DataError, "tokenizer"),
    "tokenizer: of another family": (
        _only("vocab.json", '{"a": 0}'), DataError, r"knows no word piece; it reads .*vocab\.txt",
    ),
    "tokenizer: no SentencePiece model": (_only("spm.model", "text"), DataError, "tokenizer"),
    "tokenizer: larger than the embedding": (
        _larger_tokenizer, DataError, r"pieces up to 200 \('beyond'\), but .* 200 rows, 0 to 199",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("spoil", "error", "says"), SPOILT.values(), ids=SPOILT)
def test_a_folder_that_is_not_whole_is_refused_in_one_line(spoil, error, says, tmp_path):
    folder = save_model(tmp_path / "m")
    find_model(str(folder))
    spoil(folder)
    for name in (str(folder), f"linear:{folder}"):
        with pytest.raises(error, match=says) as caught:
            find_model(name)
        assert type(caught.value) is error
        assert "\n" not in str(caught.value)
        assert str(folder) in str(caught.value)


@pytest.mark.parametrize("file", ["config.json", "tokenizer_config.json", "tokenizer.json"])
@pytest.mark.parametrize("family", ["bert", "gpt2"])
def test_no_entry_of_any_file_brings_an_error_that_is_not_ours(family, file, tmp_path):
    folder = save_model(tmp_path / "m", family)
    good = json.loads((folder / file).read_text(encoding="utf-8"))
    accepted = 0
    for key in [*good, "text_config", "added_tokens_decoder", "dtype", "rope_scaling"]:
        for value in (None, "x", -1, [], {}):
            (folder / file).write_text(json.dumps({**good, key: value}), encoding="utf-8")
            try:
                find_model(str(folder))
                accepted += 1
            except EnvelopeError as error:
                assert "\n" not in str(error)
    assert accepted > 3


UNFIT = {
    "t5": "an encoder-decoder", "mt5": "an encoder-decoder", "bart": "an encoder-decoder",
    "mbart": "an encoder-decoder", "pegasus": "an encoder-decoder", "led": "an encoder-decoder",
    "marian": "an encoder-decoder", "prophetnet": "an encoder-decoder",
    "blenderbot": "an encoder-decoder", "whisper": "an encoder-decoder",
    "vit": "no class by which it reads texts", "clip": "no class by which it reads texts",
    "resnet": "no class by which it reads texts", "wav2vec2": "no class by which it reads texts",
    "hubert": "no class by which it reads texts", "dinov2": "no class by which it reads texts",
    "fnet": "no attention mask", "canine": "reads letters", "perceiver": "vectors of its own",
    "reformer": "one length", "xlnet": "the last piece", "tapas": "reads tables",
    "funnel": "fewer vectors", "xmod": "the language", "convbert": "read padding",
    "nystromformer": "over padding",
}  # fmt: skip


@pytest.mark.parametrize(("family", "says"), UNFIT.items(), ids=UNFIT)
def test_a_model_that_does_not_read_texts_is_refused_by_what_it_is(family, says, tmp_path):
    from transformers import CONFIG_MAPPING

    folder = save_model(tmp_path / "m")
    if family == "fnet":
        save_model(folder, family, tokenizer=False)
    else:
        CONFIG_MAPPING[family]().save_pretrained(folder)
    for name in (str(folder), f"linear:{folder}"):
        with pytest.raises(UsageError, match=rf"is of type {family}: .*{says}"):
            find_model(name)


def test_an_encoder_decoder_that_says_it_is_none_is_still_one(tmp_path):
    folder = save_model(tmp_path / "m")
    config_of("t5").save_pretrained(folder)
    change_json(folder / "config.json", is_encoder_decoder=False)
    with pytest.raises(UsageError, match="an encoder-decoder"):
        find_model(str(folder))


def test_a_model_without_a_classifier_of_its_own_is_said_to_serve_as_frozen(dataset, tmp_path):
    import transformers as hf

    config = hf.MambaConfig(vocab_size=200, hidden_size=32, num_hidden_layers=2, state_size=4)
    hf.MambaModel(config).save_pretrained(tmp_path / "m")
    save_tokenizer(tmp_path / "m")
    with pytest.raises(UsageError, match=r"no text classifier of it; linear:"):
        find_model(str(tmp_path / "m"))
    run(find_model(f"linear:{tmp_path / 'm'}"), dataset, tmp_path / "cache")


@pytest.mark.parametrize("head", ["ForMaskedLM", "Model", "ForTokenClassification"])
def test_an_encoder_saved_with_any_head_or_none_will_do(head, dataset, tmp_path):
    import transformers as hf

    getattr(hf, f"Bert{head}")(config_of("bert")).save_pretrained(tmp_path / "m")
    save_tokenizer(tmp_path / "m")
    run(find_model(str(tmp_path / "m")), dataset, tmp_path / "cache")


# Settings that are null, and the length that is then allowed: of a table its own, else no limit.
NULLS = {
    "bert": ({"max_position_embeddings": None}, 40),
    "roberta": ({"max_position_embeddings": None, "pad_token_id": None}, 38),
    "mpnet": ({"pad_token_id": None}, 38),
    "gpt2": ({"n_positions": None, "pad_token_id": None}, 40),
    "llama": ({"max_position_embeddings": None}, 0),
}


@pytest.mark.parametrize(("family", "case"), NULLS.items(), ids=NULLS)
def test_null_in_the_settings_means_what_the_weights_say(family, case, dataset, tmp_path):
    fields, longest = case
    folder = save_model(tmp_path / "m", family)
    change_json(folder / "config.json", **fields)
    found = find_model(str(folder))
    assert found.longest == longest
    run(found, dataset, tmp_path / "cache")


def test_settings_left_out_are_those_of_the_type(tmp_path):
    folder = save_model(tmp_path / "m", "distilbert", positions=512)
    content = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    del content["max_position_embeddings"]
    (folder / "config.json").write_text(json.dumps(content), encoding="utf-8")
    assert find_model(str(folder)).longest == 512


# Special pieces of a tokenizer, the settings of the model, and the piece that fills up.
PADS = {
    "gpt2, tokenizer pads": ("gpt2", {"pad_token": "[PAD]"}, {}, 0),
    "gpt2, another piece in its settings": ("gpt2", {"pad_token": "[PAD]"}, {"pad_token_id": 4}, 0),
    "gpt2, end piece alone": ("gpt2", {"eos_token": "[SEP]"}, {}, 3),
    "llama, tokenizer pads": ("llama", {"pad_token": "[MASK]"}, {}, 4),
    "llama, settings alone": ("llama", {"unk_token": "[UNK]"}, {"pad_token_id": 2}, 2),
    "llama, out of range in its settings": ("llama", {"pad_token": "[PAD]"}, {"pad_token_id": -1}, 0),
    "roberta counts positions from its own": ("roberta", {"pad_token": "[PAD]"}, {}, 1),
    "mpnet counts positions from 1": ("mpnet", {"pad_token": "[PAD]"}, {"pad_token_id": 0}, 1),
    "bert": ("bert", {"pad_token": "[PAD]"}, {}, 0),
}  # fmt: skip


@pytest.mark.parametrize(("family", "marks", "fields", "pad"), PADS.values(), ids=PADS)
def test_the_padding_piece_is_the_tokenizers_and_the_network_knows_it(
    family, marks, fields, pad, dataset, tmp_path
):
    folder = save_model(tmp_path / "m", family, tokenizer=False, **fields)
    save_tokenizer(folder, **marks)
    found = find_model(str(folder))
    spec = spec_for(found, dataset, 32)
    network = LEARNERS["text"].open(spec, dataset, FolderCache(tmp_path))
    assert network.module.config.pad_token_id == pad
    batch = network.batch("train", np.array([0, 1]))
    assert (batch["input_ids"][batch["attention_mask"] == 0] == pad).all()


def test_a_padding_piece_without_room_in_the_embedding_is_not_used(dataset, tmp_path):
    """GPT-2 with a padding piece that was added, and its embedding not made larger."""
    folder = tmp_path / "m"
    size = save_tokenizer(folder, marks=("[END]", "[UNK]"), eos_token="[END]", unk_token="[UNK]")
    save_model(folder, "gpt2", tokenizer=False, vocabulary=size, bos_token_id=0, eos_token_id=0)
    path = folder / "tokenizer_config.json"
    change_json(path, pad_token="[PAD]")
    found = find_model(str(folder))
    spec = spec_for(found, dataset, 32)
    network = LEARNERS["text"].open(spec, dataset, FolderCache(tmp_path))
    assert network.module.config.pad_token_id == 0
    run(found, dataset, tmp_path / "cache")


def test_a_model_without_any_piece_to_fill_up_with_is_refused(tmp_path):
    folder = save_model(tmp_path / "m", "llama", tokenizer=False, eos_token_id=None)
    save_tokenizer(folder, unk_token="[UNK]")
    with pytest.raises(UsageError, match="no padding piece and no end piece"):
        find_model(str(folder))


def test_a_text_of_no_piece_is_one_of_padding(dataset, tmp_path):
    import pyarrow as pa
    import torch

    empty = pa.array(["", *dataset.train.texts[1:]], pa.large_string())
    data = replace(dataset, train=replace(dataset.train, inputs=empty))
    found = find_model(str(save_model(tmp_path / "m", "gpt2")))
    network = LEARNERS["text"].open(spec_for(found, data, 32), data, FolderCache(tmp_path))
    with torch.no_grad():
        out = network.forward(network.batch("train", np.array([0, 2])), embed=True)
    assert network.lengths["train"][0] == 1
    assert all(bool(part.isfinite().all()) for part in out)


SENTENCEPIECE = {
    "deberta-v2": ("spm.model", {"vocab_type": "spm", "tokenizer_class": "DebertaV2Tokenizer"}),
    "albert": ("spiece.model", None),
    "xlm-roberta": ("sentencepiece.bpe.model", None),
    "camembert": ("sentencepiece.bpe.model", {"tokenizer_class": "CamembertTokenizer"}),
    "rembert": ("sentencepiece.model", None),
    "llama": ("tokenizer.model", {"tokenizer_class": "LlamaTokenizer"}),
}
IDS = {
    "albert": {
        "pad_id": 0, "unk_id": 1, "bos_id": -1, "eos_id": -1,
        "control_symbols": "[CLS],[SEP],[MASK]",
    },
}  # fmt: skip


@pytest.mark.parametrize(("family", "case"), SENTENCEPIECE.items(), ids=SENTENCEPIECE)
def test_a_folder_with_a_sentencepiece_file_alone_is_read(family, case, dataset, tmp_path):
    import sentencepiece

    file, settings = case
    folder = save_model(tmp_path / "m", family, tokenizer=False)
    save_sentencepiece(
        folder / file, "bpe" if family == "llama" else "unigram", **IDS.get(family, {})
    )
    if settings:
        (folder / "tokenizer_config.json").write_text(json.dumps(settings), encoding="utf-8")
    found = find_model(str(folder))
    look = look_at_pieces(found, dataset.train.texts, 32)
    own = sentencepiece.SentencePieceProcessor(model_file=str(folder / file))
    whole = np.array([len(own.encode(text)) for text in dataset.train.texts])
    assert 0 <= look.median_pieces - np.median(whole) <= 2
    assert look.unknown_share == 0
    run(found, dataset, tmp_path / "cache")


@pytest.mark.parametrize("lacking", ["sentencepiece", "google.protobuf"])
def test_what_a_sentencepiece_file_needs_is_said_where_it_is_not_installed(
    lacking, tmp_path, monkeypatch
):
    from trainables.learners import checkpoint

    folder = save_model(tmp_path / "m", tokenizer=False)
    save_sentencepiece(folder / "spm.model")
    monkeypatch.setattr(checkpoint, "_is_installed", lambda name: name != lacking)
    with pytest.raises(UnavailableError, match=r"pip install sentencepiece protobuf"):
        find_model(str(folder))
    save_tokenizer(folder)
    find_model(str(folder))


def test_weights_in_shards_are_read_and_counted_whole(dataset, tmp_path):
    folder = save_model(tmp_path / "m")
    shards = _shard(folder)
    found = find_model(str(folder))
    assert len(shards) > 2
    assert found.size == sum(path.stat().st_size for path in shards)
    run(found, dataset, tmp_path / "cache")


# Files that decide pieces or weights, as the loader finds them beside the others.
DECIDING = [
    "special_tokens_map.json", "added_tokens.json", "tokenizer_config.json", "vocab.txt", "merges.txt",
    "bpe.codes", "entity_vocab.json", "spm.model", "tokenizer.4.0.json", "tekken.json",
    "generation_config.json", "cl100k.tiktoken", "vocab", "adapter_model.safetensors",
]  # fmt: skip


@pytest.mark.parametrize("name", DECIDING)
def test_whatever_the_loader_reads_is_in_the_models_name(name, tmp_path):
    from trainables.learners.checkpoint import content_of

    (tmp_path / "config.json").write_text("{}")
    before = content_of(tmp_path)
    (tmp_path / name).write_text("one")
    one = content_of(tmp_path)
    (tmp_path / name).write_text("two")
    assert len({before, one, content_of(tmp_path)}) == 3


def test_every_file_that_a_tokenizer_of_transformers_reads_is_in_the_models_name():
    import importlib
    from fnmatch import fnmatch

    from transformers.models.auto.tokenization_auto import TOKENIZER_MAPPING_NAMES

    from trainables.learners.checkpoint import READ

    hf = importlib.import_module("transformers")
    names = set()
    for kind in filter(None, TOKENIZER_MAPPING_NAMES.values()):
        names |= {*(getattr(getattr(hf, kind, None), "vocab_files_names", None) or {}).values()}
    assert len(names) > 10
    # Of an encoder-decoder, which is refused.
    names -= {"prophetnet.tokenizer"}
    assert [name for name in names if not any(fnmatch(name, pattern) for pattern in READ)] == []


# What else may lie in a folder, so that it can be seen whether it is read.
BESIDE = (
    "special_tokens_map.json", "added_tokens.json", "generation_config.json", "chat_template.jinja",
    "chat_template.json", "additional_chat_templates/tool.jinja", "processor_config.json",
    "preprocessor_config.json", "modules.json", "sentence_bert_config.json", "1_Pooling/config.json",
    "2_Dense/model.safetensors", "custom_generate/generate.py", "modeling.py", "vocab.txt", "merges.txt",
    "vocab.json", "tokenizer.model", "tokenizer.9.0.json", "README.md", "training_args.bin", "optimizer.pt",
)  # fmt: skip


@pytest.mark.parametrize("family", ["bert", "gpt2", "roberta", "llama"])
def test_every_file_that_is_opened_as_a_model_is_loaded_is_in_its_name(family, dataset, tmp_path):
    """Opened by Python, as an audit hook sees it, or by a library, as the time of reading shows."""
    from trainables.learners.checkpoint import content_of

    folder = save_model(tmp_path / "m", family)
    for name in BESIDE:
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        if not path.exists():
            path.write_text("{}" if path.suffix == ".json" else "x")
    found = find_model(str(folder))
    for path in (every := [path for path in folder.rglob("*") if path.is_file()]):
        os.utime(path, (0, path.stat().st_mtime))
    with _opened_below(folder) as seen:
        LEARNERS["text"].open(
            spec_for(replace(found, sha=content_of(folder)), dataset, 32),
            dataset,
            FolderCache(tmp_path),
        )
    seen |= {path for path in every if path.stat().st_atime > 1}
    assert {folder / "config.json", folder / "tokenizer.json"} <= seen
    decides = set()
    for path in sorted(seen):
        before, content = content_of(folder), path.read_bytes()
        path.write_bytes(content + b" ")
        if content_of(folder) != before:
            decides.add(path)
        path.write_bytes(content)
    assert seen - decides == set()
    assert not [path for path in seen if path.suffix in (".py", ".bin", ".pt")]


@contextmanager
def _opened_below(folder):
    """The files of a folder that Python opens meanwhile."""
    seen, is_on = set(), [True]

    def hook(event, given):
        if is_on[0] and event == "open" and str(given[0]).startswith(str(folder)):
            seen.add(folder / given[0])

    sys.addaudithook(hook)  # for good: it cannot be taken away
    yield seen
    is_on[0] = False


def test_code_that_lies_in_a_folder_is_not_run_as_it_is_loaded(dataset, tmp_path, monkeypatch):
    """That of sentence-transformers' modules, of `generate`, of a class's usual name, whatever stdin says."""
    folder, ran = save_model(tmp_path / "m"), tmp_path / "ran"
    (folder / "modules.json").write_text(
        '[{"idx": 0, "name": "0", "path": "", "type": "mine.Pooling"}]'
    )
    change_json(folder / "config.json", custom_pipelines={"mine": {"impl": "mine.Pipeline"}})
    (folder / "custom_generate").mkdir()
    for name in ("mine", "custom_generate/generate", "modeling_bert", "tokenization", "__init__"):
        (folder / f"{name}.py").write_text(f"open({str(ran)!r}, 'w')\n")
    monkeypatch.setattr(sys, "stdin", io.StringIO("y\n" * 9))
    monkeypatch.chdir(folder)
    found = find_model(str(folder))
    LEARNERS["text"].open(spec_for(found, dataset, 32), dataset, FolderCache(tmp_path))
    assert not ran.exists() and sys.stdin.tell() == 0


def test_special_pieces_that_are_changed_make_another_model(tmp_path):
    folder = save_model(tmp_path / "m")
    before = find_model(str(folder)).sha
    (folder / "special_tokens_map.json").write_text('{"cls_token": "[SEP]"}')
    assert find_model(str(folder)).sha != before


def _touch_weights(folder):
    path = folder / "model.safetensors"
    content, stat = bytearray(path.read_bytes()), path.stat()
    content[-1] ^= 1
    path.write_bytes(content)
    # As a copy that keeps times would.
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))


CHANGED = {
    "weights": _touch_weights,
    "tokenizer": lambda f: save_tokenizer(f, marks=("[PAD]", "[UNK]")),
    "settings": _change(hidden_act="relu"),
    "a file more": _write("added_tokens.json", b"{}"),
    "a file less": lambda f: (f / "tokenizer_config.json").unlink(),
}


@pytest.mark.parametrize("change", CHANGED.values(), ids=CHANGED)
@pytest.mark.parametrize("prefix", ["", "linear:"])
def test_a_model_that_changed_after_the_plan_is_not_trained(change, prefix, dataset, tmp_path):
    folder = save_model(tmp_path / "m")
    found = find_model(f"{prefix}{folder}")
    run(found, dataset, tmp_path / "first", max_length=32)
    change(folder)
    with pytest.raises(DataError, match="has changed since the sweep was planned"):
        run(found, dataset, tmp_path / "second", max_length=32)


def test_a_model_that_changes_while_it_is_read_is_not_trained(tmp_path):
    folder = save_model(tmp_path / "m")
    found = find_model(str(folder))
    with (
        pytest.raises(DataError, match="has changed since the sweep was planned"),
        opened(found.name, found.sha),
    ):
        _touch_weights(folder)


def test_weights_are_hashed_once_a_process_and_not_for_every_trial(tmp_path, monkeypatch):
    from trainables.learners import checkpoint

    folder = save_model(tmp_path / "m")
    found = find_model(str(folder))
    monkeypatch.setattr(checkpoint.hashlib, "file_digest", None)
    for _ in range(3):
        with opened(found.name, found.sha):
            pass


def _overwrite_weights(folder):
    path = folder / "model.safetensors"
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.seek(size // 2)
        file.write(b"\0" * (size - size // 2))


def _zeros(module):
    return [name for name, one in module.named_parameters() if one.ndim == 2 and not one.any()]


def test_weights_that_are_overwritten_once_they_are_loaded_change_no_tensor(dataset, tmp_path):
    folder = save_model(tmp_path / "m")
    spec = spec_for(find_model(str(folder)), dataset, 32)
    network = LEARNERS["text"].open(spec, dataset, FolderCache(tmp_path))
    _overwrite_weights(folder)
    assert _zeros(network.module) == []


class LoadedError(Exception):
    """Raised in place of using a network."""


def test_a_frozen_encoder_is_in_memory_when_its_files_have_been_looked_at(
    dataset, tmp_path, monkeypatch
):
    from trainables.learners import linear

    folder = save_model(tmp_path / "m")
    spec = spec_for(find_model(f"linear:{folder}"), dataset, 32)

    def network(module, _tokens):
        _overwrite_weights(folder)
        assert _zeros(module) == []
        raise LoadedError

    monkeypatch.setattr(linear, "TextNetwork", network)
    with pytest.raises(LoadedError):
        LEARNERS["linear"].open(spec, dataset, FolderCache(tmp_path))


def test_a_worker_unpickles_no_weights_though_they_are_all_there_is(dataset, tmp_path, monkeypatch):
    """A plan refuses such a folder; a worker looks at its hash alone."""
    import torch

    from trainables.learners import linear, text
    from trainables.learners.checkpoint import content_of

    folder = save_model(tmp_path / "m")
    spec = spec_for(find_model(str(folder)), dataset, 32)
    tokens = text.cached_tokens(spec, dataset, FolderCache(tmp_path))
    monkeypatch.setattr(text, "cached_tokens", lambda *_, **__: tokens)
    monkeypatch.setattr(torch, "load", lambda *_, **__: pytest.fail("it was unpickled"))
    _rename_weights(folder)
    _pickle(folder)
    spec = replace(spec, model_sha=content_of(folder))
    loads = (
        lambda: LEARNERS["text"].open(spec, dataset, FolderCache(tmp_path)),
        lambda: linear._encoder(spec, tokens),
    )
    for load in loads:
        with pytest.raises(OSError, match="safetensors"):
            load()


def test_a_model_that_is_not_on_a_workers_machine_is_said_so(tmp_path):
    with (
        pytest.raises(FileNotFoundError, match="is no folder on this machine"),
        opened(str(tmp_path / "gone"), "sha"),
    ):
        pass


def test_a_look_counts_unknown_pieces_and_cut_texts(tmp_path):
    found = find_model(str(save_model(tmp_path / "m")))
    seen = look_at_pieces(found, ["c1 c2 c3", "c1 never seen", "nor this"], 2)
    assert (seen.texts, seen.unknown_share, seen.cut_share) == (3, 4 / 8, 2 / 3)
    assert (seen.alike, seen.median_pieces, seen.trained_on) == (False, 3, 0)
    assert look_at_pieces(found, ["not this", "nor that"], 2).alike
    assert not look_at_pieces(found, ["c1 c2", "c1 c2"], 2).alike


def test_a_look_with_a_model_of_ours_is_by_pieces_of_the_texts_themselves():
    found = find_model("linear")
    words = [text for text, _ in texts(300)]
    look = look_at_pieces(found, words, 8)
    longer = np.mean([len(text.split()) + 2 > 8 for text in words])
    assert look.trained_on == 300 and look.unknown_share == 0
    assert look.cut_share >= longer > 0.3


def test_of_a_hub_id_the_top_folder_is_fetched_without_code_or_pickles(
    dataset, tmp_path, monkeypatch
):
    import shutil
    from fnmatch import fnmatch

    import huggingface_hub

    commit = "c0ffee" * 6 + "0123"
    source = save_model(tmp_path / "hub" / commit)
    _shard(source)
    (source / "onnx").mkdir()
    for name in ("pytorch_model.bin", "modeling.py", "README.md", "onnx/model.safetensors"):
        (source / name).write_bytes(b"x")
    asked = []

    def snapshot(hub_id, *, revision, allow_patterns, ignore_patterns):
        asked.append((hub_id, revision))
        for path in source.rglob("*.*"):
            name = path.relative_to(source).as_posix()
            if any(fnmatch(name, one) for one in allow_patterns) and not any(
                fnmatch(name, one) for one in ignore_patterns
            ):
                (tmp_path / commit).mkdir(exist_ok=True)
                shutil.copy(path, tmp_path / commit / name)
        return str(tmp_path / commit)

    monkeypatch.setattr(huggingface_hub, "snapshot_download", snapshot)
    found = find_model("owner/name")
    assert found.name == f"owner/name@{commit}"
    run(found, dataset, tmp_path / "cache")
    # Once for the plan, and once for all trials of a process, by the commit of the plan.
    assert asked == [("owner/name", None), ("owner/name", commit)]
    fetched = {path.name for path in (tmp_path / commit).iterdir()}
    assert "model.safetensors.index.json" in fetched
    assert not fetched & {"pytorch_model.bin", "modeling.py", "README.md", "onnx"}
