"""Folders of small models, as save_pretrained leaves them."""

import io
import json
import random
from pathlib import Path

# Numbers that make a model of any family small, by the names that its settings have.
SMALL = {
    "hidden_size": 32, "n_embd": 32, "dim": 32, "emb_dim": 32, "d_model": 32, "embedding_size": 32,
    "word_embed_proj_dim": 32, "num_hidden_layers": 2, "n_layers": 2, "n_layer": 2,
    "num_attention_heads": 2, "n_heads": 2, "n_head": 2, "num_key_value_heads": 2,
    "intermediate_size": 64, "hidden_dim": 64, "ffn_dim": 64, "d_ff": 64, "d_kv": 16, "head_dim": 16,
    "true_hidden_size": 32, "intra_bottleneck_size": 32, "attention_window": 16,
    "encoder_layers": 2, "decoder_layers": 2, "encoder_attention_heads": 2,
    "decoder_attention_heads": 2, "encoder_ffn_dim": 64, "decoder_ffn_dim": 64, "num_layers": 2,
    "num_heads": 2, "initializer_range": 0.2,
}  # fmt: skip
POSITIONS = ("max_position_embeddings", "n_positions", "max_seq_len")


def texts(n=120, classes=2, seed=0):
    """Rows (text, class) of 4 to 12 words, of which two in five tell the class."""
    rng, rows = random.Random(seed), []
    for row in range(n):
        label = row % classes
        words = [
            f"w{label}x{rng.randrange(12)}" if rng.random() < 0.4 else f"c{rng.randrange(30)}"
            for _ in range(rng.randint(4, 12))
        ]
        rows.append((" ".join(words), label))
    return rows


MARKS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")


def save_tokenizer(folder, marks=MARKS, words=None, **named):
    """A fast tokenizer of whole words; `named` are its special pieces, BERT's unless given."""
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    known = words or [word for text, _ in texts(400) for word in text.split()]
    words = dict.fromkeys([*marks, *known])
    tokenizer = Tokenizer(models.WordLevel({w: i for i, w in enumerate(words)}, unk_token=marks[1]))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    named = named or {"pad_token": "[PAD]", "unk_token": "[UNK]"}
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, **named).save_pretrained(folder)
    return len(words)


def config_of(family, *, positions=40, vocabulary=200, **fields):
    """Settings of a small model of a type."""
    from transformers import CONFIG_MAPPING

    kind = CONFIG_MAPPING[family]
    usual = kind()
    names = {**SMALL, **dict.fromkeys(POSITIONS, positions), "vocab_size": vocabulary}
    small = {name: value for name, value in names.items() if hasattr(usual, name)}
    for name, place in {"pad": 0, "cls": 2, "sep": 3, "bos": 3, "eos": 3, "mask": 4}.items():
        usual_id = getattr(usual, f"{name}_token_id", None)
        if isinstance(usual_id, int) and usual_id >= vocabulary:
            small[f"{name}_token_id"] = place
    layers = getattr(usual, "layer_types", None)
    if layers:
        small["layer_types"] = layers[:2]
    return kind(**{**small, **fields})


def save_model(folder, family="bert", *, tokenizer=True, classes=2, **fields):
    """A small classifier of random weights, with a tokenizer beside it."""
    import torch
    from transformers import AutoModelForSequenceClassification

    folder = Path(folder)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        config = config_of(family, num_labels=classes, **fields)
        AutoModelForSequenceClassification.from_config(
            config, trust_remote_code=False
        ).save_pretrained(folder)
    if tokenizer:
        (save_bytes if family.startswith("qwen") else save_tokenizer)(folder)
    return folder


def save_bytes(folder):
    """A tokenizer of bytes and pairs of them, such as decoders have; it knows no unknown piece."""
    from tokenizers import ByteLevelBPETokenizer
    from transformers import PreTrainedTokenizerFast

    tokenizer = ByteLevelBPETokenizer()
    words = [text for text, _ in texts(300)]
    # 256 bytes, and pairs of digits and letters.
    tokenizer.train_from_iterator(
        words, vocab_size=290, special_tokens=["[PAD]"], show_progress=False
    )
    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer._tokenizer, pad_token="[PAD]")
    fast.save_pretrained(folder)


def save_sentencepiece(path, kind="unigram", **marks):
    """A real SentencePiece model of the texts, with the ids of special pieces as given."""
    import sentencepiece

    buffer = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter([text for text, _ in texts(300)]), model_writer=buffer,
        vocab_size=120, model_type=kind, hard_vocab_limit=False, minloglevel=3, **marks,
    )  # fmt: skip
    Path(path).write_bytes(buffer.getvalue())


def change_json(path, **fields):
    """Set entries of a JSON file; those that are None become null."""
    content = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps(content | fields), encoding="utf-8")
