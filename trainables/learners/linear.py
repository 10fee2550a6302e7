"""A logistic head on frozen embeddings: quick sweeps that still train every condition."""

import time
from collections.abc import Mapping
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trainables.arrays import Arrays, read_arrays, write_arrays
from trainables.cache import Cache, put_there
from trainables.data.dataset import Dataset, PartOf
from trainables.data.dataset_file import read
from trainables.energy import EnergyMeter, device_counter
from trainables.environment import device
from trainables.keys import key_of, seed_for
from trainables.learners.model_config import be_quiet, load_config
from trainables.learners.network import ClassNetwork
from trainables.learners.passes import one_pass
from trainables.learners.pretrained import opened
from trainables.learners.text import TextNetwork, cached_tokens, in_memory, mean_pooled
from trainables.learners.tokens import Tokens
from trainables.learners.words import Pieces
from trainables.progress import tell, tell_stage
from trainables.result import Phase
from trainables.spec import VECTORS, TrialSpec

_WIDTH = 128


class LinearNetwork(ClassNetwork):
    """A linear layer over frozen embeddings.

    Args:
        features: By split, shape (n, d), float32, rows at length 1.
        classes: Number of classes c.
        seed: Of the initial weights.
        fitted: What making features of the data's own took.
    """

    def __init__(self, features: Arrays, classes: int, seed: int, fitted: Phase) -> None:
        import torch

        self.fitted = fitted
        self._features = {name: torch.from_numpy(array) for name, array in features.items()}
        width = features["train"].shape[1]
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            # Rows without classes are embedded alone: of that head nothing is read.
            self.module = torch.nn.Linear(width, max(1, classes)).to(device())
        self.lengths: Mapping[str, NDArray[np.int64]] = {
            name: np.ones(len(array), dtype=np.int64) for name, array in features.items()
        }
        # AdamW's decay keeps each weight below 1 / decay, and features have length 1: so scaled, the
        # bound of a logit, and with it what a decay means, is the same for every width.
        self._scale = _WIDTH / width**0.5

    def width(self, split: str, rows: NDArray[np.int64]) -> int:
        """1: nothing is padded."""
        return 1

    def batch(self, split: str, rows: NDArray[np.int64]) -> dict[str, Any]:
        """Frozen embeddings of some rows, shape (b, d)."""
        import torch

        return {"features": self._features[split][torch.from_numpy(rows)].to(device())}

    def forward(self, batch: dict[str, Any], *, embed: bool = False) -> tuple[Any, Any]:
        """Logits (b, c), and the embeddings themselves (b, d)."""
        return self.module(batch["features"] * self._scale), batch["features"] if embed else None


def open_linear(
    spec: TrialSpec,
    dataset: Dataset,
    cache: Cache,
    *,
    fitted_on: NDArray[np.bool_] | None = None,
) -> LinearNetwork:
    """A head over embeddings of the whole data set: those that came with it, an encoder's, or of word pieces.

    An encoder embeds each text by itself, once per (data, encoder); a subset's embeddings are those of the
    whole. Word pieces, their weights and
    directions are fitted to training rows: to all of them once, or to those of the trial anew.
    """
    head = partial(LinearNetwork, classes=len(dataset.class_names), seed=_head_seed(spec))
    if spec.model in ("linear", VECTORS) and dataset.has_vectors:
        own = {name: _unit(dataset.vectors(name)) for name in dataset.splits}
        return head(own, fitted=Phase())
    is_fitted = spec.model == "linear"
    if dataset.part_of and not is_fitted:
        return head(_features_of_part(spec, dataset.part_of, cache), fitted=Phase())
    tokens = cached_tokens(spec, dataset, cache, fitted_on=fitted_on)
    if is_fitted and fitted_on is not None:
        started, meter = time.perf_counter(), EnergyMeter(device_counter()).start()
        features = _word_pieces(tokens, fitted_on)
        took = Phase(seconds=time.perf_counter() - started, joules=meter.lap())
        return head(features, fitted=tokens.used + took)
    features, took = _shared_features(spec, tokens, cache)
    return head(features, fitted=tokens.used + took if is_fitted else Phase())


def _head_seed(spec: TrialSpec) -> int:
    return seed_for(spec.seed, "weights")


def _shared_features(spec: TrialSpec, tokens: Tokens, cache: Cache) -> tuple[Arrays, Phase]:
    """Embeddings of all splits, made once and kept, and what making them took."""
    about = _about(spec)
    embed = _word_pieces if spec.model == "linear" else partial(_encode, spec)

    def write(path: Path) -> dict[str, Any]:
        started, meter = time.perf_counter(), EnergyMeter(device_counter()).start()
        features = embed(tokens)
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


def _features_of_part(spec: TrialSpec, part_of: PartOf, cache: Cache) -> Arrays:
    """Embeddings of a subset, as its whole has them."""
    whole = replace(spec, data_sha=part_of.sha)
    dataset = read(put_there(cache, "data", part_of.sha, "the data set that a subset is of"))
    features, _ = _shared_features(whole, cached_tokens(whole, dataset, cache), cache)
    return features | {"train": features["train"][part_of.rows]}


