"""LEARNERS: what can be trained. A new learner is one function and one row of this table."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from trainables.data.catalog import Dataset
from trainables.evidence.collector import Cache
from trainables.learners.linear import open_linear
from trainables.learners.text import open_text, open_tiny
from trainables.spec import Training, TrialSpec


class Network(Protocol):
    """A module with its data at hand; `trainables.training.trainer` trains it.

    Attributes:
        module: The torch module with everything that is trained.
        lengths: Word pieces of each sample, by split; ones where there are none.
    """

    module: Any
    lengths: Mapping[str, NDArray[np.int64]]

    def width(self, split: str, rows: NDArray[np.int64]) -> int:
        """Word pieces each of some rows is padded to; 1 where there are none."""

    def batch(self, split: str, rows: NDArray[np.int64]) -> dict[str, Any]:
        """Tensors of some rows on the device; padded where the samples have a length."""

    def forward(self, batch: dict[str, Any], *, embed: bool = False) -> tuple[Any, Any]:
        """Logits (b, c), and embeddings (b, d) or None."""


@dataclass(frozen=True, kw_only=True)
class Learner:
    """A row of the table.

    Attributes:
        open: Gives the network at its initial weights for a spec; the seed decides them.
        about: One line.
        training: How it is trained unless asked otherwise.
        lacks: Evidence it cannot give.
    """

    open: Callable[[TrialSpec, Dataset, Cache], Network]
    about: str
    training: Training
    lacks: tuple[str, ...] = ()


LEARNERS: dict[str, Learner] = {
    "text": Learner(
        open=open_text,
        about="A pretrained Hugging Face encoder with a classification head, all of it trained.",
        training=Training(epochs=3, batch_size=32, lr=5e-5, max_length=128),
    ),
    "tiny": Learner(
        open=open_tiny,
        about="A two-layer DistilBERT from random weights with word pieces of the data's own.",
        training=Training(epochs=2, batch_size=16, lr=1e-3, lr_warmup=0.1, max_length=64),
    ),
    "linear": Learner(
        open=open_linear,
        about="A logistic head on frozen embeddings: of an encoder, or of weighted word pieces.",
        training=Training(epochs=10, batch_size=64, lr=1e-2, weight_decay=1e-4, max_length=128),
        # No dropout to leave on, and its word pieces are embedded once and for all.
        lacks=("dropout_probs", "view_probs"),
    ),
}
