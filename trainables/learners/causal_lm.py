"""Causal language models: each word piece is said from those before it."""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trainables.cache import Cache, put_there
from trainables.data.dataset import Dataset
from trainables.data.dataset_file import read
from trainables.environment import device
from trainables.keys import key_of
from trainables.learners.documents import (
    Documents,
    fitted_documents,
    read_documents,
    write_documents,
)
from trainables.learners.network import Predicts
from trainables.learners.text import mean_pooled, seeded
from trainables.result import Phase
from trainables.spec import TrialSpec

# Batches are padded to a multiple of this: few shapes, little padding.
_BUCKET = 16
# What cross-entropy passes over.
_UNSCORED = -100


class CausalNetwork:
    """A Hugging Face causal model over a data set's pieces.

    Args:
        module: The model, with the layer that says pieces.
        documents: The pieces of all splits.
    """

    predicts: Predicts = "pieces"

    def __init__(self, module: Any, documents: Documents) -> None:
        self.module = module.to(device())
        self.lengths: Mapping[str, NDArray[np.int64]] = {
            name: one.pieces.lengths for name, one in documents.splits.items()
        }
        self.vocabulary = int(module.get_output_embeddings().weight.shape[0])
        self.fitted = documents.used
        self._documents = documents
        self._longest = max(int(lengths.max()) for lengths in self.lengths.values())

    def width(self, split: str, rows: NDArray[np.int64]) -> int:
        """Pieces each of these rows is padded to: the longest, rounded up to 16."""
        longest = int(self.lengths[split][rows].max())
        return max(longest, min(-(-longest // _BUCKET) * _BUCKET, self._longest))

    def batch(self, split: str, rows: NDArray[np.int64]) -> dict[str, Any]:
        """Pieces, which of them are of the row, and which are to be said, shape (b, width) each.

        What is to be said stands where it is said: one place before its own.
        """
        import torch

        one, width = self._documents.splits[split], self.width(split, rows)
        pieces = one.pieces.padded(rows, width, self._documents.pad)
        is_scored = one.padded_scored(rows, width)
        said = np.full(pieces.shape, _UNSCORED, dtype=np.int64)
        said[:, :-1] = np.where(is_scored, pieces, _UNSCORED)[:, 1:]
        mask = np.arange(width) < self.lengths[split][rows][:, None]
        found = {"input_ids": pieces, "said": said, "attention_mask": mask}
        return {
            name: torch.from_numpy(array).to(device(), torch.int64, non_blocking=True)
            for name, array in found.items()
        }

    def forward(self, batch: dict[str, Any], *, embed: bool = False) -> tuple[Any, Any]:
        """Logits (b, width, pieces), and the mean of the last hidden states (b, d) if asked for.

        No mask is given: what fills up is on the right, where no piece of the row looks.
        """
        out = self.module(input_ids=batch["input_ids"], output_hidden_states=embed)
        if not embed:
            return out.logits, None
        return out.logits, mean_pooled(out.hidden_states[-1], batch["attention_mask"])

    def losses(self, logits: Any, batch: dict[str, Any], labels: Any) -> tuple[Any, Any]:
        """Cross-entropy of each row's scored pieces, summed, in nats, and their number, shape (b,) each."""
        import torch

        said = batch["said"]
        of_pieces = torch.nn.functional.cross_entropy(
            logits.flatten(0, 1), said.flatten(), ignore_index=_UNSCORED, reduction="none"
        )
        return of_pieces.view(said.shape).sum(1), (said != _UNSCORED).sum(1).float()


def open_causal_lm(
    spec: TrialSpec,
    dataset: Dataset,
    cache: Cache,
    *,
    fitted_on: NDArray[np.bool_] | None = None,
) -> CausalNetwork:
    """GPT-2 with 2 layers of width 128, every weight drawn from the spec's seed.

    Its pieces are those of all training rows, also for a trial that keeps some of them, and of a subset those
    of the whole: losses a piece of other pieces could not be compared. `fitted_on` is not looked at.
    """
    from transformers import GPT2Config, GPT2LMHeadModel

    documents = cached_documents(spec, dataset, cache)
    config = GPT2Config(
        vocab_size=documents.vocabulary,
        n_positions=spec.training.max_length,
        n_layer=2,
        n_head=4,
        n_embd=128,
        resid_pdrop=0.0,
        embd_pdrop=0.0,
        attn_pdrop=0.0,
        use_cache=False,
        bos_token_id=None,
        eos_token_id=None,
        pad_token_id=documents.pad,
    )
    return CausalNetwork(seeded(spec, lambda: GPT2LMHeadModel(config)), documents)


def cached_documents(spec: TrialSpec, dataset: Dataset, cache: Cache) -> Documents:
    """The data set's pieces, made once per (data, model's tokenizer, max length)."""
    length = spec.training.max_length
    about = {"data": spec.data_sha, "pieces_of": spec.model_sha, "length": length}

    def write(path: Path) -> dict[str, Any]:
        whole = dataset
        if dataset.part_of:
            of = "the data set that a subset is of"
            whole = read(put_there(cache, "data", dataset.part_of.sha, of))
        documents = fitted_documents(dataset, whole.train, length)
        write_documents(documents, path)
        return {"used": asdict(documents.used)}

    key = key_of(about)
    path = cache.get("documents", key, write, about=about)
    return read_documents(path, Phase(**cache.facts("documents", key).get("used", {})))
