"""Transformer encoders for text classification, pretrained or from random weights."""

from collections.abc import Mapping
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trainables.cache import Cache
from trainables.data.dataset import Dataset
from trainables.environment import device
from trainables.errors import UsageError
from trainables.keys import key_of, seed_for
from trainables.learners.encoder import read_encoder
from trainables.learners.masks import make_masks_unasked
from trainables.learners.model_config import be_quiet, load_config
from trainables.learners.network import ClassNetwork
from trainables.learners.pretrained import BUILT_IN, opened
from trainables.learners.resident import padded_rows, resident, sent
from trainables.learners.tokens import Tokens, fitted_tokens, read_tokens, tokens_of, write_tokens
from trainables.learners.words import read_words, write_words
from trainables.progress import tell_stage
from trainables.result import Phase
from trainables.spec import TrialSpec

# Batches are padded to a multiple of this: on a GPU few shapes, on a processor little padding.
_BUCKET, _BUCKET_OF_A_PROCESSOR = 16, 4
# Dropout on attention forbids the fast kernels and buys nothing measurable.
_ATTENTION_DROPOUTS = ("attention_dropout", "attention_probs_dropout_prob")


class TextNetwork(ClassNetwork):
    """A Hugging Face sequence classifier over a data set's word pieces.

    Args:
        module: The classifier.
        tokens: The word pieces of all splits.
        fitted_on: The training rows that decide how wide a batch may be, shape (n,); all without it.
    """

    def __init__(
        self, module: Any, tokens: Tokens, fitted_on: NDArray[np.bool_] | None = None
    ) -> None:
        make_masks_unasked()
        self.module = quick_on_processors(module.to(device()))
        self.lengths: Mapping[str, NDArray[np.int64]] = {
            name: pieces.lengths for name, pieces in tokens.splits.items()
        }
        self.fitted = tokens.used
        self._tokens = tokens
        self._there = resident(
            {
                name: {"values": pieces.values, "offsets": pieces.offsets}
                for name, pieces in tokens.splits.items()
            }
        )
        train = self.lengths["train"]
        decide = {**self.lengths, "train": train if fitted_on is None else train[fitted_on]}
        self._longest = max(int(lengths.max()) for lengths in decide.values())

    def width(self, split: str, rows: NDArray[np.int64]) -> int:
        """Word pieces each of these rows is padded to: the longest, rounded up."""
        return rounded_width(int(self.lengths[split][rows].max()), self._longest)

    def batch(self, split: str, rows: NDArray[np.int64]) -> dict[str, Any]:
        """Word pieces and their mask, shape (b, width)."""
        width, pad = self.width(split, rows), self._tokens.pad
        if self._there is None:
            ids = sent(self._tokens.splits[split].padded(rows, width, pad))
            mask = sent(np.arange(width) < self.lengths[split][rows][:, None]).long()
        else:
            ids, mask = padded_rows(**self._there[split], rows=sent(rows), width=width, fill=pad)
        return {"input_ids": ids, "attention_mask": mask}

    def forward(self, batch: dict[str, Any], *, embed: bool = False) -> tuple[Any, Any]:
        """Logits (b, c), and the masked mean of the last hidden states (b, d) if asked for."""
        out = self.module(**batch, output_hidden_states=embed)
        if not embed:
            return out.logits, None
        return out.logits, mean_pooled(out.hidden_states[-1], batch["attention_mask"])


