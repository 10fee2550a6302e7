"""Dynamic pruning: POLICIES choose anew, at the start of each epoch, which rows are left out."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trainables.docstrings import about, source
from trainables.selection.selectors import keep_global
from trainables.spec import Setting


def random_each_epoch(
    losses: NDArray[np.float32], draws: NDArray[np.float64], rate: float, done: float
) -> NDArray[np.float32]:
    """Other rows left out at random each epoch: the control of dynamic pruning.

    Args:
        losses: Each row's loss at its last visit, shape (n,), nan where it had none; not used.
        draws: Uniform in [0, 1) for this epoch, shape (n,).
        rate: Share of rows left out.
        done: Share of the run's epochs before this one; not used.

    Returns:
        Weight of each row's loss in this epoch, shape (n,): 0 where it is left out, else 1.

    References:
        Okanovic et al., "Repeated Random Sampling for Minimizing the Time-to-Accuracy of
        Learning", 2023, arXiv:2305.18424.
    """
    nothing = np.zeros(len(draws), dtype=np.int64)
    return keep_global(draws.astype(np.float32), nothing, rate, draws).astype(np.float32)


def infobatch(
    losses: NDArray[np.float32],
    draws: NDArray[np.float64],
    rate: float,
    done: float,
    *,
    until: float = 0.875,
) -> NDArray[np.float32]:
    """Rows of less than the mean loss are left out by chance each epoch, the others count more.

    The weights make the gradient unbiased. Rows not yet seen stay, so the first epoch is whole;
    the share really left out is below the rate and shows in the examples a trial counts. With fewer than 8
    epochs no epoch begins after `until` = 0.875, so none at the end is whole, as in the source's code. Its
    runs are by SGD; AdamW's steps and a clipped gradient largely undo the weights.

    Args:
        losses: Each row's loss at its last visit, shape (n,), nan where it had none.
        draws: Uniform in [0, 1) for this epoch, shape (n,).
        rate: Chance of a row below the mean to be left out.
        done: Share of the run's epochs before this one, in [0, 1).
        until: Share of the run after which nothing is left out.

    Returns:
        Weight of each row's loss in this epoch, shape (n,): 0 where it is left out,
        1 / (1 - rate) where it could have been, else 1.

    References:
        Qin et al., "InfoBatch: Lossless Training Speed Up by Unbiased Dynamic Data Pruning",
        2024, arXiv:2303.04947.
    """
    weights = np.ones(len(draws), dtype=np.float32)
    seen = np.isfinite(losses)
    if done >= until or not seen.any():
        return weights
    easy = seen & (losses < losses[seen].mean(dtype=np.float64))
    weights[easy] = 1 / (1 - rate)
    weights[easy & (draws < rate)] = 0
    return weights


@dataclass(frozen=True, kw_only=True)
class Policy:
    """A policy of dynamic pruning by name: a row of POLICIES.

    Attributes:
        weigh: The function; its keyword-only parameters are its settings.
        cost: What it adds to a run.
    """

    weigh: Callable[..., NDArray[np.float32]]
    cost: str = "0"

    @property
    def about(self) -> str:
        """One line."""
        return about(self.weigh)

    @property
    def settings(self) -> dict[str, Setting]:
        """Its settings with their defaults."""
        every = inspect.signature(self.weigh).parameters.values()
        return {p.name: p.default for p in every if p.kind is p.KEYWORD_ONLY}

    @property
    def source(self) -> str:
        """Where the idea is from."""
        return source(self.weigh)


POLICIES: dict[str, Policy] = {
    "random": Policy(weigh=random_each_epoch),
    "infobatch": Policy(weigh=infobatch),
}
