"""What a learner trains: a module with its data at hand."""

from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray


class Network(Protocol):
    """A module with its data at hand; `trainables.training.learner` trains it.

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