def rounded_width(longest: int, most: int) -> int:
    """The width of a batch whose longest row has so many pieces, where none of the data has more than `most`."""
    bucket = _BUCKET_OF_A_PROCESSOR if device() == "cpu" else _BUCKET
    return max(longest, min(-(-longest // bucket) * bucket, most))


def quick_on_processors(module: Any) -> Any:
    """A model of transformers, on a processor with attention and dropout that are cheap to train there."""
    from trainables.learners.attention import attend_by_products
    from trainables.learners.dropout import with_cheap_dropout

    if device() == "cpu":
        attend_by_products(module)
        with_cheap_dropout(module)
    return module


def mean_pooled(hidden: Any, mask: Any) -> Any:
    """Mean over the word pieces that are not padding: (b, width, d) and (b, width) to (b, d)."""
    weights = mask[:, :, None].float()
    return (hidden.float() * weights).sum(1) / weights.sum(1)


def cached_tokens(
    spec: TrialSpec,
    dataset: Dataset,
    cache: Cache,
    *,
    fitted_on: NDArray[np.bool_] | None = None,
) -> Tokens:
    """The data set's word pieces, made once per (data, tokenizer, max length).

    Those of the data's own that are fitted to some training rows alone are made for the caller: no
    other trial has them.

    Args:
        spec: The trial.
        dataset: Its data.
        cache: Where they are kept.
        fitted_on: The training rows that pieces of the data's own are made of, shape (n,); all
            without it.

    Raises:
        ValueError: If the data set does not hold text.
    """
    if dataset.kind != "text":
        raise UsageError(f"{dataset.name} holds {dataset.kind}s; learner {spec.learner} reads text")
    about = {"data": spec.data_sha, "tokenizer": spec.model_sha, "length": spec.training.max_length}
    length = spec.training.max_length

    def fitted() -> Tokens:
        path = cache.get("words", spec.data_sha, partial(write_words, dataset))
        return fitted_tokens(read_words(path), length, fitted_on=fitted_on)

    if spec.model in BUILT_IN and fitted_on is not None:
        return fitted()

    def write(path: Path) -> dict[str, Any]:
        if spec.model in BUILT_IN:
            tokens = fitted()
        else:
            with opened(spec.model, spec.model_sha) as folder:
                encoder = read_encoder(folder, has_head=spec.learner == "text")
            tokens = tokens_of(dataset, encoder.tokenizer, max_length=length, pad=encoder.pad)
        write_tokens(tokens, path)
        return {"used": asdict(tokens.used)}

    key = key_of(about)
    path = cache.get("tokens", key, write, about=about)
    return read_tokens(path, Phase(**cache.facts("tokens", key).get("used", {})))


def open_text(
    spec: TrialSpec,
    dataset: Dataset,
    cache: Cache,
    *,
    fitted_on: NDArray[np.bool_] | None = None,
) -> TextNetwork:
    """A pretrained encoder; its head is drawn from the spec's seed, whatever head the checkpoint has."""
    tell_stage("loading the model")
    from transformers import AutoModelForSequenceClassification

    be_quiet()
    tokens = cached_tokens(spec, dataset, cache, fitted_on=fitted_on)
    with opened(spec.model, spec.model_sha) as folder:
        config = load_config(folder)
        config.num_labels = len(dataset.class_names)
        # A decoder's head reads the last piece that is not this one.
        config.pad_token_id = config.get_text_config().pad_token_id = tokens.pad
        for name in _ATTENTION_DROPOUTS:
            if hasattr(config, name):
                setattr(config, name, 0.0)
        load = partial(
            AutoModelForSequenceClassification.from_pretrained,
            folder,
            config=config,
            use_safetensors=True,
            dtype="float32",
            ignore_mismatched_sizes=True,
            local_files_only=True,
            trust_remote_code=False,
        )
        module = in_memory(seeded(spec, lambda: with_new_head(load())))
    return TextNetwork(module, tokens, fitted_on)


def in_memory(module: Any) -> Any:
    """The module with its tensors copied from the file that they are mapped from.

    Until it is first used, a weight on a CPU is a page of the file: one that is written to afterwards, when its
    content has been checked, would change what is trained.
    """
    for tensor in (*module.parameters(), *module.buffers()):
        tensor.data = tensor.data.clone()
    return module


def with_new_head(module: Any) -> Any:
    """The module with every linear layer behind its encoder drawn anew.

    A checkpoint tuned for as many classes keeps its head otherwise: one head for all seeds, trained on
    who knows what.
    """
    import torch

    spread = getattr(module.config, "initializer_range", 0.02)
    for name, layer in module.named_modules():
        is_head = name.partition(".")[0] != module.base_model_prefix
        if is_head and isinstance(layer, torch.nn.Linear):
            torch.nn.init.normal_(layer.weight, std=spread)
            if layer.bias is not None:
                torch.nn.init.zeros_(layer.bias)
    return module


def open_tiny(
    spec: TrialSpec,
    dataset: Dataset,
    cache: Cache,
    *,
    fitted_on: NDArray[np.bool_] | None = None,
) -> TextNetwork:
    """DistilBERT with 2 layers of width 128, every weight drawn from the spec's seed."""
    from transformers import DistilBertConfig, DistilBertForSequenceClassification

    be_quiet()
    tokens = cached_tokens(spec, dataset, cache, fitted_on=fitted_on)
    config = DistilBertConfig(
        vocab_size=tokens.vocabulary,
        max_position_embeddings=spec.training.max_length,
        n_layers=2,
        n_heads=4,
        dim=128,
        hidden_dim=512,
        attention_dropout=0.0,
        # 1 / sqrt(width): at BERT's 0.02 the words hardly reach the first piece at this width,
        # and whether a run of a few hundred steps learns anything is up to the seed.
        initializer_range=0.088,
        pad_token_id=tokens.pad,
        num_labels=len(dataset.class_names),
    )
    module = seeded(spec, partial(DistilBertForSequenceClassification, config))
    return TextNetwork(module, tokens, fitted_on)


def seeded(spec: TrialSpec, make: Any) -> Any:
    """What `make` gives, its weights drawn from the spec's seed."""
    import torch

    with torch.random.fork_rng():
        torch.manual_seed(seed_for(spec.seed, "weights"))
        return make()