def embedding_used(spec: TrialSpec, cache: Cache) -> Phase:
    """What embedding the data set took, where that is not in the training that follows it.

    Nothing where its own vectors are read, or it was not timed.
    """
    if spec.model == "linear" and spec.warmup:
        return Phase()
    key = key_of(_about(spec))
    facts = cache.facts("features", key) if cache.has("features", key) else {}
    return Phase(**facts.get("used", {}))


def _about(spec: TrialSpec) -> dict[str, Any]:
    """What decides the embeddings of a data set."""
    return {
        "data": spec.data_sha,
        "encoder": spec.model_sha,
        "length": spec.training.max_length,
        "precision": spec.training.precision,
    }


def _word_pieces(tokens: Tokens, fitted_on: NDArray[np.bool_] | None = None) -> Arrays:
    """Latent semantic analysis: word pieces weighted by rarity, on the 128 main directions.

    Args:
        tokens: Of all splits.
        fitted_on: The training rows that decide rarity and directions, shape (n,); all without it.

    References:
        Deerwester et al., "Indexing by Latent Semantic Analysis", 1990.
    """
    weighted = {
        name: _weighted(pieces, tokens.vocabulary) for name, pieces in tokens.splits.items()
    }
    train = weighted["train"] if fitted_on is None else weighted["train"][fitted_on]
    rows_with = np.bincount(train.indices, minlength=tokens.vocabulary)
    # Plus 1, so that a text of nothing but common pieces is not a zero vector.
    rarity = 1 + np.log((1 + train.shape[0]) / (1 + rows_with)).astype(np.float32)
    directions = _directions(train.multiply(rarity).tocsr())
    return {
        name: _unit(matrix.multiply(rarity).tocsr() @ directions)
        for name, matrix in weighted.items()
    }


def _directions(rows: Any) -> NDArray[np.float32]:
    """The right singular vectors of the 128 largest singular values, the same in every process.

    These are the numbers of scipy's `svds`. Where rows span few directions (copies, texts of one word) that
    one begins again at a vector drawn anew each time, and takes no generator for it.

    Args:
        rows: Sparse, shape (n, pieces).

    Returns:
        Shape (pieces, m), m of at most 128, the largest value last.
    """
    from scipy.linalg import svd
    from scipy.sparse.linalg import LinearOperator, aslinearoperator, eigsh

    is_tall, smaller = rows.shape[0] >= rows.shape[1], min(rows.shape)
    tall = aslinearoperator(rows) if is_tall else aslinearoperator(rows).H
    gram = LinearOperator(
        (smaller, smaller), matvec=lambda x: tall.rmatvec(tall.matvec(x)), dtype=rows.dtype
    )
    start, generator = np.ones(smaller, dtype=np.float32), np.random.default_rng(0)
    found = eigsh(gram, k=min(_WIDTH, smaller - 1), v0=start, rng=generator)[1]
    basis = np.linalg.qr(found)[0]
    left, _, right = svd(tall.matmat(basis), full_matrices=False, overwrite_a=True)
    # The smallest first, and multiplied in the order of `svds`, for the same last bits.
    directions: NDArray[np.float32] = (right[::-1] @ basis.T).T if is_tall else left[:, ::-1]
    return directions


def _weighted(pieces: Pieces, vocabulary: int) -> Any:
    """One plus the logarithm of how often each piece occurs, sparse (n, vocabulary)."""
    from scipy.sparse import csr_matrix

    ones = np.ones(len(pieces.values), dtype=np.float32)
    shape = (len(pieces.lengths), vocabulary)
    counts = csr_matrix((ones, pieces.values.copy(), pieces.offsets.copy()), shape=shape)
    counts.sum_duplicates()
    counts.data = 1 + np.log(counts.data)
    return counts


def _encode(spec: TrialSpec, tokens: Tokens) -> Arrays:
    """Masked mean of a pretrained encoder's last hidden states."""
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
        module = in_memory(loaded)
    network = TextNetwork(module.eval(), tokens)
    return {
        split: _encode_split(network, split, spec.training.precision) for split in tokens.splits
    }


def _encode_split(network: TextNetwork, split: str, precision: str) -> NDArray[np.float32]:
    n, done = len(network.lengths[split]), 0
    vectors = np.empty((n, network.module.config.get_text_config().hidden_size), dtype=np.float32)

    def look(here: NDArray[np.int64]) -> dict[str, Any]:
        batch = network.batch(split, here)
        hidden = network.module(**batch).last_hidden_state
        return {"vectors": mean_pooled(hidden, batch["attention_mask"])}

    for here, seen in one_pass(network, split, np.arange(n), look, precision):
        vectors[here] = seen["vectors"]
        done += len(here)
        tell(f"embedding {split}", done, n)
    return _unit(vectors)


def _unit(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    units: NDArray[np.float32] = (vectors / np.maximum(norms, 1e-12)).astype(np.float32)
    return units
