"""The control that every signal is compared with."""

import numpy as np
from numpy.typing import NDArray


def random(draws: NDArray[np.float64]) -> NDArray[np.float32]:
    """A uniform draw for each sample, made from the spec's seed and the sample's id.

    Args:
        draws: Uniform in [0, 1), shape (n,).

    Returns:
        Scores in [0, 1], shape (n,), float32; higher stays, and means nothing.

    References:
        Ayed, Hayou, "Data Pruning and Neural Scaling Laws: Fundamental Limitations of Score-Based
        Algorithms", 2023, arXiv:2302.06960.
    """
    return draws.astype(np.float32)
