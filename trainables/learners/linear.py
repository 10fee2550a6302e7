"""A logistic head on frozen embeddings: quick sweeps that still train every condition."""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import nullcontext
from dataclasses import asdict, replace
from functools import cache, partial
from itertools import count, takewhile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trainables.arrays import Arrays, read_arrays, write_arrays
from trainables.cache import Cache, put_there
from trainables.data.dataset import Dataset
from trainables.data.dataset_file import read
from trainables.energy import EnergyMeter, device_counter
from trainables.environment import autocast, device
from trainables.keys import key_of, seed_for
from trainables.learners.latent import WIDTH, at_length_1, word_directions
from trainables.learners.model_config import be_quiet, load_config
from trainables.learners.network import ClassNetwork
from trainables.learners.passes import one_pass
from trainables.learners.pretrained import opened
from trainables.learners.resident import resident_table, sent
from trainables.learners.text import TextNetwork, cached_tokens, in_memory, mean_pooled
from trainables.learners.tokens import Tokens
from trainables.progress import tell, tell_stage
from trainables.result import Phase
from trainables.spec import VECTORS, TrialSpec

# Rows embedded before they are kept: half a minute of a small encoder on a core, and what a stop loses.
_PIECE_ROWS = 4096


class _WhenAsked(Mapping[str, Any]):
    """Something of each split, made when it is first asked for.

    Args:
        splits: Their names.
        make: Makes it.
    """

    def __init__(self, splits: Iterable[str], make: Callable[[str], Any]) -> None:
        self._splits, self._make = tuple(splits), cache(make)

    def __getitem__(self, split: str) -> Any:
        """That of one split."""
        return self._make(split)

    def __iter__(self) -> Iterator[str]:
        """The names."""
        return iter(self._splits)

    def __len__(self) -> int:
        """How many splits there are."""
        return len(self._splits)


class LinearNetwork(ClassNetwork):
    """A linear layer over frozen embeddings.

    Those of a split are there when its lengths are asked for, and so before its first batch.

    Args:
        features: By split, shape (n, d), float32, rows at length 1.
        classes: Number of classes c.
        seed: Of the initial weights.
        fitted: What making features of the data's own took.
    """

    def __init__(
        self, features: Mapping[str, NDArray[np.float32]], classes: int, seed: int, fitted: Phase
    ) -> None:
        import torch

        self.fitted = fitted
        self._features = _WhenAsked(features, lambda split: resident_table(features[split]))
        width = features["train"].shape[1]
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            # Rows without classes are embedded alone: of that head nothing is read.
            self.module = torch.nn.Linear(width, max(1, classes)).to(device())
        self.lengths: Mapping[str, NDArray[np.int64]] = _WhenAsked(
            features, lambda split: np.ones(len(self._features[split]), dtype=np.int64)
        )
        # AdamW's decay keeps each weight below 1 / decay, and features have length 1: so scaled, the
        # bound of a logit, and with it what a decay means, is the same for every width.
        self._scale = WIDTH / width**0.5

    def width(self, split: str, rows: NDArray[np.int64]) -> int:
        """1: nothing is padded."""
        return 1

    def batch(self, split: str, rows: NDArray[np.int64]) -> dict[str, Any]:
        """Frozen embeddings of some rows, shape (b, d)."""
        table = self._features[split]
        is_there = table.device.type != "cpu"
        return {"features": table[sent(rows)] if is_there else sent(table.numpy()[rows])}

    def forward(self, batch: dict[str, Any], *, embed: bool = False) -> tuple[Any, Any]:
        """Logits (b, c), computed in fp32 whatever the encoder was, and the embeddings themselves (b, d)."""
        import torch

        features = batch["features"]
        is_bf16 = torch.is_autocast_enabled(features.device.type)
        with autocast("fp32") if is_bf16 else nullcontext():
            logits = self.module(features * self._scale)
        return logits, features if embed else None


def open_linear(
    spec: TrialSpec,
    dataset: Dataset,
    cache: Cache,
    *,
    fitted_on: NDArray[np.bool_] | None = None,
) -> LinearNetwork:
    """A head over embeddings of the whole data set: those that came with it, an encoder's, or of word pieces.

    An encoder embeds each text by itself, once per (data, encoder), and a split when it is asked for; a
    subset's embeddings are those of the whole. Word pieces, their weights and
    directions are fitted to training rows: to all of them once, or to those of the trial anew.
    """
    head = partial(LinearNetwork, classes=len(dataset.class_names), seed=_head_seed(spec))
    if spec.model in ("linear", VECTORS) and dataset.has_vectors:
        own = _WhenAsked(dataset.splits, lambda split: at_length_1(dataset.vectors(split)))
        return head(own, fitted=Phase())
    if spec.model != "linear":
        return head(_encoded_splits(spec, dataset, cache), fitted=Phase())
    tokens = cached_tokens(spec, dataset, cache, fitted_on=fitted_on)
    if fitted_on is not None:
        started, meter = time.perf_counter(), EnergyMeter(device_counter()).start()
        features = word_directions(tokens, fitted_on)
        took = Phase(seconds=time.perf_counter() - started, joules=meter.lap())
        return head(features, fitted=tokens.used + took)
    features, took = _shared_features(spec, tokens, cache)
    return head(features, fitted=tokens.used + took)


def _head_seed(spec: TrialSpec) -> int:
    return seed_for(spec.seed, "weights")


