"""What lies on an accelerator while a learner trains, and how the rest gets there unwaited for."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trainables.environment import device, free_bytes

# Of what is free on an accelerator: the model, its gradients and what lies between layers need the most of
# it, and other trials may share it. Of an H200 it is 14 GB: word pieces of 27 million rows of 128.
_SHARE = 0.1


def sent(array: NDArray[Any]) -> Any:
    """An array as a tensor on the device; on an accelerator the host does not wait until it is there."""
    import torch

    tensor = torch.from_numpy(np.ascontiguousarray(array))
    if device() == "cpu":
        return tensor
    # Out of pageable memory a copy waits for all that the device was given before.
    return tensor.pin_memory().to(device(), non_blocking=True)


def resident(
    splits: Mapping[str, Mapping[str, NDArray[Any]]],
) -> dict[str, dict[str, Any]] | None:
    """Arrays of each split as tensors that stay on the accelerator.

    Returns:
        As given; None where there are none or they would take too much of it, and on a CPU, where they are
        at hand.
    """
    if device() == "cpu" or not splits:
        return None
    if sum(a.nbytes for one in splits.values() for a in one.values()) > _SHARE * free_bytes():
        return None
    # A copy: they are mapped from files, and torch wants to be able to write.
    return {
        split: {name: sent(np.array(array)) for name, array in one.items()}
        for split, one in splits.items()
    }


def resident_table(array: NDArray[Any]) -> Any:
    """One array as a tensor that stays on the accelerator; on the host where `resident` gives none."""
    import torch

    found = resident({"all": {"rows": array}})
    return torch.from_numpy(array) if found is None else found["all"]["rows"]


def padded_rows(values: Any, offsets: Any, rows: Any, width: int, *, fill: int) -> tuple[Any, Any]:
    """Rows of different lengths as one table, made on the device that they lie on.

    Args:
        values: Row after row, shape (m,).
        offsets: Where each row starts, and the end; shape (n + 1,).
        rows: Which, shape (b,).
        width: Of the table, at least the longest of them.
        fill: What stands behind each row's end.

    Returns:
        The table as `words.Pieces.padded` makes it, and where it is not filled up; (b, width) each, int64.
    """
    import torch

    at = offsets[rows][:, None] + torch.arange(width, device=values.device)
    inside = at < offsets[rows + 1][:, None]
    table = values[at.clamp(max=len(values) - 1)].long()
    return table.masked_fill(~inside, fill), inside.long()
