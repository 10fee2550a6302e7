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
from trainables.errors import UsageError
from trainables.keys import key_of
from trainables.learners.causal_folder import check_template, read_causal
from trainables.learners.document_looks import DocumentsLook, at_most, looks_at
from trainables.learners.documents import (
    Documents,
    cutter_of_rows,
    documents_of,
    fitted_documents,
    read_documents,
    write_documents,
)
from trainables.learners.masks import make_masks_unasked
from trainables.learners.model_config import be_quiet
from trainables.learners.network import Predicts
from trainables.learners.pretrained import BUILT_IN, Model, opened
from trainables.learners.resident import padded_rows, resident, sent
from trainables.learners.text import (
    in_memory,
    mean_pooled,
    quick_on_processors,
    rounded_width,
    seeded,
)
from trainables.progress import tell_stage
from trainables.result import Phase
from trainables.spec import TrialSpec

# As of classifiers: dropout on attention forbids the fast kernels.
_ATTENTION_DROPOUTS = ("attention_dropout", "attention_probs_dropout_prob", "attn_pdrop")
# What cross-entropy passes over.
_UNSCORED = -100


class CausalNetwork:
    """A Hugging Face causal model over a data set's pieces.

    Args:
        module: The model, with the layer that says pieces.
        documents: The pieces of all splits.
    """

    predicts: Predicts = "pieces"
    patches = 1

    def __init__(self, module: Any, documents: Documents) -> None:
        make_masks_unasked()
        self.module = quick_on_processors(module.to(device()))
        self.lengths: Mapping[str, NDArray[np.int64]] = {
            name: one.pieces.lengths for name, one in documents.splits.items()
        }
        self.vocabulary = int(module.get_output_embeddings().weight.shape[0])
        self.fitted = documents.used
        self._documents = documents
        self._there = resident(
            {
                name: {
                    "values": one.pieces.values,
                    "offsets": one.pieces.offsets,
                    "scored": one.scored,
                }
                for name, one in documents.splits.items()
            }
        )
        self._longest = max(int(lengths.max()) for lengths in self.lengths.values())

    def width(self, split: str, rows: NDArray[np.int64]) -> int:
        """Pieces each of these rows is padded to: the longest, rounded up."""
        return rounded_width(int(self.lengths[split][rows].max()), self._longest)

    def batch(self, split: str, rows: NDArray[np.int64]) -> dict[str, Any]:
        """Pieces, which of them are of the row, and which are to be said, shape (b, width) each.

        What is to be said stands where it is said: one place before its own.
        """
        import torch

        one, pad = self._documents.splits[split], self._documents.pad
        width = self.width(split, rows)
        if self._there is None:
            ids = sent(one.pieces.padded(rows, width, pad))
            mask = sent(np.arange(width) < self.lengths[split][rows][:, None]).long()
            is_scored = sent(one.padded_scored(rows, width))
        else:
            there, at = self._there[split], sent(rows)
            of_rows = {"offsets": there["offsets"], "rows": at, "width": width}
            ids, mask = padded_rows(there["values"], **of_rows, fill=pad)
            is_scored = padded_rows(there["scored"], **of_rows, fill=0)[0].bool()
        said = ids.masked_fill(~is_scored, _UNSCORED)[:, 1:]
        said = torch.nn.functional.pad(said, (0, 1), value=_UNSCORED)
        return {"input_ids": ids, "said": said, "attention_mask": mask}

    def forward(self, batch: dict[str, Any], *, embed: bool = False) -> tuple[Any, Any]:
        """Logits (b, width, pieces), and the mean of the last hidden states (b, d) if asked for.

        No mask is needed: what fills up is on the right, where no piece of the row looks. On an accelerator
        one is given all the same, which makes none: without it the model looks whether rows lie side by side.
        """
        mask = None if device() == "cpu" else batch["attention_mask"]
        out = self.module(
            input_ids=batch["input_ids"], attention_mask=mask, output_hidden_states=embed
        )
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
    """A causal model of a folder or the hub, or a small GPT-2 of random weights.

    The small one's pieces are those of all training rows, also for a trial that keeps some of them, and of a
    subset those of the whole: losses a piece of other pieces could not be compared. So `fitted_on` is not
    looked at.
    """
    documents = cached_documents(spec, dataset, cache)
    make = _small if spec.model in BUILT_IN else _pretrained
    return CausalNetwork(make(spec, documents), documents)


