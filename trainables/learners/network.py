"""What a learner trains: a module with its data at hand."""

from collections.abc import Mapping
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from trainables.cache import Cache
from trainables.data.dataset import Dataset
from trainables.result import Phase
from trainables.spec import TrialSpec

Predicts = Literal["classes", "pieces"]


class Network(Protocol):
    """A module with its data at hand; `trainables.training.learner` trains it.

    Attributes:
        predicts: What it says of a row: one of the "classes", or each of its "pieces" from those before.
        vocabulary: Different pieces that each one can be; 0 where classes are predicted.
        module: The torch module with everything that is trained.
        lengths: Word pieces of each sample, by split; ones where there are none.
        patches: Of 16 x 16 pixels in an image, which weigh as word pieces do in a pass; 1 of other rows.
        fitted: What fitting to the data took before the first step, such as making word pieces; nothing
            where all came with the model.
    """

    predicts: Predicts
    vocabulary: int
    module: Any
    lengths: Mapping[str, NDArray[np.int64]]
    patches: int
    fitted: Phase

    def width(self, split: str, rows: NDArray[np.int64]) -> int:
        """Word pieces each of some rows is padded to; 1 where there are none."""

    def batch(self, split: str, rows: NDArray[np.int64]) -> dict[str, Any]:
        """Tensors of some rows on the device; padded where the samples have a length."""

    def forward(self, batch: dict[str, Any], *, embed: bool = False) -> tuple[Any, Any]:
        """Logits, (b, c) of classes or (b, width, pieces) of pieces, and embeddings (b, d) or None."""

    def losses(self, logits: Any, batch: dict[str, Any], labels: Any) -> tuple[Any, Any]:
        """Each row's loss, and over how many predictions it is summed.

        Args:
            logits: Of `forward`, float32.
            batch: What they are of.
            labels: Classes of the rows, shape (b,), on the device; zeros where there are none.

        Returns:
            Cross-entropy of each row in nats, shape (b,); and of pieces how many of the row are scored,
            shape (b,), 0 for a row of none; None of classes, where it is one each.
        """


class ClassNetwork:
    """What all networks have that say a class of a row."""

    predicts: Predicts = "classes"
    vocabulary = 0
    patches = 1

    def losses(self, logits: Any, batch: dict[str, Any], labels: Any) -> tuple[Any, Any]:
        """Cross-entropy of each row's class, shape (b,), and None."""
        import torch

        return torch.nn.functional.cross_entropy(logits, labels, reduction="none"), None


class Opener(Protocol):
    """Gives a network at its initial weights; the spec's seed decides them."""

    def __call__(
        self,
        spec: TrialSpec,
        dataset: Dataset,
        cache: Cache,
        *,
        fitted_on: NDArray[np.bool_] | None = None,
    ) -> Network:
        """The network.

        Args:
            spec: The trial.
            dataset: Its data, all rows of them: those that are not trained on are predicted, too.
            cache: Where what all trials share is kept.
            fitted_on: The training rows that may have a part in what is fitted to the data before the
                first step, shape (n,); all without it.
        """