def _shared_features(spec: TrialSpec, tokens: Tokens, cache: Cache) -> tuple[Arrays, Phase]:
    """Embeddings of all splits by word pieces, made once and kept, and what making them took."""
    about = _about(spec)

    def write(path: Path) -> dict[str, Any]:
        started, meter = time.perf_counter(), EnergyMeter(device_counter()).start()
        features = word_directions(tokens)
        used = Phase(seconds=time.perf_counter() - started, joules=meter.lap())
        parts = [features[name] for name in tokens.splits]
        write_arrays(path, {"features": np.concatenate(parts)}, about)
        return {"used": asdict(used)}

    key = key_of(about)
    arrays, _ = read_arrays(cache.get("features", key, write, about=about))
    ends = np.cumsum([len(pieces.lengths) for pieces in tokens.splits.values()])
    # A copy: torch wants to be able to write.
    parts = np.split(arrays["features"].copy(), ends[:-1])
    used = Phase(**cache.facts("features", key).get("used", {}))
    return dict(zip(tokens.splits, parts, strict=True)), used


def _encoded_splits(
    spec: TrialSpec, dataset: Dataset, store: Cache
) -> Mapping[str, NDArray[np.float32]]:
    """An encoder's embeddings of each split, made when it is asked for; a subset's, as its whole has them."""
    if part := dataset.part_of:
        spec = replace(spec, data_sha=part.sha)
        dataset = read(put_there(store, "data", part.sha, "the data set that a subset is of"))
    encoder = cache(partial(_encoder, spec, cached_tokens(spec, dataset, store)))

    def encoded(split: str) -> NDArray[np.float32]:
        found = _encoded(spec, split, len(dataset.splits[split]), store, encoder)
        return found[part.rows] if part and split == "train" else found

    return _WhenAsked(dataset.splits, encoded)


def _encoded(
    spec: TrialSpec, split: str, n: int, store: Cache, encoder: Callable[[], TextNetwork]
) -> NDArray[np.float32]:
    """An encoder's embeddings of the n rows of a split: piece by piece, each kept when it is made."""
    parts = []
    for first in range(0, n, _PIECE_ROWS):
        rows = np.arange(first, min(first + _PIECE_ROWS, n))
        about = _about_piece(spec, split, first)

        def write(
            path: Path, rows: NDArray[np.int64] = rows, about: Mapping[str, Any] = about
        ) -> dict[str, Any]:
            started, meter = time.perf_counter(), EnergyMeter(device_counter()).start()
            vectors = _encode(encoder(), split, rows, spec.training.precision)
            used = Phase(seconds=time.perf_counter() - started, joules=meter.lap())
            write_arrays(path, {"features": vectors}, about)
            return {"used": asdict(used)}

        path = store.get("features", key_of(about), write, about=about)
        parts.append(read_arrays(path)[0]["features"])
    return np.concatenate(parts)


def embedding_used(spec: TrialSpec, cache: Cache, split: str) -> Phase:
    """What embedding a split took, where that is not in the training that follows it.

    Nothing where its own vectors are read, or it was not timed. Word pieces are those of all splits at once,
    and count for the training rows.
    """
    if spec.model != "linear":
        keys = (key_of(_about_piece(spec, split, first)) for first in count(0, _PIECE_ROWS))
        made = takewhile(partial(cache.has, "features"), keys)
        return sum((Phase(**cache.facts("features", key)["used"]) for key in made), Phase())
    key = key_of(_about(spec))
    if spec.warmup or split != "train" or not cache.has("features", key):
        return Phase()
    return Phase(**cache.facts("features", key).get("used", {}))


def _about_piece(spec: TrialSpec, split: str, first: int) -> dict[str, Any]:
    """What decides an encoder's embeddings of the rows of a split from one on."""
    return {**_about(spec), "split": split, "first": first}


def _about(spec: TrialSpec) -> dict[str, Any]:
    """What decides the embeddings of a data set."""
    return {
        "version": spec.version,
        "data": spec.data_sha,
        "encoder": spec.model_sha,
        "length": spec.training.max_length,
        "precision": spec.training.precision,
    }


def _encoder(spec: TrialSpec, tokens: Tokens) -> TextNetwork:
    """A pretrained encoder in memory, over a data set's word pieces."""
    tell_stage("loading the encoder")
    from transformers import AutoModel

    be_quiet()
    with opened(spec.model, spec.model_sha) as folder:
        config = load_config(folder)
        config.pad_token_id = config.get_text_config().pad_token_id = tokens.pad
        loaded = AutoModel.from_pretrained(
            folder, config=config, use_safetensors=True, dtype="float32", local_files_only=True,
            trust_remote_code=False,
        )  # fmt: skip
        return TextNetwork(in_memory(loaded).eval(), tokens)


def _encode(
    network: TextNetwork, split: str, rows: NDArray[np.int64], precision: str
) -> NDArray[np.float32]:
    """Masked mean of a pretrained encoder's last hidden states over some rows, ascending; at length 1."""
    n, done = len(network.lengths[split]), int(rows[0])
    vectors = np.empty((len(rows), network.module.config.get_text_config().hidden_size), np.float32)

    def look(here: NDArray[np.int64]) -> dict[str, Any]:
        batch = network.batch(split, here)
        hidden = network.module(**batch).last_hidden_state
        return {"vectors": mean_pooled(hidden, batch["attention_mask"])}

    for here, seen in one_pass(network, split, rows, look, precision):
        vectors[np.searchsorted(rows, here)] = seen["vectors"]
        done += len(here)
        tell(f"embedding {split}", done, n)
    return at_length_1(vectors)
