"""SIGNALS: what each row is worth. A new signal is one function and one row of this table."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trainables.signals.control import random
from trainables.signals.difficulty import el2n
from trainables.signals.redundancy import keep_one, redundancy, redundancy_within_class


@dataclass(frozen=True, kw_only=True)
class Signal:
    """A row of the table.

    Attributes:
        score: The function. Its positional parameters name the evidence it needs, its
            keyword-only ones are its settings; it returns float32 scores of shape (n,), higher
            is more worth keeping.
        about: One line.
        cost: What it adds to a run, in forward passes over the training set (F) and more.
        source: Where the idea is from.
        needs_labels: Whether it looks at labels.
        min_epochs: Epochs of warm-up from which on it means what its source says.
    """

    score: Callable[..., NDArray[np.float32]]
    about: str
    cost: str
    source: str
    needs_labels: bool = False
    min_epochs: float = 0.0


SIGNALS: dict[str, Signal] = {
    "random": Signal(
        score=random,
        about="A seeded draw: the control every signal is judged beside.",
        cost="0",
        source="Ayed, Hayou 2023, arXiv:2302.06960",
    ),
    "redundancy": Signal(
        score=redundancy,
        about="Far from its k nearest neighbours; removes both of two twins.",
        cost="1 F + kNN",
        source="the study; signals as in Abbas et al. 2023, arXiv:2303.09540",
    ),
    "redundancy_within_class": Signal(
        score=redundancy_within_class,
        about="Far from its k nearest neighbours of the same class.",
        cost="1 F + kNN",
        source="the study",
        needs_labels=True,
    ),
    "keep_one": Signal(
        score=keep_one,
        about="Greedy removal of near-duplicates in which one of each group always stays.",
        cost="1 F + kNN",
        source="greedy independent set on the neighbour graph",
    ),
    "el2n": Signal(
        score=el2n,
        about="Length of the error vector softmax minus one-hot: hard or mislabelled is high.",
        cost="1 F",
        source="Paul, Ganguli, Dziugaite 2021, arXiv:2107.07075",
        needs_labels=True,
        min_epochs=1.0,
    ),
}