def _small(spec: TrialSpec, documents: Documents) -> Any:
    """GPT-2 with 2 layers of width 128, every weight drawn from the spec's seed."""
    from transformers import GPT2Config, GPT2LMHeadModel

    be_quiet()
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
    return seeded(spec, lambda: GPT2LMHeadModel(config))


def _pretrained(spec: TrialSpec, _: Documents) -> Any:
    """A model as its folder holds it, all of it trained; the seed draws nothing of it."""
    tell_stage("loading the model")
    with opened(spec.model, spec.model_sha) as folder:
        found = read_causal(folder)
        for name in _ATTENTION_DROPOUTS:
            if hasattr(found.config, name):
                setattr(found.config, name, 0.0)
        module = found.kind.from_pretrained(
            folder,
            config=found.config,
            use_safetensors=True,
            dtype="float32",
            local_files_only=True,
            trust_remote_code=False,
        )
        in_memory(module)
    _check_causal(spec.model, module)
    return module


def _check_causal(name: str, module: Any) -> None:
    """Refuse a model that looks at pieces behind the one it says: its loss would be of no use."""
    import torch

    pieces = torch.arange(6)[None] % module.get_input_embeddings().weight.shape[0]
    other = pieces.clone()
    other[0, -1] = 0
    with torch.inference_mode():
        one, two = (module.eval()(input_ids=each).logits[:, :-1] for each in (pieces, other))
    if not torch.allclose(one, two, rtol=1e-3, atol=1e-3):
        raise UsageError(
            f"{name}: what it says of a piece changes with the pieces behind it; use a causal language model"
        )


def cached_documents(spec: TrialSpec, dataset: Dataset, cache: Cache) -> Documents:
    """The data set's pieces, made once per (data, model's tokenizer, max length)."""
    length = spec.training.max_length
    about = {"data": spec.data_sha, "pieces_of": spec.model_sha, "length": length}

    def write(path: Path) -> dict[str, Any]:
        if spec.model in BUILT_IN:
            documents = fitted_documents(dataset, _whole(dataset, cache).train, length)
        else:
            with opened(spec.model, spec.model_sha) as folder:
                documents = documents_of(dataset, read_causal(folder).cutter, length)
        write_documents(documents, path)
        return {"used": asdict(documents.used)}

    key = key_of(about)
    path = cache.get("documents", key, write, about=about)
    return read_documents(path, Phase(**cache.facts("documents", key).get("used", {})))


def _whole(dataset: Dataset, cache: Cache) -> Dataset:
    if dataset.part_of is None:
        return dataset
    of = "the data set that a subset is of"
    return read(put_there(cache, "data", dataset.part_of.sha, of))


def look_at_documents(
    model: Model, dataset: Dataset, max_length: int
) -> Mapping[str, DocumentsLook]:
    """See what a model's pieces leave of the rows of each split; no network is built for training.

    Args:
        model: What `find_model` gave.
        dataset: Texts, prompts and responses, or conversations. The built-in model's pieces are made of at most
            10,000 training rows for this look: of fewer texts there are fewer pieces, and a little more is cut.
        max_length: Pieces that are kept of a row.

    Raises:
        UsageError: If the data are conversations and the model has no chat template that takes them.
    """
    if model.name in BUILT_IN:
        return looks_at(dataset, cutter_of_rows(at_most(dataset.train), dataset.kind), max_length)
    with opened(model.name, model.sha) as folder:
        cutter = read_causal(folder).cutter
        if dataset.kind == "messages":
            check_template(folder, dataset, cutter)
        return looks_at(dataset, cutter, max_length)
