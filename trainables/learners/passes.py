"""Passes over rows without training: batches by number of word pieces, each begun before the last is fetched."""

from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from trainables.environment import autocast, device
from trainables.learners.network import Network

# Word pieces of a batch, padding included: on a processor what they become stays in its caches (256 texts at
# once took 1.3 to 2 times as long), an accelerator is filled by them. The widest activations of DistilBERT,
# 4 x 768 numbers a piece, are then 25 MB of float32, or 0.8 GB.
_PIECES = {"cpu": 2**11, "cuda": 2**16}
# Logits at once where each piece is predicted: those of one are as many as there are different pieces.
_LOGITS = {"cpu": 2**23, "cuda": 2**28}

Rows = NDArray[np.int64]
One = TypeVar("One")


def one_pass(
    network: Network, split: str, rows: Rows, look: Callable[[Rows], dict[str, Any]], precision: str
) -> Iterator[tuple[Rows, dict[str, Any]]]:
    """What a network says of rows, batch by batch, the shortest rows first; no gradient is kept.

    Two batches are in memory at most: the next one is begun before one is fetched, so that an
    accelerator computes while the host reads.

    Args:
        network: With its module in the mode it is to be in.
        split: The rows'.
        rows: Which of the split, each once.
        look: Gives tensors by name of the rows of one batch.
        precision: What it computes in, "bf16" or "fp32".

    Yields:
        The batch's rows (b,), and the tensors on the host, float32.
    """
    import torch

    def begun(here: Rows) -> tuple[Rows, dict[str, Any], Any]:
        with torch.inference_mode(), autocast(precision):
            return here, *_on_their_way(look(here))

    # Nothing is cast out here; but while a context is open autocast keeps its bf16 copies of the weights.
    with autocast("fp32"):
        for here, seen, arrival in _one_behind(map(begun, cut(network, split, rows))):
            if arrival is not None:
                arrival.synchronize()
            yield here, seen


def cut(network: Network, split: str, rows: Rows) -> Iterator[Rows]:
    """Rows, the shortest first, in batches that a pass can hold; a row too long for one is one by itself."""
    lengths = network.lengths[split][rows] * network.patches
    order = np.argsort(lengths, kind="stable")
    by_length, lengths, start = rows[order], lengths[order], 0
    most = _PIECES[device()]
    if network.predicts == "pieces":
        most = min(most, _LOGITS[device()] // network.vocabulary)
    while start < len(rows):
        # So many that they fit at the width of the longest among them.
        ahead = lengths[start : start + most]
        many = max(1, int((ahead * np.arange(1, len(ahead) + 1) <= most).sum()))
        yield by_length[start : start + many]
        start += many


def _on_their_way(tensors: dict[str, Any]) -> tuple[dict[str, Any], Any]:
    """Tensors on their way to the host, and what is waited for before they are read; None if they are there."""
    import torch

    # From an accelerator into pinned memory, which torch takes for a copy that is not waited for.
    sent = {name: one.float().to("cpu", non_blocking=True) for name, one in tensors.items()}
    if device() == "cpu":
        return sent, None
    arrival = torch.cuda.Event()  # type: ignore[no-untyped-call]
    arrival.record()
    return sent, arrival


def _one_behind(ones: Iterator[One]) -> Iterator[One]:
    """The same, each once the one behind it is there, too."""
    before = next(ones, None)
    for one in ones:
        assert before is not None
        yield before
        before = one
    if before is not None:
        yield before
