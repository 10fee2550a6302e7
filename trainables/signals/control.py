"""What looks at nothing we know of: the control that every signal is compared with, and scores given."""

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


def given(given_scores: NDArray[np.float32], *, name: str = "") -> NDArray[np.float32]:
    """Scores of your own, of the files of --scores.

    Args:
        given_scores: As the file has them, shape (n,).
        name: Which file, by its name without ending; needed where there are several.

    Returns:
        The same, shape (n,), float32; higher is more worth keeping.

    References:
        The file.
    """
    return given_scores
